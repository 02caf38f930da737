// SPDX-License-Identifier: Apache-2.0
//
// What a kind of port does differently from a plain stream of bytes: one object per port, called with the port's lock held.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "term/term.h"

namespace vm::port {

class Port;

class Driver {
 public:
  virtual ~Driver() = default;
  // The port is up; its lock is still held.
  virtual void opened(Port&) {}
  // The connected process (or somebody by port_command) sent bytes. Plain: they are written.
  virtual void command(Port& port, std::string bytes) = 0;
  // Bytes came in. Plain: framed and sent to the connected process.
  virtual void received(Port& port, std::string_view bytes) = 0;
  // The port wrote some of its queue.
  virtual void written(Port&) {}
  // port_control/3; nothing: badarg in the caller.
  virtual std::optional<std::string> control(Port& port, unsigned operation, std::string_view data) = 0;
  // port_call/3: a term in external format in and out; nothing: badarg in the caller.
  virtual std::optional<std::string> call(Port&, unsigned, std::string_view) { return std::nullopt; }
  // Whether a call need not wait for another port of the same driver.
  virtual bool is_free() const { return true; }
  // Wakes the port (PortLock::wake) when that is so. True: it is so already.
  virtual bool wait_until_free(Port&) { return true; }
  // Whether command() sees an iolist's larger binaries as parts of their own (only tracing asks).
  virtual bool takes_vectors() const { return false; }
  // Whether commands may be forced on the port while it is busy (port_command/3).
  virtual bool may_be_forced() const { return false; }
  // The processes that the driver monitors.
  virtual std::vector<vm::term::Term> monitored() const { return {}; }
  // A process that the port monitors is gone.
  virtual void monitor_fired(Port&, std::uint64_t) {}
  // A timer that the driver started (port_timer.h) is due.
  virtual void timed_out(Port&, std::uint64_t) {}
  // The port was closed. False: the driver still writes what is queued and calls Port::flushed when that is done.
  virtual bool flush(Port&) { return true; }
  // Whether the port can carry a connection between nodes (port/channel.h): packets of two parts are queued, then written.
  virtual bool carries_packets() const { return false; }
  virtual void queue_packet(Port&, std::string, std::string) {}
  virtual void write_packets(Port&) {}
  // The port's queue is empty and its descriptors are about to go.
  virtual void released(Port&) {}
};

// Operations of port_control/3 that ports on terminals know. Sizes are two 32-bit words in the machine's order: columns, rows.
struct TerminalControl {
  static constexpr unsigned kBase = 0x018B0900, kSize = kBase + 100, kIsUnicode = kBase + 101, kSetUnicode = kBase + 102;
};
std::string size_bytes(std::uint32_t columns, std::uint32_t rows);

// The line editor's terminal on descriptor 0, by the words after "tty_sl" in the name of the port ("-c -e": no lines, no echo). Null when there is no
// terminal or it cannot be driven.
std::unique_ptr<Driver> open_terminal(std::string_view words);

// Names of the ports of sockets.
constexpr std::string_view kTcpSocketName = "tcp_inet", kUdpSocketName = "udp_inet";

// A file in memory; see module ram_file.
std::unique_ptr<Driver> open_ram_file();

}  // namespace vm::port
