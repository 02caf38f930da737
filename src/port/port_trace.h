// SPDX-License-Identifier: Apache-2.0
//
// What tracing is told of a port (proc/tracing.h has the hooks): its life, what it is asked and what it sends. All with the port's lock held; a port
// that nobody traces pays for a test of a flag.
#pragma once

#include <string_view>

#include "port/port.h"

namespace vm::port {

// While one lives, the port runs for this reason: an atom, or 0 when its descriptors or its time call. A port that has ended does not stop running.
class PortVisit {
 public:
  // caller: the process on whose thread this happens, if one asked for it. It stops running meanwhile, and pays.
  explicit PortVisit(Port& port, Term where = Term::small(0), proc::Process* caller = nullptr);
  ~PortVisit();
  PortVisit(const PortVisit&) = delete;
  PortVisit& operator=(const PortVisit&) = delete;

 private:
  Port& port_;
  const Term where_;
  proc::Process* const caller_;
  bool profiled_ = false;
  void tell_profiler(bool begins);
};

// A port gets the flags of new ones. Asked for by open_port/2, and not made by a driver, it is told of, too.
enum class Origin { OpenPort, Driver };
void tell_opened(Port& port, Origin origin);
// {trace, Port, What, A}: closed, register, getting_linked, ...
void tell_event(Port& port, Term what, Term a);
// {trace, Port, 'receive', {From, Request}}: an atom, an atom with a term, bytes for the driver, or with a number (control, call).
void tell_asked(Port& port, Term from, Term request);
void tell_asked(Port& port, Term from, Term request, Term argument);
void tell_command(Port& port, Term from, std::string_view bytes, Term data);
void tell_numbered(Port& port, Term from, Term request, unsigned number, std::string_view bytes);
// {trace, Port, 'receive', timeout}
void tell_timeout(Port& port);
void tell_sent(Port& port, Term to, Term message, bool exists = true);
// {trace, Port, send, {Port, {Request, Bytes}}, To}
void tell_answered(Port& port, Term to, Term request, std::string_view bytes);
// {trace, Port, send, {Port, What}, To}
void tell_confirmed(Port& port, Term to, Term what);

}  // namespace vm::port
