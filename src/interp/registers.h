// SPDX-License-Identifier: Apache-2.0
//
// Registers: the machine state of one scheduler thread that does not fit machine registers: x and float registers, the process that runs,
// and what slow paths hand back to the loop.
//
// While a process runs, its pc, stack pointer, heap top and reductions live in locals of the loop; they are stored to the process
// (SAVE) before anything out of line is called and read back (LOAD) afterwards. x always holds valid terms up to what is live; what is
// above may be stale and is never a root.
#pragma once

#include "code/code_store.h"
#include "proc/runtime.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::interp {

using code::CodePtr;
using code::CodeWord;
using proc::Process;

inline constexpr std::size_t kXRegisters = 1024;
inline constexpr std::size_t kFloatRegisters = 1024;

// Bitstring under construction by the instructions of OTP 24 and before (bs_init2 … bs_put_*). A collection or a switch of processes ends it:
// `base` is then null and putting more raises badarg. Well-formed code never meets that.
struct BuildState {
  Byte* base = nullptr;
  std::size_t at = 0;   // bits
  std::size_t end = 0;  // bits
};

struct Registers {
  Term x[kXRegisters];
  double f[kFloatRegisters];
  Process* process = nullptr;
  proc::Runtime* runtime = nullptr;
  bool on_dirty = false;     // this thread is a dirty scheduler's
  CodePtr target = nullptr;  // where a slow path says to go on
  std::uint32_t target_arity = 0;
  CodePtr apply_site = nullptr;  // the apply instruction that goes to a built-in's entry right now
  BuildState build;
};

// Operands of decoded code. A source is a term, or a register: its offset in bytes and a header's tag, which no term has, in the lower half of the cell,
// bit 32 for x. So where the kind is known a register is read by two machine instructions, the offset and what lies there. One branch tells registers
// from terms, none x from y: kinds of operands alternate at random where one piece of code reads them for all instructions.
// A destination is always a register.
inline constexpr Word kRegisterTag = 7, kXCell = Word{1} << 32;
constexpr Word register_cell(Word index, bool x) { return (x ? kXCell : 0) | index * sizeof(Word) | kRegisterTag; }
constexpr bool is_register_cell(Word w) { return (w & 7) == kRegisterTag; }
// Where the register of the cell `w` is, counted from the first register of its kind.
inline const Word* at_register(const void* first, Word w) {
  return reinterpret_cast<const Word*>(static_cast<const char*>(first) + static_cast<std::uint32_t>(w) - kRegisterTag);
}
inline const Word* register_of(Word w, const Term* x, const Word* y) {
  const void* first = (w & kXCell) ? static_cast<const void*>(x) : y;
  return at_register(first, w);
}
inline Word* destination(Word w, Term* x, Word* y) { return const_cast<Word*>(register_of(w, x, y)); }
inline Term read_source(Word w, const Term* x, const Word* y) { return Term::from_bits(is_register_cell(w) ? *register_of(w, x, y) : w); }

}  // namespace vm::interp
