// SPDX-License-Identifier: Apache-2.0
//
// Receiver: acts on one control message of another node.
//
// Rules. 1. Nothing in it is trusted: what does not fit the protocol is refused, and the caller ends the connection. 2. Signals go to local processes in
// order of arrival. 3. What cannot be delivered is answered as the process itself would have answered. Runs under Peer::input_lock_.
#pragma once

#include "dist/nodes.h"
#include "dist/send.h"
#include "dist/ties.h"
#include "etf/decode.h"
#include "proc/send.h"

namespace vm::dist {

// Acts on one control message.
class Receiver {
 public:
  Receiver(Peer& peer, std::uint32_t connection) : peer_(peer), rt_(peer.nodes().runtime()), connection_(connection) {}

  // False: the message is none.
  bool act(std::span<const Byte> bytes, const etf::DecodeOptions& options);
  const std::string& fault() const { return fault_; }
  bool corrupt() const { return corrupt_; }

 private:
  bool dispatch(Operation op);
  bool arity(std::size_t n) const { return term::Tuple::from(control_).size() == n; }
  Term at(std::size_t i) const { return term::Tuple::from(control_)[i]; }
  bool has_payload() const { return !payload_.empty(); }
  bool read_payload(term::HeapWriter& w, Term* out);
  bool from_peer(Term pid) const { return pid.is_pid() && pid.is_external() && term::external_node(pid)->name == peer_.name; }
  bool was_here(Term t) const { return t.is_external() && term::external_node(t)->name == rt_.node_name; }
  Route route() const { return route_over(peer_, connection_); }
  // A signal to a local process; false: nobody there. `s` is gone in both cases unless `keep_refused`.
  bool deliver(Term pid, proc::Signal* s) { return proc::deliver_to(rt_, pid, s); }
  proc::Signal* signal(RemoteSignal kind) { return remote_signal(kind, &peer_, connection_); }

  // token: of the sequential trace, or nil.
  bool message_to(Term pid, Term token);
  bool message_to_alias(Term ref, Term token);
  static Term copied_token(Term token, term::HeapWriter& w);
  bool link();
  bool unlink(std::uint64_t id, Term from, Term to);
  bool unlink_ack();
  bool exit(Term from, Term to, Term reason, bool by_link);
  bool monitor();
  bool demonitor();
  bool monitor_exit(Term reason);
  bool group_leader();
  bool spawn_request();
  bool spawn_reply();
  static void prepare_child(proc::Process& child, void* context);

  Peer& peer_;
  proc::Runtime& rt_;
  const std::uint32_t connection_;
  heap::FragmentWriter writer_{64};
  Term control_ = term::kNil;  // a tuple
  std::span<const Byte> payload_;
  const etf::DecodeOptions* options_ = nullptr;
  std::string fault_;
  bool corrupt_ = false;
};

}  // namespace vm::dist
