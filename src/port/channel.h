// SPDX-License-Identifier: Apache-2.0
//
// Channel: who takes over the traffic of a port. A connected socket that carries a connection between nodes hands its packets to a Channel instead of
// its connected process. All calls come with the port's lock held.
#pragma once

#include <string_view>

#include "term/term.h"

namespace vm::port {

class Port;

class Channel {
 public:
  virtual ~Channel() = default;
  // One packet came in, without its length. May close the port.
  virtual void received(Port& port, std::string_view packet) = 0;
  // Everything handed to the port is written.
  virtual void drained(Port& port) = 0;
  // The port has closed; nothing follows.
  virtual void closed(Port& port, Term reason) = 0;
};

}  // namespace vm::port
