// SPDX-License-Identifier: Apache-2.0
//
// Bits of Process::state.
//
// Rules. 1. A process is queued at most once: who sets kQueued enqueues it. 2. kRunning belongs to the thread inside Process::run; only
// it touches heap, inbox, links. 3. A sender pushes a signal, then looks at the state; a parking process clears kRunning, then looks at
// its queue. Both are sequentially consistent, so one of them queues the process: no wake-up is lost. 4. kExiting is set once, by the
// process's own thread, and never cleared.
#pragma once

#include <cstdint>

namespace vm::proc {

enum ProcessState : std::uint32_t {
  kQueued = 1,  // in a run queue or a dirty queue
  kRunning = 2,
  kExiting = 4,     // ending: no wake-up any longer
  kNamed = 8,       // registered (set under the registry's lock)
  kSuspended = 16,  // suspend count is not 0 (for status)
};

}  // namespace vm::proc
