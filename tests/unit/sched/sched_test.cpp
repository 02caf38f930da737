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

// Timers are set on four schedulers, cancelled on others while that goes on, and fired by whoever comes first.
struct SharedTimers {
  static constexpr int kTimers = 4000;
  struct Item : Timer {
    std::atomic<int> fired{0};
    std::atomic<bool> published{false}, cancelled{false};
  };
  TimerService service{4};
  std::vector<Item> items{kTimers};
  std::atomic<int> fired{0}, cancelled{0}, wrong{0}, running{0};
};
void note_shared_fire(Timer* t) {
  auto* item = static_cast<SharedTimers::Item*>(t);
  item->fired.fetch_add(1);
}
struct TimerUser final : Runnable {
  SharedTimers* shared = nullptr;
  int first = 0, at = 0;
  static constexpr int kEach = SharedTimers::kTimers / 4;
  After run(Scheduler&) override {
    for (int i = 0; i < 50 && at < kEach; i++, at++) {
      SharedTimers::Item& item = shared->items[static_cast<std::size_t>(first + at)];
      item.fire = note_shared_fire;
      shared->service.set(item, os::monotonic_ns() + (at % 40) * 1'000'000);
      item.published.store(true, std::memory_order_release);
      SharedTimers::Item& other = shared->items[static_cast<std::size_t>((first + kEach + at / 2) % SharedTimers::kTimers)];
      if (other.published.load(std::memory_order_acquire) && shared->service.cancel(other)) {
        if (other.fired.load() != 0 || other.cancelled.exchange(true)) shared->wrong++;
        shared->cancelled++;
      }
    }
    if (at < kEach) return After::Requeue;
    shared->running--;
    return After::Parked;
  }
};

TEST(TimerWheel, AnySchedulerSetsCancelsAndFires) {
  SharedTimers shared;
  Config config;
  config.schedulers = config.online = 4;
  Hooks hooks;
  hooks.context = &shared;
  hooks.run_timers = [](void* context, Scheduler&) {
    const std::int64_t next = static_cast<SharedTimers*>(context)->service.run(os::monotonic_ns());
    return next == INT64_MAX ? UINT64_MAX : static_cast<std::uint64_t>(next);
  };
  SchedulerGroup group(config, hooks);
  TimerUser users[4];
  shared.running = 4;
  for (int i = 0; i < 4; i++) {
    users[i].shared = &shared;
    users[i].first = i * TimerUser::kEach;
    group.enqueue(users[i], &group.scheduler(static_cast<unsigned>(i)));
  }
  group.start();
  const auto outstanding = [&] {
    int n = 0;
    for (SharedTimers::Item& item : shared.items) n += item.fired.load() == 0 && !item.cancelled.load();
    return n;
  };
  for (int i = 0; i < 2000 && (shared.running.load() > 0 || outstanding() > 0); i++)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  group.stop();
  EXPECT_EQ(outstanding(), 0);
  EXPECT_EQ(shared.wrong.load(), 0);
  EXPECT_GT(shared.cancelled.load(), 0);
  for (SharedTimers::Item& item : shared.items) EXPECT_EQ(item.fired.load() + item.cancelled.load(), 1);
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
