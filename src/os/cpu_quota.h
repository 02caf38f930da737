// SPDX-License-Identifier: Apache-2.0
//
// How much processor time the control group of this program may take, of either version of control groups.
#pragma once

namespace vm::os {

// In processors, at least 1 and at most `online`; 0: not known, or a group of the second version without a limit.
unsigned cpu_quota(unsigned online);

// The same for a group that may use `quota` microseconds out of every `period`; quota not above 0: it has no limit.
unsigned processors_of_quota(long long quota, long long period, unsigned online);

}  // namespace vm::os
