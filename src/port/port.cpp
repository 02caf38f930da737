// SPDX-License-Identifier: Apache-2.0
#include "port/port.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "os/errno_name.h"
#include "os/terminal.h"
#include "port/port_trace.h"
#include "proc/links_state.h"
#include "proc/references.h"
#include "proc/send.h"
#include "sync/epoch.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::port {

namespace {

// A pipe that polls writable takes this much without blocking (POSIX PIPE_BUF). One that never blocks is offered more: what a pipe has room for, many times.
constexpr std::size_t kWriteChunk = 4096, kLargeChunk = std::size_t{1} << 20;

std::size_t packet_length(std::string_view head, unsigned bytes) {
  std::size_t n = 0;
  for (unsigned i = 0; i < bytes; i++) n = n << 8 | static_cast<unsigned char>(head[i]);
  return n;
}

Term port_message(term::HeapWriter& h, Port& port, Term what) { return term::Tuple::make(h, port.id, what); }

struct Frame {
  std::string_view bytes;
  bool line, complete;
};

Term build_data(term::HeapWriter& h, Port& port, const void* argument) {
  const Frame& f = *static_cast<const Frame*>(argument);
  Term data = port.data_term(h, f.bytes);
  if (f.line) data = term::Tuple::make(h, f.complete ? atoms::eol : atoms::noeol, data);
  return port_message(h, port, term::Tuple::make(h, atoms::data, data));
}

Term build_atom(term::HeapWriter& h, Port& port, const void* argument) {
  return port_message(h, port, *static_cast<const Term*>(argument));
}

Term build_exit_status(term::HeapWriter& h, Port& port, const void* argument) {
  return port_message(h, port, term::Tuple::make(h, atoms::exit_status, Term::small(*static_cast<const int*>(argument))));
}

void deliver(proc::Runtime& rt, proc::SignalKind kind, Term from, Term to, std::uint64_t key, Term reason) {
  proc::Signal* s = proc::Signal::create(kind);
  s->from = from;
  s->id = key;
  proc::set_reason(*s, reason);
  sync::Epoch::Guard guard;  // may be the poller's thread
  proc::deliver_to(rt, to, s);
}

}  // namespace

Port::Port(Ports& p, Term self, Term owner, std::string n, PortOptions o)
    : ports(p), id(self), connected(owner), name(std::move(n)), options(std::move(o)), requests_(options.queue_low, options.queue_high) {
  trace.id = id;
}

Term Port::data_term(term::HeapWriter& h, std::string_view bytes) const {
  if (options.binary) return term::make_binary(h, {reinterpret_cast<const Byte*>(bytes.data()), bytes.size()});
  term::ListBuilder list(h);
  for (char c : bytes) list.add(Term::small(static_cast<unsigned char>(c)));
  return list.finish();
}

void Port::deliver_message(Term receiver, heap::OwnedTerm&& message) {
  tell_sent(*this, receiver, message.term);
  sync::Epoch::Guard guard;
  proc::send_owned(ports.runtime(), receiver, std::move(message), id);
}

void Port::send_to_owner(Term (*build)(term::HeapWriter&, Port&, const void*), const void* argument) {
  send_to(connected, [&](term::HeapWriter& h) { return build(h, *this, argument); });
}

// --- input -----------------------------------------------------------------------------------------------------------------------

void Port::send_frame(std::string_view bytes, bool complete) {
  Frame f{bytes, options.framing == PortOptions::Framing::Line, complete};
  send_to_owner(build_data, &f);
}

void Port::split_packets() {
  std::string_view rest = partial;
  while (rest.size() >= options.packet_bytes) {
    std::size_t n = packet_length(rest, options.packet_bytes);
    if (rest.size() < options.packet_bytes + n) break;
    send_frame(rest.substr(options.packet_bytes, n), true);
    rest.remove_prefix(options.packet_bytes + n);
  }
  partial.erase(0, partial.size() - rest.size());
}

// A carriage return before the newline belongs to the line's end. The last byte may be such a one: it counts when the next is there.
void Port::split_lines(std::size_t searched) {
  const std::string_view all = partial;
  std::size_t begin = 0;
  for (;;) {
    const std::size_t newline = all.find('\n', searched);
    std::size_t end = std::min(newline, all.size());
    if (end > begin && all[end - 1] == '\r') end--;
    for (; end - begin > options.line_limit; begin += options.line_limit) send_frame(all.substr(begin, options.line_limit), false);
    if (newline == std::string_view::npos) break;
    send_frame(all.substr(begin, end - begin), true);
    begin = searched = newline + 1;
  }
  partial.erase(0, begin);
}

void Port::input(std::string_view bytes) {
  input_bytes += bytes.size();
  if (driver) driver->received(*this, bytes);
  else send_data(bytes);
}

void Port::send_data(std::string_view bytes) {
  if (options.framing == PortOptions::Framing::Stream) return send_frame(bytes, true);
  const std::size_t searched = partial.size();
  partial.append(bytes);
  if (options.framing == PortOptions::Framing::Packet) split_packets();
  else split_lines(searched);
}

void Port::end_of_input() {
  if (ended || closed) return;
  ended = true;
  if (in_fd >= 0) {
    ports.poller().forget(in_fd);
    if (in_fd != out_fd) {
      if (owns_descriptors()) ::close(in_fd);
      in_fd = -1;
    }
  }
  // With exit_status the port lives on until its child ended; with eof until somebody closes it.
  if (options.exit_status && pid >= 0) return;
  report_end();
}

void Port::child_ended(int status) {
  pid = -1;
  if (closed || !options.exit_status) return;
  child_status = status;
  // Output comes before the status (but for an unfinished line), also that of others who still have the pipe.
  if (ended || in_fd < 0) report_end();
}

// An unfinished line comes after the status, as on stock.
void Port::report_end() {
  if (child_status) send_to_owner(build_exit_status, &*child_status);
  if (options.framing == PortOptions::Framing::Line) {
    const std::string_view rest = partial;
    for (std::size_t at = 0; at < rest.size(); at += options.line_limit) send_frame(rest.substr(at, options.line_limit), false);
    partial.clear();
  }
  if (!options.eof) return close(atoms::normal);
  if (!ended) return;
  Term eof = atoms::eof;
  send_to_owner(build_atom, &eof);
}

// --- output ----------------------------------------------------------------------------------------------------------------------

void Port::output(std::string bytes) {
  if (closed || (out_fd < 0 && !driver)) return;
  output_bytes += bytes.size();
  if (driver) return driver->command(*this, std::move(bytes));
  if (options.framing == PortOptions::Framing::Packet) {
    if (options.packet_bytes < 4 && bytes.size() >> (8 * options.packet_bytes)) return close(atoms::einval);
    std::string head;
    for (unsigned i = options.packet_bytes; i-- > 0;) head.push_back(static_cast<char>(bytes.size() >> (8 * i)));
    bytes.insert(0, head);
  }
  write(std::move(bytes));
}

void Port::output_for(Term sender, std::string bytes, Term source) {
  if (!closed) tell_command(*this, sender, bytes, source);
  caller = sender;
  output(std::move(bytes));
  caller = term::kNil;
}

void Port::write(std::string bytes) {
  if (bytes.empty()) return;
  const bool behind_others = !queue.empty();
  queue_bytes += bytes.size();
  queue.push_back(std::move(bytes));
  write_queue();
  update_polling();
  if (!driver && behind_others && queue_bytes >= options.busy_high) set_busy(true);
}

// Writes as much as the descriptor takes now.
void Port::write_queue() {
  while (!queue.empty()) {
    pollfd p{out_fd, POLLOUT, 0};
    if (!never_blocks && poll(&p, 1, 0) <= 0) return;
    const std::string_view left = std::string_view(queue.front()).substr(queue_begin);
    ssize_t n = ::write(out_fd, left.data(), std::min(left.size(), never_blocks ? kLargeChunk : kWriteChunk));
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n < 0) {
      const int error = errno;
      queue.clear();
      queue_begin = queue_bytes = 0;
      if (close_after_flush) return release_descriptors();
      return close(term::AtomTable::intern(os::errno_name(error)));
    }
    queue_bytes -= static_cast<std::size_t>(n);
    queue_begin += static_cast<std::size_t>(n);
    if (static_cast<std::size_t>(n) < left.size()) continue;
    queue.pop_front();
    queue_begin = 0;
  }
  if (close_after_flush) release_descriptors();
}

void Port::writable() {
  write_queue();
  update_polling();
  if (closed) return;
  if (driver) driver->written(*this);
  else if (is_busy() && (queue_bytes < options.busy_low || queue.empty())) set_busy(false);
}

std::optional<std::string> Port::control(unsigned operation, std::string_view operand) {
  if (driver) return driver->control(*this, operation, operand);
  if (kind != PortKind::Fd || operation != TerminalControl::kSize) return std::nullopt;
  for (const int fd : {out_fd, in_fd}) {
    const std::optional<os::TerminalSize> size = fd >= 0 ? os::terminal_size(fd) : std::nullopt;
    if (size) return size_bytes(size->columns, size->rows);
  }
  return std::nullopt;
}

// The output descriptor is only watched while something waits for it. A descriptor used both ways has one registration.
void Port::update_polling() {
  if (out_fd < 0) return;
  unsigned want = 0;
  if (!queue.empty()) want |= os::Poller::kWrite;
  if (in_fd == out_fd && !ended) want |= os::Poller::kRead;
  ports.poller().change(out_fd, want);
}

// --- closing ---------------------------------------------------------------------------------------------------------------------

void Port::release_descriptors() {
  // A child's exit is still watched: it must be reaped.
  if (in_fd >= 0) ports.poller().forget(in_fd);
  if (out_fd >= 0 && out_fd != in_fd) ports.poller().forget(out_fd);
  if (driver) driver->released(*this);
  if (owns_descriptors()) {
    if (in_fd >= 0) ::close(in_fd);
    if (out_fd >= 0 && out_fd != in_fd) ::close(out_fd);
  }
  in_fd = out_fd = -1;
  close_after_flush = false;
  if (closed) ports.remove(*this);
  if (const Term asked = std::exchange(tell_closed_, term::kNil); !asked.is_nil()) {
    tell_sent(*this, asked, atoms::closed);
    heap::FragmentWriter h(kMessageWords);
    const Term message = port_message(h, *this, atoms::closed);
    sync::Epoch::Guard guard;
    proc::send_owned(ports.runtime(), asked, {message, h.take()}, id);
  }
  kept_.reset();  // whoever runs here holds the port, too
}

void Port::close(Term reason, Term asked) {
  if (closed) return;
  closed = true;
  tell_closed_ = asked;
  std::shared_ptr<Port> self = shared_from_this();  // the table's reference may be the last
  tell_event(*this, atoms::closed, reason);
  ports.unname(*this);
  end_channel(reason);
  proc::Runtime& rt = ports.runtime();
  const Term told = reason == atoms::kill ? Term(atoms::killed) : reason;
  for (Term pid_linked : links) deliver(rt, proc::SignalKind::LinkExit, id, pid_linked, 0, told);
  for (auto& [key, watcher] : watchers) deliver(rt, proc::SignalKind::MonitorDown, id, watcher, key, told);
  links.clear();
  watchers.clear();
  {
    const std::lock_guard<sync::SmallMutex> hold(data_lock);
    heap::release(data);
    data = {};
    has_data = false;
  }
  give_parked_up();
  // A killed port writes nothing more.
  const bool writes = reason == atoms::normal || closed_for_halt_;
  const bool written = reason == atoms::kill || (driver ? driver->flush(*this) && queue.empty() : queue.empty() || !writes);
  if (written) return release_descriptors();
  close_after_flush = true;
  kept_ = std::move(self);
}

void Port::close_for_halt() {
  closed_for_halt_ = true;
  close(atoms::killed);
}

void Port::end_channel(Term reason) {
  if (const std::shared_ptr<Channel> carried = std::move(channel)) carried->closed(*this, reason);
}

void Port::unlink_connected() {
  if (std::erase(links, connected) > 0) deliver(ports.runtime(), proc::SignalKind::Unlink, id, connected, 0, atoms::normal);
}

void Port::flushed() {
  if (closed && close_after_flush) release_descriptors();
}

}  // namespace vm::port
