// SPDX-License-Identifier: Apache-2.0
//
// Multi time warp with a clock of the test's own: the offset follows jumps of system time, and its watchers are told once each.
#include "proc/time_offset.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "os/clock.h"
#include "unit/proc/fake_engine.h"

namespace vm::proc::testing {
namespace {

using E = FakeEngine;

constexpr std::int64_t kSecond = 1'000'000'000;
std::atomic<std::int64_t> jumped{0};
std::int64_t test_clock() { return os::realtime_ns() + jumped.load(); }

class TimeOffsetTest : public ::testing::Test {
 protected:
  TimeOffsetTest() {
    jumped = 0;
    set_os_system_time(&test_clock);
  }
  ~TimeOffsetTest() override { set_os_system_time(nullptr); }

  void jump(std::int64_t by_ns) { jumped += by_ns; }
  void wait_for(std::size_t count) {
    for (int i = 0; i < 5000 && seen() < count; i++) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  std::size_t seen() {
    std::lock_guard<std::mutex> hold(lock);
    return told.size();
  }

  std::mutex lock;
  std::vector<std::int64_t> told;
};

TEST_F(TimeOffsetTest, FollowsJumpsAndTellsWatchers) {
  World w(1);
  w.runtime.settings.time_warp = "multi_time_warp";
  std::atomic<bool> watching{false};
  const int watcher = w.add([&](Process& p) {
    if (E::number(p, 1) == 0) {
      E::reg(p, 1) = Term::small(1);
      watch_time_offset(p, 1, atoms::CHANGE, false);
      watching = true;
    }
    bool ended = false;
    for (;;) {
      const Term message = receive(p, &ended);
      if (!message.is_value()) return Stop::Waiting;
      const term::Tuple t = term::Tuple::from(message);
      std::uint64_t offset = 0;
      const bool good = t.size() == 5 && t[0] == atoms::CHANGE && t[2] == atoms::time_offset && t[3] == atoms::clock_service &&
                        term::to_uint64(t[4], &offset);
      std::lock_guard<std::mutex> hold(lock);
      told.push_back(good ? static_cast<std::int64_t>(offset) : 0);
    }
  });
  w.group->start();
  w.start(nullptr, {Term::small(watcher), Term::small(0)});
  for (int i = 0; i < 5000 && !watching; i++) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ASSERT_TRUE(watching);
  ASSERT_EQ(time_offset_state(w.runtime), TimeOffset::Volatile);

  const std::int64_t first = time_offset_ns();
  EXPECT_FALSE(follow_system_time(w.runtime));
  EXPECT_EQ(time_offset_ns(), first);

  for (const std::int64_t by : {3600 * kSecond, -7200 * kSecond, kSecond / 100}) {
    const std::int64_t before = time_offset_ns();
    const std::size_t count = seen() + 1;
    jump(by);
    EXPECT_TRUE(follow_system_time(w.runtime));
    EXPECT_NEAR(static_cast<double>(time_offset_ns() - before), static_cast<double>(by), 1e6);
    EXPECT_NEAR(static_cast<double>(system_time_ns()), static_cast<double>(os_system_time_ns()), 1e8);
    EXPECT_FALSE(follow_system_time(w.runtime));
    wait_for(count);
    std::lock_guard<std::mutex> hold(lock);
    ASSERT_EQ(told.size(), count);
    EXPECT_EQ(told.back(), time_offset_ns());
  }

  unwatch_time_offset(1);
  jump(kSecond);
  EXPECT_TRUE(follow_system_time(w.runtime));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(seen(), 3u);
}

TEST_F(TimeOffsetTest, StaysInOtherModes) {
  World w(1);
  const std::int64_t before = time_offset_ns();
  for (const char* mode : {"no_time_warp", "single_time_warp"}) {
    w.runtime.settings.time_warp = mode;
    jump(3600 * kSecond);
    EXPECT_FALSE(follow_system_time(w.runtime));
    EXPECT_EQ(time_offset_ns(), before);
  }
}

}  // namespace
}  // namespace vm::proc::testing
