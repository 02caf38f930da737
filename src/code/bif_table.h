// SPDX-License-Identifier: Apache-2.0
//
// Built-ins as engines see them: rows of one table. Nobody but boot/ includes bif/; it registers the rows at start.
#pragma once

#include "code/module.h"

namespace vm::proc {
class BifContext;
}

namespace vm::code {

// What a built-in may do; decides the context type its author got and what the engine must do around the call.
// BriefIo: may have to wait, seldom does. Runs where its process runs for as long as that goes well, else as DirtyIo.
enum class BifKind : std::uint8_t { Guard, Pure, Yields, Gc, DirtyCpu, DirtyIo, BriefIo, Native };

inline bool may_last(BifKind kind) { return kind == BifKind::DirtyCpu || kind == BifKind::DirtyIo || kind == BifKind::BriefIo; }

// Flags of a row, OR-able. Ubif: stock's tables call it a "ubif", code may call it without saving live registers. Shown: what goes on in a row that programs
// cannot call; who stops before it is shown there, under the name of its export.
struct BifFlag {
  enum : std::uint32_t { None = 0, Ubif = 1, Shown = 2 };
};

// Value, or Term::non_value() when the process's pending action says what to do instead (raise, trap, yield).
using BifCall = Term (*)(proc::BifContext& cx, const Term* args);

struct Bif {
  Mfa mfa;
  BifKind kind;
  std::uint32_t flags;
  BifCall call;
  Export* export_entry = nullptr;
  void* native = nullptr;  // for Native: the library's function record (nif/)
  // What calls (not guards) run: `call`, or where it is traced the engine's detour to the breakpoint. Set by Backend::bif_entry.
  mutable BifCall enter = nullptr;
  mutable Breakpoint* breakpoint = nullptr;
};

}  // namespace vm::code
