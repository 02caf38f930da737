// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] What a scheduler runs.
//
// sched/ knows nothing of processes: it queues Runnables by priority, hands each a slice on some scheduler, and asks afterwards what to do with
// it. A Scheduler (P) holds the queues and per-scheduler state; a Worker (M) is the OS thread that currently drives it. A worker that is stuck in
// native code can lose its scheduler to a spare worker.
//
// A Runnable is in at most one queue. The owner (proc/) keeps the flag that says so; sched/ only links through `next`.
#pragma once

#include <atomic>
#include <cstdint>

namespace vm::sched {

class Scheduler;

enum class Priority : std::uint8_t { Low = 0, Normal = 1, High = 2, Max = 3 };

enum class After : std::uint8_t {
  Requeue,  // ready again: put it at the end of its queue
  Parked,   // waits, or was queued by somebody else, or is gone: forget it
};

class Runnable {
 public:
  virtual After run(Scheduler& scheduler) = 0;
  Runnable* next = nullptr;
  std::atomic<Priority> priority{Priority::Normal};
  bool is_new = false;  // has not run yet; its queue's
  // The number of the only scheduler that may run it, 0: any. Changes while it is in no queue.
  std::atomic<std::uint16_t> home{0};
  std::uint32_t due = 0;  // its queue's: when it gets a turn, of low priority

 protected:
  ~Runnable() = default;
};

}  // namespace vm::sched
