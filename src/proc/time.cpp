// SPDX-License-Identifier: Apache-2.0
#include "proc/time.h"

#include <atomic>

#include "os/clock.h"
#include "sched/seeded.h"

namespace vm::proc {
namespace {

// Stock starts its monotonic clock at the first whole second above the smallest 60-bit integer of nanoseconds, so that times are small integers and
// obviously no dates.
constexpr std::int64_t kStartMonotonic = -576460752'000'000'000;

struct Start {
  std::int64_t raw = 0;
  std::atomic<std::int64_t> offset{0};  // system time = monotonic + offset
};
Start start;

std::atomic<std::int64_t (*)()> os_clock{&os::realtime_ns};

}  // namespace

void start_time() {
  constexpr std::int64_t kVirtualDate = 1'700'000'000'000'000'000;
  start.raw = raw_monotonic_ns();
  start.offset = (sched::virtual_ns() ? kVirtualDate : os_system_time_ns()) - kStartMonotonic;
}

std::int64_t raw_monotonic_ns() {
  const std::int64_t instead = sched::virtual_ns();
  return instead ? instead : os::monotonic_ns();
}
std::int64_t monotonic_ns() { return raw_monotonic_ns() - start.raw + kStartMonotonic; }
std::int64_t raw_of_monotonic_ns(std::int64_t t) {
  std::int64_t raw;
  if (__builtin_sub_overflow(t, kStartMonotonic - start.raw, &raw)) return INT64_MAX;
  return raw;
}
std::int64_t time_offset_ns() { return start.offset.load(std::memory_order_relaxed); }
std::int64_t renew_time_offset() {
  start.offset.store(present_time_offset_ns(), std::memory_order_relaxed);
  return time_offset_ns();
}
std::int64_t present_time_offset_ns() {
  if (sched::virtual_ns()) return time_offset_ns();
  // A thread may lose its processor between two looks: the shortest of a few tries counts.
  constexpr int kTries = 5;
  std::int64_t best = INT64_MAX, offset = 0;
  for (int i = 0; i < kTries; i++) {
    const std::int64_t before = monotonic_ns(), now = os_system_time_ns(), took = monotonic_ns() - before;
    if (took >= best) continue;
    best = took;
    offset = now - before - took / 2;
  }
  return offset;
}
void set_os_system_time(std::int64_t (*clock)()) { os_clock.store(clock ? clock : &os::realtime_ns, std::memory_order_relaxed); }
std::int64_t system_time_ns() { return monotonic_ns() + time_offset_ns(); }
std::int64_t os_system_time_ns() { return os_clock.load(std::memory_order_relaxed)(); }
std::int64_t start_monotonic_ns() { return kStartMonotonic; }

}  // namespace vm::proc
