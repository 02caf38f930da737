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

// Operands of decoded code. A source is a term, or a register as index << 6 | tag. One branch tells registers from terms, none x from y: kinds of
// operands alternate at random where one piece of code reads them for all instructions.
// A destination is always a register. kXRegTag has bit 3, kYRegTag has not, and 16 that kXRegTag has not.
static_assert(Term::kYRegTag - Term::kXRegTag == 8 && (Term::kXRegTag & 8) != 0 && (Term::kYRegTag & 8) == 0);
inline bool is_register_cell(Word w) { return (((w & 63) - Term::kXRegTag) & ~Word{8}) == 0; }
inline const Word* register_of(Word w, const Term* x, const Word* y) {
  const Word* base = (w & 8) ? reinterpret_cast<const Word*>(x) : y;
  return base + (w >> 6);
}
inline Word* destination(Word w, Term* x, Word* y) { return const_cast<Word*>(register_of(w, x, y)); }
inline Term read_source(Word w, const Term* x, const Word* y) { return Term::from_bits(is_register_cell(w) ? *register_of(w, x, y) : w); }

}  // namespace vm::interp
