// SPDX-License-Identifier: Apache-2.0
//
// Seeded mode (+girder_seedN): one scheduler thread, which chooses by a generator what runs next and for how long, runs what would be a dirty
// thread's in between, and has a clock of its own that goes on a little with each slice and jumps to the next timer when nothing can run. The same
// program does the same with the same seed, as long as it does no input or output: that comes when it comes.
//
// The choices are the thread's that drives the scheduler; the clock is the machine's.
#pragma once

#include <cstdint>

namespace vm::sched {

// Makes this thread's choices those of a seed. From then on seeded() is true on it.
void seed_choices(std::uint64_t seed);
extern constinit thread_local std::uint64_t choices_state;  // 0: not seeded
inline bool seeded() { return choices_state != 0; }
// A choice in [0, below); only when seeded.
std::uint64_t choose(std::uint64_t below);
// Reductions of a slice: mostly few, so that it may end anywhere.
std::uint32_t choose_reductions(std::uint32_t most);

// The clock that stands in for the system's: 0 when there is none.
std::int64_t virtual_ns();
void start_virtual_clock();
void advance_virtual_clock(std::int64_t ns);

}  // namespace vm::sched
