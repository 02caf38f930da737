// SPDX-License-Identifier: Apache-2.0
//
// Life of connections.
#include "dist/peer.h"

#include <mutex>

#include "dist/nodes.h"
#include "dist/ties.h"
#include "proc/links_state.h"
#include "proc/send.h"
#include "proc/time.h"
#include "sync/epoch.h"
#include "term/atoms.h"

namespace vm::dist {

namespace {

// Carries a connection on a port.
class PortChannel final : public port::Channel {
 public:
  PortChannel(Peer& peer, std::uint32_t connection) : peer_(peer), connection_(connection) {}

  void received(port::Port& port, std::string_view packet) override {
    peer_.count_input();
    port::Port* outer = channel_port();
    channel_port() = &port;
    const bool good = packet.empty() || peer_.receive(connection_, {reinterpret_cast<const Byte*>(packet.data()), packet.size()});
    channel_port() = outer;
    if (!good) return port.close(atoms::killed);
    if (!port.closed) peer_.write_queue(port);
  }
  void drained(port::Port& port) override { peer_.write_queue(port); }
  void closed(port::Port&, Term reason) override { peer_.close(connection_, reason); }

 private:
  Peer& peer_;
  const std::uint32_t connection_;
};

// The end of a connection, told a moment after it: by then net_kernel has heard of the end of the process that looked after it, and whoever
// connects anew as soon as he is told finds it ready.
constexpr std::int64_t kMomentNs = 1'000'000;

struct Obituary final : sched::Timer {
  Peer* peer;
  std::uint32_t connection;
  std::vector<Term> tied;
  bool visible;
  heap::OwnedTerm reason;
};

void tell_processes(Nodes& nodes, Peer& peer, std::uint32_t connection, const std::vector<Term>& tied) {
  sync::Epoch::Guard guard;
  for (Term pid : tied) signal_connection_down(nodes.runtime(), pid, peer, connection);
}

void publish_obituary(sched::Timer* timer) {
  auto* o = static_cast<Obituary*>(timer);
  Nodes& nodes = o->peer->nodes();
  tell_processes(nodes, *o->peer, o->connection, o->tied);
  nodes.announce(atoms::nodedown, o->peer->name, o->connection, o->visible, o->reason.term);
  o->peer->told();
  heap::release(o->reason);
  delete o;
}

}  // namespace

port::Port*& channel_port() {
  static thread_local port::Port* the_port = nullptr;
  return the_port;
}

Peer::Peer(Nodes& n, Term who, std::uint64_t key) : name(who), handle_key(key), nodes_(n), controller_(term::kNil.bits()) {}

std::uint32_t Peer::begin(bool* fresh) {
  sync::MutexGuard guard(lock_);
  const Status s = status();
  *fresh = s.state == State::Idle;
  if (!*fresh) return s.connection;
  set_status(State::Pending, s.connection + 1);
  return s.connection + 1;
}

bool Peer::connect(std::shared_ptr<port::Port> port, Term controller, std::uint64_t flags, std::uint32_t creation,
                   std::uint32_t* connection) {
  {
    sync::MutexGuard input(input_lock_);
    sync::MutexGuard guard(lock_);
    const Status s = status();
    if (s.state != State::Pending || ending()) return false;
    *connection = s.connection;
    if (flags & kHeaderAtomCache) {
      outgoing_ = std::make_unique<OutgoingCache>();
      incoming_ = std::make_unique<IncomingCache>();
    }
    if (port) port->channel = std::make_shared<PortChannel>(*this, s.connection);
    port_ = std::move(port);
    creation_.store(creation, std::memory_order_relaxed);
    controller_.store(controller.bits(), std::memory_order_release);
    input_handler.store(controller.bits(), std::memory_order_release);
    flags_.store(flags, std::memory_order_release);
    sizes_wanted = false;
    packets_in_ = packets_out_ = 0;
    set_status(State::Connected, s.connection);
  }
  return true;
}

// What waits for the connection is dropped. Answers the processes with ties, which are to hear of its end.
std::vector<Term> Peer::forget_connection_locked(std::uint32_t connection) {
  queue_.clear();
  ready_packets_.clear();
  queued_bytes_ = 0;
  backlog_ = 0;
  busy_ = false;
  named_watches_.clear();
  for (auto& [request, reason] : orphans_) heap::release(reason);
  orphans_.clear();
  for (auto& [request, child] : early_children_) heap::release(child);
  early_children_.clear();
  notification_wanted_ = false;
  port_.reset();
  controller_.store(term::kNil.bits(), std::memory_order_release);
  input_handler = 0;
  flags_ = 0;
  set_status(State::Idle, connection);
  std::vector<Term> tied;
  for (Word pid : tied_) tied.push_back(Term::from_bits(pid));
  tied_.clear();
  sync::Epoch::Guard epoch;
  for (Term pid : suspended_) {
    proc::Signal* s = proc::Signal::create(proc::SignalKind::Resume);
    proc::deliver_to(nodes_.runtime(), pid, s);
  }
  suspended_.clear();
  return tied;
}

bool Peer::abort(std::uint32_t connection) {
  std::vector<Term> tied;
  {
    sync::MutexGuard guard(lock_);
    const Status s = status();
    if (s.connection != connection) return true;
    if (s.state == State::Connected) return false;
    if (s.state == State::Pending) tied = forget_connection_locked(connection);
  }
  tell_processes(nodes_, *this, connection, tied);
  return true;
}

void Peer::close(std::uint32_t connection, Term reason) {
  {
    sync::MutexGuard guard(lock_);
    const Status s = status();
    if (s.connection != connection || s.state != State::Connected) return;
    auto* o = new Obituary;
    o->fire = publish_obituary;
    o->peer = this;
    o->connection = connection;
    o->visible = visible();
    o->tied = forget_connection_locked(connection);
    if (reason.is_tuple_of(2) && term::Tuple::from(reason)[0] == atoms::shutdown) reason = term::Tuple::from(reason)[1];
    o->reason = heap::copy_to_keep(reason == atoms::normal ? Term(atoms::connection_closed) : reason);
    ending_.store(true, std::memory_order_release);
    nodes_.runtime().timers->set(*o, proc::raw_monotonic_ns() + kMomentNs);
  }
  if (!sched::Scheduler::current()) nodes_.runtime().schedulers->nudge();
  {
    sync::MutexGuard input(input_lock_);
    if (status().state != State::Connected) {
      incoming_.reset();
      assemblies_.clear();
    }
  }
  nodes_.connection_closed();
}

void Peer::kill(std::uint32_t connection) {
  if (!is_current(connection)) return;
  const Term who = controller();
  if (who.is_local_port()) {
    const std::shared_ptr<port::Port> port = nodes_.runtime().ports->find(who);
    if (!port || channel_port() == port.get()) return;  // its channel closes the port itself
    std::lock_guard<port::PortLock> hold(port->lock);
    return port->close(atoms::killed);
  }
  if (!who.is_local_pid()) return;
  sync::Epoch::Guard epoch;
  proc::Signal* s = proc::Signal::create(proc::SignalKind::Exit);
  s->from = who;
  s->term = atoms::kill;
  proc::deliver_to(nodes_.runtime(), who, s);
}

bool Peer::tie(std::uint32_t connection, Term pid) {
  sync::MutexGuard guard(lock_);
  if (!is_current(connection)) return false;
  tied_.insert(pid.bits());
  return true;
}

void Peer::untie(std::uint32_t connection, Term pid) {
  sync::MutexGuard guard(lock_);
  if (status().connection == connection) tied_.erase(pid.bits());
}

bool Peer::note_named_watch(std::uint32_t connection, const RefKey& ref, Term pid) {
  sync::MutexGuard guard(lock_);
  if (!is_current(connection)) return false;
  named_watches_[ref] = pid;
  return true;
}

Term Peer::forget_named_watch(const RefKey& ref) {
  sync::MutexGuard guard(lock_);
  auto found = named_watches_.find(ref);
  if (found == named_watches_.end()) return Term::non_value();
  const Term pid = found->second;
  named_watches_.erase(found);
  return pid;
}

bool Peer::note_orphan(std::uint32_t connection, std::uint64_t request, Term reason, heap::OwnedTerm* child) {
  sync::MutexGuard guard(lock_);
  if (!is_current(connection)) return false;
  if (auto found = early_children_.extract(request)) {
    *child = found.mapped();
    return true;
  }
  orphans_[request] = heap::copy_to_keep(reason);
  return false;
}

bool Peer::take_orphan(std::uint64_t request, heap::OwnedTerm* reason, Term child_to_leave) {
  sync::MutexGuard guard(lock_);
  auto found = orphans_.find(request);
  if (found == orphans_.end()) {
    if (child_to_leave.is_value()) early_children_[request] = heap::copy_to_keep(child_to_leave);
    return false;
  }
  *reason = found->second;
  orphans_.erase(found);
  return true;
}

}  // namespace vm::dist
