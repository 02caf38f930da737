// SPDX-License-Identifier: Apache-2.0
//
// Output of a peer: the queue, its writers, packets with their headers.
#include <mutex>

#include "dist/nodes.h"
#include "dist/peer.h"
#include "dist/ties.h"
#include "proc/links_state.h"
#include "proc/send.h"
#include "proc/system_monitor.h"
#include "sync/epoch.h"
#include "term/atoms.h"

namespace vm::dist {

namespace {

constexpr std::size_t kPortBacklog = 256 * 1024;  // bytes handed to a port before it has written them

void append_number(std::string* out, std::uint64_t v) {
  for (int shift = 56; shift >= 0; shift -= 8) out->push_back(static_cast<char>(v >> shift));
}

}  // namespace

bool Peer::send(std::uint32_t connection, std::unique_ptr<Message> message) {
  std::shared_ptr<port::Port> port;
  Term notified = term::kNil;
  {
    sync::MutexGuard guard(lock_);
    const Status s = status();
    if (s.connection != connection || s.state == State::Idle) return false;
    queued_bytes_ += message->bytes.size();
    queue_.push_back(std::move(message));
    if (queued_bytes_ + backlog_ >= nodes_.busy_limit()) busy_.store(true, std::memory_order_relaxed);
    if (s.state == State::Connected) {
      port = port_;
      if (!port && notification_wanted_) {
        notification_wanted_ = false;
        notified = controller();
      }
    }
  }
  if (notified.is_local_pid()) notify(notified);
  if (port && channel_port() != port.get()) pump(port);
  return true;
}

void Peer::notify(Term pid) {
  sync::Epoch::Guard guard;
  heap::OwnedTerm message;
  message.term = atoms::dist_data;
  proc::send_owned(nodes_.runtime(), pid, std::move(message));
}

// Writes, unless somebody else is about to: then that thread goes another round for us.
void Peer::pump(const std::shared_ptr<port::Port>& port) {
  if (pumping_.fetch_add(1, std::memory_order_acq_rel) != 0) return;
  for (unsigned rounds = 1; rounds != 0;) {
    {
      std::lock_guard<port::PortLock> hold(port->lock);
      if (!port->closed) write_queue(*port);
    }
    rounds = pumping_.fetch_sub(rounds, std::memory_order_acq_rel) - rounds;
  }
}

std::unique_ptr<Message> Peer::next_message() {
  for (;;) {
    std::unique_ptr<Message> first;
    {
      sync::MutexGuard guard(lock_);
      if (queue_.empty() || status().state != State::Connected) return nullptr;
      first = std::move(queue_.front());
      queue_.pop_front();
      if ((first->needs & ~flags()) == 0) return first;
      queued_bytes_ -= first->bytes.size();
    }
    refuse(*first);
  }
}

void Peer::refuse(const Message& m) {
  if (!m.asker.is_local_pid()) return;
  heap::FragmentWriter w(8);
  proc::Signal* s = remote_signal(RemoteSignal::SpawnReply, this, status().connection);
  s->id = m.request;
  s->term = term::Tuple::make(w, atoms::notsup, Term::small(0));
  s->fragments = w.take();
  sync::Epoch::Guard guard;
  proc::deliver_to(nodes_.runtime(), m.asker, s);
}

// Calls sink(head, body) for each packet of the message.
template <typename Sink>
void Peer::make_packets(Message& m, Sink&& sink) {
  const std::uint64_t can = flags();
  std::string head;
  if (!(can & kHeaderAtomCache)) {  // the form of nodes without headers: both terms with their version
    head.push_back(static_cast<char>(kPassThrough));
    head.push_back(static_cast<char>(kVersionByte));
    std::string body = m.bytes.substr(0, m.control_bytes);
    if (m.bytes.size() > m.control_bytes) body.push_back(static_cast<char>(kVersionByte));
    body.append(m.bytes, m.control_bytes);
    return sink(std::move(head), std::move(body));
  }
  const std::size_t payload = m.bytes.size() - m.control_bytes;
  head.push_back(static_cast<char>(kVersionByte));
  if (payload <= kFragmentBytes || !(can & kFragments)) {
    head.push_back(static_cast<char>(kNormalHeader));
    outgoing_->write_references(m.atoms, &head);
    return sink(std::move(head), std::move(m.bytes));
  }
  std::uint64_t left = (payload + kFragmentBytes - 1) / kFragmentBytes;
  head.push_back(static_cast<char>(kFirstFragment));
  append_number(&head, m.sequence);
  append_number(&head, left);
  outgoing_->write_references(m.atoms, &head);
  std::size_t at = m.control_bytes + kFragmentBytes;
  sink(std::move(head), m.bytes.substr(0, at));
  while (--left > 0) {
    std::string next{static_cast<char>(kVersionByte), static_cast<char>(kNextFragment)};
    append_number(&next, m.sequence);
    append_number(&next, left);
    sink(std::move(next), m.bytes.substr(at, kFragmentBytes));
    at += kFragmentBytes;
  }
}

// After `taken_bytes` left the queue: who waited for room goes on.
void Peer::settle(std::size_t taken_bytes, std::size_t backlog) {
  std::vector<Term> resumed;
  {
    sync::MutexGuard guard(lock_);
    queued_bytes_ -= std::min(taken_bytes, queued_bytes_);
    backlog_ = backlog;
    if (busy_ && queued_bytes_ + backlog_ < nodes_.busy_limit() / 2) {
      busy_ = false;
      resumed.swap(suspended_);
    }
  }
  sync::Epoch::Guard epoch;
  for (Term pid : resumed) proc::deliver_to(nodes_.runtime(), pid, proc::Signal::create(proc::SignalKind::Resume));
}

// A port that has written everything calls for more, also from within.
void Peer::write_queue(port::Port& port) {
  if (writing_) {
    write_again_ = true;
    return;
  }
  writing_ = true;
  do {
    write_again_ = false;
    write_some(port);
  } while (write_again_ && !port.closed);
  writing_ = false;
}

void Peer::write_some(port::Port& port) {
  std::size_t taken = 0;
  while (port.queue_bytes < kPortBacklog) {
    std::unique_ptr<Message> m = next_message();
    if (!m) break;
    taken += m->bytes.size();
    make_packets(*m, [&](std::string head, std::string body) {
      packets_out_.fetch_add(1, std::memory_order_relaxed);
      nodes_.runtime().bytes_out.fetch_add(head.size() + body.size(), std::memory_order_relaxed);
      port.driver->queue_packet(port, std::move(head), std::move(body));
    });
  }
  if (taken == 0 && backlog_ == port.queue_bytes) return;
  const std::uint32_t connection = status().connection;
  if (taken > 0) port.driver->write_packets(port);
  if (!port.closed && is_current(connection)) settle(taken, port.queue_bytes);
}

bool Peer::wait_if_busy(proc::Process& self) {
  if (VM_LIKELY(!busy())) return false;
  Term who = term::kNil;
  {
    sync::MutexGuard guard(lock_);
    if (!busy_) return false;
    suspended_.push_back(self.pid);
    who = controller();
  }
  self.suspend_count++;
  self.state.fetch_or(proc::kSuspended, std::memory_order_relaxed);
  if (proc::SystemMonitor* monitor = self.runtime->monitor.load(std::memory_order_acquire))
    if (!who.is_nil()) monitor->busy_connection(self, who);
  return true;
}

bool Peer::take_packet(std::uint32_t connection, std::vector<std::string>* pieces) {
  if (!is_current(connection)) return false;
  std::size_t taken = 0;
  if (ready_packets_.empty()) {
    std::unique_ptr<Message> m = next_message();
    if (!m) return false;
    taken = m->bytes.size();
    make_packets(*m, [&](std::string head, std::string body) { ready_packets_.push_back({std::move(head), std::move(body)}); });
  }
  *pieces = std::move(ready_packets_.front());
  ready_packets_.pop_front();
  packets_out_.fetch_add(1, std::memory_order_relaxed);
  settle(taken, 0);
  return true;
}

void Peer::request_notification(std::uint32_t connection) {
  Term notified = term::kNil;
  {
    sync::MutexGuard guard(lock_);
    if (!is_current(connection) || notification_wanted_) return;
    if (queue_.empty() && ready_packets_.empty()) notification_wanted_ = true;
    else notified = controller();
  }
  if (notified.is_local_pid()) notify(notified);
}

Peer::Counts Peer::counts() const {
  sync::MutexGuard guard(lock_);
  return {packets_in_.load(std::memory_order_relaxed), packets_out_.load(std::memory_order_relaxed), queued_bytes_};
}

}  // namespace vm::dist
