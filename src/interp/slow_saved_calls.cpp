// SPDX-License-Identifier: Apache-2.0
//
// The detour of calls while some process keeps its last ones (proc/saved_calls.h): exports of Erlang and native functions lead to cells of their own that note
// the call and go on to where the export would lead; built-ins, which code calls directly, are entered by a function that does the same. A built-in is
// noted there alone, also when it is called through its export.
#include "code/breakpoint.h"
#include "interp/engine.h"
#include "interp/instructions.h"
#include "interp/slow.h"
#include "proc/bif_context.h"
#include "proc/process_cold.h"

namespace vm::interp {

namespace {

// What Bif::enter is while calls are kept.
Term note_and_enter(proc::BifContext& cx, const Term* args) {
  Process& p = cx.process();
  const auto& bif = *reinterpret_cast<const code::Bif*>(p.current_mfa.get());
  const bool keeps = p.flags & Process::kSaveCalls;
  if (keeps && !is_apply(bif)) proc::note_call(p, bif.mfa);  // whoever applies goes on to what is applied
  const bool traced = std::atomic_ref<code::Breakpoint*>(bif.breakpoint).load(std::memory_order_acquire) != nullptr;
  const Term value = traced ? recall_traced(cx, args) : enter_of(bif)(cx, args);
  if (!keeps || value.is_value() || !(p.flags & Process::kSaveCalls)) return value;
  const code::Export* next = p.scratch->pending_export;
  const bool again =
      p.pending == proc::PendingKind::Wait ? next == nullptr : p.pending != proc::PendingKind::Recall && next == bif.export_entry;
  if (again && !(p.flags & Process::kSensitive)) p.cold->saved_calls->unfinished = &bif.mfa;
  return value;
}

// A built-in is noted where it is entered; a library's native functions are no rows of the tables and nobody enters them but through an export.
bool is_built_in(const code::Export& e) {
  const code::Function* f = e.function.load(std::memory_order_acquire);
  const code::Bif* bif = f ? f->bif : e.bif;
  return bif && bif == e.bif;
}

}  // namespace

code::CodeWord* Interpreter::detour_of(const code::Export& e) const {
  return e.index < detours_.size() ? detours_[e.index].get() : nullptr;
}

void Interpreter::set_detour(code::Export& e, CodePtr target) {
  if (e.index >= detours_.size()) detours_.resize(e.index + 1);
  std::unique_ptr<code::CodeWord[]>& cells = detours_[e.index];
  if (!cells) {
    cells.reset(new code::CodeWord[kDetourCells]);
    cells[0] = cell_of(Fused::note_call);
    cells[1] = reinterpret_cast<code::CodeWord>(&e);
  }
  std::atomic_ref<code::CodeWord>(cells[2]).store(reinterpret_cast<code::CodeWord>(target), std::memory_order_release);
  e.entry.store(cells.get(), std::memory_order_release);
}

CodePtr Interpreter::target_of(const code::Export& e) {
  CodePtr entry = e.entry.load(std::memory_order_acquire);
  return entry && entry == detour_of(e) ? detour_target(entry) : entry;
}

void Interpreter::set_target(code::Export& e, CodePtr target) {
  if (keepers_ != 0 && !is_built_in(e)) set_detour(e, target);
  else e.entry.store(target, std::memory_order_release);
}

void Interpreter::set_enter(const code::Bif& bif) {
  const code::Breakpoint* b = bif.breakpoint;
  const code::BifCall enter = keepers_ != 0 ? &note_and_enter : b && b->armed && !is_apply(bif) ? &recall_traced : enter_of(bif);
  std::atomic_ref<code::BifCall>(bif.enter).store(enter, std::memory_order_release);
}

void Interpreter::keep_calls(bool begin) {
  code::CodeStore& store = *runtime_.code;
  std::lock_guard guard(store.lock());
  if (begin ? keepers_++ != 0 : --keepers_ != 0) return;
  for (std::uint32_t i = 0, n = store.export_count(); i < n; i++) {
    code::Export& e = *store.export_at(i);
    if (e.bif) set_enter(*e.bif);
    set_target(e, target_of(e));
  }
}

}  // namespace vm::interp
