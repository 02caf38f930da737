// SPDX-License-Identifier: Apache-2.0
#include "os/clock.h"

#include <sys/resource.h>
#include <time.h>

namespace vm::os {
namespace {

std::int64_t read_clock(clockid_t id) {
  timespec ts;
  clock_gettime(id, &ts);
  return static_cast<std::int64_t>(ts.tv_sec) * 1'000'000'000 + ts.tv_nsec;
}

std::uint64_t measure_ticks() {
#if defined(__x86_64__)
  const std::int64_t begin = monotonic_ns();
  const std::uint64_t ticks = cheap_ticks();
  std::int64_t now = begin;
  while (now - begin < 200'000) now = monotonic_ns();
  const std::uint64_t per_us = (cheap_ticks() - ticks) * 1000 / static_cast<std::uint64_t>(now - begin);
  return per_us ? per_us : 1;
#else
  return 1000;
#endif
}

}  // namespace

std::int64_t monotonic_ns() { return read_clock(CLOCK_MONOTONIC); }
std::int64_t realtime_ns() { return read_clock(CLOCK_REALTIME); }
std::int64_t process_cpu_ns() { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }
std::int64_t thread_cpu_ns() { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

std::int64_t user_cpu_ns() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::int64_t>(usage.ru_utime.tv_sec) * 1'000'000'000 + usage.ru_utime.tv_usec * 1000;
}

std::uint64_t cheap_ticks_per_us() {
  static const std::uint64_t ticks = measure_ticks();
  return ticks;
}

}  // namespace vm::os
