// SPDX-License-Identifier: Apache-2.0
#include "proc/system_tasks.h"

#include "proc/links_state.h"
#include "proc/literal_release.h"
#include "proc/process_cold.h"
#include "proc/process_info.h"
#include "proc/process_table.h"
#include "proc/references.h"
#include "proc/runtime.h"
#include "proc/send.h"
#include "sync/epoch.h"
#include "term/atoms.h"

namespace vm::proc {
namespace {

std::atomic<std::uint64_t> next_request{1};

// {Type, RequestId, Result} to the asker, as erts_internal:request_system_task promises.
void answer_task(Runtime& rt, Signal* s, Term result) {
  const term::Tuple request = term::Tuple::from(s->term);
  heap::FragmentWriter w(8);
  heap::OwnedTerm message;
  const Term id = heap::copy(request[1], w);
  message.term = term::Tuple::make(w, request[0], id, result);
  message.fragments = w.take();
  send_owned(rt, s->from, std::move(message));
}

void answer_pair(Runtime& rt, Signal* s, Term tag, Term result);

// Answers false when the collection ended the process.
bool run_task(Process& p, Signal* s, bool* ended) {
  const term::Tuple request = term::Tuple::from(s->term);
  const Term type = request[0];
  *ended = false;
  if (type == atoms::garbage_collect) {
    if (!p.collect(p.saved_registers, p.live, 0, request[2] != atoms::minor_)) *ended = true;
    answer_task(*p.runtime, s, atoms::true_);  // also when it reached max_heap_size and ended
    return true;
  }
  if (type == atoms::check_process_code) {
    const Hooks& hooks = p.runtime->hooks;
    answer_task(*p.runtime, s, hooks.check_process_code && hooks.check_process_code(p, request[2]) ? atoms::true_ : atoms::false_);
    return true;
  }
  if (type == atoms::system_task_test) {  // how and when tasks are run
    answer_task(*p.runtime, s, atoms::true_);
    return true;
  }
  if (type == atoms::save_calls) {
    answer_pair(*p.runtime, s, request[1], Term::small(keep_calls(p, static_cast<std::uint32_t>(request[2].small_value()))));
    return true;
  }
  if (type == atoms::copy_literals) {
    LiteralRelease& literals = *p.runtime->literals;
    bool done = literals.look(p);
    if (!done && request[2] == atoms::true_) {
      literals.copy(p);
      done = true;
    }
    answer_task(*p.runtime, s, done ? Term(atoms::ok) : Term(atoms::need_gc));
    return true;
  }
  return false;
}

// {Tag, Result} where Tag is a term of the signal.
void answer_pair(Runtime& rt, Signal* s, Term tag, Term result) {
  heap::FragmentWriter w(8);
  heap::OwnedTerm message;
  const Term copy = heap::copy(tag, w);
  message.term = term::Tuple::make(w, copy, result);
  message.fragments = w.take();
  send_owned(rt, s->from, std::move(message));
}

void answer_suspend(Runtime& rt, Signal* s, bool done) {
  if (s->flags == kSuspendSync) answer_pair(rt, s, s->term, done ? atoms::true_ : atoms::badarg);
  else if (s->flags == kSuspendAsync) answer_pair(rt, s, s->term, done ? atoms::suspended : atoms::exited);
}

bool must_not_collect(const Process& p, const Signal& s) {
  return (p.flags & Process::kDisableGc) && term::Tuple::from(s.term)[0] == atoms::garbage_collect;
}

}  // namespace

void defer(Process& p, Signal* s) {
  ColdPart& c = p.cold_part();
  s->next = nullptr;
  if (c.deferred_last) c.deferred_last->next = s;
  else c.deferred_first = s;
  c.deferred_last = s;
}

bool handle_request(Process& p, Signal* s, Term*) {
  switch (s->kind) {
    case SignalKind::ProcessInfo: {
      heap::FragmentWriter w(64);
      const Term answer = process_info_answer(p, s->term, w, false);
      send_answer(*p.runtime, s->from, s->id, {answer, w.take()});
      break;
    }
    case SignalKind::Suspend:
      p.suspend_count++;
      p.state.fetch_or(kSuspended, std::memory_order_relaxed);
      answer_suspend(*p.runtime, s, true);
      break;
    case SignalKind::Resume: resume_one(p); break;
    case SignalKind::SystemTask: {
      if (VM_UNLIKELY(must_not_collect(p, *s))) {
        defer(p, s);
        return true;
      }
      bool ended = false;
      run_task(p, s, &ended);
      break;
    }
    case SignalKind::Rpc: s->function(p, s->argument); break;
    default: VM_UNREACHABLE("no request");
  }
  Signal::destroy(s);
  return true;
}

void refuse_request(Runtime& rt, Signal* s) {
  switch (s->kind) {
    case SignalKind::ProcessInfo: send_answer(rt, s->from, s->id, {atoms::undefined, nullptr}); break;
    case SignalKind::Suspend: answer_suspend(rt, s, false); break;
    case SignalKind::SystemTask: {
      const Term type = term::Tuple::from(s->term)[0];
      if (type == atoms::save_calls) answer_pair(rt, s, term::Tuple::from(s->term)[1], atoms::badarg);
      else answer_task(rt, s, type == atoms::copy_literals ? atoms::ok : atoms::false_);
      break;
    }
    default: break;
  }
  Signal::destroy(s);
}

void answer_alive(Runtime& rt, Signal* s, Term alive) { answer_pair(rt, s, s->term, alive); }

void answer_group_leader(Runtime& rt, Signal* s, Term result) {
  if (s->from.is_local_pid()) answer_pair(rt, s, term::Tuple::from(s->term)[0], result);  // another node waits for no answer
}

void resume_one(Process& p) {
  if (p.suspend_count == 0) return;
  if (--p.suspend_count == 0) p.state.fetch_and(~std::uint32_t{kSuspended}, std::memory_order_relaxed);
}

void release_suspended(Process& p) {
  for (const SuspendedByUs& other : p.cold->suspending.drain()) {
    for (std::uint32_t i = 0; i < other.count; i++) {
      Signal* s = Signal::create(SignalKind::Resume);
      s->from = p.pid;
      deliver_to(*p.runtime, Term::from_bits(other.key), s);
    }
  }
}

bool asking(Process& self) { return self.cold && self.cold->request != 0; }

std::uint64_t start_asking(Process& self) {
  ColdPart& c = self.cold_part();
  if (c.answer) Signal::destroy(c.answer);
  c.answer = nullptr;
  c.request = next_request.fetch_add(1, std::memory_order_relaxed);
  return c.request;
}

Signal* take_answer(Process& self) {
  ColdPart& c = *self.cold;
  Signal* s = c.answer;
  if (!s) return nullptr;
  c.answer = nullptr;
  c.request = 0;
  return s;
}

void send_answer(Runtime& rt, Term to, std::uint64_t id, heap::OwnedTerm term) {
  Signal* s = Signal::create(SignalKind::Answer);
  s->id = id;
  s->term = term.term;
  s->fragments = term.fragments;
  sync::Epoch::Guard guard;
  deliver_to(rt, to, s);
}

}  // namespace vm::proc
