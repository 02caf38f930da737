// SPDX-License-Identifier: Apache-2.0
//
// Changes of the offset between Erlang monotonic time and system time, and who wants to hear of them (erlang:monitor(time_offset, clock_service)).
//
// With single time warp the offset is preliminary until somebody finalizes it, once. Watchers are kept in one table under a lock: a change is a
// rare event. Sending under the lock means that who stopped watching gets nothing afterwards. With multi time warp whoever watches the system's date
// (os/date_watch.h) calls follow_system_time. Threading: any.
#pragma once

#include <cstdint>

#include "term/term.h"

namespace vm::proc {

struct Runtime;
class Process;

// The monitor `key` of `who` gets {Tag, Ref, time_offset, clock_service, NewOffset}, where `alias` says whether Ref is one.
void watch_time_offset(const Process& who, std::uint64_t key, Term tag, bool alias);
void unwatch_time_offset(std::uint64_t key);

// May still be finalized, will never change again, may always change (multi time warp).
enum class TimeOffset : std::uint8_t { Preliminary, Final, Volatile };
TimeOffset time_offset_state(const Runtime& runtime);
// Takes the present difference for good and tells the watchers, if it is preliminary. The state before.
TimeOffset finalize_time_offset(Runtime& runtime);
// With multi time warp: takes the present difference and tells the watchers, if the system's clock has moved against Erlang's monotonic time by more than
// clocks that are only set right do meanwhile. Whether it had.
bool follow_system_time(Runtime& runtime);

}  // namespace vm::proc
