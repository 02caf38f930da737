// SPDX-License-Identifier: Apache-2.0
#include "dist/ties.h"

#include "dist/nodes.h"
#include "dist/send.h"
#include "proc/exported_aliases.h"
#include "proc/links_state.h"
#include "proc/process_table.h"
#include "proc/references.h"
#include "proc/send.h"
#include "sync/epoch.h"
#include "term/atoms.h"

namespace vm::dist {

using proc::Process;
using proc::Signal;
using proc::SignalKind;
using term::Tuple;

Tie::~Tie() {
  for (auto& [ref, watcher] : watchers) heap::release(watcher.kept);
  for (auto& [key, request] : spawns) heap::release(request.kept);
}

Ties& ties_of(Process& p) {
  proc::Links& links = proc::links_of(p);
  if (!links.remote) links.remote = new Ties;
  return *links.remote;
}

Tie* tie_of(Process& p, Peer& peer, std::uint32_t connection) {
  Ties& ties = ties_of(p);
  if (Tie* known = ties.find(peer, connection)) return known;
  if (!peer.tie(connection, p.pid)) return nullptr;
  return &ties.all[{&peer, connection}];
}

Signal* remote_signal(RemoteSignal kind, Peer* peer, std::uint32_t connection) {
  Signal* s = Signal::create(SignalKind::Remote);
  s->flags = static_cast<std::uint8_t>(kind);
  s->argument = peer;
  s->token = Term::small(connection);
  return s;
}

void signal_connection_down(proc::Runtime& rt, Term pid, Peer& peer, std::uint32_t connection) {
  proc::deliver_to(rt, pid, remote_signal(RemoteSignal::ConnectionDown, &peer, connection));
}

namespace {

std::uint32_t connection_of(const Signal& s) { return static_cast<std::uint32_t>(s.token.small_value()); }
Peer& peer_of(const Signal& s) { return *static_cast<Peer*>(s.argument); }
Tie* find_tie(Process& p, Peer& peer, std::uint32_t connection) {
  return p.links && p.links->remote ? p.links->remote->find(peer, connection) : nullptr;
}

// An exit signal over a link that was active; s is freed. False: it ends p.
bool exit_by_link(Process& p, Term (*make_from)(term::HeapWriter&, const PidKey&), const PidKey& from, Term reason_atom,
                  Term* exit_reason) {
  heap::FragmentWriter w(8);
  Signal* s = Signal::create(SignalKind::Exit);
  s->from = make_from(w, from);
  s->fragments = w.take();
  s->term = reason_atom;
  const bool lives = proc::take_exit(p, s, exit_reason);
  Signal::destroy(s);
  return lives;
}

Term pid_term(term::HeapWriter& h, const PidKey& key) { return key.make(h); }

bool noconnection_exit(Process& p, const PidKey& from, Term* exit_reason) {
  return exit_by_link(p, pid_term, from, atoms::noconnection, exit_reason);
}

void noconnection_down(Process& p, std::uint64_t key) {
  Signal* s = Signal::create(SignalKind::MonitorDown);
  s->id = key;
  s->term = atoms::noconnection;
  proc::take_down(p, s);
  Signal::destroy(s);
}

// {Tag, Ref, ok | error, Result} for the parent.
void spawn_message(Process& p, std::uint64_t key, const SpawnRequest& request, Term kind, Term result) {
  heap::FragmentWriter w(32);
  const Term tag = heap::copy(Tuple::from(request.kept.term)[0], w);
  const Term ref = proc::monitor_reference(p, key, request.alias, w);
  const Term message = Tuple::make(w, tag, ref, kind, heap::copy(result, w));
  proc::append_message(p, message, w.take(), term::kNil);
}

void spawn_failed(Process& p, std::uint64_t key, const SpawnRequest& request, Term reason) {
  if (request.alias != proc::AliasMode::None && p.links) proc::remove_alias(p, key);
  if (request.on_error) spawn_message(p, key, request, atoms::error, reason);
}

// Everything over a connection ends. False: p ends, too.
bool connection_down(Process& p, Peer& peer, std::uint32_t connection, Term* exit_reason) {
  if (!p.links || !p.links->remote) return true;
  auto node = p.links->remote->all.extract({&peer, connection});
  if (node.empty()) return true;
  Tie& tie = node.mapped();
  bool lives = true;
  for (auto& [pid, link] : tie.links)
    if (lives && link.unlink_id == 0) lives = noconnection_exit(p, pid, exit_reason);
  if (!lives) return false;
  for (std::size_t i = 0; i < tie.node_monitors; i++) {
    heap::FragmentWriter w(4);
    const Term message = Tuple::make(w, atoms::nodedown, peer.name);
    proc::append_message(p, message, w.take(), term::kNil);
  }
  for (const std::uint64_t key : tie.monitors) noconnection_down(p, key);
  for (auto& [key, request] : tie.spawns) spawn_failed(p, key, request, atoms::noconnection);
  return true;
}

bool on_link(Process& p, Signal* s, Term* exit_reason) {
  const PidKey from = PidKey::of(s->from);
  Tie* tie = tie_of(p, peer_of(*s), connection_of(*s));
  if (!tie) return noconnection_exit(p, from, exit_reason);
  tie->links.try_emplace(from);
  return true;
}

void on_unlink(Process& p, Signal* s) {
  Tie* tie = find_tie(p, peer_of(*s), connection_of(*s));
  const PidKey from = PidKey::of(s->from);
  if (tie) {
    auto found = tie->links.find(from);
    if (found != tie->links.end() && found->second.unlink_id == 0) tie->links.erase(found);
  }
  if (s->id != 0) send_unlink_ack(route_over(peer_of(*s), connection_of(*s)), s->id, p.pid, s->from);
}

void on_unlink_ack(Process& p, Signal* s) {
  Tie* tie = find_tie(p, peer_of(*s), connection_of(*s));
  if (!tie) return;
  auto found = tie->links.find(PidKey::of(s->from));
  if (found != tie->links.end() && found->second.unlink_id == s->id) tie->links.erase(found);
}

bool on_link_exit(Process& p, Signal* s, Term* exit_reason) {
  Tie* tie = find_tie(p, peer_of(*s), connection_of(*s));
  if (!tie) return true;
  auto found = tie->links.find(PidKey::of(s->from));
  if (found == tie->links.end()) return true;
  const bool active = found->second.unlink_id == 0;
  tie->links.erase(found);
  s->token = atoms::undefined;  // it was the connection's number
  return !active || proc::take_exit(p, s, exit_reason);
}

void on_monitor(Process& p, Signal* s) {
  Tie* tie = tie_of(p, peer_of(*s), connection_of(*s));
  if (!tie) return;
  RemoteWatcher& watcher = tie->watchers[RefKey::of(Tuple::from(s->term)[1])];
  heap::release(watcher.kept);
  watcher.kept = heap::OwnedTerm{s->term, s->fragments};
  s->fragments = nullptr;
}

void on_demonitor(Process& p, Signal* s) {
  Tie* tie = find_tie(p, peer_of(*s), connection_of(*s));
  if (!tie) return;
  auto found = tie->watchers.find(RefKey::of(s->term));
  if (found == tie->watchers.end()) return;
  heap::release(found->second.kept);
  tie->watchers.erase(found);
}

void on_monitor_down(Process& p, Signal* s) {
  Tie* tie = find_tie(p, peer_of(*s), connection_of(*s));
  if (!tie || tie->monitors.erase(s->id) == 0) return;
  s->token = atoms::undefined;
  proc::take_down(p, s);
}

void on_spawn_reply(Process& p, Signal* s) {
  Peer& peer = peer_of(*s);
  Tie* tie = find_tie(p, peer, connection_of(*s));
  const auto found = tie ? tie->spawns.extract(s->id) : std::map<std::uint64_t, SpawnRequest>::node_type{};
  const unsigned flags = static_cast<unsigned>(Tuple::from(s->term)[1].small_value());
  const Term result = Tuple::from(s->term)[0];
  if (found.empty()) {  // abandoned
    heap::OwnedTerm reason;
    if (peer.take_orphan(s->id, &reason)) heap::release(reason);
    if (!result.is_pid()) return;
    const Route route = route_over(peer, connection_of(*s));
    heap::FragmentWriter w(8);
    if (flags & kSpawnMonitored) transmit(route, Term::non_value(), Operation::Demonitor, p.pid, result, proc::make_key_ref(w, s->id));
    if (flags & kSpawnLinked) send_link_exit(route, p.pid, result, atoms::abandoned);
    return;
  }
  SpawnRequest& request = found.mapped();
  if (result.is_atom()) {
    spawn_failed(p, s->id, request, result);
  } else {
    if (request.link && (flags & kSpawnLinked)) tie->links.try_emplace(PidKey::of(result));
    if (request.monitor && (flags & kSpawnMonitored)) {
      proc::add_remote_monitor(p, s->id, result, Tuple::from(request.kept.term)[1], request.alias);
      tie->monitors.insert(s->id);
    }
    if (request.on_success) spawn_message(p, s->id, request, atoms::ok, result);
  }
  heap::release(request.kept);
}

void answer_control(proc::Runtime& rt, Signal* s, Term answer) {
  heap::FragmentWriter w(16);
  heap::OwnedTerm message;
  message.term = Tuple::make(w, heap::copy(Tuple::from(s->term)[0], w), heap::copy(answer, w));
  message.fragments = w.take();
  proc::send_owned(rt, s->from, std::move(message));
}

// {Ref, Flags, Creation, SetupPid}
// False: it is too early, and the signal was put back.
bool on_control(Process& p, Signal* s) {
  if (peer_of(*s).ending()) return !p.deliver(s);
  const Tuple t = Tuple::from(s->term);
  Word flags = 0, creation = 0;
  std::uint32_t connection = 0;
  heap::FragmentWriter w(16);
  Term answer = atoms::badarg;
  Nodes& nodes = *p.runtime->nodes;
  if (term::to_uint64(t[1], &flags) && term::to_uint64(t[2], &creation) &&
      nodes.connect_process(p, peer_of(*s), flags, static_cast<std::uint32_t>(creation), t[3], &connection))
    answer = nodes.make_handle(w, peer_of(*s), connection);
  answer_control(*p.runtime, s, answer);
  return true;
}

}  // namespace

bool handle_remote_signal(Process& p, Signal* s, Term* exit_reason) {
  bool lives = true;
  switch (static_cast<RemoteSignal>(s->flags)) {
    case RemoteSignal::Link: lives = on_link(p, s, exit_reason); break;
    case RemoteSignal::Unlink: on_unlink(p, s); break;
    case RemoteSignal::UnlinkAck: on_unlink_ack(p, s); break;
    case RemoteSignal::LinkExit: lives = on_link_exit(p, s, exit_reason); break;
    case RemoteSignal::Monitor: on_monitor(p, s); break;
    case RemoteSignal::Demonitor: on_demonitor(p, s); break;
    case RemoteSignal::MonitorDown: on_monitor_down(p, s); break;
    case RemoteSignal::SpawnReply: on_spawn_reply(p, s); break;
    case RemoteSignal::ConnectionDown: lives = connection_down(p, peer_of(*s), connection_of(*s), exit_reason); break;
    case RemoteSignal::NetKernel: ties_of(p).is_net_kernel = true; break;
    case RemoteSignal::Control:
      if (!on_control(p, s)) return true;
      break;
  }
  if (lives) Signal::destroy(s);
  return lives;
}

// p has ended, but its ties are still there.
void refuse_remote_signal(proc::Runtime& rt, Process& p, Signal* s) {
  switch (static_cast<RemoteSignal>(s->flags)) {
    case RemoteSignal::Link: send_link_exit(route_over(peer_of(*s), connection_of(*s)), p.pid, s->from, atoms::noproc); break;
    case RemoteSignal::Unlink: on_unlink(p, s); break;
    case RemoteSignal::UnlinkAck: on_unlink_ack(p, s); break;
    case RemoteSignal::LinkExit: {
      if (Tie* tie = find_tie(p, peer_of(*s), connection_of(*s))) tie->links.erase(PidKey::of(s->from));
      break;
    }
    case RemoteSignal::Monitor: {
      const Tuple t = Tuple::from(s->term);
      peer_of(*s).forget_named_watch(RefKey::of(t[1]));
      send_monitor_exit(route_over(peer_of(*s), connection_of(*s)), t[2], t[0], t[1], atoms::noproc);
      break;
    }
    case RemoteSignal::Demonitor: on_demonitor(p, s); break;
    case RemoteSignal::Control: answer_control(rt, s, atoms::badarg); break;
    case RemoteSignal::NetKernel: ties_of(p).is_net_kernel = true; break;
    case RemoteSignal::ConnectionDown:
      if (p.links && p.links->remote) p.links->remote->all.erase({&peer_of(*s), connection_of(*s)});
      break;
    case RemoteSignal::SpawnReply: on_spawn_reply(p, s); break;
    case RemoteSignal::MonitorDown: break;
  }
}

void process_ended(Process& p, Term reason) {
  std::unique_ptr<Ties> ties(p.links->remote);
  p.links->remote = nullptr;
  Nodes& nodes = *p.runtime->nodes;
  for (auto& [key, tie] : ties->all) {
    Peer& peer = *key.first;
    const Route route = route_over(peer, key.second);
    for (const std::uint64_t monitor : tie.monitors) {
      const proc::MonitorEntry* e = p.links->monitors.find(monitor);
      if (!e) continue;
      heap::FragmentWriter w(16);
      const Term object = Tuple::from(e->tag.term)[1];
      const Term to = object.is_tuple() ? Tuple::from(object)[0] : object;
      transmit(route, Term::non_value(), Operation::Demonitor, p.pid, to, proc::make_key_ref(w, monitor));
    }
    for (auto& [pid, link] : tie.links) {
      if (link.unlink_id != 0) continue;
      heap::FragmentWriter w(8);
      send_link_exit(route, p.pid, pid.make(w), reason);
    }
    for (auto& [ref, watcher] : tie.watchers) {
      const Tuple t = Tuple::from(watcher.kept.term);
      if (t[2].is_atom()) peer.forget_named_watch(ref);
      send_monitor_exit(route, t[2], t[0], t[1], reason);
    }
    for (auto& [request, spawn] : tie.spawns)
      if (spawn.link) leave_orphan(peer, key.second, request, p.pid, reason);
    peer.untie(key.second, p.pid);
  }
  if (ties->watches_nodes) nodes.forget_watcher(p.pid);
  if (ties->controls.first) ties->controls.first->close(ties->controls.second, reason);
  if (ties->is_net_kernel) nodes.net_kernel_ended(reason);
}

void forget_monitor(Process& p, std::uint64_t key, Term object) {
  if (!p.links || !p.links->remote) return;
  for (auto& [where, tie] : p.links->remote->all) {
    if (tie.monitors.erase(key) == 0) continue;
    heap::FragmentWriter w(8);
    const Term to = object.is_tuple() ? Tuple::from(object)[0] : object;
    transmit(route_over(*where.first, where.second), Term::non_value(), Operation::Demonitor, p.pid, to, proc::make_key_ref(w, key));
    return;
  }
}

void list_links(Process& p, term::HeapWriter& h, term::ListBuilder& list) {
  for (auto& [where, tie] : p.links->remote->all)
    for (auto& [pid, link] : tie.links)
      if (link.unlink_id == 0) list.add(pid.make(h));
}

void list_watchers(Process& p, term::HeapWriter& h, term::ListBuilder& list) {
  for (auto& [where, tie] : p.links->remote->all)
    for (auto& [ref, watcher] : tie.watchers) list.add(heap::copy(Tuple::from(watcher.kept.term)[0], h));
}

}  // namespace vm::dist
