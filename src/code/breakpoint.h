// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Breakpoints: how calls are traced.
//
// A Breakpoint belongs to a function (its first instruction is replaced by one that looks here), to an export (its entry leads to `cells`), or to a
// built-in (Bif::enter sends callers to `cells`). It is made when somebody first sets a trace pattern there and stays as long as what it belongs to, so
// that a thread which was just about to run into it always finds it. What shall happen is in `data`: trace/ replaces it as a whole, null when nothing shall.
//
// Threading: arming and disarming under the code lock; one word changes, others run the code meanwhile and see either. `data` is read by any scheduler and
// freed after a grace period.
#pragma once

#include <atomic>
#include <memory>

#include "code/bif_table.h"

namespace vm::trace {
struct BreakData;
}

namespace vm::code {

struct Breakpoint {
  Mfa mfa;
  Function* function = nullptr;  // one of the three
  Export* exported = nullptr;
  const Bif* bif = nullptr;
  std::atomic<trace::BreakData*> data{nullptr};
  bool armed = false;
  // --- the engine's
  CodeWord original = 0;  // of a function: its first cell
  CodeWord cells[8]{};    // where an export's or a built-in's callers go
  Export recall, again;   // lead to the cells of a built-in's breakpoint, and behind it
};

// Counts how often a breakpoint was armed or disarmed: who keeps in mind whether a module has any looks again when it moved.
inline std::atomic<std::uint64_t> breakpoint_changes{0};

}  // namespace vm::code
