// SPDX-License-Identifier: Apache-2.0
//
// Events of processes: messages, beginning and end, links and names, scheduling, collections.
#include "proc/links.h"
#include "proc/process_cold.h"
#include "proc/process_table.h"
#include "proc/signal.h"
#include "term/atoms.h"
#include "term/views.h"
#include "trace/actions.h"
#include "trace/call_time.h"
#include "trace/emit.h"
#include "trace/hooks_internal.h"
#include "trace/seq_trace.h"
#include "trace/state.h"

namespace vm::trace {

using namespace proc;  // NOLINT(google-build-using-namespace): the flags

namespace {

constexpr std::uint32_t kModifiers = kTraceTimestamp | kTraceStrictMonotonic | kTraceMonotonic | kTraceSchedulerId;

void tell(Process& p, const Tracing& t, Topic topic, Term tag, Term a, Term b = Term::non_value(), Term result = atoms::true_) {
  emit(*p.runtime, &p, *t.tracer, {topic, p.pid, tag, a, b, result, t.flags & kModifiers});
}

// Whether a message passes the pattern; *result is what its specification says of it.
bool passes(Process& p, const MessagePattern* pattern, std::span<const Term> args, Actions& actions, Term* result) {
  *result = atoms::true_;
  if (!pattern) return true;
  if (!pattern->on) return false;
  if (!pattern->spec) return true;
  *result = actions.run(*pattern->spec, args);  // lies in `actions`, perhaps
  return *result != atoms::false_ && result->is_value() && !p.is_traced(kTraceSilent);
}

void sent(Process& p, Term to, Term message, bool exists) {
  if (!p.is_traced(kTraceSend) || (p.flags & Process::kSensitive)) return;
  Term result;
  const Term args[] = {to, message};
  Actions actions(p, MessageKind::Send);
  if (!passes(p, State::of(*p.runtime).send_pattern.load(std::memory_order_acquire), args, actions, &result)) return;
  const Term tag = exists ? atoms::send : atoms::send_to_non_existing_process;
  if (const Tracing* t = wanted(p, kTraceSend, Topic::Send, tag)) tell(p, *t, Topic::Send, tag, message, to, result);
}

void received(Process& p, Term from, Term message) {
  if (p.flags & Process::kSensitive) return;
  Term result;
  const bool known = from.is_pid() || from.is_port();
  const Term node = known ? p.runtime->node_name : from.is_atom() ? from : Term(atoms::system);
  const Term args[] = {node, known ? from : Term(atoms::undefined), message};
  Actions actions(p, MessageKind::Receive);
  if (!passes(p, State::of(*p.runtime).receive_pattern.load(std::memory_order_acquire), args, actions, &result)) return;
  if (const Tracing* t = wanted(p, kTraceReceive, Topic::Receive, atoms::receive_))
    tell(p, *t, Topic::Receive, atoms::receive_, message, Term::non_value(), result);
}

void process_event(Process& p, Term what, Term a, Term b) {
  if (const Tracing* t = wanted(p, kTraceProcs, Topic::Procs, what)) tell(p, *t, Topic::Procs, what, a, b);
}

void linked(Process& p, Term other) {
  process_event(p, atoms::link, other, Term::non_value());
  if (!p.is_traced(kTraceSetOnLink | kTraceSetOnFirstLink) || !other.is_local_pid()) return;
  const Tracing* t = p.tracing.load(std::memory_order_acquire);
  Process* to = p.runtime->processes->lookup(other);
  if (!t || !to) return;
  const std::uint32_t once = kTraceSetOnLink | kTraceSetOnFirstLink;
  const bool first = t->flags & kTraceSetOnFirstLink;
  State& state = State::of(*p.runtime);
  const TracerRef tracer = TracerRef::share(t->tracer);
  state.change(*to, true, first ? t->flags & ~once : t->flags, tracer);
  if (first) state.change(p, false, once, {});
}

// The child inherits flags of its parent and of the machine.
void inherit(Process& parent, Process& child, bool is_linked) {
  const Tracing* t = parent.tracing.load(std::memory_order_acquire);
  if (!t) return;
  State& state = State::of(*parent.runtime);
  std::uint32_t given = 0, spent = 0;
  const auto take_over = [&](std::uint32_t always, std::uint32_t first) {
    if (!(t->flags & (always | first))) return;
    given |= t->flags;
    if (t->flags & first) spent |= always | first;
  };
  const TracerRef tracer = TracerRef::share(t->tracer);
  take_over(kTraceSetOnSpawn, kTraceSetOnFirstSpawn);
  if (is_linked) take_over(kTraceSetOnLink, kTraceSetOnFirstLink);
  given &= ~spent;
  if (given != 0) State::give(child, given, tracer.get());
  if (spent != 0) state.change(parent, false, spent, {});
}

void spawned(Process* parent, Process& child, Term module, Term function, Term args, bool is_linked) {
  State& state = State::of(*child.runtime);
  if (const Tracing* t = state.live_default(state.new_processes)) State::give(child, t->flags, t->tracer);
  if (!parent) return;
  inherit(*parent, child, is_linked);
  if (parent->is_traced(kTraceToken)) token_for_child(*parent, child, module, function, args);
  if (!parent->is_traced(kTraceProcs) && !child.is_traced(kTraceProcs)) return;
  heap::FragmentWriter w(8);
  const Term call = term::Tuple::make(w, module, function, args);
  if (parent->is_traced(kTraceProcs)) {
    process_event(*parent, atoms::spawn, child.pid, call);
    if (is_linked) process_event(*parent, atoms::link, child.pid, Term::non_value());
  }
  if (child.is_traced(kTraceProcs)) {
    process_event(child, atoms::spawned, parent->pid, call);
    if (is_linked) process_event(child, atoms::getting_linked, parent->pid, Term::non_value());
  }
}

Term current_mfa(Process& p, term::HeapWriter& h) {
  const code::Mfa* m = p.current_mfa;
  if (!m)
    if (const code::Function* f = p.runtime->engine->current_function(p)) m = &f->mfa;
  if (!m && !p.reductions_done) m = p.initial_call;
  return m ? term::Tuple::make(h, m->module, m->function, Term::small(static_cast<SWord>(m->arity))) : Term::small(0);
}

void scheduled(Process& p, bool in) {
  if (p.is_traced(kTraceTimes)) time_scheduled(p, in);
  if (!p.is_traced(kTraceRunning | kTraceRunningProcs)) return;
  const Term tag = in ? atoms::in : atoms::out;
  const Tracing* t = wanted(p, kTraceRunning | kTraceRunningProcs, Topic::RunningProcs, tag);
  if (!t) return;
  heap::FragmentWriter w(8);
  tell(p, *t, Topic::RunningProcs, tag, current_mfa(p, w));
}

void ending(Process& p, Term reason) { process_event(p, atoms::exit, reason, Term::non_value()); }

void ended(Process& p) {
  if (const Tracing* t = wanted(p, kTraceExiting, Topic::RunningProcs, atoms::out_exited))
    tell(p, *t, Topic::RunningProcs, atoms::out_exited, Term::small(0));
}

void collecting(Process& p, bool done, bool major, std::size_t words) {
  const Term tag = major ? (done ? atoms::gc_major_end : atoms::gc_major_start) : (done ? atoms::gc_minor_end : atoms::gc_minor_start);
  const Tracing* t = wanted(p, kTraceGc, Topic::Collection, tag);
  if (!t) return;
  const heap::ProcessHeap& h = p.heap;
  std::size_t fragments = 0;
  for (const heap::HeapFragment* f = h.fragments(); f; f = f->next) fragments += f->used;
  const struct {
    Term name;
    std::size_t words;
  } sizes[] = {{atoms::wordsize, words},
               {atoms::old_heap_block_size, h.old_block_words()},
               {atoms::heap_block_size, h.block_words()},
               {atoms::mbuf_size, fragments},
               {atoms::recent_size, 0},
               {atoms::stack_size, h.stack_words()},
               {atoms::old_heap_size, h.old_words()},
               {atoms::heap_size, h.used_words()},
               {atoms::bin_vheap_size, p.heap.off_heap_young().bytes / kWordBytes},
               {atoms::bin_vheap_block_size, h.limits().min_vheap_words},
               {atoms::bin_old_vheap_size, p.heap.off_heap_old().bytes / kWordBytes},
               {atoms::bin_old_vheap_block_size, h.limits().min_vheap_words}};
  heap::FragmentWriter w(64);
  term::ListBuilder list(w);
  for (const auto& s : sizes) list.add(term::Tuple::make(w, s.name, term::make_unsigned(w, s.words)));
  tell(p, *t, Topic::Collection, tag, list.finish());
}

}  // namespace

void fill_event_hooks(TraceHooks& h) {
  h.sent = sent;
  h.received = received;
  h.process_event = process_event;
  h.linked = linked;
  h.spawned = spawned;
  h.scheduled = scheduled;
  h.ending = ending;
  h.ended = ended;
  h.collecting = collecting;
}

}  // namespace vm::trace
