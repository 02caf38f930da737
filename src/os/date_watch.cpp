// SPDX-License-Identifier: Apache-2.0
#include "os/date_watch.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include "os/clock.h"

namespace vm::os {

int open_date_watch() { return timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC); }

void arm_date_watch(int fd, std::int64_t nanoseconds) {
  constexpr std::int64_t kNsPerSecond = 1'000'000'000;
  std::uint64_t fired;
  (void)!read(fd, &fired, sizeof fired);  // or fails because the date was set, which takes that away
  const std::int64_t due = realtime_ns() + nanoseconds;
  itimerspec when{};
  when.it_value.tv_sec = due / kNsPerSecond;
  when.it_value.tv_nsec = due % kNsPerSecond;
  timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, nullptr);
}

}  // namespace vm::os
