// SPDX-License-Identifier: Apache-2.0
//
// The table of ports, opening, and what processes send to ports.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "os/child.h"
#include "os/errno_name.h"
#include "port/inet_socket.h"
#include "port/port.h"
#include "port/port_timer.h"
#include "port/port_trace.h"
#include "proc/hidden_row.h"
#include "proc/links.h"
#include "proc/registry.h"
#include "proc/send.h"
#include "proc/time.h"
#include "sched/scheduler.h"
#include "sched/timer_wheel.h"
#include "sync/epoch.h"
#include "term/atoms.h"
#include "term/views.h"

extern char** environ;

namespace vm::port {

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

std::shared_ptr<Port> no_port() { return nullptr; }

// Reads once and hands the bytes to the port.
void read_some(Port& port) {
  static thread_local char buffer[kReadBytes];
  std::lock_guard<PortLock> hold(port.lock);
  if (port.closed || port.ended || port.in_fd < 0) return;
  const PortVisit visit(port);
  // A descriptor that others read, too, may have been emptied meanwhile.
  pollfd readable{port.in_fd, POLLIN, 0};
  if (!port.owns_descriptors() && poll(&readable, 1, 0) == 0) return;
  ssize_t n = ::read(port.in_fd, buffer, sizeof buffer);
  if (n > 0) port.input({buffer, static_cast<std::size_t>(n)});
  else if (n == 0 || (errno != EAGAIN && errno != EINTR)) port.end_of_input();
}

Term errno_atom(int error) { return term::AtomTable::intern(os::errno_name(error)); }

// The child's whole environment: ours with the port's changes.
std::vector<std::string> environment_of(const PortOptions& options) {
  std::map<std::string, std::string> variables;
  for (char** p = environ; p && *p; p++) {
    std::string pair = *p;
    std::size_t split = pair.find('=', 1);
    if (split != std::string::npos) variables[pair.substr(0, split)] = pair.substr(split + 1);
  }
  for (auto& [name, value] : options.environment) variables[name] = value;
  for (const std::string& name : options.removed_environment) variables.erase(name);
  std::vector<std::string> list;
  for (auto& [name, value] : variables) list.push_back(name + "=" + value);
  return list;
}

struct Pipes {
  int child_in = -1, child_out = -1, ours_in = -1, ours_out = -1;
  void close_all() {
    for (int fd : {child_in, child_out, ours_in, ours_out})
      if (fd >= 0) ::close(fd);
  }
};

bool make_pipes(const PortOptions& o, Pipes* p) {
  int fds[2];
  if (o.out) {
    if (pipe2(fds, O_CLOEXEC) != 0) return false;
    p->child_in = fds[0];
    p->ours_out = fds[1];
  }
  if (o.in) {
    if (pipe2(fds, O_CLOEXEC) != 0) return false;
    p->child_out = fds[1];
    p->ours_in = fds[0];
  }
  return true;
}

os::ChildRequest request_of(PortKind kind, const std::string& program, const PortOptions& o) {
  os::ChildRequest r;
  if (kind == PortKind::Spawn) {
    r.program = "/bin/sh";
    r.arguments = {"sh", "-c", "exec " + program};
  } else {
    r.program = program;
    r.arguments.push_back(o.has_arg0 ? o.arg0 : program);
    r.arguments.insert(r.arguments.end(), o.arguments.begin(), o.arguments.end());
  }
  r.environment = environment_of(o);
  r.directory = o.directory;
  r.stderr_to_stdout = o.stderr_to_stdout;
  r.use_fd_3_4 = !o.use_stdio;
  return r;
}

}  // namespace

Ports::Ports(proc::Runtime& runtime)
    : runtime_(runtime), poller_(std::make_unique<os::Poller>()), mixes_turns_(runtime.settings.single_reduction) {}
Ports::~Ports() = default;

std::shared_ptr<Port> Ports::find(Term id) const {
  std::shared_ptr<Port> port = find_known(id);
  return port && !port->closed.load(std::memory_order_acquire) ? port : no_port();
}

std::shared_ptr<Port> Ports::find_known(Term id) const {
  if (!id.is_local_port()) return no_port();
  std::lock_guard<sync::Mutex> hold(lock_);
  auto it = table_.find(id.bits());
  return it == table_.end() ? no_port() : it->second;
}

std::shared_ptr<Port> Ports::find_by_name(Term name) const {
  Term id = runtime_.registry->lookup(name);
  return id.is_value() ? find(id) : no_port();
}

std::vector<Term> Ports::ids() const {
  std::lock_guard<sync::Mutex> hold(lock_);
  std::vector<Term> list;
  for (auto& [bits, port] : table_) list.push_back(port->id);
  return list;
}

std::size_t Ports::count() const {
  std::lock_guard<sync::Mutex> hold(lock_);
  return table_.size();
}

Term Ports::next_id() {
  std::lock_guard<sync::Mutex> hold(lock_);
  if (table_.size() >= runtime_.settings.port_limit) return Term::non_value();
  return Term::local_port(next_++);
}

bool Ports::register_name(Term id, Term name) {
  std::shared_ptr<Port> port = find(id);
  if (!port) return false;
  std::lock_guard<PortLock> hold(port->lock);
  if (port->closed || !port->registered_name.is_nil() || !runtime_.registry->add(name, id)) return false;
  port->registered_name = name;
  tell_event(*port, atoms::register_, name);
  return true;
}

bool Ports::unregister_name(Term id, Term name) {
  std::shared_ptr<Port> port = find(id);
  if (!port) return false;
  std::lock_guard<PortLock> hold(port->lock);
  if (port->registered_name != name || !runtime_.registry->remove(name, id)) return false;
  port->registered_name = term::kNil;
  tell_event(*port, atoms::unregister, name);
  return true;
}

void Ports::unname(Port& port) {
  const Term name = std::exchange(port.registered_name, term::kNil);
  if (name.is_nil()) return;
  runtime_.registry->remove(name, port.id);
  tell_event(port, atoms::unregister, name);
}

void Ports::remove(Port& port) {
  std::function<void()> done;
  {
    std::lock_guard<sync::Mutex> hold(lock_);
    table_.erase(port.id.bits());
    if (awaited_.erase(port.id.bits()) > 0 && awaited_.empty()) done = std::exchange(all_closed_, nullptr);
  }
  if (done) done();
}

// Enters the port and starts watching its input. The caller links the owner.
Opened Ports::admit(std::shared_ptr<Port> port, Origin origin) {
  port->links.push_back(port->connected);
  tell_opened(*port, origin);
  {
    std::lock_guard<sync::Mutex> hold(lock_);
    table_[port->id.bits()] = port;
  }
  std::weak_ptr<Port> weak = port;
  auto react = [weak](unsigned events) {
    std::shared_ptr<Port> p = weak.lock();
    if (!p) return;
    if (events & os::Poller::kRead) read_some(*p);
    if (!(events & os::Poller::kWrite)) return;
    std::lock_guard<PortLock> held(p->lock);
    const PortVisit visit(*p);
    if (!p->closed || p->close_after_flush) p->writable();
  };
  // Input may end the port while the rest is added. A socket has nothing to add yet, and may be born under its listener's lock.
  std::unique_lock<PortLock> hold(port->lock, std::defer_lock);
  if (port->kind != PortKind::Socket) hold.lock();
  if (origin == Origin::OpenPort && port->kind != PortKind::Linked) {
    { const PortVisit visit(*port, atoms::open); }
    tell_event(*port, atoms::getting_linked, port->connected);
  }
  if (port->in_fd >= 0) poller_->add(port->in_fd, os::Poller::kRead, react);
  if (port->out_fd >= 0 && port->out_fd != port->in_fd) poller_->add(port->out_fd, 0, react);
  if (port->exit_fd >= 0) {
    int fd = port->exit_fd, pid = port->pid;
    // Holds the port: its child is reaped even when the port was closed long ago.
    poller_->add(fd, os::Poller::kRead, [this, port, fd, pid](unsigned) {
      int status = os::reap_child(pid);
      if (status < 0) return;
      poller_->remove(fd);
      ::close(fd);
      std::lock_guard<PortLock> held(port->lock);
      const PortVisit visit(*port);
      port->child_ended(status);
    });
  }
  return {port, term::kNil};
}

Opened Ports::open_fd(Term owner, int in, int out, PortOptions options) {
  Term id = next_id();
  if (!id.is_value()) return {nullptr, atoms::system_limit};
  auto port = std::make_shared<Port>(*this, id, owner, std::to_string(in) + "/" + std::to_string(out), std::move(options));
  port->kind = PortKind::Fd;
  port->in_fd = port->options.in ? in : -1;
  port->out_fd = port->options.out ? out : -1;
  return admit(port, Origin::OpenPort);
}

Opened Ports::open_file(Term owner, const std::string& path, PortOptions options) {
  Term id = next_id();
  if (!id.is_value()) return {nullptr, atoms::system_limit};
  constexpr int kAnyoneMayUse = 0666;
  const int how = !options.out ? O_RDONLY : options.in ? O_RDWR | O_CREAT : O_WRONLY | O_CREAT | O_TRUNC;
  int fd = path.find('\0') == std::string::npos ? ::open(path.c_str(), how | O_CLOEXEC, kAnyoneMayUse) : -1;
  if (fd < 0) return {nullptr, atoms::einval};
  bool readable = options.in;
  auto port = std::make_shared<Port>(*this, id, owner, path, std::move(options));
  port->kind = PortKind::File;
  port->in_fd = readable ? fd : -1;
  port->out_fd = fd;  // also of a file that is only read: writing to it is what fails
  return admit(port, Origin::OpenPort);
}

Opened Ports::open_terminal(Term owner, const std::string& name, std::string_view words, PortOptions options) {
  Term id = next_id();
  if (!id.is_value()) return {nullptr, atoms::system_limit};
  std::unique_ptr<Driver> driver = port::open_terminal(words);
  if (!driver) return {nullptr, atoms::einval};
  auto port = std::make_shared<Port>(*this, id, owner, name, std::move(options));
  port->kind = PortKind::Terminal;
  port->driver = std::move(driver);
  port->in_fd = port->out_fd = 0;
  return admit(port, Origin::OpenPort);
}

Opened Ports::open_ram_file(Term owner, const std::string& name, PortOptions options) {
  Term id = next_id();
  if (!id.is_value()) return {nullptr, atoms::system_limit};
  auto port = std::make_shared<Port>(*this, id, owner, name, std::move(options));
  port->kind = PortKind::RamFile;
  port->driver = port::open_ram_file();
  return admit(port, Origin::OpenPort);
}

Opened Ports::open_socket(Term owner, const std::string& name, PortOptions options) {
  Term id = next_id();
  if (!id.is_value()) return {nullptr, atoms::system_limit};
  auto port = std::make_shared<Port>(*this, id, owner, name, std::move(options));
  port->kind = PortKind::Socket;
  port->driver = name == kTcpSocketName ? open_tcp(*port) : open_udp(*port);
  return admit(port, Origin::OpenPort);
}

Opened Ports::open_driver(Term owner, const std::string& name, PortOptions options,
                          const std::function<std::unique_ptr<Driver>(Port&, Term*)>& make) {
  Term id = next_id();
  if (!id.is_value()) return {nullptr, atoms::system_limit};
  auto port = std::make_shared<Port>(*this, id, owner, name, std::move(options));
  port->kind = PortKind::Linked;
  admit(port, Origin::OpenPort);
  std::lock_guard<PortLock> hold(port->lock);
  Term error = atoms::einval;
  port->caller = owner;
  {
    const PortVisit visit(*port, atoms::open);
    port->driver = make(*port, &error);
  }
  port->caller = term::kNil;
  if (port->driver) {
    tell_event(*port, atoms::getting_linked, owner);
    port->driver->opened(*port);
    return {port, term::kNil};
  }
  port->links.clear();
  port->closed = true;
  unname(*port);
  remove(*port);
  return {nullptr, error};
}

Term Ports::admit_accepted(Term owner, const std::string& name, const PortOptions& options,
                           const std::function<std::unique_ptr<Driver>(Port&)>& make) {
  Term id = next_id();
  if (!id.is_value()) return id;
  auto port = std::make_shared<Port>(*this, id, owner, name, options);
  port->kind = PortKind::Socket;
  port->driver = make(*port);
  admit(port, Origin::Driver);
  proc::Signal* link = proc::Signal::create(proc::SignalKind::Link);
  link->from = id;
  sync::Epoch::Guard guard;
  proc::deliver_to(runtime_, owner, link);
  return id;
}

Opened Ports::open_program(Term owner, PortKind kind, const std::string& program, PortOptions options) {
  Term id = next_id();
  if (!id.is_value()) return {nullptr, atoms::system_limit};
  if (kind == PortKind::SpawnExecutable && access(program.c_str(), X_OK) != 0) return {nullptr, errno_atom(errno)};
  Pipes pipes;
  if (!make_pipes(options, &pipes)) {
    int error = errno;
    pipes.close_all();
    return {nullptr, errno_atom(error)};
  }
  os::ChildRequest request = request_of(kind, program, options);
  request.stdin_fd = pipes.child_in;
  request.stdout_fd = pipes.child_out;
  os::ChildResult child = os::start_child(request);
  if (child.pid < 0) {
    pipes.close_all();
    return {nullptr, errno_atom(child.error)};
  }
  if (pipes.child_in >= 0) ::close(pipes.child_in);
  if (pipes.child_out >= 0) ::close(pipes.child_out);
  auto port = std::make_shared<Port>(*this, id, owner, program, std::move(options));
  port->kind = kind;
  port->in_fd = pipes.ours_in;
  port->out_fd = pipes.ours_out;
  port->never_blocks = pipes.ours_out >= 0 && fcntl(pipes.ours_out, F_SETFL, O_WRONLY | O_NONBLOCK) == 0;
  port->pid = child.pid;
  port->exit_fd = child.exit_fd;
  return admit(port, Origin::OpenPort);
}

// --- signals and messages from processes -------------------------------------------------------------------------------------------

namespace {

void answer_down(proc::Runtime& rt, Term port, const proc::Signal& s) {
  proc::Signal* down = proc::Signal::create(proc::SignalKind::MonitorDown);
  down->from = port;
  down->id = s.id;
  down->term = atoms::noproc;
  proc::deliver_to(rt, s.from, down);
}

// What a signal asks of the port, as tracing shows it.
Term request_of(const proc::Signal& s) {
  switch (s.kind) {
    case proc::SignalKind::Link: return atoms::link;
    case proc::SignalKind::Unlink: return atoms::unlink;
    case proc::SignalKind::Monitor: return atoms::monitor;
    case proc::SignalKind::Demonitor: return atoms::demonitor;
    case proc::SignalKind::LinkExit:
    case proc::SignalKind::Exit: return atoms::close;
    default: return Term::small(0);
  }
}

void end_by_signal(Port& port, const proc::Signal& s) {
  tell_asked(port, s.from, atoms::close);
  port.close(s.term);
}

void act(Port& port, proc::Signal& s) {
  const PortVisit visit(port, request_of(s));
  switch (s.kind) {
    case proc::SignalKind::Link:
      port.links.push_back(s.from);
      tell_event(port, atoms::getting_linked, s.from);
      break;
    case proc::SignalKind::Unlink:
      if (std::erase(port.links, s.from) > 0) tell_event(port, atoms::getting_unlinked, s.from);
      break;
    case proc::SignalKind::Monitor: port.watchers.push_back({s.id, s.from}); break;
    case proc::SignalKind::Demonitor: std::erase_if(port.watchers, [&](auto& w) { return w.first == s.id; }); break;
    case proc::SignalKind::LinkExit: {
      bool linked = std::erase(port.links, s.from) > 0;
      // The end of the connected process closes the port whatever the reason; others only when they were linked and did not end normally.
      if (s.from == port.connected || (linked && s.term != atoms::normal)) end_by_signal(port, s);
      break;
    }
    case proc::SignalKind::Exit:
      if (s.term != atoms::normal || s.from == port.connected) end_by_signal(port, s);
      break;
    case proc::SignalKind::MonitorDown:
      if (port.driver) port.driver->monitor_fired(port, s.id);
      break;
    default: break;
  }
}

}  // namespace

namespace {

// What comes too late: the port has closed meanwhile.
void refuse(proc::Runtime& rt, Term port, const proc::Signal& s) {
  if (s.kind == proc::SignalKind::Monitor) answer_down(rt, port, s);
  if (s.kind != proc::SignalKind::Link) return;
  proc::Signal* broken = proc::Signal::create(proc::SignalKind::LinkExit);
  broken->from = port;
  broken->term = atoms::noproc;
  proc::deliver_to(rt, s.from, broken);
}

struct SignalDestroyer {
  void operator()(proc::Signal* s) const { proc::Signal::destroy(s); }
};

}  // namespace

bool Ports::signal(Term id, proc::Signal* signal) {
  std::unique_ptr<proc::Signal, SignalDestroyer> s(signal);
  const std::shared_ptr<Port> port = find(id);
  const auto wait_and_enter = [&] {
    // Who uses a stream or socket is done soon. So whoever hears of a process's end after its ports did finds them closed, and the connection gone that
    // one may have carried.
    if (port->kind == PortKind::Linked || port->lock.has_work() || mixes_turns()) return false;
    port->lock.lock();
    return true;
  };
  if (port && !port->try_enter(s->from) && !wait_and_enter()) {
    const Term sender = s->from;
    port->enqueue(make_request(sender,
                               [s = std::move(s)](Port& p, term::HeapWriter&) -> Term {
                                 sync::Epoch::Guard guard;
                                 if (p.closed) refuse(p.ports.runtime(), p.id, *s);
                                 else act(p, *s);
                                 return term::kNil;
                               }),
                  nullptr);
    return true;
  }
  if (port) {
    const std::lock_guard<PortLock> hold(port->lock, std::adopt_lock);
    if (!port->closed) {
      act(*port, *s);
      return true;
    }
  }
  if (s->kind == proc::SignalKind::Monitor) answer_down(runtime_, id, *s);
  return false;
}

namespace {

Term build_reply(term::HeapWriter& h, Port& port, const void* argument) {
  return term::Tuple::make(h, port.id, *static_cast<const Term*>(argument));
}

// {Owner, Request}
struct Order {
  enum class What : std::uint8_t { Close, Command, Connect } what = What::Close;
  Term owner;
  std::string bytes;  // of a command
  Term source;        // what they are made of, while the sender waits; else the non-value
  Term connect_to;
};

bool read_order(Term message, Order* order) {
  if (!message.is_tuple_of(2)) return false;
  const term::Tuple outer = term::Tuple::from(message);
  if (!outer[0].is_local_pid()) return false;
  order->owner = outer[0];
  const Term request = outer[1];
  if (request == atoms::close) return true;
  if (!request.is_tuple_of(2)) return false;
  const term::Tuple inner = term::Tuple::from(request);
  if (inner[0] == atoms::command) {
    order->what = Order::What::Command;
    order->source = inner[1];
    return native_name(inner[1], &order->bytes);
  }
  order->what = Order::What::Connect;
  order->connect_to = inner[1];
  return inner[0] == atoms::connect && inner[1].is_local_pid();
}

void bad_signal(proc::Runtime& rt, Term port, Term sender) {
  if (sender.is_nil()) return;
  proc::Signal* s = proc::Signal::create(proc::SignalKind::Exit);
  s->from = port;
  s->term = atoms::badsig;
  sync::Epoch::Guard guard;
  proc::deliver_to(rt, sender, s);
}

// from: the sender if it runs on this thread.
void obey(Port& port, proc::Process* from, Term sender, Order& order) {
  if (port.closed) return;
  if (order.owner != port.connected) return bad_signal(port.ports.runtime(), port.id, sender);
  switch (order.what) {
    case Order::What::Close: {
      const PortVisit visit(port, atoms::close, from);
      tell_asked(port, port.connected, atoms::close);
      return port.close(atoms::normal, port.connected);
    }
    case Order::What::Command: {
      const PortVisit visit(port, atoms::command, from);
      if (port.is_busy() && from) return port.park_message(*from, order.owner, std::move(order.bytes));
      return port.output_for(order.owner, std::move(order.bytes), order.source);
    }
    case Order::What::Connect: {
      const PortVisit visit(port, atoms::connect, from);
      tell_asked(port, port.connected, atoms::connect, order.connect_to);
      Term connected = atoms::connected;
      port.send_to_owner(build_reply, &connected);
      port.connected = order.connect_to;  // unlike port_connect/2 this makes no link
      return;
    }
  }
}

}  // namespace

namespace {

proc::BifResult sent(proc::YieldContext&, Term message) { return message; }

// The sender, whose slice is over or who is suspended, stops in the send, not in the call after next.
void stop_in_send(proc::Process& from, Term message) {
  proc::Scratch& scratch = *from.scratch;
  scratch.pending_export = proc::shown_entry<&sent, 1>(*from.runtime, "erlang", "send", 2);
  scratch.pending_args[0] = message;
  scratch.pending_arity = 1;
  from.pending = proc::PendingKind::Yield;
}

}  // namespace

void Ports::message(proc::Process* from, Term id, Term message) {
  const std::shared_ptr<Port> port = find(id);
  if (!port) return;
  const Term sender = from ? from->pid : term::kNil;
  Order order;
  if (!read_order(message, &order)) {
    bad_signal(runtime_, id, sender);
  } else if (const bool is_command = order.what == Order::What::Command;
             !(is_command && port->options.parallelism) && port->try_enter(sender)) {
    const std::lock_guard<PortLock> hold(port->lock, std::adopt_lock);
    obey(*port, from, sender, order);
  } else {
    const std::size_t size = order.bytes.size();
    const Term data = is_command ? order.source : Term::non_value();
    auto act = [sender, order = std::move(order), kept = port->keep_for_tracing(data)](Port& p, term::HeapWriter&) mutable -> Term {
      order.source = kept.term;
      obey(p, nullptr, sender, order);
      heap::release(kept);
      return term::kNil;
    };
    std::unique_ptr<PortRequest> r = make_request(sender, std::move(act));
    r->is_command = is_command;
    r->counted = size;
    port->enqueue(std::move(r), from);
  }
  if (from && from->reductions_left <= 0 && from->pending == proc::PendingKind::None) stop_in_send(*from, message);
}

struct Ports::Later : sched::Timer {
  Ports* ports;
};

void Ports::output_later(Term id, std::string bytes) {
  {
    std::lock_guard<sync::Mutex> hold(lock_);
    later_.emplace_back(id, std::move(bytes));
    if (later_.size() > 1) return;  // somebody comes for them already
  }
  auto* later = new Later;
  later->ports = this;
  later->fire = [](sched::Timer* timer) {
    auto* due = static_cast<Later*>(timer);
    due->ports->output_now();
    delete due;
  };
  runtime_.timers->set(*later, proc::raw_monotonic_ns());
  if (!sched::Scheduler::current()) runtime_.schedulers->nudge();
}

void Ports::output_now() {
  std::vector<std::pair<Term, std::string>> due;
  {
    std::lock_guard<sync::Mutex> hold(lock_);
    due.swap(later_);
  }
  sync::Epoch::Guard guard;
  for (auto& [id, bytes] : due) {
    const std::shared_ptr<Port> port = find(id);
    if (!port) continue;
    post(*port, [out = std::move(bytes)](Port& p) mutable {
      if (!p.closed) p.output(std::move(out));
    });
  }
}

void Ports::close_all(std::function<void()> done) {
  output_now();
  std::vector<std::shared_ptr<Port>> all;
  {
    std::lock_guard<sync::Mutex> hold(lock_);
    for (auto& [bits, port] : table_) {
      all.push_back(port);
      awaited_.insert(bits);
    }
    if (!all.empty()) all_closed_ = std::move(done);
  }
  if (all.empty()) return done();
  sync::Epoch::Guard guard;
  for (auto& port : all) post(*port, [](Port& p) { p.close_for_halt(); });
}

}  // namespace vm::port
