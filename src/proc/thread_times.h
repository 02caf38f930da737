// SPDX-License-Identifier: Apache-2.0
//
// What the schedulers' threads did while somebody measured: statistics(scheduler_wall_time) and statistics(microstate_accounting). The threads count
// all the time (sched::ThreadTimes); here is what they had counted when measuring began. Any thread, under a lock.
#pragma once

#include <mutex>
#include <vector>

#include "sched/scheduler.h"

namespace vm::proc {

class Stopwatch {
 public:
  // Answers whether it was on. Starting what runs changes nothing.
  bool start(const sched::SchedulerGroup& group);
  bool stop(const sched::SchedulerGroup& group);
  bool reset(const sched::SchedulerGroup& group);
  bool on() const;
  // For each thread what it did while this was on since the last reset.
  std::vector<sched::ThreadTimes> read(const sched::SchedulerGroup& group) const;

 private:
  std::vector<sched::ThreadTimes> read_locked(const sched::SchedulerGroup& group) const;

  mutable std::mutex lock_;
  bool on_ = false;
  std::vector<sched::ThreadTimes> base_;   // at the start
  std::vector<sched::ThreadTimes> saved_;  // of earlier runs
};

}  // namespace vm::proc
