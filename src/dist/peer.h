// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Peer: another node, and the connection to it while there is one.
//
// One Peer per name of a node, made when the name is first used, never freed. Connections come and go; each has a number, so that whoever kept one finds
// out that it is over. Idle -> Pending (somebody wants to send; net_kernel sets the connection up) -> Connected -> Idle.
//
// Output: a sender encodes its message without any lock and puts it at the end of the queue. The first who finds the queue without a writer
// takes the port's lock and writes what everybody queued, so messages batch under load. A message's header (atom cache, fragments) is made when it
// leaves. While more than the limit waits (+zdbbl) the peer is busy: processes are suspended after their message, until half of it is gone.
//
// Input: packets come under the port's lock, or from the process that reads for a controlling process. Messages are decoded there and delivered.
//
// Ties: processes keep links and monitors over a connection themselves (ties.h); the peer knows only which processes have any and tells them once when
// the connection is lost.
//
// Locks: port, then input_lock_, then lock_. Signals to local processes may be sent under all of them.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "dist/atom_cache.h"
#include "dist/keys.h"
#include "dist/protocol.h"
#include "port/channel.h"
#include "port/port.h"

namespace vm::dist {

class Nodes;

// The port whose packet this thread is handling, with its lock held.
port::Port*& channel_port();

// An encoded message whose header is still to be made.
struct Message {
  std::string bytes;  // control message and payload, without version bytes
  std::size_t control_bytes = 0;
  std::vector<Term> atoms;  // what the bytes refer to; empty when they spell atoms out
  bool has_table = false;
  std::uint64_t sequence = 0;
  // Encoded before the connection was up it may need what the other side turns out not to know: then it is not sent, and a process that asked for a
  // spawn (whose request has this key) is told.
  std::uint64_t needs = 0;
  Term asker = term::kNil;
  std::uint64_t request = 0;
};

class Peer {
 public:
  enum class State : std::uint32_t { Idle, Pending, Connected };
  struct Status {
    State state;
    std::uint32_t connection;
  };

  Peer(Nodes& nodes, Term name, std::uint64_t handle_key);

  const Term name;
  const std::uint64_t handle_key;  // of the reference in handles of this peer's connections

  Status status() const {
    const std::uint64_t s = status_.load(std::memory_order_acquire);
    return {static_cast<State>(s >> 32), static_cast<std::uint32_t>(s)};
  }
  bool is_current(std::uint32_t connection) const {
    const Status s = status();
    return s.connection == connection && s.state != State::Idle;
  }
  // Capabilities of the connected node; 0 before.
  std::uint64_t flags() const { return flags_.load(std::memory_order_acquire); }
  bool visible() const { return flags() & kPublished; }
  std::uint32_t creation() const { return creation_.load(std::memory_order_relaxed); }
  Term controller() const { return Term::from_bits(controller_.load(std::memory_order_acquire)); }

  // --- life of connections (peer.cpp)
  // The number of the connection, a new pending one when there is none. *fresh: it is new.
  std::uint32_t begin(bool* fresh);
  // Gives a pending connection up. False: it is up.
  bool abort(std::uint32_t connection);
  // The pending connection is up, carried by this port (its lock is held) or by that process. False: nothing was pending.
  bool connect(std::shared_ptr<port::Port> port, Term controller, std::uint64_t flags, std::uint32_t creation, std::uint32_t* connection);
  // The connection is lost for this reason.
  void close(std::uint32_t connection, Term reason);
  // Processes have not been told yet that the last connection is lost: no new one may come up, lest they hear of it first.
  bool ending() const { return ending_.load(std::memory_order_acquire); }
  void told() { ending_.store(false, std::memory_order_release); }
  // Ends it because the other side breaks the protocol.
  void kill(std::uint32_t connection);

  // --- ties
  // Notes a process that is to hear of the connection's end. False: it is over.
  bool tie(std::uint32_t connection, Term pid);
  void untie(std::uint32_t connection, Term pid);
  // Monitors by name: which process a reference of the other side stands for.
  bool note_named_watch(std::uint32_t connection, const RefKey& ref, Term pid);
  Term forget_named_watch(const RefKey& ref);
  // A process ended while its spawn request with a link was open: the child is to end for the same reason.
  // The answer may come while the parent ends, when nobody takes it any more and nothing is noted yet. Whoever is second sees to the child: note_orphan answers
  // true and gives the child that was left by take_orphan, which answers false.
  bool note_orphan(std::uint32_t connection, std::uint64_t request, Term reason, heap::OwnedTerm* child);
  bool take_orphan(std::uint64_t request, heap::OwnedTerm* reason, Term child_to_leave = Term::non_value());

  // --- output (output.cpp)
  // False: that connection is over.
  bool send(std::uint32_t connection, std::unique_ptr<Message> message);
  bool busy() const { return busy_.load(std::memory_order_relaxed); }
  // Suspends the running process if the peer is busy, and answers whether it did.
  bool wait_if_busy(proc::Process& self);
  // For a controlling process: the next packet in pieces, false when there is none; a message dist_data when there is one; counts.
  bool take_packet(std::uint32_t connection, std::vector<std::string>* pieces);
  void request_notification(std::uint32_t connection);
  void count_input() { packets_in_.fetch_add(1, std::memory_order_relaxed); }
  struct Counts {
    std::uint64_t in, out, queued_bytes;
  };
  Counts counts() const;
  void write_queue(port::Port& port);  // with the port's lock

  // --- input (packets.cpp)
  // Acts on one packet. False: it makes no sense, and was logged.
  bool receive(std::uint32_t connection, std::span<const Byte> packet);

  std::atomic<bool> sizes_wanted{false};  // option get_size of a controlling process
  std::atomic<Word> input_handler{0};     // bits of the process that brings the input
  Nodes& nodes() { return nodes_; }

 private:
  friend class Receiver;
  struct Assembly {  // of a message that comes in fragments
    std::string bytes;
    std::vector<Term> atoms;
    std::uint64_t next_fragment;
  };

  void set_status(State state, std::uint32_t connection) {
    status_.store(std::uint64_t{static_cast<std::uint32_t>(state)} << 32 | connection, std::memory_order_release);
  }
  std::vector<Term> forget_connection_locked(std::uint32_t connection);
  void pump(const std::shared_ptr<port::Port>& port);
  std::unique_ptr<Message> next_message();
  void refuse(const Message& message);
  template <typename Sink>
  void make_packets(Message& message, Sink&& sink);
  void write_some(port::Port& port);
  void settle(std::size_t taken_bytes, std::size_t backlog);
  void notify(Term pid);
  bool prepare(std::span<const Byte>* in, std::vector<Term>* atoms, std::string* assembled, bool* complete);
  bool receive_locked(std::uint32_t connection, std::span<const Byte> packet);
  void log_corrupt(std::span<const Byte> bytes, const char* what);

  Nodes& nodes_;
  std::atomic<std::uint64_t> status_{0}, flags_{0};
  std::atomic<std::uint32_t> creation_{0};
  std::atomic<Word> controller_;

  mutable sync::Mutex lock_{sync::LockRank::DistPeer};
  std::deque<std::unique_ptr<Message>> queue_;
  std::size_t queued_bytes_ = 0;         // in queue_
  std::atomic<std::size_t> backlog_{0};  // handed to the port, not written yet
  std::atomic<bool> busy_{false}, ending_{false};
  std::vector<Term> suspended_;
  std::unordered_set<Word> tied_;
  std::map<RefKey, Term> named_watches_;
  std::unordered_map<std::uint64_t, heap::OwnedTerm> orphans_, early_children_;
  std::shared_ptr<port::Port> port_;
  bool notification_wanted_ = false;

  std::atomic<unsigned> pumping_{0};
  bool writing_ = false, write_again_ = false;          // under the port's lock
  std::unique_ptr<OutgoingCache> outgoing_;             // of whoever writes: under the port's lock, or the controlling process
  std::deque<std::vector<std::string>> ready_packets_;  // of a controlling process: fragments
  std::atomic<std::uint64_t> packets_in_{0}, packets_out_{0};

  sync::Mutex input_lock_{sync::LockRank::DistInput};
  std::unique_ptr<IncomingCache> incoming_;
  std::map<std::uint64_t, Assembly> assemblies_;
};

}  // namespace vm::dist
