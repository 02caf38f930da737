// SPDX-License-Identifier: Apache-2.0
//
// What processes of this node do to those of others: finding or making the connection, encoding, queueing.
#pragma once

#include "dist/peer.h"
#include "dist/ties.h"

namespace vm::dist {

// A connection to send over, maybe one that is being set up.
struct Route {
  enum class Kind { Ready, NotConnected, NotAlive } kind = Kind::NotConnected;
  Peer* peer = nullptr;
  std::uint32_t connection = 0;
  std::uint64_t flags = 0;  // while pending those that are hoped for
  explicit operator bool() const { return kind == Kind::Ready; }
};

enum class Connect { Never, IfNeeded };
Route route_to(proc::Runtime& rt, Term node, Connect connect);
// The route over a connection that is known.
Route route_over(Peer& peer, std::uint32_t connection);

// Queues a control message, with a payload unless that is the non-value. TooLarge: a part is too large for the format; nothing was queued.
// `request`: of the process asker, whose SpawnRequest this is.
enum class Sent { Queued, Gone, TooLarge };
Sent transmit(const Route& route, Term control, Term payload = Term::non_value(), Term asker = term::kNil, std::uint64_t request = 0);
// A control message {Operation, A, B…} as above, built in passing.
template <typename... T>
Sent transmit(const Route& route, Term payload, Operation op, T... elements) {
  heap::FragmentWriter w(16);
  return transmit(route, term::Tuple::make(w, Term::small(static_cast<SWord>(op)), elements...), payload);
}

// Signals that carry a reason: in the payload where the other side knows that. A reason that is too large ends the connection.
void send_link_exit(const Route& route, Term from, Term to, Term reason);
// The parent of a process that was asked for with a link ends before it is there: the child hears of it.
void leave_orphan(Peer& peer, std::uint32_t connection, std::uint64_t request, Term parent, Term reason);
void send_monitor_exit(const Route& route, Term from, Term to, Term ref, Term reason);
void send_unlink_ack(const Route& route, std::uint64_t id, Term from, Term to);

// hooks of proc/
bool send_message(proc::Runtime& rt, proc::Process& from, Term to, Term message);
Term send_message_if(proc::Process& from, Term to, Term message, bool nosuspend, bool noconnect);
Term link(proc::Process& p, Term target);
Term unlink(proc::Process& p, Term target);
Term monitor(proc::Process& p, Term target, const proc::MonitorOptions& options);
// After a monitor of something on that node was taken away by its owner: result, or the non-value while it waits for room.
Term pay_for_demonitor(proc::Process& p, Term node, Term result);
Term exit_signal(proc::Process& p, Term target, Term reason);
Term group_leader(proc::Process& p, Term leader, Term target);

// erlang:monitor_node. Outcome: done, or net_kernel has to be asked first (dmonitor_node), or a 'nodedown' was sent at once.
enum class NodeMonitoring { Done, AskNetKernel };
NodeMonitoring monitor_node(proc::Process& p, Term node, bool on, bool passive);

// erts_internal:dist_spawn_request/4: its result, or the non-value: badarg where the process has no pending action.
Term request_spawn(proc::Process& p, Term node, Term mfa, Term options, bool for_spawn_opt);
// erlang:spawn_request_abandon/1.
bool abandon_spawn(proc::Process& p, Term ref);

}  // namespace vm::dist
