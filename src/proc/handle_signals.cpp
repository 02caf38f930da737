// SPDX-License-Identifier: Apache-2.0
//
// What a process does with the signals of others. Rules: signals are handled strictly in order of arrival. A signal that needs the engine's state in
// memory (process_info, system tasks, suspend) and comes while the engine is inside a receive waits until the slice ends. Who helps a process inside
// native code (proc/dirty_call.h) finds it there.
#include "proc/dirty_call.h"
#include "proc/links.h"
#include "proc/links_state.h"
#include "proc/process_cold.h"
#include "proc/process_info.h"
#include "proc/process_table.h"
#include "proc/references.h"
#include "proc/runtime.h"
#include "proc/spawn.h"
#include "proc/system_tasks.h"
#include "proc/tracing.h"
#include "term/atoms.h"

namespace vm::proc {
namespace {

// Joins the fragments of a signal behind those of a writer.
heap::HeapFragment* with_fragments_of(heap::HeapFragment* first, Signal* s) {
  heap::HeapFragment* mine = s->fragments;
  s->fragments = nullptr;
  if (!first) return mine;
  heap::HeapFragment* last = first;
  while (last->next) last = last->next;
  last->next = mine;
  return first;
}

void append_exit_message(Process& p, Signal* s, Term reason) {
  heap::FragmentWriter w(4);
  const Term message = term::Tuple::make(w, atoms::EXIT, s->from, reason);
  heap::HeapFragment* fragments = with_fragments_of(w.take(), s);
  append_message(p, message, fragments, s->from.is_pointer() ? term::kNil : s->from, s->token);
}

// Answers false when the process must end.
bool on_exit(Process& p, Signal* s, Term* exit_reason) {
  Term reason = s->term;
  if (s->kind == SignalKind::LinkExit) {
    LinkEntry* e = p.links ? p.links->links.find(s->from.bits()) : nullptr;
    if (!e) return true;
    const bool active = e->unlink_id == 0;
    p.links->links.remove(s->from.bits());
    if (!active) return true;
  } else if (reason == atoms::kill) {
    *exit_reason = atoms::killed;
    return false;
  }
  return take_exit(p, s, exit_reason);
}

}  // namespace

bool take_exit(Process& p, Signal* s, Term* exit_reason) {
  const Term reason = s->term;
  const bool unlinked = s->kind == SignalKind::LinkExit && p.is_traced(kTraceProcs);
  if (p.trap_exit()) {
    if (VM_UNLIKELY(unlinked)) p.runtime->trace->process_event(p, atoms::getting_unlinked, s->from, Term::non_value());
    append_exit_message(p, s, reason);
    return true;
  }
  // An exit signal 'normal' from oneself does end the process.
  if (reason == atoms::normal && !(s->kind == SignalKind::Exit && s->from == p.pid)) {
    if (VM_UNLIKELY(unlinked)) p.runtime->trace->process_event(p, atoms::getting_unlinked, s->from, Term::non_value());
    return true;
  }
  *exit_reason = reason;
  return false;
}

namespace {

void on_link(Process& p, Signal* s) {
  Links& l = links_of(p);
  if (l.links.find(s->from.bits())) return;
  l.links.insert({s->from.bits(), s->from, 0});
  if (VM_UNLIKELY(p.is_traced(kTraceProcs))) p.runtime->trace->process_event(p, atoms::getting_linked, s->from, Term::non_value());
}

void on_unlink(Process& p, Signal* s) {
  if (p.links) {
    LinkEntry* e = p.links->links.find(s->from.bits());
    if (e && e->unlink_id == 0) {
      p.links->links.remove(s->from.bits());
      if (VM_UNLIKELY(p.is_traced(kTraceProcs))) p.runtime->trace->process_event(p, atoms::getting_unlinked, s->from, Term::non_value());
    }
  }
  if (!s->from.is_local_pid()) return;
  Signal* ack = Signal::create(SignalKind::UnlinkAck);
  ack->from = p.pid;
  ack->id = s->id;
  deliver_to(*p.runtime, s->from, ack);
}

void on_unlink_ack(Process& p, Signal* s) {
  if (!p.links) return;
  LinkEntry* e = p.links->links.find(s->from.bits());
  if (e && e->unlink_id == s->id) p.links->links.remove(s->from.bits());
}

}  // namespace

void take_down(Process& p, Signal* s) {
  MonitorEntry e{};
  if (!p.links || !p.links->monitors.remove(s->id, &e)) return;
  if (e.alias == AliasMode::Demonitor || e.alias == AliasMode::ReplyDemonitor) remove_alias(p, s->id);
  heap::FragmentWriter w(16);
  const Term ref = e.alias != AliasMode::None ? make_key_pid_ref(w, s->id, p.pid) : make_key_ref(w, s->id);
  Term object = e.name.is_nil() ? e.target : term::Tuple::make(w, e.name, p.runtime->node_name);
  // A port that ends for a reason of more than one word is told of as a process.
  const bool plain_reason = !s->term.is_pointer() && !s->term.is_float();
  const Term type = e.kind == MonitorKind::Port && plain_reason ? atoms::port : atoms::process;
  Term tag = e.tag.term.is_value() ? e.tag.term : atoms::DOWN;
  if (e.kind == MonitorKind::Remote) {
    const term::Tuple kept = term::Tuple::from(e.tag.term);
    tag = kept[0];
    object = kept[1];
  }
  const Term message = term::Tuple::make(w, tag, ref, type, object, s->term);
  heap::HeapFragment* fragments = with_fragments_of(w.take(), s);
  if (e.tag.fragments) {
    heap::HeapFragment* last = e.tag.fragments;
    while (last->next) last = last->next;
    last->next = fragments;
    fragments = e.tag.fragments;
  }
  append_message(p, message, fragments, s->from.is_pointer() ? term::kNil : s->from, s->token);
}

namespace {

// True when s became a message of the inbox.
bool on_alias_message(Process& p, Signal* s) {
  AliasEntry* a = p.links ? p.links->aliases.find(s->id) : nullptr;
  if (!a) return false;
  if (a->mode == AliasMode::ReplyDemonitor) {
    MonitorEntry e{};
    remove_alias(p, s->id);
    if (p.links->monitors.remove(s->id, &e)) {
      if (e.kind == MonitorKind::Remote) p.runtime->hooks.remote_demonitor(p, s->id, term::Tuple::from(e.tag.term)[1]);
      heap::release(e.tag);
      if (e.target.is_local_pid()) {
        Signal* d = Signal::create(SignalKind::Demonitor);
        d->from = p.pid;
        d->id = s->id;
        deliver_to(*p.runtime, e.target, d);
      } else if (e.target.is_local_port() && p.runtime->hooks.port_signal) {
        Signal* d = Signal::create(SignalKind::Demonitor);
        d->from = p.pid;
        d->id = s->id;
        p.runtime->hooks.port_signal(*p.runtime, e.target, d);
      }
    }
  }
  s->kind = SignalKind::Message;
  if (VM_UNLIKELY(p.is_traced(kTraceReceive))) p.runtime->trace->received(p, s->from, s->term);
  p.mailbox.append(s);
  return true;
}

void on_group_leader(Process& p, Signal* s) {
  const Term leader = term::Tuple::from(s->term)[1];
  p.group_leader = VM_UNLIKELY(helps_dirty_call(p)) ? keep_for(p, leader) : heap::copy(leader, p.heap);
  answer_group_leader(*p.runtime, s, atoms::true_);
}

void on_answer(Process& p, Signal* s) {
  if (p.cold && p.cold->request == s->id && s->id != 0 && !p.cold->answer) p.cold->answer = s;
  else Signal::destroy(s);
}

void on_receive_timeout(Process& p, Signal* s) {
  if ((p.flags & Process::kUsingTimer) && p.cold && p.cold->receive_timer_number == s->id) p.flags |= Process::kTimedOut;
}

// What needs no heap of the process.
bool is_for_helper(const Signal& s) {
  return s.kind == SignalKind::ProcessInfo || s.kind == SignalKind::Suspend ||
         (s.kind == SignalKind::SystemTask && term::Tuple::from(s.term)[0] == atoms::check_process_code);
}

}  // namespace

bool handle_signal(Process& p, Signal* s, Term* exit_reason) {
  switch (s->kind) {
    case SignalKind::Message: p.mailbox.append(s); return true;
    case SignalKind::AliasMessage:
      if (!on_alias_message(p, s)) Signal::destroy(s);
      return true;
    case SignalKind::Exit:
    case SignalKind::LinkExit:
      if (!on_exit(p, s, exit_reason)) return false;
      break;
    case SignalKind::Link: on_link(p, s); break;
    case SignalKind::Unlink: on_unlink(p, s); break;
    case SignalKind::UnlinkAck: on_unlink_ack(p, s); break;
    case SignalKind::Monitor: links_of(p).watchers.insert({s->id, s->from}); break;
    case SignalKind::Demonitor:
      if (p.links) p.links->watchers.remove(s->id);
      break;
    case SignalKind::MonitorDown: take_down(p, s); break;
    case SignalKind::GroupLeader: on_group_leader(p, s); break;
    case SignalKind::IsAlive: answer_alive(*p.runtime, s, atoms::true_); break;
    case SignalKind::Answer: on_answer(p, s); return true;
    case SignalKind::ReceiveTimeout: on_receive_timeout(p, s); break;
    case SignalKind::Resume:
      if (VM_UNLIKELY(p.in_engine && p.cold && p.cold->deferred_first)) {  // not before the suspension that it ends
        defer(p, s);
        return true;
      }
      resume_one(p);
      break;
    case SignalKind::Remote: return p.runtime->hooks.remote_signal(p, s, exit_reason);
    case SignalKind::ProcessInfo:
    case SignalKind::SystemTask:
    case SignalKind::Suspend:
    case SignalKind::Rpc:
      if (p.in_engine && !(helps_dirty_call(p) && is_for_helper(*s))) {
        defer(p, s);
        return true;
      }
      return handle_request(p, s, exit_reason);
  }
  Signal::destroy(s);
  return true;
}

bool handle_incoming(Process& p) {
  Signal* s = p.mailbox.take_incoming();
  const bool traced = p.is_traced(kTraceReceive);
  while (s) {
    Signal* next = s->next;
    if (VM_LIKELY(s->kind == SignalKind::Message)) {
      if (VM_UNLIKELY(traced)) p.runtime->trace->received(p, s->from, s->term);
      p.mailbox.append(s);
    } else {
      Term reason = atoms::normal;
      if (!handle_signal(p, s, &reason)) {
        s->next = nullptr;
        end_process_with_pending(p, reason, next);
        Signal::destroy(s);
        return false;
      }
      if (VM_UNLIKELY(p.exiting())) {  // a collection passed max_heap_size
        refuse_pending(p, next);
        return false;
      }
    }
    s = next;
  }
  return true;
}

}  // namespace vm::proc
