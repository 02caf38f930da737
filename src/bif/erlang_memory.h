// SPDX-License-Identifier: Apache-2.0
//
// The keys of erlang:system_info/1 about memory. erlang:memory/0,1 add up what they tell.
#pragma once

#include "proc/bif_context.h"

namespace vm::bif {

// Answers a key of memory through *out; false when the key is none of them.
bool memory_info(BifContext& cx, Term key, BifResult* out);

// Bytes in use, as erlang:memory/0 adds them up. `system` is everything but processes.
struct MemoryTotals {
  std::size_t processes, system, atoms, binaries, code, tables;
};
MemoryTotals memory_totals(proc::Runtime& rt);

}  // namespace vm::bif
