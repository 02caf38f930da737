// SPDX-License-Identifier: Apache-2.0
//
// Timer wheel against a sorted list; schedulers with fake runnables.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <random>
#include <thread>
#include <vector>

#include "os/clock.h"
#include "os/thread.h"
#include "sched/scheduler.h"
#include "sched/timer_wheel.h"

namespace vm::sched {
namespace {

struct TestTimer : Timer {
  std::int64_t fired_at = 0;
};
std::int64_t test_now = 0;

void note_fire(Timer* t) { static_cast<TestTimer*>(t)->fired_at = test_now; }

TEST(TimerWheel, FiresAtTheFirstTickNotBeforeItsTime) {
  TimerService wheel;
  std::mt19937_64 random(3);
  const std::int64_t begin = os::monotonic_ns() / 1'000'000 * 1'000'000 + 5'000'000;
  std::vector<TestTimer> timers(3000);
  for (TestTimer& t : timers) {
    const int scale = static_cast<int>(random() % 5);
    const std::int64_t range[] = {3'000'000, 300'000'000, 70'000'000'000, 5'000'000'000'000, 6'000'000'000'000'000};
    t.fire = note_fire;
    wheel.set(t, begin + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(range[scale])));
  }
  std::size_t cancelled = 0;
  for (std::size_t i = 0; i < timers.size(); i += 7) {
    EXPECT_TRUE(wheel.cancel(timers[i]));
    EXPECT_FALSE(wheel.cancel(timers[i]));
    cancelled++;
  }
  test_now = begin;
  std::size_t steps = 0;
  for (;;) {
    const std::int64_t next = wheel.run(test_now);
    if (next == INT64_MAX) break;
    test_now += std::max<std::int64_t>(next, 1);
    ASSERT_LT(++steps, 200000u);
  }
  std::size_t fired = 0;
  for (TestTimer& t : timers) {
    if (t.fired_at == 0) continue;
    fired++;
    EXPECT_GE(t.fired_at, t.due_ns);
    EXPECT_LE(t.fired_at - t.due_ns, 1'000'001);
  }
  EXPECT_EQ(fired, timers.size() - cancelled);
}

struct Counter final : Runnable {
  SchedulerGroup* group = nullptr;
  std::atomic<int>* left = nullptr;
  int slices = 100;
  After run(Scheduler&) override {
    if (--slices > 0) return After::Requeue;
    left->fetch_sub(1);
    return After::Parked;
  }
};

TEST(Scheduler, RunsEverythingOnAllPriorities) {
  Config config;
  config.schedulers = config.online = 3;
  std::atomic<int> left{200};
  SchedulerGroup group(config, {});
  group.start();
  std::vector<Counter> counters(200);
  for (std::size_t i = 0; i < counters.size(); i++) {
    counters[i].left = &left;
    counters[i].priority = static_cast<Priority>(i % 4);
    group.enqueue(counters[i]);
  }
  while (left.load() > 0) std::this_thread::yield();
  group.stop();
  EXPECT_EQ(left.load(), 0);
}

struct WakeAnother final : Runnable {
  SchedulerGroup* group = nullptr;
  WakeAnother* other = nullptr;
  std::atomic<int>* left = nullptr;
  After run(Scheduler&) override {
    if (left->fetch_sub(1) > 1) group->enqueue_next(*other);
    return After::Parked;
  }
};

TEST(Scheduler, RunNextHandsOver) {
  Config config;
  config.schedulers = config.online = 2;
  std::atomic<int> left{100000};
  SchedulerGroup group(config, {});
  group.start();
  WakeAnother a, b;
  a.group = b.group = &group;
  a.left = b.left = &left;
  a.other = &b;
  b.other = &a;
  const std::int64_t begin = os::monotonic_ns();
  group.enqueue(a);
  while (left.load() > 0) std::this_thread::yield();
  const double ns = static_cast<double>(os::monotonic_ns() - begin) / 100000;
  group.stop();
  RecordProperty("ns_per_handover", static_cast<int>(ns));
}

// Says that it is in a native call and stays there; wakes others meanwhile.
struct Blocker final : Runnable {
  SchedulerGroup* group = nullptr;
  Counter* other = nullptr;  // woken from inside of the last call
  std::atomic<int>* left = nullptr;
  NativeMarker marker;
  int slices = 4;
  int milliseconds = 0;
  After run(Scheduler& s) override {
    s.native_marker.store(&marker, std::memory_order_release);
    marker = this;
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    if (slices == 1) group->enqueue_next(*other);
    marker = nullptr;
    if (--slices > 0) return After::Requeue;
    left->fetch_sub(1);
    return After::Parked;
  }
};

// Ten threads stuck on two schedulers: what is left to do is done meanwhile, nothing is run twice or lost.
TEST(Scheduler, LongCallsLoseTheirScheduler) {
  if (!os::barrier_on_all_threads()) GTEST_SKIP() << "no membarrier";
  Config config;
  config.schedulers = config.online = 2;
  SchedulerGroup group(config, {});
  group.start();
  std::vector<Blocker> blockers(10);
  std::vector<Counter> woken(10);
  std::atomic<int> left{10}, woken_left{10};
  for (std::size_t i = 0; i < blockers.size(); i++) {
    blockers[i].group = &group;
    blockers[i].other = &woken[i];
    woken[i].left = &woken_left;
    blockers[i].left = &left;
    blockers[i].milliseconds = 30 + static_cast<int>(i);
    group.enqueue(blockers[i]);
  }
  std::vector<Counter> counters(200);
  std::atomic<int> counting{200};
  for (Counter& c : counters) {
    c.left = &counting;
    group.enqueue(c);
  }
  while (counting.load() > 0) std::this_thread::yield();
  EXPECT_GT(left.load(), 0) << "the others waited for the blockers";
  int worlds = 0;
  while (left.load() > 0) {
    group.stop_the_world([&] { worlds++; });
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  while (woken_left.load() > 0) std::this_thread::yield();
  EXPECT_GT(group.long_calls(), 0u);
  EXPECT_GT(worlds, 0);
  group.stop();
}

// Always ready; counts its slices.
struct Busy final : Runnable {
  std::atomic<int> slices{0};
  std::atomic<bool>* stop = nullptr;
  After run(Scheduler&) override {
    slices.fetch_add(1, std::memory_order_relaxed);
    return stop->load() ? After::Parked : After::Requeue;
  }
};

// One of two schedulers has urgent work for ever, the other one always something to do, so that nobody steals.
TEST(Scheduler, WhatWaitsBehindUrgentWorkMovesOn) {
  Config config;
  config.schedulers = config.online = 2;
  SchedulerGroup group(config, {});
  std::atomic<bool> stop{false};
  std::vector<Busy> ordinary(100);
  Busy urgent;
  urgent.priority = Priority::High;
  urgent.stop = &stop;
  group.start();
  group.enqueue(urgent, &group.scheduler(0));
  for (std::size_t i = 0; i < ordinary.size(); i++) {
    ordinary[i].stop = &stop;
    group.enqueue(ordinary[i], &group.scheduler(static_cast<unsigned>(i % 2)));
  }
  const auto have_run = [&] { return std::all_of(ordinary.begin(), ordinary.end(), [](const Busy& b) { return b.slices.load() > 10; }); };
  for (int i = 0; i < 2000 && !have_run(); i++) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_TRUE(have_run());
  stop.store(true);
  group.stop();
}

struct Dirty final : Runnable {
  std::atomic<int>* left = nullptr;
  After run(Scheduler& s) override {
    EXPECT_TRUE(s.dirty());
    EXPECT_EQ(Scheduler::current(), nullptr);
    left->fetch_sub(1);
    return After::Parked;
  }
};

TEST(Scheduler, DirtyPoolsAndStopTheWorld) {
  Config config;
  config.schedulers = config.online = 2;
  std::atomic<int> left{50};
  SchedulerGroup group(config, {});
  group.start();
  std::vector<Dirty> dirty(50);
  for (std::size_t i = 0; i < dirty.size(); i++) {
    dirty[i].left = &left;
    group.enqueue_dirty(dirty[i], i % 2 ? DirtyPool::Cpu : DirtyPool::Io);
  }
  int stopped = 0;
  for (int i = 0; i < 20; i++) group.stop_the_world([&] { stopped++; });
  while (left.load() > 0) std::this_thread::yield();
  EXPECT_EQ(stopped, 20);
  group.set_online(1);
  group.set_online(2);
  group.stop();
}

}  // namespace
}  // namespace vm::sched
