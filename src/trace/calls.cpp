// SPDX-License-Identifier: Apache-2.0
//
// What happens at a breakpoint, and when the frames it asked for return.
#include "ops/bits.h"
#include "sync/epoch.h"
#include "term/atoms.h"
#include "term/views.h"
#include "trace/actions.h"
#include "trace/call_time.h"
#include "trace/emit.h"
#include "trace/hooks_internal.h"
#include "trace/patterns.h"

namespace vm::trace {

using namespace proc;  // NOLINT(google-build-using-namespace): the flags

namespace {

constexpr std::uint32_t kModifiers = kTraceTimestamp | kTraceStrictMonotonic | kTraceMonotonic | kTraceSchedulerId;

// A binary that is being matched on is an argument like any other for whoever looks.
Term argument(Process& p, Term t) {
  if (!t.is_kind(term::Kind::MatchContext)) return t;
  return ops::get_rest(p.heap, t);
}

Term mfa_tuple(term::HeapWriter& h, const code::Mfa& m, std::span<const Term> args, bool arity_only) {
  Term last = Term::small(static_cast<SWord>(m.arity));
  if (!arity_only) {
    last = term::kNil;
    for (std::size_t i = args.size(); i-- > 0;) last = h.cons(args[i], last);
  }
  return term::Tuple::make(h, m.module, m.function, last);
}

struct Listener {
  Tracer* tracer;
  std::uint32_t flags;
  bool meta;
};

// The message of a call that somebody listens to, and what frames it takes.
CallTrace trace_call(Process& p, const code::Breakpoint& at, const Term* x, const match::MatchSpec* spec, bool local, const Listener& who) {
  std::vector<Term> args(at.mfa.arity);
  for (std::size_t i = 0; i < args.size(); i++) args[i] = argument(p, x[i]);
  const TracerRef keep = TracerRef::share(who.tracer);  // the specification may change who traces, this call is told of all the same
  CallTrace result;
  Term said = atoms::true_;
  Actions actions(p, MessageKind::Call);  // `said` may lie in it
  if (spec) {
    said = actions.run(*spec, args);
    result.return_from = actions.return_trace;
    result.exception_from = actions.exception_trace;
  }
  if (!who.meta && p.is_traced(kTraceSilent)) return {};
  if (result.return_from || result.exception_from)
    result.tracer = who.meta ? p.heap.cons(who.tracer->module, heap::copy(who.tracer->state.term, p.heap)) : Term(atoms::true_);
  if (said == atoms::false_) return result;
  if (!who.meta && local && p.is_traced(kTraceReturnTo)) result.return_to = true;
  heap::FragmentWriter w(2 * args.size() + 8);
  const Term call = mfa_tuple(w, at.mfa, args, who.flags & kTraceArity);
  emit(*p.runtime, &p, *keep.get(), {Topic::Call, p.pid, atoms::call, call, Term::non_value(), said, who.flags & kModifiers});
  return result;
}

CallTrace plain_call(Process& p, const code::Breakpoint& at, const BreakData& d, const Term* x) {
  if (!p.is_traced(kTraceCall) || (p.flags & Process::kSensitive)) return {};
  const Tracing* t = p.tracing.load(std::memory_order_acquire);
  if (!t) return {};
  switch (ask(*p.runtime, *t->tracer, Topic::Status, atoms::trace_status, p.pid)) {
    case Verdict::Remove: State::of(*p.runtime).drop_dead(p, t); return {};
    case Verdict::Discard: return {};
    case Verdict::Trace: break;
  }
  if (ask(*p.runtime, *t->tracer, Topic::Call, atoms::call, p.pid) != Verdict::Trace) return {};
  return trace_call(p, at, x, d.spec.get(), d.local, {t->tracer, t->flags, false});
}

CallTrace meta_call(Process& p, const code::Breakpoint& at, const BreakData& d, const Term* x) {
  if (p.flags & Process::kSensitive) return {};
  const std::shared_ptr<MetaTracer> meta = d.meta;
  Tracer* tracer = meta->tracer.load(std::memory_order_acquire);
  if (!tracer) return {};
  Runtime& rt = *p.runtime;
  if (ask(rt, *tracer, Topic::Status, atoms::trace_status, p.pid) == Verdict::Remove) {
    if (meta->tracer.compare_exchange_strong(tracer, nullptr))
      sync::Epoch::defer(tracer, [](void* t) { static_cast<Tracer*>(t)->release(); });
    return {};
  }
  if (ask(rt, *tracer, Topic::Call, atoms::call, p.pid) != Verdict::Trace) return {};
  return trace_call(p, at, x, d.meta_spec.get(), true, {tracer, kTraceCall | kTraceTimestamp, true});
}

// Whoever traces a process that is measured may have died.
bool has_live_tracer(Process& p) {
  const Tracing* t = p.tracing.load(std::memory_order_acquire);
  if (!t) return false;
  if (ask(*p.runtime, *t->tracer, Topic::Status, atoms::trace_status, p.pid) != Verdict::Remove) return true;
  State::of(*p.runtime).drop_dead(p, t);
  return false;
}

CallTrace called(Process& p, code::Breakpoint& at, const Term* x, unsigned step) {
  const BreakData* d = at.data.load(std::memory_order_acquire);
  if (!d) return {};
  if (step == 0) return d->global || d->local ? plain_call(p, at, *d, x) : CallTrace{};
  if (step == 1) return d->meta ? meta_call(p, at, *d, x) : CallTrace{};
  CallTrace result;
  if (d->counting) d->count->fetch_add(1, std::memory_order_relaxed);
  if (d->timing && p.is_traced(kTraceCall) && !(p.flags & Process::kSensitive) && has_live_tracer(p)) {
    result.timed = true;
    result.previous = time_entered(p, at);
  }
  result.debug = d->debug;
  return result;
}

// Who hears of a return: the tracer of the process, or the meta tracer in the frame.
template <typename Tell>
void with_listener(Process& p, Term tracer, Tell tell) {
  if (tracer == atoms::true_) {
    const Tracing* t = p.tracing.load(std::memory_order_acquire);
    if (t && (t->flags & kTraceCall)) tell(*t->tracer, t->flags);
    return;
  }
  if (!tracer.is_cons()) return;
  Tracer meta;
  meta.module = tracer.head();
  meta.state.term = tracer.tail();
  tell(meta, kTraceCall | kTraceTimestamp);
}

Term frame_mfa(term::HeapWriter& h, const Term* frame) { return term::Tuple::make(h, frame[0], frame[1], frame[2]); }

void returned(Process& p, const Term* frame, Term value) {
  if (p.flags & Process::kSensitive) return;
  with_listener(p, frame[3], [&](const Tracer& tracer, std::uint32_t flags) {
    if (ask(*p.runtime, tracer, Topic::Call, atoms::return_from, p.pid) != Verdict::Trace && tracer.module == atoms::erl_tracer) return;
    heap::FragmentWriter w(8);
    emit(*p.runtime, &p, tracer, {Topic::Call, p.pid, atoms::return_from, frame_mfa(w, frame), value, atoms::true_, flags & kModifiers});
  });
}

void raised(Process& p, const Term* frame, Term cls, Term reason) {
  if (p.flags & Process::kSensitive) return;
  with_listener(p, frame[3], [&](const Tracer& tracer, std::uint32_t flags) {
    if (ask(*p.runtime, tracer, Topic::Call, atoms::exception_from, p.pid) != Verdict::Trace && tracer.module == atoms::erl_tracer) return;
    heap::FragmentWriter w(16);
    const Term what = term::Tuple::make(w, cls, reason);
    emit(*p.runtime, &p, tracer, {Topic::Call, p.pid, atoms::exception_from, frame_mfa(w, frame), what, atoms::true_, flags & kModifiers});
  });
}

void returns_to(Process& p, const Word* pc) {
  if (p.flags & Process::kSensitive) return;
  const Tracing* t = p.tracing.load(std::memory_order_acquire);
  if (!t || !(t->flags & kTraceReturnTo) || (t->flags & kTraceSilent)) return;
  if (t->tracer->module == atoms::erl_tracer && t->tracer->state.term == p.pid) return;
  const code::Function* f = code::find_function(pc);
  heap::FragmentWriter w(8);
  const Term to =
      f ? term::Tuple::make(w, f->mfa.module, f->mfa.function, Term::small(static_cast<SWord>(f->mfa.arity))) : Term(atoms::undefined);
  emit(*p.runtime, &p, *t->tracer, {Topic::Call, p.pid, atoms::return_to, to, Term::non_value(), atoms::true_, t->flags & kModifiers});
}

}  // namespace

void fill_call_hooks(TraceHooks& h) {
  h.called = called;
  h.returned = returned;
  h.raised = raised;
  h.returns_to = returns_to;
  h.time_returned = time_left;
}

}  // namespace vm::trace
