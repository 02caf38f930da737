// SPDX-License-Identifier: Apache-2.0
//
// Processes under load on several schedulers: nothing lost, nothing twice, order kept. Meant to run under the thread sanitizer too.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "os/clock.h"
#include "unit/proc/fake_engine.h"

namespace vm::proc::testing {
namespace {

using E = FakeEngine;

SWord scaled(SWord n) {
  const char* s = std::getenv("GIRDER_STRESS");
  return s ? n * std::atol(s) : n;
}

void wait_for(const std::atomic<bool>& done) {
  while (!done.load()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

Stop end(Process& p, Term reason) {
  end_process(p, reason);
  return Stop::Ended;
}

TEST(Processes, PingPong) {
  World w(2);
  const SWord rounds = scaled(20000);
  std::atomic<bool> done{false};
  std::atomic<std::int64_t> took{0};
  const int pong = w.add([](Process& p) {
    bool ended = false;
    for (;;) {
      const Term from = receive(p, &ended);
      if (ended) return Stop::Ended;
      if (!from.is_value()) return Stop::Waiting;
      send(p, from, p.pid);
    }
  });
  const int ping = w.add([&](Process& p) {
    bool ended = false;
    if (E::number(p, 2) == 0) {
      took = os::monotonic_ns();
      E::reg(p, 2) = Term::small(1);
      send(p, E::reg(p, 1), p.pid);
    }
    for (;;) {
      const Term from = receive(p, &ended);
      if (!from.is_value()) return Stop::Waiting;
      const SWord n = E::number(p, 2);
      if (n == rounds) break;
      E::reg(p, 2) = Term::small(n + 1);
      send(p, from, p.pid);
    }
    took = os::monotonic_ns() - took;
    done = true;
    return end(p, atoms::normal);
  });
  w.group->start();
  const Spawned other = w.start(nullptr, {Term::small(pong)});
  w.start(nullptr, {Term::small(ping), other.pid, Term::small(0)});
  wait_for(done);
  std::printf("ping-pong: %.0f ns per round trip\n", static_cast<double>(took) / static_cast<double>(rounds));
}

TEST(Processes, OrderPerPairAndNothingLost) {
  World w(3);
  constexpr SWord kSenders = 8;
  const SWord each = scaled(5000);
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  const int sender = w.add([&](Process& p) {
    for (int burst = 0; burst < 50; burst++) {
      const SWord n = E::number(p, 3);
      if (n == each) return end(p, atoms::normal);
      send(p, E::reg(p, 1), term::Tuple::make(p.heap, E::reg(p, 2), Term::small(n)));
      E::reg(p, 3) = Term::small(n + 1);
    }
    p.collect(p.saved_registers, p.live, 0);
    return Stop::Yielded;
  });
  std::vector<SWord> next(kSenders, 0);
  SWord total = 0;
  const int sink = w.add([&](Process& p) {
    bool ended = false;
    for (int burst = 0; burst < 500; burst++) {
      const Term m = receive(p, &ended);
      if (!m.is_value()) return Stop::Waiting;
      const term::Tuple t = term::Tuple::from(m);
      SWord& expected = next[static_cast<std::size_t>(t[0].small_value())];
      if (t[1].small_value() != expected) wrong++;
      expected = t[1].small_value() + 1;
      if (++total == kSenders * each) {
        done = true;
        return end(p, atoms::normal);
      }
    }
    p.collect(p.saved_registers, p.live, 0);
    return Stop::Yielded;
  });
  w.group->start();
  const Spawned to = w.start(nullptr, {Term::small(sink)});
  for (SWord i = 0; i < kSenders; i++) w.start(nullptr, {Term::small(sender), to.pid, Term::small(i), Term::small(0)});
  wait_for(done);
  EXPECT_EQ(wrong.load(), 0);
}

// Every child that is spawned with a monitor gives exactly one 'DOWN', with its reason.
TEST(Processes, SpawnMonitorExit) {
  World w(2);
  const SWord count = scaled(20000);
  std::atomic<bool> done{false};
  std::atomic<std::int64_t> took{0};
  std::atomic<int> wrong{0};
  const int child = w.add([](Process& p) { return end(p, E::reg(p, 1)); });
  const int parent = w.add([&](Process& p) {
    bool ended = false;
    if (E::number(p, 1) == 0) took = os::monotonic_ns();
    for (int burst = 0; burst < 100; burst++) {
      const SWord started = E::number(p, 1);
      const SWord downs = E::number(p, 2);
      if (started < count && started - downs < 1000) {
        SpawnOptions o;
        o.monitor = true;
        w.start(&p, {Term::small(child), Term::small(started)}, o);
        E::reg(p, 1) = Term::small(started + 1);
        continue;
      }
      const Term m = receive(p, &ended);
      if (!m.is_value()) return Stop::Waiting;
      const term::Tuple t = term::Tuple::from(m);
      if (t.size() != 5 || t[0] != atoms::DOWN || t[2] != atoms::process || !t[4].is_small()) wrong++;
      E::reg(p, 2) = Term::small(downs + 1);
      if (downs + 1 == count) {
        took = os::monotonic_ns() - took;
        done = true;
        return end(p, atoms::normal);
      }
    }
    p.collect(p.saved_registers, p.live, 0);
    return Stop::Yielded;
  });
  w.group->start();
  w.start(nullptr, {Term::small(parent), Term::small(0), Term::small(0)});
  wait_for(done);
  EXPECT_EQ(wrong.load(), 0);
  std::printf("spawn, monitor, exit, DOWN: %.0f ns\n", static_cast<double>(took) / static_cast<double>(count));
}

// Processes link to, unlink from and kill each other at random; a supervisor replaces the dead until enough have died. Each death is
// reported once by a monitor and the table is empty in the end.
TEST(Processes, LinkAndKillStorm) {
  World w(3);
  const SWord deaths = scaled(5000);
  constexpr SWord kPopulation = 60;
  std::atomic<bool> done{false};
  std::atomic<bool> stopping{false};
  std::atomic<int> wrong{0};
  std::vector<std::atomic<Word>> pids(kPopulation);
  for (auto& p : pids) p.store(0);
  const int worker = w.add([&](Process& p) {
    bool ended = false;
    thread_local std::uint64_t random = 88172645463325252;
    const auto next = [&] {
      random ^= random << 13;
      random ^= random >> 7;
      random ^= random << 17;
      return random;
    };
    if (next() % 16 == 0) p.flags = p.flags ^ Process::kTrapExit;
    for (int i = 0; i < 8; i++) {
      const Word bits = pids[next() % kPopulation].load();
      if (bits == 0) continue;
      const Term other = Term::from_bits(bits);
      switch (next() % 6) {
        case 0: link(p, other); break;
        case 1: unlink(p, other); break;
        case 2: {
          const Term ref = monitor(p, MonitorKind::Process, other, term::kNil, {});
          if (next() % 2) demonitor(p, ref, next() % 2);
          break;
        }
        case 3:
          if (next() % 4 == 0) send_exit(p, other, next() % 2 ? atoms::kill : atoms::error);
          break;
        default: send(p, other, term::Tuple::make(p.heap, p.pid, other)); break;
      }
    }
    for (int i = 0; i < 64; i++) {
      const Term m = receive(p, &ended);
      if (ended) return Stop::Ended;
      if (!m.is_value()) break;
      if (!m.is_tuple()) wrong++;
    }
    if (stopping) return end(p, atoms::normal);
    if (next() % 64 == 0) return end(p, atoms::error);
    p.collect(p.saved_registers, p.live, 0);
    return Stop::Yielded;
  });
  const int keeper = w.add([&](Process& p) {
    bool ended = false;
    const auto start = [&](SWord i) {
      SpawnOptions o;
      o.monitor = true;
      const Spawned s = w.start(&p, {Term::small(worker)}, o);
      pids[static_cast<std::size_t>(i)].store(s.pid.bits());
      E::reg(p, 2) = Term::small(E::number(p, 2) + 1);
    };
    if (E::number(p, 1) == 0 && E::number(p, 2) == 0)
      for (SWord i = 0; i < kPopulation; i++) start(i);
    for (int burst = 0; burst < 100; burst++) {
      const Term m = receive(p, &ended);
      if (ended) {
        wrong++;  // nobody knows the keeper
        done = true;
        return Stop::Ended;
      }
      if (!m.is_value()) return Stop::Waiting;
      const term::Tuple t = term::Tuple::from(m);
      if (t.size() != 5 || t[0] != atoms::DOWN) {
        wrong++;
        continue;
      }
      E::reg(p, 1) = Term::small(E::number(p, 1) + 1);
      if (E::number(p, 1) >= deaths) stopping = true;
      if (stopping && E::number(p, 1) == E::number(p, 2)) {
        done = true;
        return end(p, atoms::normal);
      }
      if (stopping) continue;
      for (SWord i = 0; i < kPopulation; i++)
        if (pids[static_cast<std::size_t>(i)].load() == t[3].bits()) start(i);
    }
    p.collect(p.saved_registers, p.live, 0);
    return Stop::Yielded;
  });
  w.group->start();
  w.start(nullptr, {Term::small(keeper), Term::small(0), Term::small(0)});
  wait_for(done);
  for (int i = 0; i < 1000 && w.processes.count() > 0; i++) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(w.processes.count(), 0u);
  EXPECT_EQ(wrong.load(), 0);
}

// Timers set, cancelled and read by one process while they fire: each gives its message or the time that was left, never both.
TEST(Processes, TimersFireOrAreCancelled) {
  World w(2);
  const SWord count = scaled(2000);
  std::atomic<bool> done{false};
  std::atomic<SWord> fired{0}, cancelled{0};
  const int owner = w.add([&](Process& p) {
    bool ended = false;
    while (E::number(p, 1) < count) {
      const SWord i = E::number(p, 1);
      E::reg(p, 1) = Term::small(i + 1);
      const Term ref = start_timer(p, {monotonic_ns() + (i % 5) * 1'000'000, p.pid, Term::small(i), i % 2 == 0}, p.heap);
      if (i % 3 == 0 && cancel_timer(*p.runtime, ref) >= 0) cancelled++;
      if (i % 100 == 99) {
        p.collect(p.saved_registers, p.live, 0);
        return Stop::Yielded;
      }
    }
    for (;;) {
      const Term m = receive(p, &ended);
      if (!m.is_value()) break;
      fired++;
    }
    if (fired + cancelled == count) {
      done = true;
      return end(p, atoms::normal);
    }
    return Stop::Waiting;
  });
  w.group->start();
  w.start(nullptr, {Term::small(owner), Term::small(0)});
  wait_for(done);
  EXPECT_EQ(fired + cancelled, count);
}

}  // namespace
}  // namespace vm::proc::testing
