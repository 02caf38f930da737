// SPDX-License-Identifier: Apache-2.0
//
// The scheduler of seeded mode (sched/seeded.h): everything that can run, dirty or not, takes its turn on one thread.
#include "sched/scheduler_internal.h"
#include "sched/seeded.h"

namespace vm::sched {

namespace {
constexpr std::int64_t kSliceNs = 100'000;           // that a slice takes on the virtual clock
constexpr std::uint64_t kPatienceForIoNs = 300'000;  // real time, before the clock jumps
}  // namespace

Runnable* SchedulerGroup::Impl::take_dirty(DirtyQueue& q) {
  sync::MutexGuard guard(q.lock);
  if (q.waiting == 0) return nullptr;
  Runnable* r = config.seed != 0 ? q.take_at(choose(q.waiting)) : q.take();
  q.length.store(q.waiting, std::memory_order_relaxed);
  return r;
}

// Nothing can run: input and output first, then the next timer. False: stop looking.
bool SchedulerGroup::Impl::idle_seeded(Worker& w) {
  const std::uint64_t next = hooks.run_timers ? hooks.run_timers(hooks.context, w.scheduler) : kNever;
  SchedulerAccess& me = *w.access;
  if (!me.queue.empty()) return true;
  const bool timer = next < std::uint64_t{1} << 62;
  mark_idle(0);
  if (me.queue.empty() && !stopping.load(std::memory_order_seq_cst)) {
    sync::Epoch::enter_sleep();
    w.moving.store(false, std::memory_order_seq_cst);
    const std::uint64_t wait_ns = timer ? kPatienceForIoNs : kNever;
    if (hooks.poll_io) {
      poller.store(0, std::memory_order_seq_cst);
      if (!me.wakeup.is_set()) hooks.poll_io(hooks.context, wait_ns);
      poller.store(~0u, std::memory_order_seq_cst);
    } else {
      me.wakeup.wait(timer ? static_cast<std::int64_t>(wait_ns) : -1);
    }
    resume_moving(w);
    sync::Epoch::leave_sleep();
  }
  if (!take_idle(0)) {
    if (hooks.poll_io) me.wakeup.wait(-1);
    searching.fetch_sub(1, std::memory_order_seq_cst);
  }
  if (hooks.poll_io) hooks.poll_io(hooks.context, 0);
  if (timer && me.queue.empty()) advance_virtual_clock(static_cast<std::int64_t>(next));
  return true;
}

void SchedulerGroup::Impl::drive_seeded(Worker& w) {
  SchedulerAccess& me = *w.access;
  seed_choices(config.seed);
  Scheduler pool_scheduler;
  SchedulerAccess::set(pool_scheduler, dirty[0].first_id, self, true);
  if (hooks.thread_started) hooks.thread_started(hooks.context, &pool_scheduler);
  while (!stopping.load(std::memory_order_relaxed)) {
    sync::Epoch::quiescent();
    safe_point(w);
    if (hooks.run_timers) hooks.run_timers(hooks.context, w.scheduler);
    if (hooks.poll_io) hooks.poll_io(hooks.context, 0);
    Runnable* native = nullptr;
    if (dirty[0].length.load() + dirty[1].length.load() > 0 && (me.queue.empty() || choose(2) == 0)) {
      native = take_dirty(dirty[0]);
      if (!native) native = take_dirty(dirty[1]);
    }
    Runnable* r = native ? native : me.queue.pop_any([](std::uint64_t n) { return choose(n); });
    if (!r) {
      idle_seeded(w);
      continue;
    }
    advance_virtual_clock(kSliceNs);
    me.slices.store(me.slices.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    Scheduler& on = native ? pool_scheduler : w.scheduler;
    if (native) SchedulerAccess::set_current(nullptr);
    on.running.store(r, std::memory_order_relaxed);
    const After after = r->run(on);
    on.native_marker.store(nullptr, std::memory_order_relaxed);
    on.running.store(nullptr, std::memory_order_relaxed);
    if (native) SchedulerAccess::set_current(&w.scheduler);
    if (after == After::Requeue) me.queue.push(*r);
  }
}

}  // namespace vm::sched
