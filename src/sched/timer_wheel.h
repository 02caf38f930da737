// SPDX-License-Identifier: Apache-2.0
//
// Timers: hierarchical wheels of millisecond resolution, a set of them for each scheduler; set, cancel and read from any thread without a lock that
// all share; a million of them.
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
  std::atomic<std::uint16_t> wheels{0};  // whose
  std::uint16_t slot = 0;
  std::atomic<std::uint8_t> state{0};  // 0 idle, 1 set, 2 firing
};

class TimerService {
 public:
  explicit TimerService(unsigned schedulers = 0);
  ~TimerService();
  void set(Timer& t, std::int64_t due_ns);
  bool cancel(Timer& t);
  // Fires what is due at `now_ns`; returns nanoseconds until the next possibly due timer (INT64_MAX: none).
  std::int64_t run(std::int64_t now_ns);
  std::int64_t next_due_in(std::int64_t now_ns) const;

 private:
  struct Wheels;
  unsigned count_;
  std::unique_ptr<Wheels[]> wheels_;  // that of threads that are no schedulers, then one for each of those
};

}  // namespace vm::sched
