// SPDX-License-Identifier: Apache-2.0
//
// The interpreter as code::Backend: installs functions and makes entries.
#include <cstring>

#include "interp/emitter_internal.h"
#include "interp/engine.h"
#include "interp/instructions.h"
#include "interp/slow.h"
#include "ops/code_lines.h"

namespace vm::interp {

using code::Op;

CodePtr Interpreter::install(const code::FunctionBody& body) {
  code::Function& f = *body.function;
  Emitter emitter(body);
  emitter.emit();

  // [FunctionSide*][cells...]; decoded_begin points at the first cell.
  std::size_t n = emitter.cells.size();
  auto* block = new CodeWord[1 + n];
  CodeWord* begin = block + 1;
  auto* side = new ops::FunctionSide{std::move(emitter.lines)};
  block[0] = reinterpret_cast<CodeWord>(side);
  std::memcpy(begin, emitter.cells.data(), n * sizeof(CodeWord));
  for (const Emitter::Fixup& fix : emitter.label_fixups) begin[fix.cell] = reinterpret_cast<CodeWord>(begin + emitter.offset_of(fix.label));
  for (const Emitter::Fixup& fix : emitter.catch_fixups)
    begin[fix.cell] = Term::catch_tag(runtime_.code->add_catch(begin + emitter.offset_of(fix.label))).bits();

  f.decoded_begin = begin;
  f.decoded_end = begin + n;
  runtime_.code->publish_code(&f, begin, begin + n);
  CodePtr entry = begin + emitter.entry_offset();
  if (code::Breakpoint* b = f.breakpoint.load(std::memory_order_acquire); b && b->armed) break_at(*b, begin + emitter.entry_offset());
  f.entry.store(entry, std::memory_order_release);
  return entry;
}

void Interpreter::discard(code::Function& f) {
  if (!f.decoded_begin) return;
  runtime_.code->retire_code(&f);
  delete ops::side_of(f);
  delete[](f.decoded_begin - 1);
  f.decoded_begin = f.decoded_end = nullptr;
}

CodePtr Interpreter::lazy_entry(code::Function& f) {
  f.stub[0] = cell_of(Op::decode_function);
  f.stub[1] = reinterpret_cast<CodeWord>(&f);
  return f.stub;
}

namespace {

// Processes may be running in an export's cells: what is there already is not written again.
void set_cell(CodeWord& cell, CodeWord value) {
  if (cell != value) cell = value;
}

// Where a new process begins: the cell reads the export when the process first runs.
void set_jump(code::Export& e) {
  set_cell(e.stub[4], cell_of(Fused::jump_export));
  set_cell(e.stub[5], reinterpret_cast<CodeWord>(&e));
}

}  // namespace

CodePtr Interpreter::undefined_entry(code::Export& e) {
  set_cell(e.stub[0], cell_of(Op::call_undefined));
  set_cell(e.stub[1], reinterpret_cast<CodeWord>(&e));
  set_jump(e);
  return e.stub;
}

CodePtr Interpreter::bif_entry(const code::Bif& bif) {
  code::Export& e = *bif.export_entry;
  if (!bif.enter) bif.enter = enter_of(bif);
  if (may_last(bif.kind)) return dirty_bif_entry(bif);
  set_cell(e.stub[2], cell_of(Op::call_bif_export));
  set_cell(e.stub[3], reinterpret_cast<CodeWord>(&bif));
  set_jump(e);
  return e.stub + 2;
}

// A dirty built-in is never undefined, so its cells may lie where call_undefined would.
CodePtr Interpreter::dirty_bif_entry(const code::Bif& bif) {
  code::Export& e = *bif.export_entry;
  set_cell(e.stub[0], cell_of(Fused::enter_dirty));
  set_cell(e.stub[1], reinterpret_cast<CodeWord>(&bif));
  set_cell(e.stub[2], cell_of(Op::call_bif_export));
  set_cell(e.stub[3], reinterpret_cast<CodeWord>(&bif));
  set_jump(e);
  return e.stub;
}

}  // namespace vm::interp
