// SPDX-License-Identifier: Apache-2.0
#include "dist/send.h"

#include <atomic>

#include "dist/nodes.h"
#include "etf/encode.h"
#include "proc/exported_aliases.h"
#include "proc/hidden_row.h"
#include "proc/links_state.h"
#include "proc/process_table.h"
#include "proc/references.h"
#include "proc/saved_calls.h"
#include "proc/send.h"
#include "proc/tracing.h"
#include "term/atoms.h"

namespace vm::dist {

using proc::Process;
using term::Tuple;

namespace {

constexpr std::size_t kWholeTerm = std::size_t{1} << 62;
constexpr std::size_t kUnitsPerReduction = 32;

// Appends the term's external form, without version byte. False: a part is too large for the format.
bool append_encoded(proc::Runtime& rt, Term t, MessageAtoms* atoms, std::string* out) {
  etf::EncodeOptions options;
  options.version_byte = false;
  options.utf8_atoms = true;
  if (atoms) {
    options.atom_index = [](void* table, Term atom) { return static_cast<MessageAtoms*>(table)->index_of(atom); };
    options.atom_context = atoms;
  }
  options.note_alias = [](void* runtime, Term ref, Term pid) {
    proc::note_exported_alias(*static_cast<proc::Runtime*>(runtime), proc::ref_key(ref), pid);
  };
  options.alias_context = &rt;
  etf::Encoder encoder(t, options);
  std::size_t budget = kWholeTerm;
  encoder.step(&budget);
  if (encoder.too_large()) return false;
  out->append(reinterpret_cast<const char*>(encoder.bytes().data()), encoder.bytes().size());
  return true;
}

void pay(Process& p, std::size_t bytes) { p.reductions_left -= static_cast<SWord>(bytes / (8 * kUnitsPerReduction) + 2); }

// --- callers that wait for room

// Where such a caller is seen: in whatever it called, in a message that met a connection that was busy already, in a request for a process. The last two give
// up all of their slice.
enum class Wait { Call, Message, Spawn };

proc::BifResult given(proc::BifContext&, Term value) { return value; }

code::Export* row_of(proc::Runtime& rt, Wait what) {
  switch (what) {
    case Wait::Call: return proc::shown_entry<given, 1, Wait::Call>(rt, "erlang", "bif_return_trap", 2);
    case Wait::Message: return proc::shown_entry<given, 1, Wait::Message>(rt, "erts_internal", "dsend_continue_trap", 1);
    case Wait::Spawn: return proc::shown_entry<given, 1, Wait::Spawn>(rt, "erts_internal", "spawn_request_yield", 3);
  }
  VM_UNREACHABLE("kind of wait");
}

// The result of a built-in that wrote to a connection. If that is busy now the caller is suspended, and gets the result when there is room: the non-value, the
// process's pending action says where it goes on.
Term charge(Process& p, const Route& route, std::size_t bytes, Term result, Wait what = Wait::Call) {
  pay(p, bytes);
  if (VM_LIKELY(!route.peer->wait_if_busy(p))) return result;
  if (what != Wait::Call) p.reductions_left = 0;
  p.pending = proc::PendingKind::Yield;
  p.scratch->pending_export = row_of(*p.runtime, what);
  p.scratch->pending_arity = 1;
  p.scratch->pending_args[0] = result;
  return Term::non_value();
}

std::uint64_t next_sequence() {
  static std::atomic<std::uint64_t> number{0};
  return number.fetch_add(1, std::memory_order_relaxed) + 1;
}

// What the other side must be able to do for this control message to make sense to it.
std::uint64_t needed_by(Term control) {
  switch (static_cast<Operation>(Tuple::from(control)[0].small_value())) {
    case Operation::SpawnRequest: return kSpawn;
    case Operation::AliasSend:
    case Operation::AliasSendTraced: return kAlias;
    case Operation::UnlinkId:
    case Operation::UnlinkIdAck: return kUnlinkId;
    case Operation::Monitor:
    case Operation::Demonitor: return kMonitors;
    default: return 0;
  }
}

bool is_this_node(const Process& p, Term node) { return node == p.runtime->node_name; }

// Whose node a destination is on, and what the control message says: a pid, a name, an alias.
struct Destination {
  Term node, to;
};
Destination destination(Term to) {
  if (to.is_tuple_of(2)) return {Tuple::from(to)[1], Tuple::from(to)[0]};
  return {term::external_node(to)->name, to};
}

Term raise_limit(Process& p) {
  p.pending = proc::PendingKind::Raise;
  p.scratch->exception = proc::Exception{};
  p.scratch->exception.reason = atoms::system_limit;
  return Term::non_value();
}

// The control message of a message, with the token of a sequential trace where there is one.
Term message_control(term::HeapWriter& w, const Route& route, Term from, Term to, Term token) {
  const auto make = [&](Operation plain, Operation traced, auto... elements) {
    if (token.is_nil()) return Tuple::make(w, Term::small(static_cast<SWord>(plain)), elements...);
    return Tuple::make(w, Term::small(static_cast<SWord>(traced)), elements..., token);
  };
  if (to.is_atom()) return make(Operation::RegSend, Operation::RegSendTraced, from, Term(atoms::empty), to);
  if (to.is_ref()) return make(Operation::AliasSend, Operation::AliasSendTraced, from, to);
  if (route.flags & kSendSender) return make(Operation::SendSender, Operation::SendSenderTraced, from, to);
  return make(Operation::Send, Operation::SendTraced, Term(atoms::empty), to);
}

// What a sender gets: result, or the non-value when it waits for room or something is raised.
Term send_over(const Route& route, Process& from, Term to, const Destination& d, Term message, Term result, bool nosuspend = false) {
  heap::OwnedTerm token;
  if (VM_UNLIKELY(from.is_traced(proc::kTraceToken | proc::kTraceSend | proc::kTraceSaves))) {
    const proc::TraceHooks& hooks = *from.runtime->trace;
    if (from.is_traced(proc::kTraceToken)) token = hooks.token_for_send(from, to, message);
    if (!token.term.is_value()) token.term = term::kNil;
    if (from.is_traced(proc::kTraceSaves)) proc::note_call(from, proc::kMessageSent);
    if (from.is_traced(proc::kTraceSend)) hooks.sent(from, to, message, true);
  }
  heap::FragmentWriter w(8);
  const Wait wait = route.peer->busy() ? Wait::Message : Wait::Call;
  const Sent sent = transmit(route, message_control(w, route, from.pid, d.to, token.term), message);
  heap::release(token);
  if (sent == Sent::TooLarge) return raise_limit(from);
  if (!nosuspend) return charge(from, route, 64, result, wait);
  pay(from, 64);
  return result;
}

}  // namespace

Route route_to(proc::Runtime& rt, Term node, Connect connect) {
  Nodes& nodes = *rt.nodes;
  if (!nodes.alive()) return {Route::Kind::NotAlive};
  Peer* peer = connect == Connect::IfNeeded ? nodes.find_or_make(node) : nodes.find(node);
  if (!peer) return {};
  Peer::Status s = peer->status();
  if (s.state == Peer::State::Idle) {
    if (connect == Connect::Never) return {};
    bool fresh = false;
    s.connection = peer->begin(&fresh);
    if (fresh && !nodes.ask_for_connection(*peer, s.connection)) {
      peer->abort(s.connection);
      return {Route::Kind::NotAlive};
    }
  }
  return route_over(*peer, s.connection);
}

Route route_over(Peer& peer, std::uint32_t connection) {
  const Peer::Status s = peer.status();
  if (s.connection != connection || s.state == Peer::State::Idle) return {};
  const std::uint64_t flags = s.state == Peer::State::Connected ? peer.flags() : kHopefully;
  return {Route::Kind::Ready, &peer, connection, flags};
}

Sent transmit(const Route& route, Term control, Term payload, Term asker, std::uint64_t request) {
  if (!route) return Sent::Gone;
  proc::Runtime& rt = route.peer->nodes().runtime();
  auto m = std::make_unique<Message>();
  // Before the connection is up it is not known whether the other side has a cache: atoms are spelled out.
  MessageAtoms* atoms = route.flags & kHeaderAtomCache ? &MessageAtoms::of_thread() : nullptr;
  if (!append_encoded(rt, control, atoms, &m->bytes)) return Sent::TooLarge;
  m->control_bytes = m->bytes.size();
  if (payload.is_value() && !append_encoded(rt, payload, atoms, &m->bytes)) return Sent::TooLarge;
  if (atoms) m->atoms.assign(atoms->atoms().begin(), atoms->atoms().end());
  m->sequence = next_sequence();
  m->needs = needed_by(control);
  m->asker = asker;
  m->request = request;
  return route.peer->send(route.connection, std::move(m)) ? Sent::Queued : Sent::Gone;
}

void send_link_exit(const Route& route, Term from, Term to, Term reason) {
  const Sent sent = route.flags & kExitPayload ? transmit(route, reason, Operation::PayloadExit, from, to)
                                               : transmit(route, Term::non_value(), Operation::Exit, from, to, reason);
  if (sent == Sent::TooLarge) route.peer->kill(route.connection);
}

void leave_orphan(Peer& peer, std::uint32_t connection, std::uint64_t request, Term parent, Term reason) {
  heap::OwnedTerm child;
  if (!peer.note_orphan(connection, request, reason, &child)) return;
  send_link_exit(route_over(peer, connection), parent, child.term, reason);
  heap::release(child);
}

void send_monitor_exit(const Route& route, Term from, Term to, Term ref, Term reason) {
  const Sent sent = route.flags & kExitPayload ? transmit(route, reason, Operation::PayloadMonitorExit, from, to, ref)
                                               : transmit(route, Term::non_value(), Operation::MonitorExit, from, to, ref, reason);
  if (sent == Sent::TooLarge) route.peer->kill(route.connection);
}

void send_unlink_ack(const Route& route, std::uint64_t id, Term from, Term to) {
  heap::FragmentWriter w(4);
  transmit(route, Term::non_value(), Operation::UnlinkIdAck, term::make_unsigned(w, id), from, to);
}

// --- messages ------------------------------------------------------------------------------------------------------------------------

bool send_message(proc::Runtime& rt, Process& from, Term to, Term message) {
  const Destination d = destination(to);
  if (is_this_node(from, d.node)) return true;  // of an earlier incarnation of this node
  const Route route = route_to(rt, d.node, Connect::IfNeeded);
  if (route) send_over(route, from, to, d, message, message);
  return true;
}

Term send_message_if(Process& from, Term to, Term message, bool nosuspend, bool noconnect) {
  const Destination d = destination(to);
  if (is_this_node(from, d.node)) return atoms::ok;
  const Route route = route_to(*from.runtime, d.node, noconnect ? Connect::Never : Connect::IfNeeded);
  if (!route) return noconnect ? atoms::noconnect : atoms::ok;
  if (nosuspend && route.peer->busy()) return atoms::nosuspend;
  return send_over(route, from, to, d, message, atoms::ok, nosuspend);
}

Term exit_signal(Process& p, Term target, Term reason) {
  const Route route = route_to(*p.runtime, term::external_node(target)->name, Connect::IfNeeded);
  if (!route) return atoms::true_;
  const Wait wait = route.peer->busy() ? Wait::Message : Wait::Call;
  const Sent sent = route.flags & kExitPayload ? transmit(route, reason, Operation::PayloadExit2, p.pid, target)
                                               : transmit(route, Term::non_value(), Operation::Exit2, p.pid, target, reason);
  return sent == Sent::TooLarge ? raise_limit(p) : charge(p, route, 64, atoms::true_, wait);
}

Term group_leader(Process& p, Term leader, Term target) {
  if (is_this_node(p, term::external_node(target)->name)) return atoms::badarg;
  const Route route = route_to(*p.runtime, term::external_node(target)->name, Connect::IfNeeded);
  if (!route) return atoms::true_;
  transmit(route, Term::non_value(), Operation::GroupLeader, leader, target);
  return charge(p, route, 64, atoms::true_);
}

// --- links ---------------------------------------------------------------------------------------------------------------------------

Term link(Process& p, Term target) {
  const PidKey key = PidKey::of(target);
  const Route route = route_to(*p.runtime, key.node->name, Connect::IfNeeded);
  Tie* tie = route ? tie_of(p, *route.peer, route.connection) : nullptr;
  if (!tie) {
    proc::exit_signal_to_self(p, target, atoms::noconnection);
    return atoms::true_;
  }
  auto [entry, fresh] = tie->links.try_emplace(key);
  if (!fresh && entry->second.unlink_id == 0) return atoms::true_;
  entry->second.unlink_id = 0;
  transmit(route, Term::non_value(), Operation::Link, p.pid, target);
  return charge(p, route, 64, atoms::true_);
}

Term unlink(Process& p, Term target) {
  if (!p.links || !p.links->remote) return atoms::true_;
  Term result = atoms::true_;
  const PidKey key = PidKey::of(target);
  for (auto& [where, tie] : p.links->remote->all) {
    auto found = tie.links.find(key);
    if (found == tie.links.end() || found->second.unlink_id != 0) continue;
    const Route route = route_over(*where.first, where.second);
    if (!route || !(route.flags & kUnlinkId)) {
      tie.links.erase(found);
      if (route) transmit(route, Term::non_value(), Operation::Unlink, p.pid, target);
      continue;
    }
    found->second.unlink_id = p.links->remote->next_unlink_id++;
    heap::FragmentWriter w(4);
    transmit(route, Term::non_value(), Operation::UnlinkId, term::make_unsigned(w, found->second.unlink_id), p.pid, target);
    result = charge(p, route, 64, atoms::true_);
  }
  return result;
}

// --- monitors ------------------------------------------------------------------------------------------------------------------------

Term monitor(Process& p, Term target, const proc::MonitorOptions& options) {
  const Destination d = destination(target);
  if (is_this_node(p, d.node)) return proc::monitor_nobody(p, proc::MonitorKind::Process, target, atoms::noproc, options);
  const Route route = route_to(*p.runtime, d.node, Connect::IfNeeded);
  Tie* tie = route && (route.flags & kMonitors) ? tie_of(p, *route.peer, route.connection) : nullptr;
  if (!tie) return proc::monitor_nobody(p, proc::MonitorKind::Process, target, atoms::noconnection, options);
  const std::uint64_t key = proc::next_ref_key();
  proc::add_remote_monitor(p, key, target, options.tag, options.alias);
  tie->monitors.insert(key);
  const Term ref = proc::monitor_reference(p, key, options.alias, p.heap);
  transmit(route, Term::non_value(), Operation::Monitor, p.pid, d.to, ref);
  return charge(p, route, 64, ref);
}

Term pay_for_demonitor(Process& p, Term node, Term result) {
  Peer* peer = p.runtime->nodes->find(node);
  const Route route = peer ? route_over(*peer, peer->status().connection) : Route{};
  return route ? charge(p, route, 64, result) : result;
}

NodeMonitoring monitor_node(Process& p, Term node, bool on, bool passive) {
  if (is_this_node(p, node)) return NodeMonitoring::Done;
  if (!on) {
    if (!p.links || !p.links->remote) return NodeMonitoring::Done;
    Tie* newest = nullptr;
    for (auto& [where, tie] : p.links->remote->all)
      if (where.first->name == node && tie.node_monitors > 0) newest = &tie;
    if (newest) newest->node_monitors--;
    return NodeMonitoring::Done;
  }
  const Route route = route_to(*p.runtime, node, passive ? Connect::Never : Connect::IfNeeded);
  if (!route || (passive && route.peer->status().state != Peer::State::Connected)) return NodeMonitoring::AskNetKernel;
  Tie* tie = tie_of(p, *route.peer, route.connection);
  if (!tie) return NodeMonitoring::AskNetKernel;
  tie->node_monitors++;
  return NodeMonitoring::Done;
}

// --- spawning ------------------------------------------------------------------------------------------------------------------------

namespace {

enum class SpawnParse { Ok, Badarg, Badopt };

// Reads the options that concern this side; those for the other node are appended to `rest`.
SpawnParse parse_spawn(Term options, bool for_spawn_opt, SpawnRequest* request, Term* tag, Term* monitor_tag, term::ListBuilder& rest) {
  for (; options.is_cons(); options = options.tail()) {
    const Term item = options.head();
    if (item == atoms::link) request->link = true;
    if (item == atoms::monitor) request->monitor = true;
    if (!item.is_tuple_of(2)) {
      rest.add(item);
      continue;
    }
    const Tuple t = Tuple::from(item);
    if (t[0] != atoms::reply_tag && t[0] != atoms::reply && t[0] != atoms::monitor) {
      rest.add(item);
      continue;
    }
    if (t[0] == atoms::monitor) {
      proc::MonitorOptions wanted;
      if (!proc::parse_monitor_options(t[1], &wanted)) return for_spawn_opt ? SpawnParse::Badarg : SpawnParse::Badopt;
      request->monitor = true;
      request->alias = wanted.alias;
      *monitor_tag = wanted.tag;
      rest.add(atoms::monitor);
      continue;
    }
    if (for_spawn_opt) return SpawnParse::Badarg;
    if (t[0] == atoms::reply_tag) {
      *tag = t[1];
      continue;
    }
    if (t[1] != atoms::yes && t[1] != atoms::no && t[1] != atoms::error_only && t[1] != atoms::success_only) return SpawnParse::Badopt;
    request->on_success = t[1] == atoms::yes || t[1] == atoms::success_only;
    request->on_error = t[1] == atoms::yes || t[1] == atoms::error_only;
  }
  return options.is_nil() ? SpawnParse::Ok : SpawnParse::Badarg;
}

}  // namespace

Term request_spawn(Process& p, Term node, Term mfa, Term options, bool for_spawn_opt) {
  const Term wrong = Term::non_value();
  if (!node.is_atom() || is_this_node(p, node) || !mfa.is_tuple_of(3)) return wrong;
  const Tuple call = Tuple::from(mfa);
  const SWord arity = term::list_length(call[2]);
  if (!call[0].is_atom() || !call[1].is_atom() || arity < 0) return wrong;
  SpawnRequest request;
  Term tag = atoms::spawn_reply, monitor_tag = Term::non_value();
  term::ListBuilder rest(p.heap);
  const SpawnParse parsed = parse_spawn(options, for_spawn_opt, &request, &tag, &monitor_tag, rest);
  if (parsed == SpawnParse::Badarg) return wrong;
  const std::uint64_t key = proc::next_ref_key();
  const Term ref = proc::monitor_reference(p, key, request.alias, p.heap);
  const Term result = for_spawn_opt ? Tuple::make(p.heap, ref, request.monitor ? Term(atoms::true_) : Term(atoms::false_)) : ref;

  Term failure = atoms::badopt;
  if (parsed == SpawnParse::Ok) {
    failure = atoms::noconnection;
    const Route route = route_to(*p.runtime, node, Connect::IfNeeded);
    if (route && !(route.flags & kSpawn)) failure = atoms::notsup;
    Tie* tie = route && (route.flags & kSpawn) ? tie_of(p, *route.peer, route.connection) : nullptr;
    if (tie) {
      heap::FragmentWriter w(16);
      const Term kept_tag = heap::copy_with_literals(tag, w);
      const Term kept_monitor = monitor_tag.is_value() ? heap::copy_with_literals(monitor_tag, w) : Term(atoms::DOWN);
      request.kept.term = Tuple::make(w, kept_tag, kept_monitor);
      request.kept.fragments = w.take();
      if (request.alias != proc::AliasMode::None) proc::links_of(p).aliases.insert({key, request.alias});
      tie->spawns.emplace(key, request);
      const Term what = Tuple::make(p.heap, call[0], call[1], Term::small(arity));
      const Term operation = Term::small(static_cast<SWord>(Operation::SpawnRequest));
      const Term control = Tuple::make(p.heap, operation, ref, p.pid, p.group_leader, what, rest.finish());
      const Sent sent = transmit(route, control, call[2], p.pid, key);
      if (sent != Sent::TooLarge) return charge(p, route, 256, result, Wait::Spawn);
      failure = atoms::system_limit;
      heap::release(tie->spawns[key].kept);
      tie->spawns.erase(key);
      if (request.alias != proc::AliasMode::None) proc::remove_alias(p, key);
    }
  }
  if (request.on_error) {
    heap::FragmentWriter w(16);
    heap::OwnedTerm message;
    const Term sent_tag = heap::copy(tag, w);
    message.term = Tuple::make(w, sent_tag, heap::copy(ref, w), atoms::error, failure);
    message.fragments = w.take();
    proc::send_owned(p, std::move(message), p.pid);
  }
  return result;
}

bool abandon_spawn(Process& p, Term ref) {
  const std::uint64_t key = proc::ref_key(ref);
  if (key == 0 || !p.links || !p.links->remote) return false;
  for (auto& [where, tie] : p.links->remote->all) {
    auto found = tie.spawns.find(key);
    if (found == tie.spawns.end()) continue;
    if (found->second.alias != proc::AliasMode::None) proc::remove_alias(p, key);
    if (found->second.link)
      leave_orphan(*where.first, where.second, key, p.pid, atoms::abandoned);  // p may have ended when the answer comes
    heap::release(found->second.kept);
    tie.spawns.erase(found);
    return true;
  }
  return false;
}

}  // namespace vm::dist
