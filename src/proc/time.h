// SPDX-License-Identifier: Apache-2.0
//
// Erlang time. Monotonic time starts near the lowest int64 of nanoseconds as on stock ("-576460752303..." ms-like values);
// system time = monotonic + offset. Clocks come from a replaceable source so that a deterministic mode can drive them.
#pragma once

#include <cstdint>

namespace vm::proc {

std::int64_t monotonic_ns();      // Erlang monotonic time in native units (nanoseconds)
std::int64_t raw_monotonic_ns();  // the clock timers use (CLOCK_MONOTONIC)
// The point of the timers' clock that is Erlang monotonic time t.
std::int64_t raw_of_monotonic_ns(std::int64_t t);
std::int64_t time_offset_ns();
// Makes system time the operating system's again; the new offset.
std::int64_t renew_time_offset();
std::int64_t system_time_ns();     // monotonic + offset
std::int64_t os_system_time_ns();  // the operating system's
// What the offset would be if it were taken now, as exactly as two clocks can be compared.
std::int64_t present_time_offset_ns();
// Replaces the operating system's clock in all this, for tests; nullptr: the real one.
void set_os_system_time(std::int64_t (*clock)());
// Fixes the start values; called once by boot/.
void start_time();
std::int64_t start_monotonic_ns();  // erlang:system_info(start_time)

}  // namespace vm::proc
