// SPDX-License-Identifier: Apache-2.0
//
// Processes inside native code on a dirty scheduler.
//
// Such code may take minutes. Meanwhile others handle the signals of the process: between begin_dirty_call and end_dirty_call native code touches the
// heap of its process and nothing else of it, so that a helper (proc/priority_lift.h) may have the rest: inbox, links, flags. It answers questions, and
// ends the process when a signal says so; everybody hears of that at once, the memory goes when native code returns. What needs the heap
// (collections, copies of literals) waits until then. One helper at a time: kHelped.
#pragma once

#include "heap/copy.h"
#include "proc/process.h"

namespace vm::proc {

// Bits of Process::state besides those of process_state.h.
inline constexpr std::uint32_t kInNative = 512;  // kRunning, inside native code on a dirty scheduler
inline constexpr std::uint32_t kHelped = 1024;   // somebody handles its signals

// The process's thread, engine state saved.
void begin_dirty_call(Process& p);
// Waits for a helper. False: the process has ended meanwhile, and its memory goes at the next quiescent point.
bool end_dirty_call(Process& p);

// Whether the caller is a helper of a process inside native code.
inline bool helps_dirty_call(const Process& p) { return p.state.load(std::memory_order_relaxed) & kHelped; }
// Handles the signals that are there. Any scheduler thread.
void handle_signals_of_dirty_call(Process& p);
// Of the helper: a term that the process is to keep.
Term keep_for(Process& p, Term t);

}  // namespace vm::proc
