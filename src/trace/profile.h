// SPDX-License-Identifier: Apache-2.0
//
// erlang:system_profile/2: one process or port that is told when processes and ports become runnable and when they no longer are, and when schedulers run
// out of work and find some. Never about the profiler itself.
//
// Runtime::profiled says what is asked for; where something happens its bit is tested and the hook (proc/tracing.h) called out of line. Events of one
// process or port come in their order, inactive and active in turn; they are sent by whoever makes them happen.
#pragma once

#include "proc/runtime.h"
#include "proc/tracing.h"

namespace vm::trace {

struct ProfileSettings {
  Term profiler = Term::non_value();  // a pid or a port; the non-value: nobody
  std::uint8_t what = 0;              // ProfileFlags
  std::uint32_t clock = proc::kTraceTimestamp;
};

// Nobody when the profiler has ended.
ProfileSettings profile(proc::Runtime& rt);
void set_profile(proc::Runtime& rt, const ProfileSettings& settings);

// Part of State.
struct Profile {
  std::atomic<Word> profiler{0};  // bits of a pid or port
  std::atomic<std::uint32_t> clock{proc::kTraceTimestamp};
  sync::Spinlock lock;           // of changes, and of what follows
  std::vector<bool> schedulers;  // which have work, by number - 1
};

}  // namespace vm::trace
