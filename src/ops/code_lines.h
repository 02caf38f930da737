// SPDX-License-Identifier: Apache-2.0
//
// Line records of decoded code: what an engine leaves beside the code of a function so that stack traces can name lines.
//
// The word before Function::decoded_begin is a FunctionSide*. Both live and die with the code; readers hold the code alive (they run in
// it, or found it on a stack).
#pragma once

#include <vector>

#include "code/module.h"

namespace vm::ops {

struct LineEntry {
  std::uint32_t cell;  // first cell, counted from decoded_begin, that belongs to the record
  std::uint32_t line;  // index into ModuleInstance::lines; 0 = no line known
};

struct FunctionSide {
  std::vector<LineEntry> lines;  // in order of cells
};

inline FunctionSide* side_of(const code::Function& f) {
  return f.decoded_begin ? reinterpret_cast<FunctionSide*>(f.decoded_begin[-1]) : nullptr;
}

// Line record index of the instruction at `pc`, or 0.
inline std::uint32_t line_index_at(const code::Function& f, code::CodePtr pc) {
  FunctionSide* side = side_of(f);
  if (!side || pc < f.decoded_begin || pc >= f.decoded_end) return 0;
  std::uint32_t cell = static_cast<std::uint32_t>(pc - f.decoded_begin);
  std::uint32_t found = 0;
  for (const LineEntry& e : side->lines) {
    if (e.cell > cell) break;
    found = e.line;
  }
  return found;
}

}  // namespace vm::ops
