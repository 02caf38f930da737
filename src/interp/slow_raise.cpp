// SPDX-License-Identifier: Apache-2.0
//
// Raising: save the trace, find the handler, unwind.
#include "interp/slow.h"
#include "ops/raise.h"
#include "proc/spawn.h"
#include "proc/tracing.h"

namespace vm::interp {

using proc::Exception;
using proc::ExceptionClass;
using proc::PendingKind;

namespace {

Term class_atom(ExceptionClass c) {
  return c == ExceptionClass::Error ? atoms::error : c == ExceptionClass::Exit ? atoms::exit : atoms::throw_;
}

// The slot of the innermost catch tag, and the stack pointer of its frame.
Word* find_handler(heap::ProcessHeap& h, Word** frame) {
  Word* end = h.stack_end();
  *frame = h.stack_top();
  for (Word* w = h.stack_top(); w < end; w++) {
    if (*w == heap::kFrameMarker) {
      w++;
      *frame = w + 1;
    } else if (Term::from_bits(*w).is_catch_tag()) {
      return w;
    }
  }
  return nullptr;
}

void end_uncaught(Process& p, Exception e, Term trace) {
  if (e.cls == ExceptionClass::Throw) {
    e.reason = term::Tuple::make(p.heap, atoms::nocatch, e.reason);
    e.cls = ExceptionClass::Error;
  }
  Term list = e.cls == ExceptionClass::Error ? ops::build_stacktrace(p, trace) : term::kNil;
  p.scratch->exception = Exception{};
  Term reason = proc::exit_reason_of_exception(p, e, list);
  proc::end_process(p, reason);
}

}  // namespace

void set_error(Process& p, Term reason) {
  p.pending = PendingKind::Raise;
  p.scratch->exception = Exception{};
  p.scratch->exception.reason = reason;
}

void set_error(Process& p, Term tag, Term value) { set_error(p, term::Tuple::make(p.heap, tag, value)); }

void set_bif_arguments(Process& p, std::span<const Term> args) { p.scratch->exception.args = args_list(p.heap, args.data(), args.size()); }

bool bif_is_shown(const code::Bif& b) {
  if (b.mfa.module != atoms::erlang) return true;
  Term f = b.mfa.function;
  return !(f == atoms::error && b.mfa.arity >= 1 && b.mfa.arity <= 3) && !((f == atoms::exit || f == atoms::throw_) && b.mfa.arity == 1);
}

bool is_unary_plus(const code::Bif& b) { return b.mfa.module == atoms::erlang && b.mfa.function == atoms::plus && b.mfa.arity == 1; }

bool is_apply(const code::Bif& b) { return b.mfa.module == atoms::erlang && b.mfa.function == atoms::apply; }

bool applies_apply(const code::Export& e) { return e.bif && is_apply(*e.bif) && e.mfa.arity == 3; }

CodePtr raise_pending(Registers& r, const code::Mfa* first, CodePtr pc) {
  Process& p = *r.process;
  Exception e = p.scratch->exception;
  p.pending = PendingKind::None;
  p.current_mfa = nullptr;
  if (pc) p.pc = pc;
  Term trace = e.stacktrace.is_value() ? ops::with_class(p.heap, e.stacktrace, e.cls) : ops::save_raw_trace(p, first, pc);
  Word* frame = nullptr;
  Word* slot = p.catches > 0 ? find_handler(p.heap, &frame) : nullptr;
  if (VM_UNLIKELY(p.is_traced(proc::kTraceFrames)))
    unwind_traced(p, slot ? slot : p.heap.stack_end(), slot || e.cls != ExceptionClass::Throw ? class_atom(e.cls) : Term(atoms::error),
                  slot || e.cls != ExceptionClass::Throw ? e.reason : term::Tuple::make(p.heap, atoms::nocatch, e.reason),
                  slot ? p.runtime->code->catch_handler(Term::from_bits(*slot).catch_index()) : nullptr);
  if (!slot) {
    end_uncaught(p, e, trace);
    return nullptr;
  }
  CodePtr handler = p.runtime->code->catch_handler(Term::from_bits(*slot).catch_index());
  *slot = term::kNil.bits();
  p.catches--;
  p.heap.set_stack_top(frame);
  r.x[0] = class_atom(e.cls);
  r.x[1] = e.reason;
  r.x[2] = trace;
  p.scratch->exception = Exception{};
  return handler;
}

void catch_end_value(Registers& r) {
  ExceptionClass cls = r.x[0] == atoms::throw_ ? ExceptionClass::Throw
                       : r.x[0] == atoms::exit ? ExceptionClass::Exit
                                               : ExceptionClass::Error;
  r.x[0] = ops::catch_value(*r.process, cls, r.x[1], r.x[2]);
}

bool instruction_raise(Registers& r, Term trace, Term value) {
  Process& p = *r.process;
  p.pending = PendingKind::Raise;
  p.scratch->exception = Exception{};
  p.scratch->exception.cls = ops::class_of_trace(trace);
  p.scratch->exception.reason = value;
  p.scratch->exception.stacktrace = trace;
  return true;
}

bool instruction_raw_raise(Registers& r) {
  Process& p = *r.process;
  Term c = r.x[0];
  if (c != atoms::error && c != atoms::exit && c != atoms::throw_) {
    r.x[0] = atoms::badarg;
    return false;
  }
  p.pending = PendingKind::Raise;
  p.scratch->exception = Exception{};
  p.scratch->exception.cls = c == atoms::error ? ExceptionClass::Error : c == atoms::exit ? ExceptionClass::Exit : ExceptionClass::Throw;
  p.scratch->exception.reason = r.x[1];
  p.scratch->exception.stacktrace = r.x[2];
  return true;
}

void end_normally(Process& p) { proc::end_process(p, atoms::normal); }

}  // namespace vm::interp
