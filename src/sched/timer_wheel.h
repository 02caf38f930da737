// SPDX-License-Identifier: Apache-2.0
//
// Timers: hierarchical wheel of millisecond resolution; set, cancel and read from any thread; a million of them.
//
// A Timer is intrusive; its owner allocates it. The callback runs on a scheduler thread between slices, without any lock held. After
// cancel returned true the callback will not run; false means it ran or is running.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace vm::sched {

struct Timer {
  void (*fire)(Timer*) = nullptr;
  std::int64_t due_ns = 0;  // monotonic nanoseconds
  Timer* prev = nullptr;
  Timer* next = nullptr;
  std::uint32_t slot = 0;
  std::atomic<std::uint8_t> state{0};  // 0 idle, 1 set, 2 firing
};

class TimerService {
 public:
  TimerService();
  ~TimerService();
  void set(Timer& t, std::int64_t due_ns);
  bool cancel(Timer& t);
  // Fires what is due at `now_ns`; returns nanoseconds until the next possibly due timer (INT64_MAX: none).
  std::int64_t run(std::int64_t now_ns);
  std::int64_t next_due_in(std::int64_t now_ns) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vm::sched
