// SPDX-License-Identifier: Apache-2.0
//
// Breakpoints and the frames of tracing.
//
// A frame of tracing lies between a traced function's frame and its caller's, as if a function that only tells of the return had called: its slots, then
// the pair of its caller. [module][function][arity][tracer] for returns, nothing for return_to, [what was measured before] for call_time.
#include "code/breakpoint.h"
#include "interp/engine.h"
#include "interp/instructions.h"
#include "interp/slow.h"
#include "ops/apply.h"
#include "proc/bif_context.h"
#include "proc/tracing.h"

namespace vm::interp {

namespace {

constexpr std::size_t kReturnSlots = 4, kTimeSlots = 1, kPairWords = 2;

// Under the lock of those who change patterns. A word that is there already is left alone: others may be running it.
void store_cell(CodeWord* cell, CodeWord value) {
  if (*cell != value) std::atomic_ref<CodeWord>(*cell).store(value, std::memory_order_release);
}

// Puts slots in front of the pair on the stack's top, and a new pair that returns to them.
void push_frame(Process& p, CodePtr back, std::initializer_list<Term> slots) {
  Word* sp = p.heap.stack_top() - slots.size() - kPairWords;
  sp[0] = heap::kFrameMarker;
  sp[1] = reinterpret_cast<Word>(back);
  std::size_t i = kPairWords;
  for (Term t : slots) sp[i++] = t.bits();
  p.heap.set_stack_top(sp);
}

CodePtr return_address(const Process& p) { return reinterpret_cast<CodePtr>(p.heap.stack_top()[1]); }

// A return_to frame on top already, perhaps behind others of tracing.
bool has_return_to(const Process& p) {
  const proc::Runtime& rt = *p.runtime;
  for (const Word* sp = p.heap.stack_top(); sp + 1 < p.heap.stack_end();) {
    auto pc = reinterpret_cast<CodePtr>(sp[1]);
    if (pc == rt.trace_frames.returns_to) return true;
    if (!rt.is_trace_frame(pc)) return false;
    sp += kPairWords + trace_frame_slots(rt, pc);
  }
  return false;
}

bool open_frames(Registers& r, const code::Mfa& mfa, const proc::CallTrace& t) {
  Process& p = *r.process;
  const auto& frames = p.runtime->trace_frames;
  const bool returns = t.return_from || t.exception_from;
  if (!returns && !t.return_to && !t.timed) return true;
  constexpr std::size_t kNeed = kReturnSlots + kTimeSlots + 3 * kPairWords;
  std::size_t live = mfa.arity;
  Term tracer = t.tracer.is_value() ? t.tracer : Term(atoms::true_);
  if (p.heap.free_words() < kNeed) {
    if (live < kXRegisters) r.x[live++] = tracer;
    if (!collect_garbage(r, live, kNeed)) return false;
    if (mfa.arity < kXRegisters) tracer = r.x[mfa.arity];
  }
  p.trace_flags.fetch_or(proc::kTraceFrames, std::memory_order_relaxed);
  if (t.return_to && !has_return_to(p)) push_frame(p, frames.returns_to, {});
  if (returns)
    push_frame(p, t.exception_from ? frames.raised : frames.returned,
               {mfa.module, mfa.function, Term::small(static_cast<SWord>(mfa.arity)), tracer});
  if (t.timed && !p.runtime->is_trace_frame(return_address(p))) push_frame(p, frames.timed, {t.previous});
  return true;
}

}  // namespace

CodePtr traced_caller(const Process& p, CodePtr otherwise) {
  const proc::Runtime& rt = *p.runtime;
  for (const Word* sp = p.heap.stack_top(); sp + 1 < p.heap.stack_end();) {
    auto pc = reinterpret_cast<CodePtr>(sp[1]);
    if (!rt.is_trace_frame(pc)) return pc - 1;
    sp += kPairWords + trace_frame_slots(rt, pc);
  }
  return otherwise;
}

void break_at(code::Breakpoint& b, CodePtr entry) {
  auto* cell = const_cast<CodeWord*>(entry);
  if (*cell == cell_of(Fused::breakpoint)) return;
  store_cell(&b.original, *cell);
  store_cell(cell, cell_of(Fused::breakpoint));
}

code::Function* function_behind(const code::Breakpoint& b) {
  return b.exported ? b.exported->function.load(std::memory_order_acquire) : b.function;
}

Term recall_traced(proc::BifContext& cx, const Term*) {
  Process& p = cx.process();
  const auto& bif = *reinterpret_cast<const code::Bif*>(p.current_mfa.get());
  p.pending = proc::PendingKind::Recall;
  p.scratch->pending_export = &bif.breakpoint->recall;
  p.scratch->pending_arity = 0;
  return Term::non_value();
}

namespace {

void arm_bif(code::Breakpoint& b) {
  const code::Bif& bif = *b.bif;
  CodeWord* c = b.cells;
  // Set before, perhaps, and still run by somebody: each cell gets the word it had.
  store_cell(&c[0], cell_of(Fused::breakpoint_jump));
  store_cell(&c[1], reinterpret_cast<CodeWord>(&b));
  c += 2;
  b.again.mfa = bif.mfa;
  b.again.entry.store(c, std::memory_order_release);
  if (may_last(bif.kind)) {
    store_cell(c++, cell_of(Fused::enter_dirty));
    store_cell(c++, reinterpret_cast<CodeWord>(&bif));
  }
  store_cell(&c[0], cell_of(Fused::call_bif_untraced));
  store_cell(&c[1], reinterpret_cast<CodeWord>(&bif));
  b.recall.mfa = bif.mfa;
  b.recall.entry.store(b.cells, std::memory_order_release);
  std::atomic_ref<code::Breakpoint*>(bif.breakpoint).store(&b, std::memory_order_release);
}

// The cell where a decoded function begins, or nullptr.
CodeWord* entry_cell(const code::Function& f) {
  return f.decoded_begin && !f.bif ? const_cast<CodeWord*>(f.entry.load(std::memory_order_acquire)) : nullptr;
}

}  // namespace

void Interpreter::arm(code::Breakpoint& b) {
  if (b.armed) return;
  b.armed = true;
  code::breakpoint_changes.fetch_add(1, std::memory_order_release);
  if (b.bif) {
    if (is_apply(*b.bif)) return;  // whoever applies goes on to what is applied
    arm_bif(b);
    set_enter(*b.bif);
  } else if (b.exported) {
    store_cell(&b.cells[0], cell_of(Fused::breakpoint_jump));
    store_cell(&b.cells[1], reinterpret_cast<CodeWord>(&b));
    set_target(*b.exported, b.cells);
  } else if (CodeWord* cell = entry_cell(*b.function)) {
    break_at(b, cell);
  }
}

void Interpreter::disarm(code::Breakpoint& b) {
  if (!b.armed) return;
  b.armed = false;
  code::breakpoint_changes.fetch_add(1, std::memory_order_release);
  if (b.bif) {
    set_enter(*b.bif);
  } else if (b.exported) {
    if (target_of(*b.exported) != b.cells) return;
    const code::Function* f = b.exported->function.load(std::memory_order_acquire);
    set_target(*b.exported, f ? f->entry.load(std::memory_order_acquire) : undefined_entry(*b.exported));
  } else if (CodeWord* cell = entry_cell(*b.function)) {
    if (*cell == cell_of(Fused::breakpoint)) store_cell(cell, b.original);
  }
}

bool call_traced(Registers& r, code::Breakpoint& b, bool* debug) {
  Process& p = *r.process;
  if (!b.data.load(std::memory_order_acquire)) return true;
  for (unsigned step = 0; step < proc::kCallSteps; step++) {
    const proc::CallTrace wanted = p.runtime->trace->called(p, b, r.x, step);
    if (wanted.debug) *debug = true;
    if (!open_frames(r, b.mfa, wanted)) return false;
  }
  return true;
}

Next prepare_breakpoint(Registers& r, const code::Mfa& mfa) {
  Process& p = *r.process;
  Term args = args_list(p.heap, r.x, mfa.arity);
  ops::CallTarget t = ops::find_call_target(*p.runtime, ops::error_handler_of(p), atoms::breakpoint, 3);
  if (!t.entry || !t.export_entry->function.load(std::memory_order_acquire)) {
    set_error(p, atoms::undef);
    set_bif_arguments(p, {r.x, mfa.arity});
    return Next::Raise;
  }
  r.x[0] = mfa.module;
  r.x[1] = mfa.function;
  r.x[2] = args;
  r.target = t.entry;
  r.target_arity = 3;
  return Next::Call;
}

std::size_t trace_frame_slots(const proc::Runtime& rt, CodePtr frame) {
  if (frame == rt.trace_frames.returns_to) return 0;
  return frame == rt.trace_frames.timed ? kTimeSlots : kReturnSlots;
}

void frame_returns(Registers& r, CodePtr frame) {
  Process& p = *r.process;
  const proc::Runtime& rt = *p.runtime;
  const auto* slots = reinterpret_cast<const Term*>(p.heap.stack_top());
  if (frame == rt.trace_frames.timed) {
    rt.trace->time_returned(p, slots[0]);
  } else if (frame != rt.trace_frames.returns_to) {
    rt.trace->returned(p, slots, r.x[0]);
  } else if (p.is_traced(proc::kTraceReturnTo)) {
    // Frames of tracing that lie between are no place to return to.
    const Word* sp = p.heap.stack_top();
    auto pc = reinterpret_cast<CodePtr>(sp[1]);
    while (rt.is_trace_frame(pc)) {
      sp += kPairWords + trace_frame_slots(rt, pc);
      pc = reinterpret_cast<CodePtr>(sp[1]);
    }
    rt.trace->returns_to(p, pc - 1);
  }
}

void unwind_traced(Process& p, const Word* end, Term cls, Term reason, CodePtr handler) {
  const proc::Runtime& rt = *p.runtime;
  bool returns_to = false;
  for (const Word* w = p.heap.stack_top(); w + 1 < end; w++) {
    if (*w != heap::kFrameMarker) continue;
    auto pc = reinterpret_cast<CodePtr>(*++w);
    if (pc == rt.trace_frames.raised) rt.trace->raised(p, reinterpret_cast<const Term*>(w + 1), cls, reason);
    if (pc == rt.trace_frames.timed) rt.trace->time_returned(p, Term::from_bits(w[1]));
    if (pc == rt.trace_frames.returns_to) returns_to = true;
  }
  if (returns_to && handler && p.is_traced(proc::kTraceReturnTo)) rt.trace->returns_to(p, handler);
}

}  // namespace vm::interp
