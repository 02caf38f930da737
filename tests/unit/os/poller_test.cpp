// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>

#include "os/clock.h"
#include "os/poller.h"
#include "os/thread.h"

namespace vm::os {
namespace {

constexpr std::int64_t kPatience = 5'000'000'000, kShortWhile = 50'000'000;

struct Pipe {
  int fds[2];
  Pipe() { EXPECT_EQ(pipe(fds), 0); }
  ~Pipe() {
    close(fds[0]);
    close(fds[1]);
  }
  void fill() const { EXPECT_EQ(write(fds[1], "x", 1), 1); }
};

TEST(Poller, OnceTellsOnceUntilAskedAgain) {
  Pipe p;
  Poller poller;
  poller.start();
  Wakeup called;
  std::atomic<int> calls{0};
  poller.add(
      p.fds[0], Poller::kRead,
      [&](unsigned) {
        calls++;
        called.set();
      },
      Poller::Mode::Once);
  p.fill();
  EXPECT_TRUE(called.wait(kPatience));
  EXPECT_FALSE(called.wait(kShortWhile));  // though nobody has read
  EXPECT_EQ(calls, 1);
  poller.change(p.fds[0], Poller::kRead);
  EXPECT_TRUE(called.wait(kPatience));
  EXPECT_EQ(calls, 2);
  poller.remove(p.fds[0]);
}

TEST(Poller, OnceMayBeSilenced) {
  Pipe p;
  Poller poller;
  poller.start();
  Wakeup called;
  poller.add(
      p.fds[0], Poller::kRead, [&](unsigned) { called.set(); }, Poller::Mode::Once);
  poller.change(p.fds[0], 0);
  p.fill();
  EXPECT_FALSE(called.wait(kShortWhile));
  poller.change(p.fds[0], Poller::kRead);
  EXPECT_TRUE(called.wait(kPatience));
  poller.remove(p.fds[0]);
}

TEST(Poller, LevelTellsAgain) {
  Pipe p;
  Poller poller;
  poller.start();
  Wakeup called;
  poller.add(p.fds[0], Poller::kRead, [&](unsigned) { called.set(); });
  p.fill();
  EXPECT_TRUE(called.wait(kPatience));
  EXPECT_TRUE(called.wait(kPatience));
  poller.remove(p.fds[0]);
}

// What comes while nobody asks disturbs once, not again and again; it is told when somebody asks.
TEST(Poller, SilentLevelRestsAndWakes) {
  Pipe p;
  Poller poller;
  std::atomic<int> calls{0};
  const auto turn = [&](std::int64_t ns) {  // how long the wait took
    const std::int64_t began = monotonic_ns();
    poller.wait(ns);
    poller.dispatch();
    return monotonic_ns() - began;
  };
  poller.add(p.fds[0], Poller::kRead, [&](unsigned) { calls++; });
  for (int round = 0; round < 3; round++) {
    poller.change(p.fds[0], 0);
    p.fill();
    turn(kShortWhile);
    EXPECT_GE(turn(kShortWhile), kShortWhile);
    EXPECT_EQ(calls, round * 2);
    poller.change(p.fds[0], Poller::kRead);
    turn(kPatience);
    poller.change(p.fds[0], 0);
    poller.change(p.fds[0], Poller::kRead);
    turn(kPatience);
    EXPECT_EQ(calls, round * 2 + 2);
    char c;
    EXPECT_EQ(read(p.fds[0], &c, 1), 1);
  }
  // The same with a peer that is gone.
  poller.change(p.fds[0], 0);
  close(p.fds[1]);
  p.fds[1] = dup(p.fds[0]);
  turn(kShortWhile);
  EXPECT_GE(turn(kShortWhile), kShortWhile);
  EXPECT_EQ(calls, 6);
  poller.change(p.fds[0], Poller::kRead);
  turn(kPatience);
  EXPECT_EQ(calls, 7);
  poller.remove(p.fds[0]);
}

}  // namespace
}  // namespace vm::os
