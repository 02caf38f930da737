// SPDX-License-Identifier: Apache-2.0
#include "trace/seq_trace.h"

#include "proc/process_cold.h"
#include "proc/process_table.h"
#include "sync/epoch.h"
#include "term/atoms.h"
#include "term/compare.h"
#include "term/views.h"
#include "trace/emit.h"
#include "trace/hooks_internal.h"
#include "trace/state.h"

namespace vm::trace {

using namespace proc;  // NOLINT(google-build-using-namespace): the flags

namespace {

enum Field : std::size_t { kFlags, kLabel, kSerial, kSender, kLast, kFields };
enum TokenFlag : SWord { kSend = 1, kReceive = 2, kPrint = 4, kTimestamp = 8, kStrict = 16, kMonotonic = 32 };

SWord flag_named(Term name) {
  if (name == atoms::send) return kSend;
  if (name == atoms::receive_) return kReceive;
  if (name == atoms::print) return kPrint;
  if (name == atoms::timestamp) return kTimestamp;
  if (name == atoms::strict_monotonic_timestamp) return kStrict;
  if (name == atoms::monotonic_timestamp) return kMonotonic;
  return 0;
}

struct Token {
  Term fields[kFields];
  explicit Token(Process& p) {
    if (has_token(p)) {
      const term::Tuple t = term::Tuple::from(p.seq_trace_token);
      for (std::size_t i = 0; i < kFields; i++) fields[i] = t[i];
      return;
    }
    fields[kFlags] = fields[kLabel] = fields[kSerial] = Term::small(0);
    fields[kSender] = p.pid;
    fields[kLast] = Term::small(static_cast<SWord>(p.cold ? p.cold->token_last : 0));
  }
  Term tuple(term::HeapWriter& h, bool own) const {
    const Term label = own ? fields[kLabel] : heap::copy(fields[kLabel], h);
    return term::Tuple::make(h, fields[kFlags], label, fields[kSerial], fields[kSender], fields[kLast]);
  }
};

void put(Process& p, const Token& t) {
  p.seq_trace_token = t.tuple(p.heap, true);
  p.trace_flags.fetch_or(kTraceToken, std::memory_order_relaxed);
}

void drop(Process& p) {
  p.seq_trace_token = term::kNil;
  p.trace_flags.fetch_and(~std::uint32_t{kTraceToken}, std::memory_order_relaxed);
}

bool tracer_listens(Runtime& rt, Term tracee) {
  const Tracer* t = State::of(rt).sequential_tracer.load(std::memory_order_acquire);
  return t && ask(rt, *t, Topic::Sequential, atoms::seq_trace, tracee) == Verdict::Trace;
}

std::uint32_t time_flags(SWord flags) {
  std::uint32_t result = 0;
  if (flags & kTimestamp) result |= kTraceTimestamp;
  if (flags & kStrict) result |= kTraceStrictMonotonic;
  if (flags & kMonotonic) result |= kTraceMonotonic;
  return result;
}

// {seq_trace, Label, {Type, {Last, Serial}, Sender, Receiver, Message}} to the system tracer.
void output(Process& p, const term::Tuple& token, SWord kind, Term receiver, Term message) {
  Runtime& rt = *p.runtime;
  const SWord flags = token[kFlags].small_value();
  if (!(flags & kind) || (p.flags & Process::kSensitive) || !tracer_listens(rt, p.pid)) return;
  heap::FragmentWriter w(16);
  const Term type = kind == kSend ? atoms::send : kind == kPrint ? atoms::print : atoms::receive_;
  const Term serials = term::Tuple::make(w, token[kLast], token[kSerial]);
  const Term what = term::Tuple::make(w, type, serials, token[kSender], receiver, message);
  const Tracer* tracer = State::of(rt).sequential_tracer.load(std::memory_order_acquire);
  if (tracer)
    emit(rt, &p, *tracer, {Topic::Sequential, token[kLabel], atoms::seq_trace, what, Term::non_value(), atoms::true_, time_flags(flags)});
}

// The next number in the name of p.
void advance(Process& p) {
  const Tracer* tracer = State::of(*p.runtime).sequential_tracer.load(std::memory_order_acquire);
  if (tracer && !tracer_listens(*p.runtime, p.pid)) return;
  Token t(p);
  ColdPart& cold = p.cold_part();
  t.fields[kSender] = p.pid;
  t.fields[kSerial] = Term::small(static_cast<SWord>(++cold.token_clock));
  t.fields[kLast] = Term::small(static_cast<SWord>(cold.token_last));
  put(p, t);
}

heap::OwnedTerm token_for_send(Process& p, Term to, Term message) {
  if (!has_token(p)) return {term::kNil, nullptr};
  advance(p);
  output(p, term::Tuple::from(p.seq_trace_token), kSend, to, message);
  return heap::copy_to_fragment(p.seq_trace_token);
}

void took(Process& p, Signal& s) {
  if (s.token == atoms::undefined) return;
  if (!s.token.is_tuple_of(kFields)) {
    drop(p);
    return;
  }
  p.seq_trace_token = s.token;  // its fragment becomes the process's
  p.trace_flags.fetch_or(kTraceToken, std::memory_order_relaxed);
  const term::Tuple t = term::Tuple::from(s.token);
  ColdPart& cold = p.cold_part();
  cold.token_last = static_cast<Word>(t[kSerial].small_value());
  if (cold.token_clock < cold.token_last) cold.token_clock = cold.token_last;
  output(p, t, kReceive, p.pid, s.term);
}

}  // namespace

bool has_token(const Process& p) { return p.is_traced(kTraceToken) && p.seq_trace_token.is_tuple_of(kFields); }

Term token_of(const Process& p) { return has_token(p) ? p.seq_trace_token : term::kNil; }

Term check_token_part(Term part, Term value) {
  if (flag_named(part) != 0) return value.is_boolean() ? Term(atoms::true_) : Term::non_value();
  if (part == atoms::label) return atoms::true_;
  if (part == atoms::sequential_trace_token) return value.is_nil() ? Term(atoms::true_) : Term::non_value();
  if (part != atoms::serial || !value.is_tuple_of(2)) return Term::non_value();
  const term::Tuple t = term::Tuple::from(value);
  return t[0].is_small() && t[1].is_small() ? Term(atoms::true_) : Term::non_value();
}

Term set_token_part(Process& p, Term part, Term value) {
  if (!check_token_part(part, value).is_value()) return Term::non_value();
  if (part == atoms::sequential_trace_token) {
    const Term before = token_of(p);
    drop(p);
    return before;
  }
  Token t(p);
  Term before;
  if (const SWord flag = flag_named(part)) {
    const SWord flags = t.fields[kFlags].small_value();
    before = flags & flag ? atoms::true_ : atoms::false_;
    t.fields[kFlags] = Term::small(value == atoms::true_ ? flags | flag : flags & ~flag);
  } else if (part == atoms::label) {
    before = t.fields[kLabel];
    t.fields[kLabel] = value;
  } else {
    const term::Tuple numbers = term::Tuple::from(value);
    before = term::Tuple::make(p.heap, t.fields[kLast], t.fields[kSerial]);
    t.fields[kLast] = numbers[0];
    t.fields[kSerial] = numbers[1];
    p.cold_part().token_last = static_cast<Word>(numbers[0].small_value());
    p.cold_part().token_clock = static_cast<Word>(numbers[1].small_value());
  }
  put(p, t);
  return before;
}

Term token_part(Process& p, Term part) {
  const SWord flag = flag_named(part);
  Term value = Term::non_value();
  if (!has_token(p)) {
    if (part == atoms::label || part == atoms::serial) return term::kNil;
    if (flag == 0 && part != atoms::spawn) return Term::non_value();
    value = atoms::false_;
  } else {
    const term::Tuple t = term::Tuple::from(p.seq_trace_token);
    if (flag != 0) value = t[kFlags].small_value() & flag ? atoms::true_ : atoms::false_;
    else if (part == atoms::label) value = t[kLabel];
    else if (part == atoms::serial) value = term::Tuple::make(p.heap, t[kLast], t[kSerial]);
    else return Term::non_value();
  }
  return term::Tuple::make(p.heap, part, value);
}

bool print(Process& p, Term label, Term message) {
  if (!has_token(p)) return false;
  if (label.is_value() && !term::equal_exact(label, term::Tuple::from(p.seq_trace_token)[kLabel])) return false;
  advance(p);
  output(p, term::Tuple::from(p.seq_trace_token), kPrint, term::kNil, message);
  return true;
}

void token_for_child(Process& parent, Process& child, Term module, Term function, Term args) {
  if (!has_token(parent)) return;
  advance(parent);
  const term::Tuple token = term::Tuple::from(parent.seq_trace_token);
  child.seq_trace_token = heap::copy(parent.seq_trace_token, child.heap);
  child.trace_flags.fetch_or(kTraceToken, std::memory_order_relaxed);
  heap::FragmentWriter w(32);
  const Term call = term::Tuple::make(w, module, function, Term::small(term::list_length(args)));
  term::Tuple request = term::Tuple::alloc(w, 8);
  const Term parts[] = {atoms::spawn_request, term::kNil, parent.pid, parent.group_leader, call, term::kNil, atoms::spawn_reply, args};
  for (std::size_t i = 0; i < 8; i++) request.set(i, parts[i]);
  output(parent, token, kSend, child.pid, request.term());
  output(parent, token, kReceive, child.pid, request.term());
  ColdPart& cold = child.cold_part();
  cold.token_clock = cold.token_last = static_cast<Word>(token[kSerial].small_value());
}

void reset_tokens(Runtime& rt) {
  rt.schedulers->stop_the_world([&] {
    rt.processes->for_each([](Process& p) {
      drop(p);
      if (p.cold) p.cold->token_clock = p.cold->token_last = 0;
      for (Signal* m = p.mailbox.first(); m; m = m->next)
        if (m->token.is_tuple()) m->token = term::kNil;
    });
  });
}

bool set_sequential_tracer(Runtime& rt, Term t) {
  TracerRef tracer;
  if (t != atoms::false_) {
    tracer = tracer_of(rt, Term::non_value(), t);
    if (!tracer) return false;
    if (tracer->module == atoms::erl_tracer && ask(rt, *tracer.get(), Topic::Status, atoms::trace_status, term::kNil) == Verdict::Remove)
      return false;
  }
  if (Tracer* old = State::of(rt).sequential_tracer.exchange(tracer.take(), std::memory_order_acq_rel))
    sync::Epoch::defer(old, [](void* p) { static_cast<Tracer*>(p)->release(); });
  return true;
}

Term sequential_tracer(Runtime& rt, term::HeapWriter& h) {
  const Tracer* t = State::of(rt).sequential_tracer.load(std::memory_order_acquire);
  if (t && ask(rt, *t, Topic::Status, atoms::trace_status, term::kNil) == Verdict::Remove) {
    set_sequential_tracer(rt, atoms::false_);
    t = nullptr;
  }
  return t ? tracer_term(h, t) : Term(atoms::false_);
}

void fill_token_hooks(TraceHooks& h) {
  h.token_for_send = token_for_send;
  h.took = took;
}

}  // namespace vm::trace
