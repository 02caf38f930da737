// SPDX-License-Identifier: Apache-2.0
//
// Requests across priorities: a process that owes an answer to one of higher priority must not wait for its own turn, or whoever asks waits for
// everybody in between.
//
// The asker sends its signal, then calls lift_for_request. If the process waits in a run queue, a helper is queued with the asker's priority; it takes
// the process away from everybody else for a moment, as a scheduler would, and handles its signals. The process keeps its place in its queue:
// whoever comes to run it meanwhile puts it back (Process::run). If it runs, the end of its slice looks (Process::state holds what was asked).
//
// A process that ends while a helper has it is still in a queue; then it is freed by who takes it out of there.
#pragma once

#include "proc/process.h"

namespace vm::proc {

// After a request was delivered to p. The caller may not have passed a quiescent point since it looked p up.
void lift_for_request(Process& p, sched::Priority asker);
// Handles the signals of a process that waits in a run queue; does nothing when it doesn't.
void handle_signals_of(Process& p);
// Queues a helper for what these bits of Process::state ask.
void help(Process& p, std::uint32_t lift_bits);

}  // namespace vm::proc
