// SPDX-License-Identifier: Apache-2.0
//
// Whether somebody set the system's date: a descriptor for a Poller (os/poller.h). The kernel makes it readable at once when CLOCK_REALTIME jumps, and
// after a while in any case, for clocks that move in other ways. Any thread.
#pragma once

#include <cstdint>

namespace vm::os {

// Answers -1 where there is no such thing. Belongs to the caller.
int open_date_watch();
// Silent until the date is set again or this time has passed.
void arm_date_watch(int fd, std::int64_t nanoseconds);

}  // namespace vm::os
