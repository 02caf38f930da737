// SPDX-License-Identifier: Apache-2.0
//
// Rules. 1. A worker sets its idle bit, then looks at every queue once more, then sleeps; who enqueues stores the length, then looks at the idle bits.
// Both sides are sequentially consistent, so one of them sees the other. 2. Nobody is woken while a worker searches or
// is on its way up (`searching`); a searcher that finds work wakes the next if more waits. 3. A lone runnable in the queue of a busy scheduler is left to it for kPatienceUs:
// moving it costs more than waiting. 4. Whoever clears an idle bit must set that worker's wake-up.
#include "sched/scheduler.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>

#include "base/assert.h"
#include "os/clock.h"
#include "os/thread.h"
#include "sched/run_queue_internal.h"
#include "sync/epoch.h"
#include "sync/mutex.h"

namespace vm::sched {
namespace {

constexpr std::uint64_t kNever = ~std::uint64_t{0};
constexpr unsigned kMaxSchedulers = 1024;
constexpr std::uint64_t kSpinUs = 20;
constexpr std::uint64_t kPatienceUs = 10;
constexpr std::uint64_t kLookAroundUs = 200;                                                       // timers and I/O while busy
constexpr std::int64_t kTickNs = 5'000'000, kBusyTickNs = 2'000'000, kSuspiciousTickNs = 500'000;  // of the watcher
constexpr std::int64_t kLongCallNs = 1'000'000;
constexpr std::int64_t kSuspiciousForNs = 10'000'000;  // where one long call was, others may follow
constexpr std::int64_t kStarvingNs = 10'000'000;       // without a turn for what is not urgent: others take it over
constexpr std::int64_t kBalanceNs = 50'000'000;        // between two looks at the lengths of queues
constexpr std::size_t kUnbalanced = 8;                 // not worth moving
constexpr unsigned kSpareWorkers = 64;                 // threads beyond one per scheduler, at most
constexpr unsigned kQuietTicks = 20;                   // without work until it sleeps too

}  // namespace

namespace {

// Ticks by what they went to. One writer: who drives the scheduler, or the thread.
struct Spent {
  sync::Relaxed<std::uint64_t> busy = 0, collecting = 0, sleeping = 0, polling = 0, timers = 0;
  sync::Relaxed<std::uint64_t> sleeping_since = 0;
  static void add(sync::Relaxed<std::uint64_t>& to, std::uint64_t ticks) { to = to.get() + ticks; }
};

// A moment on both clocks, to translate ticks exactly.
struct Moment {
  std::uint64_t ticks = os::cheap_ticks();
  std::int64_t ns = os::monotonic_ns();
};

ThreadTimes times_of(const Spent& s, const Moment& since, std::uint64_t running_since) {
  const Moment here;
  const std::uint64_t now = here.ticks;
  const double ns_per_tick = static_cast<double>(here.ns - since.ns) / static_cast<double>(std::max<std::uint64_t>(1, now - since.ticks));
  auto ns = [ns_per_tick](std::uint64_t ticks) { return static_cast<std::uint64_t>(static_cast<double>(ticks) * ns_per_tick); };
  ThreadTimes t;
  t.total = static_cast<std::uint64_t>(here.ns - since.ns);
  t.busy = ns(s.busy + (running_since && now > running_since ? now - running_since : 0));
  t.collecting = ns(s.collecting);
  const std::uint64_t asleep_since = s.sleeping_since;
  t.sleeping = ns(s.sleeping + (asleep_since && now > asleep_since ? now - asleep_since : 0));
  t.polling = ns(s.polling);
  t.timers = ns(s.timers);
  return t;
}

}  // namespace

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
  os::Wakeup handed;  // a spare one sleeps here
  os::Thread thread;
  Worker* next = nullptr;  // in Impl::workers; fixed once it is there

  void set(unsigned id, SchedulerGroup* group) {
    scheduler.id_ = id;
    scheduler.group_ = group;
    scheduler.worker_ = this;
  }
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
  std::atomic<std::uint64_t> random{0};
  // What a thief saw of this scheduler (any thread; a hint).
  std::atomic<std::uint64_t> watched_slices{~std::uint64_t{0}};
  std::atomic<std::uint64_t> watched_since{0};
  // The watcher's: slices when it last came by, since when they are as many.
  std::uint64_t long_slices = 0;
  std::int64_t long_since_ns = 0;
  // The watcher's: the queue's ordinary_pops when it last came by, since when they are as many while work waits (0: they move).
  std::uint32_t ordinary_pops = 0;
  std::int64_t starving_since_ns = 0;

  static void set(Scheduler& s, unsigned id, SchedulerGroup* group, bool dirty) {
    s.id_ = id;
    s.group_ = group;
    s.dirty_ = dirty;
  }
  static void set_current(Scheduler* s) { Scheduler::current_ = s; }
};

namespace {

struct DirtyThread {
  Spent spent;
  std::atomic<std::uint64_t> in_slice{0};
};

struct DirtyQueue {
  sync::Mutex lock{sync::LockRank::DirtyQueue};
  std::condition_variable_any ready;
  std::deque<Runnable*> queue;
  unsigned limit = 0;   // threads
  unsigned online = 0;  // of them at work at a time
  unsigned running = 0;
  bool blocked = false;
  unsigned first_id = 0;           // of its threads, in order of their making
  std::deque<DirtyThread> states;  // of all threads that there may be
  unsigned threads = 0;
  unsigned idle = 0;
  std::atomic<std::size_t> length{0};
  std::deque<os::Thread> handles;
  bool may_take() const { return !queue.empty() && !blocked && running < online; }
};

}  // namespace

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
  std::atomic<unsigned> online{1};  // that may run: 1 while the others are blocked
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
  void wake_for_work() {
    if (searching.load(std::memory_order_seq_cst) == 0 && any_idle()) wake_one();
  }

  void push_to(unsigned i, Runnable& r) {
    SchedulerAccess& s = *all[i];
    const bool front = config.shuffle && (next_random(s) & 1);
    const std::size_t n = s.queue.push(r, front);
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
  void spread(SchedulerAccess& from, std::size_t n, const std::vector<unsigned>& to);
  std::int64_t balanced_ns = 0;  // the watcher's
  void hand_off(SchedulerAccess& p);
  Worker* make_worker(unsigned id);
  bool start_worker(Worker& w, bool must);
  Runnable* find(SchedulerAccess& me);
  Runnable* search(SchedulerAccess& me);
  Runnable* steal(SchedulerAccess& me);
  void sleep(SchedulerAccess& me);
  void look_around(SchedulerAccess& me, std::uint64_t now);
  bool work_exists(const SchedulerAccess& me) const;
  void safe_point(Worker& w);
  void resume_moving(Worker& w);
  void dirty_work(DirtyQueue& q, unsigned number);
  void apply_online_locked();
};

namespace {

struct WorkerStart {
  SchedulerGroup::Impl* impl;
  Worker* worker;
  DirtyQueue* dirty;
  unsigned number = 0;  // of a dirty thread in its pool
};

}  // namespace

// ------------------------------------------------------------------------------------------------------------- stop the world

// Waits while the world is stopped.
void SchedulerGroup::Impl::resume_moving(Worker& me) {
  for (;;) {
    me.moving.store(true, std::memory_order_seq_cst);
    if (VM_LIKELY(!world_stopped.load(std::memory_order_seq_cst))) return;
    me.moving.store(false, std::memory_order_seq_cst);
    std::unique_lock<std::mutex> lock(world_lock);
    world_changed.notify_all();
    world_changed.wait(lock, [&] { return !world_stopped.load(); });
  }
}

void SchedulerGroup::Impl::safe_point(Worker& me) {
  if (VM_LIKELY(!world_stopped.load(std::memory_order_relaxed))) return;
  sync::Epoch::enter_sleep();
  me.moving.store(false, std::memory_order_seq_cst);
  resume_moving(me);
  sync::Epoch::leave_sleep();
}

void SchedulerGroup::stop_the_world(const std::function<void()>& f) {
  Impl& m = *impl_;
  Scheduler* current = Scheduler::current();
  Worker* me = Worker::of(current);
  if (me) me->moving.store(false, std::memory_order_seq_cst);
  std::unique_lock<std::mutex> lock(m.world_lock);
  m.world_changed.notify_all();
  m.world_changed.wait(lock, [&] { return m.world_owner == nullptr; });
  m.world_owner = &lock;
  m.world_stopped.store(true, std::memory_order_seq_cst);
  // Who is made from here on sees world_stopped before its first slice.
  for (Worker* w = m.workers.load(std::memory_order_seq_cst); w; w = w->next) {
    while (w->moving.load(std::memory_order_seq_cst)) m.world_changed.wait_for(lock, std::chrono::microseconds(50));
  }
  f();
  m.world_owner = nullptr;
  m.world_stopped.store(false, std::memory_order_seq_cst);
  m.world_changed.notify_all();
  lock.unlock();
  if (me) m.resume_moving(*me);
}

// --------------------------------------------------------------------------------------------------------------------- workers

bool SchedulerGroup::Impl::work_exists(const SchedulerAccess& me) const {
  if (!me.queue.empty()) return true;
  for (const auto& s : all) {
    // Rule 3: a busy scheduler's lone runnable is not ours to worry about, unless nobody drives it.
    const std::size_t n = s->queue.length();
    if (n >= 2 || (n >= 1 && s->queue.has_next())) return true;
    if (!s->queue.empty() && s->id > online.load(std::memory_order_relaxed)) return true;
  }
  return false;
}

Runnable* SchedulerGroup::Impl::steal(SchedulerAccess& me) {
  const auto n = static_cast<unsigned>(all.size());
  if (n == 1) return nullptr;
  const auto first = static_cast<unsigned>(next_random(me) % n);
  for (unsigned k = 0; k < n; k++) {
    SchedulerAccess& victim = *all[(first + k) % n];
    if (&victim == &me || victim.queue.empty()) continue;
    bool single = victim.id > online.load(std::memory_order_relaxed);
    if (!single && victim.queue.length() < 2) {
      // Rule 3: only when it has not switched for a while.
      const std::uint64_t now = os::cheap_ticks();
      const std::uint64_t slices_now = victim.slices.load(std::memory_order_relaxed);
      if (victim.watched_slices.load(std::memory_order_relaxed) != slices_now) {
        victim.watched_slices.store(slices_now, std::memory_order_relaxed);
        victim.watched_since.store(now, std::memory_order_relaxed);
        continue;
      }
      if (now - victim.watched_since.load(std::memory_order_relaxed) < kPatienceUs * os::cheap_ticks_per_us()) continue;
      single = true;
    }
    if (Runnable* r = victim.queue.steal(me.queue, single)) return r;
  }
  return nullptr;
}

// Timers and I/O, at most every kLookAroundUs.
void SchedulerGroup::Impl::look_around(SchedulerAccess& me, std::uint64_t now) {
  if (VM_LIKELY(now < me.look_around_at)) return;
  if (now != kNever) me.look_around_at = now + kLookAroundUs * os::cheap_ticks_per_us();
  std::uint64_t begin = os::cheap_ticks();
  if (hooks.run_timers) {
    hooks.run_timers(hooks.context, me.driver.load(std::memory_order_relaxed)->scheduler);
    const std::uint64_t end = os::cheap_ticks();
    Spent::add(me.spent.timers, end - begin);
    begin = end;
  }
  if (hooks.poll_io && !polling.exchange(true, std::memory_order_seq_cst)) {
    hooks.poll_io(hooks.context, 0);
    polling.store(false, std::memory_order_seq_cst);
    Spent::add(me.spent.polling, os::cheap_ticks() - begin);
  }
}

// Spins for a while over everything that can bring work.
Runnable* SchedulerGroup::Impl::search(SchedulerAccess& me) {
  const std::uint64_t end = os::cheap_ticks() + kSpinUs * os::cheap_ticks_per_us();
  std::uint64_t now = 0;
  do {
    look_around(me, kNever);
    if (Runnable* r = me.queue.pop()) return r;
    if (Runnable* r = steal(me)) return r;
    if (stopping.load(std::memory_order_relaxed) || world_stopped.load(std::memory_order_relaxed)) return nullptr;
    for (int i = 0; i < 40; i++) os::cpu_relax();
    now = os::cheap_ticks();
  } while (all.size() > 1 && now < end);
  return nullptr;
}

// Something to run, or nullptr after a sleep (then the caller comes again).
Runnable* SchedulerGroup::Impl::find(SchedulerAccess& me) {
  if (me.id <= online.load(std::memory_order_relaxed)) {
    searching.fetch_add(1, std::memory_order_seq_cst);
    Runnable* r = search(me);
    searching.fetch_sub(1, std::memory_order_seq_cst);
    if (r) {
      if (work_exists(me)) wake_for_work();
      return r;
    }
    if (world_stopped.load(std::memory_order_relaxed)) return nullptr;
  }
  sleep(me);
  return nullptr;
}

void SchedulerGroup::Impl::sleep(SchedulerAccess& me) {
  const unsigned index = me.id - 1;
  const bool allowed = index < online.load(std::memory_order_relaxed);
  mark_idle(index);
  // Rule 1: look again. A worker beyond `online` only gives away what is in its queue.
  if ((allowed ? work_exists(me) : !me.queue.empty()) || stopping.load(std::memory_order_seq_cst)) {
    if (!take_idle(index)) {
      me.wakeup.wait(-1);  // somebody is about to set it
      searching.fetch_sub(1, std::memory_order_seq_cst);
    }
    return;
  }
  const std::uint64_t begin = os::cheap_ticks();
  me.spent.sleeping_since = begin;
  sync::Epoch::enter_sleep();
  Worker& w = *me.driver.load(std::memory_order_relaxed);
  w.moving.store(false, std::memory_order_seq_cst);
  if (world_stopped.load(std::memory_order_relaxed)) {
    std::lock_guard<std::mutex> lock(world_lock);
    world_changed.notify_all();
  }

  std::uint64_t wait_ns = kNever;
  std::int64_t deadline = INT64_MAX;
  if (allowed && (hooks.next_timer || hooks.run_timers)) {
    wait_ns = hooks.next_timer ? hooks.next_timer(hooks.context)
                               : hooks.run_timers(hooks.context, me.driver.load(std::memory_order_relaxed)->scheduler);
    if (wait_ns < std::uint64_t{1} << 62) {
      deadline = os::monotonic_ns() + static_cast<std::int64_t>(wait_ns);
      // Somebody who sleeps already comes back in time.
      std::int64_t kept = keeper_deadline.load(std::memory_order_seq_cst);
      while (deadline < kept && !keeper_deadline.compare_exchange_weak(kept, deadline, std::memory_order_seq_cst)) {
      }
      if (deadline >= kept && !(hooks.poll_io && !polling.load())) {
        deadline = INT64_MAX;
        wait_ns = kNever;
      }
    } else {
      wait_ns = kNever;
    }
  }
  bool woken = false;
  if (allowed && hooks.poll_io && !polling.exchange(true, std::memory_order_seq_cst)) {
    poller.store(index, std::memory_order_seq_cst);
    if (!me.wakeup.is_set()) hooks.poll_io(hooks.context, wait_ns);
    poller.store(~0u, std::memory_order_seq_cst);
    polling.store(false, std::memory_order_seq_cst);
  } else {
    woken = me.wakeup.wait(wait_ns == kNever ? -1 : static_cast<std::int64_t>(wait_ns));
  }
  if (deadline != INT64_MAX) {
    std::int64_t mine = deadline;
    keeper_deadline.compare_exchange_strong(mine, INT64_MAX, std::memory_order_seq_cst);
  }
  // Rule 4: if somebody took our bit, its set is there or about to come, and it counted us as searching.
  if (!take_idle(index)) {
    if (!woken) me.wakeup.wait(-1);
    searching.fetch_sub(1, std::memory_order_seq_cst);
  }
  wake_watcher();
  resume_moving(w);
  sync::Epoch::leave_sleep();
  me.spent.sleeping_since = 0;
  Spent::add(me.spent.sleeping, os::cheap_ticks() - begin);
  me.look_around_at = 0;
}

void SchedulerGroup::Impl::work(Worker& w) {
  SchedulerAccess::set_current(&w.scheduler);
  sync::Epoch::register_thread();
  if (hooks.thread_started) hooks.thread_started(hooks.context, &w.scheduler);
  resume_moving(w);
  bool driving = !lost(w);
  while (driving || await_handoff(w)) {
    drive(w);
    driving = false;
  }
  w.moving.store(false, std::memory_order_seq_cst);
  {
    std::lock_guard<std::mutex> lock(world_lock);
    world_changed.notify_all();
  }
  if (hooks.thread_ending) hooks.thread_ending(hooks.context);
  sync::Epoch::unregister_thread();
  SchedulerAccess::set_current(nullptr);
}

// Runs slices until the end of everything, or until the scheduler was taken away.
void SchedulerGroup::Impl::drive(Worker& w) {
  SchedulerAccess& me = *w.access;
  std::uint64_t begin = 0;  // of the slice that ended last; 0: none
  while (!stopping.load(std::memory_order_relaxed)) {
    sync::Epoch::quiescent();
    safe_point(w);
    const std::uint64_t now = os::cheap_ticks();
    if (begin) Spent::add(me.spent.busy, now - begin);
    begin = 0;
    look_around(me, now);
    Runnable* r = me.queue.pop();
    if (VM_UNLIKELY(me.id > online.load(std::memory_order_relaxed))) {  // what waits here must not wait for a thief
      for (; r; r = me.queue.pop()) self->enqueue(*r);
    }
    begin = now;
    if (!r) {
      r = find(me);
      begin = os::cheap_ticks();
    }
    if (!r) {
      begin = 0;
      continue;
    }
    me.slices.store(me.slices.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    w.scheduler.running.store(r, std::memory_order_relaxed);
    w.in_slice.store(begin, std::memory_order_release);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (VM_UNLIKELY(me.id > online.load(std::memory_order_relaxed))) {  // block() pays for the barrier between the two
      w.in_slice.store(0, std::memory_order_release);
      self->enqueue(*r);
      continue;
    }
    const After after = r->run(w.scheduler);
    w.scheduler.native_marker.store(nullptr, std::memory_order_relaxed);
    w.scheduler.running.store(nullptr, std::memory_order_relaxed);
    w.in_slice.store(0, std::memory_order_release);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (VM_UNLIKELY(w.claimed.load(std::memory_order_relaxed)) && lost(w)) {
      end_lost_slice(w, *r, after);
      return;
    }
    if (w.scheduler.collecting_ticks) {
      Spent::add(me.spent.collecting, w.scheduler.collecting_ticks);
      w.scheduler.collecting_ticks = 0;
    }
    if (after == After::Requeue) push_to(me.id - 1, *r);
  }
}

// Whether this worker drives nothing (any more).
bool SchedulerGroup::Impl::lost(Worker& w) {
  std::lock_guard<std::mutex> lock(handoff_lock);
  return w.access == nullptr;
}

void SchedulerGroup::Impl::end_lost_slice(Worker& w, Runnable& r, After after) {
  if (after == After::Requeue) self->enqueue(r);
  std::lock_guard<std::mutex> lock(handoff_lock);
  w.claimed.store(false, std::memory_order_relaxed);
  spares.push_back(&w);
}

// Sleeps as a spare worker until it gets a scheduler. False: the group stops.
bool SchedulerGroup::Impl::await_handoff(Worker& w) {
  sync::Epoch::quiescent();
  sync::Epoch::enter_sleep();
  w.moving.store(false, std::memory_order_seq_cst);
  if (world_stopped.load(std::memory_order_seq_cst)) {
    std::lock_guard<std::mutex> lock(world_lock);
    world_changed.notify_all();
  }
  bool driving = false;
  while (!driving && !stopping.load(std::memory_order_seq_cst)) {
    w.handed.wait(-1);
    std::lock_guard<std::mutex> lock(handoff_lock);
    driving = w.access != nullptr;
  }
  resume_moving(w);
  sync::Epoch::leave_sleep();
  return driving;
}

// --------------------------------------------------------------------------------------------------------------------- long calls

// Gives the scheduler to a spare worker if its own is inside a slice. A new worker starts as a spare one.
void SchedulerGroup::Impl::hand_off(SchedulerAccess& p) {
  std::lock_guard<std::mutex> lock(handoff_lock);
  if (stopping.load(std::memory_order_seq_cst)) return;
  Worker& stuck = *p.driver.load(std::memory_order_relaxed);
  stuck.claimed.store(true, std::memory_order_seq_cst);
  const bool held = os::barrier_on_all_threads() && stuck.in_slice.load(std::memory_order_acquire) != 0 &&
                    p.slices.load(std::memory_order_relaxed) == p.long_slices;
  if (held && spares.empty()) {
    Worker* made = spare_limit > 0 ? make_worker(p.id) : nullptr;
    if (made && start_worker(*made, false)) {
      spare_limit--;
      spares.push_back(made);
    } else if (made) {
      spare_limit = 0;  // it stays in the list, as one that never moves
    }
  }
  if (!held || spares.empty()) {
    stuck.claimed.store(false, std::memory_order_seq_cst);
    return;
  }
  Worker& spare = *spares.back();
  spares.pop_back();
  spare.set(p.id, self);
  spare.access = &p;
  stuck.access = nullptr;
  p.driver.store(&spare, std::memory_order_seq_cst);
  p.long_since_ns = 0;  // its first slice has not begun
  last_hand_off_ns = os::monotonic_ns();
  long_calls.fetch_add(1, std::memory_order_relaxed);
  spare.handed.set();
}

// Answers whether some worker may be on the way to a long call.
bool SchedulerGroup::Impl::look_for_long_calls(std::int64_t now) {
  bool suspicious = false;
  for (auto& s : all) {
    const std::uint64_t slices = s->slices.load(std::memory_order_relaxed);
    if (slices != s->long_slices || s->long_since_ns == 0) {
      suspicious = suspicious || now - last_hand_off_ns < kSuspiciousForNs;
      s->long_slices = slices;
      s->long_since_ns = now;
      continue;
    }
    // Who lost a scheduler may have put something into its queue after the new worker looked there.
    if (!s->queue.empty() && take_idle(s->id - 1)) {
      searching.fetch_add(1, std::memory_order_seq_cst);
      rouse(s->id - 1);
    }
    bool native = false;
    {
      sync::Epoch::Guard guard;
      const NativeMarker* marker = s->driver.load(std::memory_order_relaxed)->scheduler.native_marker.load(std::memory_order_acquire);
      native = marker && marker->get() != nullptr;
    }
    if (!native) continue;
    suspicious = true;
    if (now - s->long_since_ns >= kLongCallNs) hand_off(*s);
  }
  return suspicious;
}

// Moves up to n runnables that are not urgent to these schedulers in turn.
void SchedulerGroup::Impl::spread(SchedulerAccess& from, std::size_t n, const std::vector<unsigned>& to) {
  std::size_t turn = 0;
  for (Runnable* r = from.queue.take_ordinary(n); r;) {
    Runnable* next = r->next;
    push_to(to[turn++ % to.size()], *r);
    r = next;
  }
}

// Schedulers steal only when they have nothing to do. While all are busy it is the watcher that helps what waits behind urgent work, and evens out queues.
void SchedulerGroup::Impl::balance(std::int64_t now) {
  const unsigned n = online.load(std::memory_order_relaxed);
  if (n < 2) return;
  std::vector<unsigned> serving;
  bool starving = false;
  for (unsigned i = 0; i < n; i++) {
    SchedulerAccess& s = *all[i];
    const std::uint32_t pops = s.queue.ordinary_pops();
    if (pops != s.ordinary_pops || s.queue.empty()) {
      s.ordinary_pops = pops;
      s.starving_since_ns = 0;
      serving.push_back(i);
    } else if (s.starving_since_ns == 0) {
      s.starving_since_ns = now;
    } else {
      starving = starving || now - s.starving_since_ns >= kStarvingNs;
    }
  }
  if (serving.empty()) return;
  for (unsigned i = 0; starving && i < n; i++) {
    SchedulerAccess& s = *all[i];
    if (s.starving_since_ns == 0 || now - s.starving_since_ns < kStarvingNs) continue;
    spread(s, s.queue.length(), serving);
    s.starving_since_ns = now;
  }
  if (now - balanced_ns < kBalanceNs || serving.size() < 2) return;
  balanced_ns = now;
  const auto by_length = [&](unsigned a, unsigned b) { return all[a]->queue.length() < all[b]->queue.length(); };
  const auto [shortest, longest] = std::minmax_element(serving.begin(), serving.end(), by_length);
  const std::size_t least = all[*shortest]->queue.length(), most = all[*longest]->queue.length();
  if (most > 2 * least + kUnbalanced) spread(*all[*longest], (most - least) / 2, {*shortest});
}

// A worker clears its idle bit before it looks at watcher_asleep, the watcher looks at the bits after it set it: one of them sees the other.
void SchedulerGroup::Impl::watch() {
  unsigned quiet = 0;
  while (!stopping.load(std::memory_order_relaxed)) {
    const bool calm = all_idle();
    quiet = calm ? quiet + 1 : 0;
    const bool suspicious = look_for_long_calls(os::monotonic_ns());
    balance(os::monotonic_ns());
    const bool more = hooks.tick && hooks.tick(hooks.context);
    if (more || quiet < kQuietTicks) {
      watcher_wakeup.wait(calm ? kTickNs : suspicious ? kSuspiciousTickNs : kBusyTickNs);
      continue;
    }
    watcher_asleep.store(true, std::memory_order_seq_cst);
    if (all_idle() && !stopping.load(std::memory_order_seq_cst)) watcher_wakeup.wait(-1);
    watcher_asleep.store(false, std::memory_order_seq_cst);
    quiet = 0;
  }
}

// ------------------------------------------------------------------------------------------------------------------- dirty pools

void SchedulerGroup::Impl::dirty_work(DirtyQueue& q, unsigned number) {
  Scheduler scheduler;
  SchedulerAccess::set(scheduler, q.first_id + number, self, true);
  DirtyThread& state = q.states[number];
  sync::Epoch::register_thread();
  if (hooks.thread_started) hooks.thread_started(hooks.context, &scheduler);
  for (bool was_running = false;; was_running = true) {
    Runnable* r = nullptr;
    sync::Epoch::enter_sleep();
    q.lock.lock();
    if (was_running) q.running--;
    q.idle++;
    while (!q.may_take() && !stopping.load()) q.ready.wait(q.lock);
    q.idle--;
    if (!stopping.load()) {
      r = q.queue.front();
      q.queue.pop_front();
      q.running++;
      q.length.store(q.queue.size(), std::memory_order_relaxed);
    }
    q.lock.unlock();
    sync::Epoch::leave_sleep();
    if (!r) break;
    const std::uint64_t begin = os::cheap_ticks();
    state.in_slice.store(begin, std::memory_order_relaxed);
    scheduler.running = r;
    const After after = r->run(scheduler);
    scheduler.running = nullptr;
    state.in_slice.store(0, std::memory_order_relaxed);
    Spent::add(state.spent.busy, os::cheap_ticks() - begin);
    Spent::add(state.spent.collecting, scheduler.collecting_ticks);
    scheduler.collecting_ticks = 0;
    if (after == After::Requeue) self->enqueue(*r);
  }
  if (hooks.thread_ending) hooks.thread_ending(hooks.context);
  sync::Epoch::unregister_thread();
}

void SchedulerGroup::enqueue_dirty(Runnable& r, DirtyPool pool) {
  DirtyQueue& q = impl_->dirty[pool == DirtyPool::Io];
  sync::MutexGuard guard(q.lock);
  q.queue.push_back(&r);
  q.length.store(q.queue.size(), std::memory_order_relaxed);
  if (q.idle >= q.queue.size()) {
    q.ready.notify_one();
    return;
  }
  if (q.threads >= q.limit) return;
  auto* start = new WorkerStart{impl_.get(), nullptr, &q, q.threads++};
  q.handles.emplace_back();
  const bool ok = q.handles.back().start(
      pool == DirtyPool::Io ? "dirty_io" : "dirty_cpu", impl_->config.stack_bytes,
      [](void* raw) {
        const WorkerStart w = *static_cast<WorkerStart*>(raw);
        delete static_cast<WorkerStart*>(raw);
        w.impl->dirty_work(*w.dirty, w.number);
      },
      start, q.threads == 1);
  if (!ok) {
    delete start;
    q.handles.pop_back();
    q.threads--;
  }
}

std::size_t SchedulerGroup::dirty_queue_length(DirtyPool pool) const {
  return impl_->dirty[pool == DirtyPool::Io].length.load(std::memory_order_relaxed);
}

// ------------------------------------------------------------------------------------------------------------------------- group

SchedulerGroup::SchedulerGroup(const Config& config, const Hooks& hooks) : impl_(new Impl) {
  VM_CHECK(config.schedulers >= 1 && config.schedulers <= kMaxSchedulers);
  impl_->config = config;
  impl_->hooks = hooks;
  impl_->self = this;
  impl_->wanted_online = config.online < 1 ? 1 : std::min(config.online, config.schedulers);
  impl_->online.store(impl_->wanted_online);
  impl_->dirty[0].limit = std::max(1u, config.dirty_cpu);
  impl_->dirty[1].limit = std::max(1u, config.dirty_io);
  for (DirtyQueue& q : impl_->dirty) {
    q.first_id = config.schedulers + 1 + (&q == impl_->dirty ? 0 : impl_->dirty[0].limit);
    q.online = q.limit;
    q.states.resize(q.limit);
  }
  for (unsigned i = 0; i < config.schedulers; i++) {
    impl_->all.push_back(std::make_unique<SchedulerAccess>());
    SchedulerAccess& p = *impl_->all.back();
    p.id = i + 1;
    p.random = config.seed + 0x9E3779B97F4A7C15 * p.id;
    Worker* w = impl_->make_worker(p.id);
    w->access = &p;
    p.driver.store(w, std::memory_order_relaxed);
  }
  os::cheap_ticks_per_us();
}

SchedulerGroup::~SchedulerGroup() {
  stop();
  for (Worker* w = impl_->workers.load(); w;) {
    Worker* next = w->next;
    delete w;
    w = next;
  }
}

Worker* SchedulerGroup::Impl::make_worker(unsigned id) {
  auto* w = new Worker;
  w->set(id, self);
  w->next = workers.load(std::memory_order_relaxed);
  workers.store(w, std::memory_order_seq_cst);
  return w;
}

bool SchedulerGroup::Impl::start_worker(Worker& w, bool must) {
  const std::string name = "scheduler_" + std::to_string(w.scheduler.id());
  auto* start = new WorkerStart{this, &w, nullptr};
  const bool ok = w.thread.start(
      name.c_str(), config.stack_bytes,
      [](void* raw) {
        const WorkerStart s = *static_cast<WorkerStart*>(raw);
        delete static_cast<WorkerStart*>(raw);
        s.impl->work(*s.worker);
      },
      start, must);
  if (!ok) delete start;
  return ok;
}

void SchedulerGroup::start() {
  Impl& m = *impl_;
  VM_CHECK(!m.started);
  m.started = true;
  for (Worker* w = m.workers.load(); w; w = w->next) m.start_worker(*w, true);
  m.watcher.start(
      "watcher", m.config.stack_bytes, [](void* raw) { static_cast<Impl*>(raw)->watch(); }, &m);
}

void SchedulerGroup::stop() {
  Impl& m = *impl_;
  if (!m.started) return;
  m.stopping.store(true, std::memory_order_seq_cst);
  if (m.watcher.started()) {
    m.watcher_wakeup.set();
    m.watcher.join();
  }
  for (unsigned i = 0; i < m.all.size(); i++) {
    if (m.take_idle(i)) {
      m.searching.fetch_add(1);
      m.rouse(i);
    }
  }
  {
    std::lock_guard<std::mutex> lock(m.handoff_lock);  // from here on nobody makes workers
    for (Worker* w = m.workers.load(); w; w = w->next) w->handed.set();
  }
  for (Worker* w = m.workers.load(); w; w = w->next)
    if (w->thread.started()) w->thread.join();
  for (DirtyQueue& q : m.dirty) {
    {
      sync::MutexGuard guard(q.lock);
      q.ready.notify_all();
    }
    for (os::Thread& t : q.handles) t.join();
    q.handles.clear();
  }
  m.started = false;
}

void SchedulerGroup::enqueue(Runnable& r, Scheduler* preferred) {
  Impl& m = *impl_;
  Scheduler* target = preferred ? preferred : Scheduler::current();
  unsigned index = target && target->group_ == this && !target->dirty_ ? target->id() - 1 : m.pick_any();
  if (index >= m.online.load(std::memory_order_relaxed)) index = m.pick_any();
  m.push_to(index, r);
}

void SchedulerGroup::enqueue_next(Runnable& r) {
  Impl& m = *impl_;
  Scheduler* current = Scheduler::current();
  if (!current || current->group_ != this || m.config.shuffle || r.priority.load(std::memory_order_relaxed) != Priority::Normal ||
      current->id() > m.online.load(std::memory_order_relaxed)) {
    enqueue(r);
    return;
  }
  SchedulerAccess& s = *m.all[current->id() - 1];
  if (VM_UNLIKELY(&s.driver.load(std::memory_order_relaxed)->scheduler != current)) {
    enqueue(r);
    return;
  }
  if (Runnable* before = s.queue.exchange_next(&r)) m.push_to(current->id() - 1, *before);
  else if (s.queue.length() > 0) m.wake_for_work();
}

unsigned SchedulerGroup::scheduler_count() const { return static_cast<unsigned>(impl_->all.size()); }
Scheduler& SchedulerGroup::scheduler(unsigned index) { return impl_->all[index]->driver.load(std::memory_order_relaxed)->scheduler; }
const Config& SchedulerGroup::config() const { return impl_->config; }

// --- who may run

unsigned SchedulerGroup::online() const {
  std::lock_guard<std::mutex> lock(impl_->online_lock);
  return impl_->wanted_online;
}
unsigned SchedulerGroup::active() const { return impl_->online.load(std::memory_order_relaxed); }

void SchedulerGroup::Impl::apply_online_locked() {
  online.store(blocked == Blocked::None ? wanted_online : 1, std::memory_order_seq_cst);
  for (unsigned i = 0; i < all.size(); i++) {
    if (take_idle(i)) {
      searching.fetch_add(1);
      rouse(i);
    }
  }
}

void SchedulerGroup::set_online(unsigned n) {
  Impl& m = *impl_;
  VM_CHECK(n >= 1 && n <= m.all.size());
  std::lock_guard<std::mutex> lock(m.online_lock);
  m.wanted_online = n;
  m.apply_online_locked();
}

void SchedulerGroup::block(Blocked what) {
  Impl& m = *impl_;
  std::lock_guard<std::mutex> lock(m.online_lock);
  if (m.blocked == what) return;
  m.blocked = what;
  m.apply_online_locked();
  os::barrier_on_all_threads();
  for (DirtyQueue& q : m.dirty) {
    sync::MutexGuard guard(q.lock);
    q.blocked = what == Blocked::All;
    q.ready.notify_all();
  }
}

bool SchedulerGroup::alone() const {
  const Impl& m = *impl_;
  const Worker* first = m.all[0]->driver.load(std::memory_order_acquire);
  if (Scheduler::current() != &first->scheduler) return false;
  for (const Worker* w = m.workers.load(std::memory_order_acquire); w; w = w->next)
    if (w != first && w->in_slice.load(std::memory_order_acquire)) return false;
  std::lock_guard<std::mutex> lock(impl_->online_lock);
  return m.blocked != Blocked::All || (dirty_active(DirtyPool::Cpu) == 0 && dirty_active(DirtyPool::Io) == 0);
}

unsigned SchedulerGroup::dirty_cpu_online() const {
  DirtyQueue& q = impl_->dirty[0];
  sync::MutexGuard guard(q.lock);
  return q.online;
}

void SchedulerGroup::set_dirty_cpu_online(unsigned n) {
  DirtyQueue& q = impl_->dirty[0];
  sync::MutexGuard guard(q.lock);
  q.online = n;
  q.ready.notify_all();
}

unsigned SchedulerGroup::dirty_active(DirtyPool pool) const {
  DirtyQueue& q = impl_->dirty[pool == DirtyPool::Io];
  sync::MutexGuard guard(q.lock);
  return q.running;
}

void SchedulerGroup::nudge() { impl_->wake_one(); }

std::uint64_t SchedulerGroup::slices() const {
  std::uint64_t sum = 0;
  for (auto& s : impl_->all) sum += s->slices.load(std::memory_order_relaxed);
  return sum;
}

std::uint64_t SchedulerGroup::counter(unsigned which) const {
  std::uint64_t sum = 0;
  for (Worker* w = impl_->workers.load(std::memory_order_acquire); w; w = w->next)
    sum += w->scheduler.counters[which].load(std::memory_order_relaxed);
  return sum;
}

unsigned SchedulerGroup::thread_count() const {
  return static_cast<unsigned>(impl_->all.size()) + impl_->dirty[0].limit + impl_->dirty[1].limit;
}

ThreadTimes SchedulerGroup::times(unsigned index) const {
  const Impl& m = *impl_;
  if (index < m.all.size()) {
    const SchedulerAccess& s = *m.all[index];
    return times_of(s.spent, m.made_at, s.driver.load(std::memory_order_acquire)->in_slice.load(std::memory_order_relaxed));
  }
  const unsigned id = index + 1;
  const DirtyQueue& q = m.dirty[id >= m.dirty[1].first_id];
  const DirtyThread& t = q.states[id - q.first_id];
  return times_of(t.spent, m.made_at, t.in_slice.load(std::memory_order_relaxed));
}

std::uint64_t SchedulerGroup::long_calls() const { return impl_->long_calls.load(std::memory_order_relaxed); }

std::size_t SchedulerGroup::run_queue_length(unsigned index) const {
  const RunQueue& q = impl_->all[index]->queue;
  return q.length() + (q.has_next() ? 1 : 0);
}

std::size_t SchedulerGroup::total_run_queue_length() const {
  std::size_t sum = 0;
  for (unsigned i = 0; i < impl_->all.size(); i++) sum += run_queue_length(i);
  return sum;
}

}  // namespace vm::sched
