// SPDX-License-Identifier: Apache-2.0
//
#include "dist/receiver.h"

#include "dist/nodes.h"
#include "dist/ties.h"
#include "proc/exported_aliases.h"
#include "proc/links_state.h"
#include "proc/process_table.h"
#include "proc/references.h"
#include "proc/registry.h"
#include "proc/send.h"
#include "sync/epoch.h"
#include "term/atoms.h"
#include "term/print.h"

namespace vm::dist {

using proc::Signal;
using proc::SignalKind;
using term::Tuple;

namespace {

constexpr std::size_t kShownMessage = 200;  // characters of a message in the log

}  // namespace

bool Receiver::act(std::span<const Byte> bytes, const etf::DecodeOptions& options) {
  options_ = &options;
  Term control;
  std::size_t used = 0;
  if (!etf::decode(bytes, writer_, &control, options, &used)) {
    corrupt_ = true;
    return false;
  }
  payload_ = bytes.subspan(used);
  sync::Epoch::Guard guard;
  if (control.is_tuple()) {
    control_ = control;
    if (Tuple::from(control_).size() > 0 && at(0).is_small() && dispatch(static_cast<Operation>(at(0).small_value() & 0xFF))) return true;
  }
  if (corrupt_) return false;
  fault_ = "Invalid distribution message: " + term::to_text(control).substr(0, kShownMessage);
  return false;
}

bool Receiver::read_payload(term::HeapWriter& w, Term* out) {
  std::size_t used = 0;
  corrupt_ = !etf::decode(payload_, w, out, *options_, &used);
  return !corrupt_;
}

bool Receiver::dispatch(Operation op) {
  if (at(0).small_value() != static_cast<SWord>(op)) return false;
  switch (op) {
    case Operation::Send:
    case Operation::SendSender: return arity(3) && message_to(at(2), term::kNil);
    case Operation::SendTraced:
    case Operation::SendSenderTraced: return arity(4) && message_to(at(2), at(3));
    case Operation::RegSend:
    case Operation::RegSendTraced: {
      if (!arity(op == Operation::RegSend ? 4 : 5) || !at(1).is_pid() || !at(3).is_atom()) return false;
      const Term to = rt_.registry->lookup(at(3));
      return message_to(to.is_value() && to.is_local_pid() ? to : term::kNil, op == Operation::RegSend ? term::kNil : at(4));
    }
    case Operation::AliasSend: return arity(3) && message_to_alias(at(2), term::kNil);
    case Operation::AliasSendTraced: return arity(4) && message_to_alias(at(2), at(3));
    case Operation::Link: return arity(3) && link();
    case Operation::Unlink: return arity(3) && unlink(0, at(1), at(2));
    case Operation::UnlinkId: {
      Word id = 0;
      return arity(4) && term::to_uint64(at(1), &id) && id != 0 && unlink(id, at(2), at(3));
    }
    case Operation::UnlinkIdAck: return arity(4) && unlink_ack();
    case Operation::Exit: return arity(4) && exit(at(1), at(2), at(3), true);
    case Operation::ExitTraced: return arity(5) && exit(at(1), at(2), at(4), true);
    case Operation::PayloadExit: return arity(3) && exit(at(1), at(2), Term::non_value(), true);
    case Operation::PayloadExitTraced: return arity(4) && exit(at(1), at(2), Term::non_value(), true);
    case Operation::Exit2: return arity(4) && exit(at(1), at(2), at(3), false);
    case Operation::Exit2Traced: return arity(5) && exit(at(1), at(2), at(4), false);
    case Operation::PayloadExit2: return arity(3) && exit(at(1), at(2), Term::non_value(), false);
    case Operation::PayloadExit2Traced: return arity(4) && exit(at(1), at(2), Term::non_value(), false);
    case Operation::Monitor: return arity(4) && monitor();
    case Operation::Demonitor: return arity(4) && demonitor();
    case Operation::MonitorExit: return arity(5) && monitor_exit(at(4));
    case Operation::PayloadMonitorExit: return arity(4) && monitor_exit(Term::non_value());
    case Operation::GroupLeader: return arity(3) && group_leader();
    case Operation::SpawnRequest: return arity(6) && spawn_request();
    case Operation::SpawnRequestTraced: return arity(7) && spawn_request();
    case Operation::SpawnReply: return arity(5) && spawn_reply();
    case Operation::SpawnReplyTraced: return arity(6) && spawn_reply();
  }
  return false;
}

// --- messages ------------------------------------------------------------------------------------------------------------------------

// A token is {Flags, Label, Serial, Sender, LastSerial}; anything else is none.
Term Receiver::copied_token(Term token, term::HeapWriter& w) { return token.is_tuple_of(5) ? heap::copy(token, w) : term::kNil; }

bool Receiver::message_to(Term pid, Term token) {
  if (!pid.is_pid() && !pid.is_nil()) return false;
  heap::FragmentWriter w(16);
  Signal* s = Signal::create(SignalKind::Message);
  if (!read_payload(w, &s->term)) {
    Signal::destroy(s);
    return false;
  }
  s->token = copied_token(token, w);
  s->fragments = w.take();
  if (pid.is_local_pid()) deliver(pid, s);
  else Signal::destroy(s);
  return true;
}

bool Receiver::message_to_alias(Term ref, Term token) {
  if (!ref.is_ref()) return false;
  heap::FragmentWriter w(16);
  Signal* s = Signal::create(SignalKind::AliasMessage);
  if (!read_payload(w, &s->term)) {
    Signal::destroy(s);
    return false;
  }
  s->token = copied_token(token, w);
  s->fragments = w.take();
  s->id = proc::ref_key(ref);
  Term owner;
  if (ref.is_external() || !term::is_pid_ref(ref, &owner)) owner = s->id ? proc::exported_alias_owner(s->id) : Term::non_value();
  if (owner.is_value()) deliver(owner, s);
  else Signal::destroy(s);
  return true;
}

// --- links ---------------------------------------------------------------------------------------------------------------------------

bool Receiver::link() {
  const Term from = at(1), to = at(2);
  if (!from_peer(from) || !to.is_pid()) return false;
  if (to.is_external() && !was_here(to)) return false;
  if (to.is_local_pid()) {
    heap::FragmentWriter w(8);
    Signal* s = signal(RemoteSignal::Link);
    s->from = heap::copy(from, w);
    s->fragments = w.take();
    if (deliver(to, s)) return true;
  }
  send_link_exit(route(), to, from, atoms::noproc);
  return true;
}

bool Receiver::unlink(std::uint64_t id, Term from, Term to) {
  if (!from_peer(from)) return false;
  if (!to.is_local_pid()) return to.is_pid() && was_here(to);
  heap::FragmentWriter w(8);
  Signal* s = signal(RemoteSignal::Unlink);
  s->from = heap::copy(from, w);
  s->fragments = w.take();
  s->id = id;
  if (!deliver(to, s) && id != 0) send_unlink_ack(route(), id, to, from);
  return true;
}

bool Receiver::unlink_ack() {
  Word id = 0;
  const Term from = at(2), to = at(3);
  if (!term::to_uint64(at(1), &id) || !from_peer(from)) return false;
  if (!to.is_local_pid()) return to.is_pid() && was_here(to);
  heap::FragmentWriter w(8);
  Signal* s = signal(RemoteSignal::UnlinkAck);
  s->from = heap::copy(from, w);
  s->fragments = w.take();
  s->id = id;
  deliver(to, s);
  return true;
}

// reason: the non-value when it is the payload.
bool Receiver::exit(Term from, Term to, Term reason, bool by_link) {
  if (!from_peer(from) || !to.is_pid()) return false;
  if (!to.is_local_pid()) return !by_link && was_here(to);
  heap::FragmentWriter w(32);
  Term copied;
  if (reason.is_value()) copied = heap::copy(reason, w);
  else if (!read_payload(w, &copied)) return false;
  Signal* s = by_link ? signal(RemoteSignal::LinkExit) : Signal::create(SignalKind::Exit);
  s->from = heap::copy(from, w);
  s->term = copied;
  s->fragments = w.take();
  deliver(to, s);
  return true;
}

// --- monitors ------------------------------------------------------------------------------------------------------------------------

bool Receiver::monitor() {
  const Term watcher = at(1), watched = at(2), ref = at(3);
  if (!from_peer(watcher) || !ref.is_ref()) return false;
  Term pid = watched;
  if (watched.is_atom()) pid = rt_.registry->lookup(watched);
  else if (!watched.is_pid() || (watched.is_external() && !was_here(watched))) return false;
  if (pid.is_value() && pid.is_local_pid()) {
    if (watched.is_atom() && !peer_.note_named_watch(connection_, RefKey::of(ref), pid)) return true;
    heap::FragmentWriter w(24);
    Signal* s = signal(RemoteSignal::Monitor);
    const Term kept_watcher = heap::copy(watcher, w), kept_ref = heap::copy(ref, w);
    s->term = Tuple::make(w, kept_watcher, kept_ref, watched);
    s->fragments = w.take();
    if (deliver(pid, s)) return true;
    if (watched.is_atom()) peer_.forget_named_watch(RefKey::of(ref));
  }
  send_monitor_exit(route(), watched, watcher, ref, atoms::noproc);
  return true;
}

bool Receiver::demonitor() {
  const Term watcher = at(1), watched = at(2), ref = at(3);
  if (!from_peer(watcher) || !ref.is_ref()) return false;
  Term pid = watched;
  if (watched.is_atom()) pid = peer_.forget_named_watch(RefKey::of(ref));
  else if (!watched.is_pid() || (watched.is_external() && !was_here(watched))) return false;
  if (!pid.is_value() || !pid.is_local_pid()) return true;
  heap::FragmentWriter w(8);
  Signal* s = signal(RemoteSignal::Demonitor);
  s->term = heap::copy(ref, w);
  s->fragments = w.take();
  deliver(pid, s);
  return true;
}

bool Receiver::monitor_exit(Term reason) {
  const Term watched = at(1), watcher = at(2), ref = at(3);
  if (!ref.is_ref() || !watcher.is_pid()) return false;
  if (!watched.is_atom() && !(watched.is_pid() && watched.is_external())) return false;
  if (!watcher.is_local_pid()) return was_here(watcher);
  heap::FragmentWriter w(32);
  Term copied;
  if (reason.is_value()) copied = heap::copy(reason, w);
  else if (!read_payload(w, &copied)) return false;
  Signal* s = signal(RemoteSignal::MonitorDown);
  s->id = proc::ref_key(ref);
  s->term = copied;
  s->fragments = w.take();
  deliver(watcher, s);
  return true;
}

bool Receiver::group_leader() {
  const Term leader = at(1), member = at(2);
  if (!leader.is_pid() || !member.is_pid()) return false;
  if (!member.is_local_pid()) return true;
  heap::FragmentWriter w(16);
  Signal* s = Signal::create(SignalKind::GroupLeader);
  s->term = Tuple::make(w, term::kNil, heap::copy(leader, w));
  s->fragments = w.take();
  deliver(member, s);
  return true;
}

// --- spawning ------------------------------------------------------------------------------------------------------------------------

namespace {

struct Birth {
  Peer* peer;
  std::uint32_t connection;
  Term parent, ref;
  unsigned flags;
};

}  // namespace

// Before anybody can see the child: its ties to the parent, and the answer, which is to come before anything the child sends.
void Receiver::prepare_child(proc::Process& child, void* context) {
  const Birth& birth = *static_cast<const Birth*>(context);
  const Route route = route_over(*birth.peer, birth.connection);
  if (birth.flags != 0) {
    if (Tie* tie = tie_of(child, *birth.peer, birth.connection)) {
      if (birth.flags & kSpawnLinked) tie->links.try_emplace(PidKey::of(birth.parent));
      if (birth.flags & kSpawnMonitored) {
        heap::FragmentWriter w(24);
        const Term watcher = heap::copy(birth.parent, w), ref = heap::copy(birth.ref, w);
        RemoteWatcher kept;
        kept.kept.term = Tuple::make(w, watcher, ref, child.pid);
        kept.kept.fragments = w.take();
        tie->watchers.emplace(RefKey::of(birth.ref), kept);
      }
    }
  }
  transmit(route, Term::non_value(), Operation::SpawnReply, birth.ref, birth.parent, Term::small(birth.flags), child.pid);
}

bool Receiver::spawn_request() {
  const Term ref = at(1), parent = at(2), leader = at(3), what = at(4), options = at(5);
  if (!ref.is_ref() || !ref.is_external() || !parent.is_pid() || !parent.is_external() || !leader.is_pid() || !what.is_tuple_of(3))
    return false;
  const Tuple call = Tuple::from(what);
  if (!call[0].is_atom() || !call[1].is_atom() || !call[2].is_small()) return false;
  Term args;
  if (!read_payload(writer_, &args)) return false;
  proc::SpawnOptions spawn;
  spawn.limits = rt_.limits.now();
  spawn.off_heap_messages = rt_.settings.off_heap_messages;
  const Services::Parsed parsed = peer_.nodes().services().spawn_options(rt_, options, &spawn);
  if (parsed == Services::Parsed::NoList) return false;
  const SWord arity = term::list_length(args);
  Term failure = parsed == Services::Parsed::BadOption ? Term(atoms::badopt) : Term::non_value();
  if (arity < 0 || arity != call[2].small_value()) return false;
  if (arity > 255) failure = atoms::system_limit;
  if (!failure.is_value()) {
    Birth birth{&peer_, connection_, parent, ref,
                (spawn.link ? unsigned{kSpawnLinked} : 0u) | (spawn.monitor ? unsigned{kSpawnMonitored} : 0u)};
    spawn.link = spawn.monitor = false;
    spawn.remote_parent = parent;
    spawn.group_leader = leader;
    spawn.prepare = prepare_child;
    spawn.prepare_context = &birth;
    const proc::Spawned child = proc::spawn(rt_, nullptr, call[0], call[1], args, spawn);
    if (child.pid.is_value()) {
      // Should the connection have gone meanwhile, the child was not to be found yet.
      if (birth.flags != 0 && !peer_.is_current(connection_)) signal_connection_down(rt_, child.pid, peer_, connection_);
      return true;
    }
    failure = atoms::system_limit;
  }
  transmit(route(), Term::non_value(), Operation::SpawnReply, ref, parent, Term::small(0), failure);
  return true;
}

bool Receiver::spawn_reply() {
  const Term ref = at(1), parent = at(2), flags = at(3), result = at(4);
  if (!parent.is_pid() || !ref.is_ref() || !flags.is_small()) return false;
  if (!parent.is_local_pid()) return was_here(parent);
  if (ref.is_external()) return was_here(ref);
  if (!result.is_atom() && !from_peer(result)) return false;
  const std::uint64_t key = proc::ref_key(ref);
  heap::FragmentWriter w(16);
  Signal* s = signal(RemoteSignal::SpawnReply);
  s->id = key;
  const Term copied = heap::copy(result, w);
  s->term = Tuple::make(w, copied, flags);
  s->fragments = w.take();
  if (deliver(parent, s)) return true;
  // The parent has ended: its child hears of it as it would have over the link, and is not watched.
  heap::OwnedTerm reason;
  const bool linked = !result.is_atom() && (flags.small_value() & kSpawnLinked);
  const bool orphan = peer_.take_orphan(key, &reason, linked ? result : Term::non_value());
  if (!result.is_atom() && (flags.small_value() & kSpawnMonitored))
    transmit(route(), Term::non_value(), Operation::Demonitor, parent, result, ref);
  if (orphan && linked) send_link_exit(route(), parent, result, reason.term);
  if (orphan) heap::release(reason);
  return true;
}

}  // namespace vm::dist
