// SPDX-License-Identifier: Apache-2.0
//
// The interpreter as proc::Engine.
#include "interp/engine.h"

#include "interp/instructions.h"
#include "interp/loop.h"
#include "interp/slow.h"
#include "ops/raise.h"

namespace vm::interp {

Interpreter::Interpreter(proc::Runtime& runtime) : runtime_(runtime) {
  normal_exit_[0] = cell_of(code::Op::normal_exit);
  trace_frames_[0] = cell_of(Fused::traced_return);
  trace_frames_[1] = cell_of(Fused::traced_exception);
  trace_frames_[2] = cell_of(Fused::traced_return_to);
  trace_frames_[3] = cell_of(Fused::timed_return);
  runtime.trace_frames = {trace_frames_, trace_frames_ + 1, trace_frames_ + 2, trace_frames_ + 3};
}

void Interpreter::attach(sched::Scheduler& scheduler) {
  if (!scheduler.engine_block) scheduler.engine_block = new Registers{};
}

namespace {

[[gnu::always_inline]] inline proc::Engine::Stop enter(Process& p, Registers& r, proc::Runtime& runtime) {
  r.process = &p;
  r.runtime = &runtime;
  r.build = BuildState{};
  r.apply_site = nullptr;
  for (std::uint32_t i = 0; i < p.live; i++) r.x[i] = p.saved_registers[i];
  p.live = 0;
  p.current_mfa = nullptr;
  if (VM_UNLIKELY(p.flags & Process::kHibernated)) p.flags &= ~static_cast<std::uint32_t>(Process::kHibernated);
  return run_loop(&r, nullptr);
}

}  // namespace

proc::Engine::Stop Interpreter::run(Process& p, sched::Scheduler& scheduler) {
  if (VM_UNLIKELY(!scheduler.engine_block)) attach(scheduler);
  Registers& r = *static_cast<Registers*>(scheduler.engine_block);
  r.on_dirty = scheduler.dirty();
  // A process is on a dirty scheduler for one built-in: the next call takes it back.
  if (VM_UNLIKELY(r.on_dirty)) p.reductions_left = 1;
  return enter(p, r, runtime_);
}

proc::Engine::Stop Interpreter::run_with(Process& p, Registers& r) { return enter(p, r, runtime_); }

void Interpreter::prepare_call(Process& p, code::Export& target, const Term* args, std::size_t count) {
  save_registers(p, args, count);
  if (p.heap.free_words() < heap::kStackSlack && !p.collect(p.saved_registers, p.live, heap::kStackSlack)) return;
  Word* sp = p.heap.stack_top() - 2;
  sp[0] = heap::kFrameMarker;
  sp[1] = reinterpret_cast<Word>(&normal_exit_[0]);
  p.heap.set_stack_top(sp);
  p.catches = 0;
  if (applies_apply(target)) {
    p.pc = bif_cells(target);
    return;
  }
  p.pc = jump_cells(target);
}

Term Interpreter::stack_trace_of(Process& p, std::size_t depth, term::HeapWriter& h) { return ops::current_stacktrace(p, depth, h); }

code::Function* Interpreter::current_function(Process& p) {
  if (!p.pc) return nullptr;
  if (*p.pc == cell_of(Fused::jump_export) || *p.pc == cell_of(Fused::note_call))
    return reinterpret_cast<code::Export*>(p.pc[1])->function.load(std::memory_order_acquire);
  if (*p.pc == cell_of(code::Op::decode_function)) return reinterpret_cast<code::Function*>(p.pc[1]);
  if (*p.pc == cell_of(code::Op::call_bif_export) || *p.pc == cell_of(Fused::enter_dirty)) {
    // A built-in that nobody can name is a part of who called it.
    const code::Export* e = reinterpret_cast<const code::Bif*>(p.pc[1])->export_entry;
    if (code::Function* f = e->function.load(std::memory_order_acquire)) return f;
    const bool named = p.runtime->code->find_export(e->mfa.module, e->mfa.function, e->mfa.arity) == e;
    return named ? nullptr : code::find_function(traced_caller(p, p.pc));
  }
  if (*p.pc == cell_of(Fused::breakpoint_jump)) return function_behind(*reinterpret_cast<code::Breakpoint*>(p.pc[1]));
  return code::find_function(p.pc);
}

}  // namespace vm::interp
