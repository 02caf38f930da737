// SPDX-License-Identifier: Apache-2.0
//
// The end of a process, by who has it (proc/process_state.h). Order matters: 1. nobody wakes it any more (kExiting); 2. other rooms give up what
// they hold for it, its tables too; 3. its name goes, before anybody hears of the end: whoever finds it gone may take it over, and names of tables;
// 4. its queue is closed, so that senders know; what was still in it is answered; 5. it leaves the table; 6. links and monitors hear the reason;
// 7. memory.
#include "proc/dirty_call.h"
#include "proc/exported_aliases.h"
#include "proc/links_state.h"
#include "proc/log.h"
#include "proc/process_cold.h"
#include "proc/process_table.h"
#include "proc/registry.h"
#include "proc/runtime.h"
#include "proc/spawn.h"
#include "proc/system_tasks.h"
#include "proc/time_offset.h"
#include "proc/timers.h"
#include "proc/tracing.h"
#include "sync/epoch.h"
#include "term/atoms.h"
#include "term/print.h"
#include "term/views.h"

namespace vm::proc {
namespace {

void reply_without_process(Runtime& rt, Process& p, Signal* s) {
  const auto answer = [&](SignalKind kind, Term reason) {
    Signal* r = Signal::create(kind);
    r->from = p.pid;
    r->id = s->id;
    r->term = reason;
    deliver_to(rt, s->from, r);
  };
  switch (s->kind) {
    case SignalKind::Link:
      if (s->from.is_local_pid()) answer(SignalKind::LinkExit, atoms::noproc);
      break;
    case SignalKind::Unlink:
      if (p.links) p.links->links.remove(s->from.bits());
      if (s->from.is_local_pid()) answer(SignalKind::UnlinkAck, term::kNil);
      break;
    case SignalKind::UnlinkAck:
      if (p.links) p.links->links.remove(s->from.bits());
      break;
    case SignalKind::LinkExit:
      if (p.links) p.links->links.remove(s->from.bits());
      break;
    case SignalKind::MonitorDown:
      if (p.links) {
        MonitorEntry e{};
        if (p.links->monitors.remove(s->id, &e)) heap::release(e.tag);
      }
      break;
    case SignalKind::Monitor: answer(SignalKind::MonitorDown, atoms::noproc); break;
    case SignalKind::Demonitor:
      if (p.links) p.links->watchers.remove(s->id);
      break;
    case SignalKind::IsAlive: answer_alive(rt, s, atoms::false_); break;
    case SignalKind::GroupLeader: answer_group_leader(rt, s, atoms::badarg); break;
    case SignalKind::ProcessInfo:
    case SignalKind::SystemTask:
    case SignalKind::Suspend: refuse_request(rt, s); return;
    case SignalKind::Remote: rt.hooks.remote_refused(rt, p, s); break;
    default: break;
  }
  Signal::destroy(s);
}

void drain(Runtime& rt, Process& p, Signal* s) {
  while (s) {
    Signal* next = s->next;
    reply_without_process(rt, p, s);
    s = next;
  }
}

void signal_other(Runtime& rt, Term other, Signal* s) {
  if (other.is_local_port()) {
    if (rt.hooks.port_signal) rt.hooks.port_signal(rt, other, s);
    else Signal::destroy(s);
    return;
  }
  deliver_to(rt, other, s);
}

// The sequential trace goes on with whoever is told of the end, unless that one is sensitive.
void add_token(Process& p, Signal& s, Term to) {
  const Process* receiver = to.is_local_pid() ? p.runtime->processes->lookup(to) : nullptr;
  if (receiver && (receiver->flags & Process::kSensitive)) return;
  heap::FragmentWriter w(8);
  const Term message = term::Tuple::make(w, atoms::EXIT, p.pid, s.term);
  const heap::OwnedTerm token = p.runtime->trace->token_for_send(p, to, message);
  s.token = token.term;
  if (!token.fragments) return;
  heap::HeapFragment** last = &s.fragments;
  while (*last) last = &(*last)->next;
  *last = token.fragments;
}

void break_links(Runtime& rt, Process& p, Term reason) {
  Links& l = *p.links;
  if (l.remote) rt.hooks.remote_ended(p, reason);
  const std::vector<LinkEntry> links = l.links.drain();
  const auto tell = [&](const LinkEntry& e) {
    if (e.unlink_id != 0) return;
    Signal* s = Signal::create(SignalKind::LinkExit);
    s->from = p.pid;
    set_reason(*s, reason);
    if (VM_UNLIKELY(p.is_traced(kTraceToken))) add_token(p, *s, e.other);
    signal_other(rt, e.other, s);
  };
  // Ports first: who hears that the owner of a connection to another node has ended finds that connection ended, too.
  for (const LinkEntry& e : links)
    if (e.other.is_local_port()) tell(e);
  for (const LinkEntry& e : links)
    if (!e.other.is_local_port()) tell(e);
  for (WatcherEntry& e : l.watchers.drain()) {
    Signal* s = Signal::create(SignalKind::MonitorDown);
    s->from = p.pid;
    s->id = e.key;
    set_reason(*s, reason);
    signal_other(rt, e.from, s);
  }
  for (AliasEntry& e : l.aliases.drain()) forget_exported_alias(e.key);
  for (MonitorEntry& e : l.monitors.drain()) {
    heap::release(e.tag);
    if (e.kind == MonitorKind::TimeOffset) unwatch_time_offset(e.key);
    if (!e.target.is_local_pid() && !e.target.is_local_port()) continue;
    Signal* s = Signal::create(SignalKind::Demonitor);
    s->from = p.pid;
    s->id = e.key;
    signal_other(rt, e.target, s);
  }
}

void drop_name(Runtime& rt, Process& p) {
  sync::MutexGuard guard(rt.registry->naming_lock());
  const Term name = p.registered_name;
  if (name.is_atom()) rt.registry->remove(name, p.pid);
  p.registered_name = term::kNil;
  if (name.is_atom() && VM_UNLIKELY(p.is_traced(kTraceProcs))) rt.trace->process_event(p, atoms::unregister, name, Term::non_value());
}

}  // namespace

void end_process_with_pending(Process& p, Term reason, Signal* pending) {
  Runtime& rt = *p.runtime;
  if (VM_UNLIKELY((p.flags & Process::kSystemProcess) != 0)) {  // the machine can't go on without it
    const std::string slogan = "System process " + term::to_text(p.pid) + " terminated: " + term::to_text(reason);
    if (rt.halt) rt.halt(rt, 1, false, true, slogan.c_str());
  }
  const std::uint32_t before = p.state.fetch_or(kExiting, std::memory_order_seq_cst);
  VM_CHECK(!(before & kExiting));
  const bool traced = p.is_traced(kTraceProcs | kTraceScheduling);
  if (VM_UNLIKELY(traced)) rt.trace->ending(p, reason);
  if (rt.hooks.process_ending) rt.hooks.process_ending(p);
  if (before & kNamed) drop_name(rt, p);
  cancel_receive_timer(p);
  cancel_all_timers(p);
  if (p.cold) release_suspended(p);
  if (p.cold && p.cold->blocks_schedulers) rt.multi_scheduling.release_all(p);
  if (p.flags & Process::kSaveCalls) keep_calls(p, 0);

  if (pending) drain(rt, p, pending);
  if (p.cold) {
    Signal* deferred = p.cold->deferred_first;
    p.cold->deferred_first = p.cold->deferred_last = nullptr;
    drain(rt, p, deferred);
  }
  drain(rt, p, p.mailbox.close());
  rt.processes->remove(p.pid);
  if (rt.profiles(kProfileProcesses)) rt.trace->process_runnable(p, false);  // before anybody hears of the end
  if (p.links) break_links(rt, p, reason);

  if (VM_UNLIKELY(traced)) rt.trace->ended(p);
  if (VM_UNLIKELY(before & kHelped)) return;  // native code still uses the heap: end_dirty_call
  p.heap.release();
  if (VM_LIKELY(!(before & kQueued))) free_process(p);
}

void free_process(Process& p) {
  sync::Epoch::defer(&p, [](void* raw) { delete static_cast<Process*>(raw); });
}

void refuse_pending(Process& p, Signal* pending) { drain(*p.runtime, p, pending); }

void end_process(Process& p, Term reason) { end_process_with_pending(p, reason, nullptr); }

void send_exit(Process& self, Term to, Term reason) {
  Signal* s = Signal::create(SignalKind::Exit);
  s->from = self.pid;
  set_reason(*s, reason);
  deliver_to(*self.runtime, to, s);
}

Term exit_reason_of_exception(Process& p, const Exception& e, Term stacktrace) {
  Term reason = e.reason;
  if (e.cls == ExceptionClass::Throw) reason = term::Tuple::make(p.heap, atoms::nocatch, reason);
  if (e.cls == ExceptionClass::Exit) return reason;
  reason = term::Tuple::make(p.heap, reason, stacktrace);
  log_process_error(p, reason);
  return reason;
}

}  // namespace vm::proc
