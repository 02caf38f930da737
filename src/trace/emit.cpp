// SPDX-License-Identifier: Apache-2.0
#include "trace/emit.h"

#include "ops/maps.h"
#include "os/clock.h"
#include "proc/references.h"
#include "proc/send.h"
#include "proc/time.h"
#include "sched/scheduler.h"
#include "term/atoms.h"
#include "term/views.h"
#include "trace/state.h"

namespace vm::trace {

using namespace proc;  // NOLINT(google-build-using-namespace): the flags

namespace {

constexpr std::int64_t kMillion = 1'000'000;

Term scheduler_id() {
  const sched::Scheduler* s = sched::Scheduler::current();
  return Term::small(s && !s->dirty() ? static_cast<SWord>(s->id()) : 0);
}

Term triple_of_us(term::HeapWriter& h, std::int64_t us) {
  return term::Tuple::make(h, Term::small(us / kMillion / kMillion), Term::small(us / kMillion % kMillion), Term::small(us % kMillion));
}

Term build(Runtime& rt, const Event& e, term::HeapWriter& h) {
  Term parts[8];
  std::size_t n = 0;
  const bool sequential = e.topic == Topic::Sequential;
  parts[n++] = sequential ? e.tag : Term(atoms::trace);
  parts[n++] = heap::copy(e.subject, h);
  if (!sequential) parts[n++] = e.tag;
  parts[n++] = heap::copy(e.a, h);
  if (e.b.is_value()) parts[n++] = heap::copy(e.b, h);
  if (e.result != atoms::true_) parts[n++] = heap::copy(e.result, h);
  if (e.flags & kTraceSchedulerId) parts[n++] = scheduler_id();
  const Term time = time_term(rt, h, e.flags);
  if (time.is_value()) {
    parts[n++] = time;
    if (!sequential) parts[0] = atoms::trace_ts;
  }
  term::Tuple t = term::Tuple::alloc(h, n);
  for (std::size_t i = 0; i < n; i++) t.set(i, parts[i]);
  return t.term();
}

std::size_t words_of(const Event& e) {
  constexpr std::size_t kFrame = 32;
  std::size_t words = kFrame + heap::copied_words(e.a);
  if (e.b.is_value()) words += heap::copied_words(e.b);
  return words;
}

Term function_for(Topic topic) {
  switch (topic) {
    case Topic::Call: return atoms::trace_call;
    case Topic::Send: return atoms::trace_send;
    case Topic::Receive: return atoms::trace_receive;
    case Topic::Procs: return atoms::trace_procs;
    case Topic::RunningProcs: return atoms::trace_running_procs;
    case Topic::RunningPorts: return atoms::trace_running_ports;
    case Topic::Collection: return atoms::trace_garbage_collection;
    case Topic::Ports: return atoms::trace_ports;
    case Topic::Status:
    case Topic::Sequential: break;
  }
  return atoms::trace;
}

void emit_to_module(Runtime& rt, Process* current, const Tracer& tracer, const Event& e) {
  heap::FragmentWriter w(32);
  std::vector<Term> options;
  const auto add = [&](Term key, Term value) { options.insert(options.end(), {key, value}); };
  if (e.b.is_value()) add(atoms::extra, e.b);
  if (e.result != atoms::true_) add(atoms::match_spec_result, e.result);
  if (e.flags & kTraceSchedulerId) add(atoms::scheduler_id, scheduler_id());
  if (e.flags & kTraceTimestamp) add(atoms::timestamp, State::of(rt).cpu_timestamp ? atoms::cpu_timestamp : atoms::timestamp);
  else if (e.flags & kTraceStrictMonotonic) add(atoms::timestamp, atoms::strict_monotonic);
  else if (e.flags & kTraceMonotonic) add(atoms::timestamp, atoms::monotonic);
  const Term args[] = {e.tag, tracer.state.term, e.subject, e.a, ops::map_from_pairs(w, options)};
  Term answer;
  const auto call = rt.hooks.call_native;
  const Term special = function_for(e.topic);
  if (special != atoms::trace && call(rt, current, tracer.module, special, args, 5, &answer)) return;
  call(rt, current, tracer.module, atoms::trace, args, 5, &answer);
}

}  // namespace

Term time_term(Runtime& rt, term::HeapWriter& h, std::uint32_t flags) {
  if (flags & kTraceTimestamp) return triple_of_us(h, State::of(rt).cpu_timestamp ? os::process_cpu_ns() / 1000 : proc::next_now_us());
  if (flags & kTraceStrictMonotonic) {
    const Term now = term::make_integer(h, proc::monotonic_ns());
    return term::Tuple::make(h, now, term::make_integer(h, proc::next_monotonic_unique()));
  }
  if (flags & kTraceMonotonic) return term::make_integer(h, proc::monotonic_ns());
  return Term::non_value();
}

void emit(Runtime& rt, Process* current, const Tracer& tracer, const Event& e) {
  if (tracer.module != atoms::erl_tracer) {
    emit_to_module(rt, current, tracer, e);
    return;
  }
  const Term to = tracer.state.term;
  heap::FragmentWriter w(words_of(e));
  const Term message = build(rt, e, w);
  if (to.is_local_pid()) proc::send_owned(rt, to, {message, w.take()});
  else if (rt.hooks.term_to_port) rt.hooks.term_to_port(rt, to, message, e.subject.is_port());
}

}  // namespace vm::trace
