// SPDX-License-Identifier: Apache-2.0
//
// Hooks between the loader and an engine, and the resolved form of instructions that travels between them.
//
// load/ decodes one function of a module's Code chunk, resolves every operand (atoms, literals, imports, labels), lowers old and new generic
// instructions to the internal set of code/internal_ops.tab, and hands a FunctionBody to the Backend, which makes
// executable cells of it. Interpreter-only packing and specialisation happen inside the backend.
#pragma once

#include <span>
#include <vector>

#include "code/code_store.h"
#include "code/internal_ops.gen.h"

namespace vm::code {

enum class OperandKind : std::uint8_t {
  Constant,     // word = term bits (immediate or literal)
  XReg,         // word = index
  YReg,         // word = index
  FloatReg,     // word = index
  Label,        // word = label number in the module, local to this function; 0 = raise instead of branching
  Number,       // word = plain number, sizes and flags
  FunctionRef,  // word = Function*
  ExportRef,    // word = Export*
  BifRef,       // word = const Bif*
  FunRef,       // word = FunEntry*
  Bytes,        // word = const Byte* into the instance's string table; the length is another operand
};

struct Operand {
  OperandKind kind;
  Word word;
};

// Lists (select_val pairs, tuple elements, map pairs, bs segments) are flattened: a Number with the count of the operands that follow,
// then the operands.
struct Instruction {
  Op op;
  std::uint32_t first;  // index into FunctionBody::operands
  std::uint32_t count;
};

struct FunctionBody {
  Function* function;
  const Bif* native_form = nullptr;  // tried first; where it answers nothing and leaves nothing pending, the code runs
  std::vector<Instruction> instructions;
  std::vector<Operand> operands;
  std::span<const Operand> operands_of(const Instruction& i) const { return {operands.data() + i.first, i.count}; }
};

// What an engine offers to the loader.
class Backend {
 public:
  virtual ~Backend() = default;
  // Makes code for the body and returns its entry; remembers the range in function->decoded_begin/end and CodeStore::publish_code.
  // Labels, catch entries and line records are resolved here. Never fails on a body that load/ verified.
  virtual CodePtr install(const FunctionBody& body) = 0;
  // Frees the code of a function (its instance is being destroyed).
  virtual void discard(Function& f) = 0;
  // Entry shared by functions that are not decoded yet.
  virtual CodePtr lazy_entry(Function& f) = 0;
  // Entries for exports.
  virtual CodePtr undefined_entry(Export& e) = 0;
  virtual CodePtr bif_entry(const Bif& bif) = 0;
  // From now on calls reach the breakpoint, or don't any more. Under the code lock.
  virtual void arm(Breakpoint&) {}
  virtual void disarm(Breakpoint&) {}
  // One more, or one fewer, process keeps its last calls (proc/saved_calls.h). Takes the code lock.
  virtual void keep_calls(bool) {}
  // Where calls through the export go in the end, whatever detour they make before; an export of the tables. Under the code lock.
  virtual CodePtr target_of(const Export& e) { return e.entry.load(std::memory_order_relaxed); }
  virtual void set_target(Export& e, CodePtr target) { e.entry.store(target, std::memory_order_release); }
};

// What the loader offers to engines: decode f now (first call). Returns the entry; on a function that does not verify, the entry of
// code that raises. Thread safe.
struct LoadHooks {
  CodePtr (*decode)(Function& f) = nullptr;
};

}  // namespace vm::code
