// SPDX-License-Identifier: Apache-2.0
//
// Instruction numbers of the loop: first the internal instructions of code/internal_ops.tab in their order, then the interpreter's own
// specialised and fused forms (interp/fused.def).
#pragma once

#include <atomic>

#include "code/bif_table.h"
#include "code/internal_ops.gen.h"
#include "code/module.h"

namespace vm::interp {

enum class Fused : std::uint16_t {
#define VM_FUSED(name) name,
#include "interp/fused.def"
#undef VM_FUSED
  kCount
};

inline constexpr unsigned kInstructionCount = code::kOpCount + static_cast<unsigned>(Fused::kCount);

// Label address of each instruction in the loop, by number.
const void* const* instruction_labels();

inline code::CodeWord cell_of(code::Op op) { return reinterpret_cast<code::CodeWord>(instruction_labels()[static_cast<unsigned>(op)]); }
inline code::CodeWord cell_of(Fused op) {
  return reinterpret_cast<code::CodeWord>(instruction_labels()[code::kOpCount + static_cast<unsigned>(op)]);
}

// An export's own cells: [call_undefined][Export*] [call_bif_export][Bif*] [jump_export][Export*]; here, where its built-in is called.
inline code::CodePtr bif_cells(const code::Export& e) { return e.stub + 2; }
// Cells that jump to where the export's entry points when they are reached.
inline code::CodePtr jump_cells(const code::Export& e) { return e.stub + 4; }

// The detour of an export while calls are kept: [note_call][Export*][target].
inline constexpr std::size_t kDetourCells = 3;
inline code::CodePtr detour_target(code::CodePtr detour) {
  return reinterpret_cast<code::CodePtr>(
      std::atomic_ref<code::CodeWord>(const_cast<code::CodeWord&>(detour[2])).load(std::memory_order_acquire));
}

}  // namespace vm::interp
