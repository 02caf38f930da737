// SPDX-License-Identifier: Apache-2.0
//
// Bits of Process::state.
//
// Rules. 1. A process is queued at most once: who sets kQueued enqueues it. 2. kRunning belongs to the thread inside Process::run, or to one
// that holds a process that waits (Process::hold_waiting); only it touches heap, inbox, links. 3. A sender pushes a signal, then looks at the
// state; who parks or gives back a process clears kRunning, then looks at its queue. Both are sequentially consistent, so one of them queues the
// process: no wake-up is lost. 4. kExiting is set once, by the process's own thread, and never cleared. 5. kQueued and kRunning together: a
// helper has it (proc/priority_lift.h), who comes to run it puts it back. If it ends then, it stays queued and is freed by who takes it out.
#pragma once

#include <cstdint>

namespace vm::proc {

enum ProcessState : std::uint32_t {
  kQueued = 1,  // in a run queue or a dirty queue
  kRunning = 2,
  kExiting = 4,     // ending: no wake-up any longer
  kNamed = 8,       // registered (set under the registry's lock)
  kSuspended = 16,  // suspend count is not 0 (for status)
  // A request of this priority came (proc/priority_lift.h).
  kLiftNormal = 32,
  kLiftHigh = 64,
  kLiftMax = 128,
  kLifts = kLiftNormal | kLiftHigh | kLiftMax,
  kQueuedDirty = 256,  // kQueued, in a dirty queue
};

}  // namespace vm::proc
