// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Saved calls: what process_flag(save_calls, N) keeps.
//
// A ring of the last N calls to other modules and built-ins, and of messages sent, taken and waited for in vain, by name. Its process alone writes and
// reads it, others ask by signal. Nothing is tested on a call: while some process of the machine keeps its calls the engine leads all
// exports and built-ins over a detour that notes them (Backend::keep_calls, docs/interpreter.md), and the rest of the time nobody pays. Messages are
// noted where a flag of the process is looked at anyway (kTraceSaves, Process::kSaveCalls).
#pragma once

#include <memory>

#include "proc/process.h"

namespace vm::proc {

struct SavedCalls {
  explicit SavedCalls(std::uint32_t n) : capacity(n), ring(new const code::Mfa*[n]) {}
  std::uint32_t capacity, next = 0, count = 0;
  std::unique_ptr<const code::Mfa*[]> ring;  // names live for ever: in exports, or below
  // A built-in that waits and will be run again from its beginning: that is no other call.
  const code::Mfa* unfinished = nullptr;
  std::size_t memory_bytes() const { return sizeof(SavedCalls) + capacity * sizeof(const code::Mfa*); }
};

// Entries that are no calls: shown as their module.
extern const code::Mfa kMessageSent, kMessageTaken, kWaitedInVain;

// Keeps the last n calls from now on, 0: none; forgets what was kept. Answers how many were kept before. Own thread; takes the code lock when the process begins
// or ends to keep calls.
std::uint32_t keep_calls(Process& p, std::uint32_t n);

// Notes a call unless p is sensitive. Own thread; p keeps calls.
void note_call(Process& p, const code::Mfa& what);

// Oldest first, or the atom false where none are kept.
Term last_calls(const Process& p, term::HeapWriter& h);

}  // namespace vm::proc
