// SPDX-License-Identifier: Apache-2.0
//
// What the files of SchedulerGroup share: workers (M), schedulers (P), dirty pools, and the group's state. scheduler.cpp runs slices, watcher.cpp is the
// watcher, dirty_pools.cpp the pools, scheduler_group.cpp the rest of the public side.
//
// Rules. 1. A worker sets its idle bit, then looks at every queue once more, then sleeps; who enqueues stores the length, then looks at the idle bits.
// Both sides are sequentially consistent, so one of them sees the other. 2. Nobody is woken while a worker searches or
// is on its way up (`searching`); a searcher that finds work wakes the next if more waits. 3. A lone runnable in the queue of a busy scheduler is left to it for kPatienceUs:
// moving it costs more than waiting. 4. Whoever clears an idle bit must set that worker's wake-up.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <utility>

#include "base/assert.h"
#include "os/clock.h"
#include "os/thread.h"
#include "sched/cpu_binding.h"
#include "sched/run_queue_internal.h"
#include "sched/scheduler.h"
#include "sync/epoch.h"
#include "sync/mutex.h"

namespace vm::sched {

inline constexpr std::uint64_t kNever = ~std::uint64_t{0};
inline constexpr unsigned kMaxSchedulers = 1024;
inline constexpr std::uint64_t kSpinUs = 20;
inline constexpr std::uint64_t kPatienceUs = 10;
inline constexpr std::uint64_t kLookAroundUs = 200;                                                       // timers and I/O while busy
inline constexpr std::int64_t kTickNs = 5'000'000, kBusyTickNs = 2'000'000, kSuspiciousTickNs = 500'000;  // of the watcher
inline constexpr std::int64_t kLongCallNs = 1'000'000;
inline constexpr std::int64_t kSuspiciousForNs = 10'000'000;  // where one long call was, others may follow
inline constexpr std::int64_t kStarvingNs = 10'000'000;       // without a turn for what is less urgent: others take it over
inline constexpr std::int64_t kBalanceNs = 50'000'000;        // between two looks at the lengths of queues
inline constexpr std::size_t kUnbalanced = 2;                 // and an eighth of the shorter queue: not worth moving
inline constexpr std::int64_t kBindingsNs = 1'000'000'000;    // until bindings asked for at the start must be there
inline constexpr unsigned kSpareWorkers = 64;                 // threads beyond one per scheduler, at most
inline constexpr unsigned kQuietTicks = 20;                   // without work until it sleeps too

// Ticks by what they went to. One writer: who drives the scheduler, or the thread.
struct Spent {
  sync::Relaxed<std::uint64_t> busy = 0, collecting = 0, ports = 0, sleeping = 0, polling = 0, timers = 0;
  sync::Relaxed<std::uint64_t> sleeping_since = 0;
  static void add(sync::Relaxed<std::uint64_t>& to, std::uint64_t ticks) { to = to.get() + ticks; }
  // At the end of a slice, which is busy as a whole.
  void take_parts(Scheduler& scheduler) {
    if (scheduler.collecting_ticks) add(collecting, std::exchange(scheduler.collecting_ticks, 0));
    if (scheduler.port_ticks) add(ports, std::exchange(scheduler.port_ticks, 0));
  }
  // After something else than a slice, in which ports may have had work: the rest of it is `to`'s.
  void add_but_ports(sync::Relaxed<std::uint64_t>& to, std::uint64_t ticks, Scheduler& scheduler) {
    const std::uint64_t on_ports = std::min(std::exchange(scheduler.port_ticks, 0), ticks);
    add(ports, on_ports);
    add(busy, on_ports);
    add(to, ticks - on_ports);
  }
};

// A moment on both clocks, to translate ticks exactly.
struct Moment {
  std::uint64_t ticks = os::cheap_ticks();
  std::int64_t ns = os::monotonic_ns();
};

inline ThreadTimes times_of(const Spent& s, const Moment& since, std::uint64_t running_since) {
  const Moment here;
  const std::uint64_t now = here.ticks;
  const double ns_per_tick = static_cast<double>(here.ns - since.ns) / static_cast<double>(std::max<std::uint64_t>(1, now - since.ticks));
  auto ns = [ns_per_tick](std::uint64_t ticks) { return static_cast<std::uint64_t>(static_cast<double>(ticks) * ns_per_tick); };
  ThreadTimes t;
  t.total = static_cast<std::uint64_t>(here.ns - since.ns);
  t.busy = ns(s.busy + (running_since && now > running_since ? now - running_since : 0));
  t.collecting = ns(s.collecting);
  t.ports = ns(s.ports);
  const std::uint64_t asleep_since = s.sleeping_since;
  t.sleeping = ns(s.sleeping + (asleep_since && now > asleep_since ? now - asleep_since : 0));
  t.polling = ns(s.polling);
  t.timers = ns(s.timers);
  return t;
}

struct SchedulerAccess;

// M: a thread and what it shows as Scheduler::current. Never freed while the group lives.
struct Worker {
  Scheduler scheduler;
  SchedulerAccess* access = nullptr;  // what it drives; under handoff_lock when it changes
  std::atomic<bool> moving{false};    // outside of a safe point: rules of stop_the_world
  // Taking a scheduler from a worker. The worker: in_slice = false, then look at claimed. The watcher: claimed = true, a barrier on all threads, then
  // look at in_slice. If the watcher sees a slice, its worker sees the claim at the end of it; then handoff_lock tells who drives.
  std::atomic<std::uint64_t> in_slice{0};  // 0 or the cheap ticks when it began
  std::atomic<bool> claimed{false};
  bool has_queued = false;  // its slice has put something into a queue; its own thread's
  os::Wakeup handed;        // a spare one sleeps here
  os::Thread thread;
  int bound_cpu = -1;      // what its thread is bound to; its own, or the watcher's while that takes its scheduler away
  Worker* next = nullptr;  // in Impl::workers; fixed once it is there

  void set(unsigned id, SchedulerGroup* group) {
    scheduler.id_ = id;
    scheduler.group_ = group;
    scheduler.worker_ = this;
  }
  // Its number is that of the scheduler it drives.
  void set_id(unsigned id) { scheduler.id_ = id; }
  static Worker* of(const Scheduler* s) { return s ? s->worker_ : nullptr; }
};

// P: queues, and who drives it.
struct SchedulerAccess {
  unsigned id = 0;  // 1-based
  std::atomic<Worker*> driver{nullptr};
  RunQueue queue;
  std::atomic<std::uint64_t> slices{0};
  Spent spent;
  os::Wakeup wakeup;
  std::uint64_t look_around_at = 0;
  std::atomic<bool> check_binding{false};  // who drives it is to look where it should be bound
  std::atomic<std::uint64_t> random{0};
  // What a thief saw of this scheduler (any thread; a hint).
  std::atomic<std::uint64_t> watched_slices{~std::uint64_t{0}};
  std::atomic<std::uint64_t> watched_since{0};
  // The watcher's: slices when it last came by, since when they are as many.
  std::uint64_t long_slices = 0;
  std::int64_t long_since_ns = 0;
  // The watcher's, for each level of urgency: the queue's pops when it last came by, since when they are as many while work waits (0: they move).
  struct {
    std::uint32_t pops = 0;
    std::int64_t starving_since_ns = 0;
  } levels[RunQueue::kLevels];
  unsigned lowest_served = RunQueue::kLevels;  // between its last two visits; kLevels: nothing was taken

  static void set(Scheduler& s, unsigned id, SchedulerGroup* group, bool dirty) {
    s.id_ = id;
    s.group_ = group;
    s.dirty_ = dirty;
  }
  static void set_current(Scheduler* s) { Scheduler::current_ = s; }
};

struct DirtyThread {
  Spent spent;
  std::atomic<std::uint64_t> in_slice{0};
};

struct DirtyQueue {
  sync::Mutex lock{sync::LockRank::DirtyQueue};
  std::condition_variable_any ready;
  std::deque<Runnable*> queues[4];  // by priority
  std::size_t waiting = 0;          // in all of them
  unsigned low_turns = 0;           // taken ahead of a low one
  unsigned limit = 0;               // threads
  unsigned online = 0;              // of them at work at a time
  unsigned running = 0;
  bool blocked = false;
  unsigned first_id = 0;           // of its threads, in order of their making
  std::deque<DirtyThread> states;  // of all threads that there may be
  unsigned threads = 0;
  unsigned idle = 0;
  unsigned starting = 0;  // of threads: made and not yet at the queue
  std::atomic<std::size_t> length{0};
  std::deque<os::Thread> handles;
  bool may_take() const { return waiting > 0 && !blocked && running < online; }
  void push(Runnable& r);
  // Who comes next among those that wait, in the order of ordinary schedulers.
  Runnable* take();
  Runnable* take_at(std::size_t index);
};

struct SchedulerGroup::Impl {
  Config config;
  Hooks hooks;
  SchedulerGroup* self = nullptr;
  std::vector<std::unique_ptr<SchedulerAccess>> all;
  std::atomic<Worker*> workers{nullptr};  // all that were ever made: a list that grows at its head, under handoff_lock once started
  std::int64_t last_hand_off_ns = 0;      // the watcher's
  unsigned spare_limit = kSpareWorkers;   // how many more may be made; under handoff_lock
  std::mutex handoff_lock;
  std::vector<Worker*> spares;  // under handoff_lock
  std::atomic<std::uint64_t> long_calls{0};
  std::atomic<unsigned> long_calls_now{0};  // under way; written under handoff_lock
  std::atomic<unsigned> online{1};          // that may run: 1 while the others are blocked
  // While everybody but scheduler 1 is blocked its worker does the dirty pools' work, too, in turn with its own: Scheduler objects lent for that, by pool.
  std::atomic<bool> dirty_here{false};
  Scheduler lent[2];
  unsigned dirty_turns = 0;
  std::mutex online_lock;
  unsigned wanted_online = 1;  // under online_lock, as is blocked
  Blocked blocked = Blocked::None;
  Moment made_at;
  std::atomic<std::uint64_t> idle[kMaxSchedulers / 64] = {};
  std::atomic<int> searching{0};
  std::atomic<bool> stopping{false};
  std::atomic<unsigned> round_robin{0};
  bool started = false;

  std::atomic<bool> polling{false};                      // some worker sleeps inside poll_io
  std::atomic<unsigned> poller{~0u};                     // its index
  std::atomic<std::int64_t> keeper_deadline{INT64_MAX};  // earliest time-out of a sleeper

  std::mutex world_lock;
  std::condition_variable world_changed;
  std::atomic<bool> world_stopped{false};
  const void* world_owner = nullptr;

  DirtyQueue dirty[2];

  // The watcher: calls hooks.tick. When all workers sleep and the hook wants no more, it sleeps until a worker wakes up.
  os::Thread watcher;
  os::Wakeup watcher_wakeup;
  std::atomic<bool> watcher_asleep{false};

  // --- idle bits (rule 4)
  void mark_idle(unsigned i) { idle[i / 64].fetch_or(std::uint64_t{1} << (i & 63), std::memory_order_seq_cst); }
  bool take_idle(unsigned i) {
    const std::uint64_t bit = std::uint64_t{1} << (i & 63);
    return (idle[i / 64].load(std::memory_order_seq_cst) & bit) && (idle[i / 64].fetch_and(~bit, std::memory_order_seq_cst) & bit);
  }
  bool any_idle() const {
    for (unsigned i = 0; i * 64 < all.size(); i++)
      if (idle[i].load(std::memory_order_seq_cst)) return true;
    return false;
  }
  void rouse(unsigned i) {
    all[i]->wakeup.set();
    if (poller.load(std::memory_order_seq_cst) == i && hooks.interrupt_poll) hooks.interrupt_poll(hooks.context);
  }
  // Wakes one sleeper that may run. Answers false when none sleeps.
  bool wake_one() {
    const unsigned n = online.load(std::memory_order_relaxed);
    for (unsigned w = 0; w * 64 < n; w++) {
      std::uint64_t bits = idle[w].load(std::memory_order_seq_cst);
      while (bits) {
        const unsigned i = w * 64 + static_cast<unsigned>(__builtin_ctzll(bits));
        bits &= bits - 1;
        if (i < n && take_idle(i)) {
          searching.fetch_add(1, std::memory_order_seq_cst);
          rouse(i);
          return true;
        }
      }
    }
    return false;
  }
  // Wakes all that sleep, whether they may run or not.
  void rouse_all() {
    for (unsigned i = 0; i < all.size(); i++) {
      if (take_idle(i)) {
        searching.fetch_add(1, std::memory_order_seq_cst);
        rouse(i);
      }
    }
  }
  void wake_for_work() {
    if (searching.load(std::memory_order_seq_cst) == 0 && any_idle()) wake_one();
  }

  // Where r may run, when it would go to scheduler i.
  static unsigned place_for(const Runnable& r, unsigned i) {
    const unsigned home = r.home.load(std::memory_order_relaxed);
    return VM_LIKELY(home == 0) ? i : home - 1;
  }
  // Nobody else need be woken for it, and where its scheduler is not to run it waits until it is.
  void push_home(SchedulerAccess& s, Runnable& r) {
    s.queue.push_home(r);
    if (Scheduler::current() == &s.driver.load(std::memory_order_relaxed)->scheduler || !take_idle(s.id - 1)) return;
    searching.fetch_add(1, std::memory_order_seq_cst);
    rouse(s.id - 1);
  }
  void push_to(unsigned i, Runnable& r, bool moved = false) {
    SchedulerAccess& s = *all[place_for(r, i)];
    if (VM_UNLIKELY(r.home.load(std::memory_order_relaxed) != 0) && !config.seed) return push_home(s, r);
    i = s.id - 1;
    using How = RunQueue::How;
    const std::size_t n = s.queue.push(r, moved ? How::Moved : config.shuffle && (next_random(s) & 1) ? How::AtFront : How::AtEnd);
    if (Scheduler::current() == &s.driver.load(std::memory_order_relaxed)->scheduler) {
      if (n >= 2 || s.queue.has_next()) wake_for_work();
      return;
    }
    if (take_idle(i)) {
      searching.fetch_add(1, std::memory_order_seq_cst);
      rouse(i);
    } else {
      wake_for_work();
    }
  }

  static std::uint64_t next_random(SchedulerAccess& s) {
    std::uint64_t x = s.random.load(std::memory_order_relaxed);
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    s.random.store(x, std::memory_order_relaxed);
    return x;
  }

  unsigned pick_any() {
    const unsigned n = online.load(std::memory_order_relaxed);
    for (unsigned w = 0; w * 64 < n; w++) {
      const std::uint64_t bits = idle[w].load(std::memory_order_relaxed);
      if (bits) {
        const unsigned i = w * 64 + static_cast<unsigned>(__builtin_ctzll(bits));
        if (i < n) return i;
      }
    }
    return round_robin.fetch_add(1, std::memory_order_relaxed) % n;
  }

  bool all_idle() const {
    for (unsigned i = 0; i < all.size(); i++)
      if (!(idle[i / 64].load(std::memory_order_seq_cst) & std::uint64_t{1} << (i & 63))) return false;
    return true;
  }
  void watch();
  void wake_watcher() {
    if (VM_UNLIKELY(watcher_asleep.load(std::memory_order_seq_cst)) && watcher_asleep.exchange(false, std::memory_order_seq_cst))
      watcher_wakeup.set();
  }

  // --- worker
  void work(Worker& w);
  void drive(Worker& w);
  bool await_handoff(Worker& w);
  void end_lost_slice(Worker& w, Runnable& r, After after);
  bool lost(Worker& w);
  bool look_for_long_calls(std::int64_t now);
  void balance(std::int64_t now);
  void note_served(std::int64_t now);
  void relieve(std::int64_t now);
  void share_urgent();
  void even_out();
  void give(SchedulerAccess& from, Priority priority, std::size_t n, const std::vector<unsigned>& to);
  std::int64_t balanced_ns = 0;  // the watcher's
  void hand_off(SchedulerAccess& p);
  void count_long_calls_locked(int change);
  Worker* make_worker(unsigned id);
  bool start_worker(Worker& w, bool must);
  void drive_seeded(Worker& w);
  bool run_dirty_here(Worker& w, bool idle);
  Runnable* take_dirty(DirtyQueue& q);
  bool idle_seeded(Worker& w);
  Runnable* find(SchedulerAccess& me);
  Runnable* search(SchedulerAccess& me);
  Runnable* steal(SchedulerAccess& me);
  void sleep(SchedulerAccess& me);
  void look_around(SchedulerAccess& me, std::uint64_t now);
  bool work_exists(const SchedulerAccess& me) const;
  void await_bindings() const;
  void settle_binding(Worker& w, SchedulerAccess& p);
  void safe_point(Worker& w);
  void stop_moving(Worker& w);
  void resume_moving(Worker& w);
  void dirty_work(DirtyQueue& q, unsigned number);
  void grow_if_needed(DirtyQueue& q);
  void apply_online_locked();
};

struct WorkerStart {
  SchedulerGroup::Impl* impl;
  Worker* worker;
  DirtyQueue* dirty;
  unsigned number = 0;  // of a dirty thread in its pool
};

}  // namespace vm::sched
