// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "os/calendar.h"
#include "os/clock.h"
#include "os/memory.h"
#include "os/thread.h"

namespace vm::os {
namespace {

TEST(Memory, ReserveCommitDecommit) {
  constexpr std::size_t kBytes = 1 << 20;
  auto* p = static_cast<char*>(reserve(kBytes, kBytes));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(p) % kBytes, 0u);
  commit(p, kBytes);
  std::memset(p, 7, kBytes);
  decommit(p, kBytes);
  commit(p, kBytes);
  EXPECT_EQ(p[kBytes - 1], 0);
  release(p, kBytes);
}

TEST(Wakeup, ASetBeforeTheWaitCounts) {
  Wakeup w;
  w.set();
  EXPECT_TRUE(w.wait(-1));
  EXPECT_FALSE(w.wait(1'000'000));
}

TEST(Wakeup, WakesASleeper) {
  Wakeup w;
  std::thread other([&] { w.set(); });
  EXPECT_TRUE(w.wait(-1));
  other.join();
}

TEST(Clock, Moves) {
  const std::int64_t begin = monotonic_ns();
  while (monotonic_ns() == begin) {
  }
  EXPECT_GT(monotonic_ns(), begin);
  EXPECT_GT(cheap_ticks_per_us(), 0u);
}

TEST(Calendar, RoundTrip) {
  DateTime d{};
  ASSERT_TRUE(local_of_seconds(1'000'000'000, &d));
  std::int64_t s = 0;
  ASSERT_TRUE(seconds_of_local(d, Daylight::Unknown, &s));
  EXPECT_EQ(s, 1'000'000'000);
}

}  // namespace
}  // namespace vm::os
