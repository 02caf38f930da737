// SPDX-License-Identifier: Apache-2.0
//
// Clocks of the operating system, in nanoseconds. Erlang's own time is made of them in proc/time.h. Any thread.
#pragma once

#include <cstdint>

namespace vm::os {

std::int64_t monotonic_ns();    // CLOCK_MONOTONIC
std::int64_t realtime_ns();     // CLOCK_REALTIME, since 1970
std::int64_t process_cpu_ns();  // user + system time of the whole program
std::int64_t user_cpu_ns();     // user time of the whole program
std::int64_t thread_cpu_ns();   // of the calling thread

// A cheap counter that grows with time on every core (the TSC where there is one); unit unspecified. For "has a while passed".
inline std::uint64_t cheap_ticks() {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#else
  return static_cast<std::uint64_t>(monotonic_ns());
#endif
}
// cheap_ticks per microsecond, measured once.
std::uint64_t cheap_ticks_per_us();

}  // namespace vm::os
