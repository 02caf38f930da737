// SPDX-License-Identifier: Apache-2.0
//
// Workers: safe points, slices, search and sleep. The rules are at the head of scheduler_internal.h.
#include "sched/scheduler_internal.h"

namespace vm::sched {

// ------------------------------------------------------------------------------------------------------------- stop the world

// From here on the world stops without this worker.
void SchedulerGroup::Impl::stop_moving(Worker& me) {
  me.moving.store(false, std::memory_order_seq_cst);
  if (VM_LIKELY(!world_stopped.load(std::memory_order_seq_cst))) return;
  std::lock_guard<std::mutex> lock(world_lock);
  world_changed.notify_all();
}

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

OffDuty::OffDuty() : worker_(Worker::of(Scheduler::current())) {
  if (sync::Epoch::registered()) sync::Epoch::enter_sleep();
  if (worker_) worker_->scheduler.group_->impl_->stop_moving(*worker_);
}

OffDuty::~OffDuty() {
  if (worker_) worker_->scheduler.group_->impl_->resume_moving(*worker_);
  if (sync::Epoch::registered()) sync::Epoch::leave_sleep();
}

// --------------------------------------------------------------------------------------------------------------------- workers

bool SchedulerGroup::Impl::work_exists(const SchedulerAccess& me) const {
  if (!me.queue.empty()) return true;
  if (me.id == 1 && dirty_here.load(std::memory_order_seq_cst) && dirty[0].length.load() + dirty[1].length.load() > 0) return true;
  for (const auto& s : all) {
    // Rule 3: a busy scheduler's lone runnable is not ours to worry about, unless nobody drives it.
    const std::size_t n = s->queue.length();
    if (n >= 2 || (n >= 1 && s->queue.has_next())) return true;
    if (s->queue.has_movable() && s->id > online.load(std::memory_order_relaxed)) return true;
  }
  return false;
}

Runnable* SchedulerGroup::Impl::steal(SchedulerAccess& me) {
  const auto n = static_cast<unsigned>(all.size());
  if (n == 1) return nullptr;
  const auto first = static_cast<unsigned>(next_random(me) % n);
  for (unsigned k = 0; k < n; k++) {
    SchedulerAccess& victim = *all[(first + k) % n];
    if (&victim == &me || !victim.queue.has_movable()) continue;
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
  Scheduler& scheduler = me.driver.load(std::memory_order_relaxed)->scheduler;
  std::uint64_t begin = os::cheap_ticks();
  if (hooks.run_timers) {
    hooks.run_timers(hooks.context, scheduler);
    const std::uint64_t end = os::cheap_ticks();
    me.spent.add_but_ports(me.spent.timers, end - begin, scheduler);
    begin = end;
  }
  if (hooks.poll_io && !polling.exchange(true, std::memory_order_seq_cst)) {
    hooks.poll_io(hooks.context, 0);
    polling.store(false, std::memory_order_seq_cst);
    me.spent.add_but_ports(me.spent.polling, os::cheap_ticks() - begin, scheduler);
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
  if ((allowed ? work_exists(me) : me.queue.has_movable()) || me.check_binding.load(std::memory_order_seq_cst) ||
      stopping.load(std::memory_order_seq_cst)) {
    if (!take_idle(index)) {
      me.wakeup.wait(-1);  // somebody is about to set it
      searching.fetch_sub(1, std::memory_order_seq_cst);
    }
    return;
  }
  if (hooks.resting) hooks.resting(hooks.context, me.id, true);  // before anybody wakes it: the idle bit is set
  const std::uint64_t begin = os::cheap_ticks();
  me.spent.sleeping_since = begin;
  sync::Epoch::enter_sleep();
  Worker& w = *me.driver.load(std::memory_order_relaxed);
  stop_moving(w);

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
  bool woken = false, polled = false;
  if (allowed && hooks.poll_io && !polling.exchange(true, std::memory_order_seq_cst)) {
    poller.store(index, std::memory_order_seq_cst);
    if (!me.wakeup.is_set()) hooks.poll_io(hooks.context, wait_ns == 0 ? 1 : wait_ns);
    poller.store(~0u, std::memory_order_seq_cst);
    polled = true;
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
  const std::uint64_t end = os::cheap_ticks();
  me.spent.add_but_ports(me.spent.sleeping, end - begin, w.scheduler);
  if (hooks.resting) hooks.resting(hooks.context, me.id, false);
  me.look_around_at = 0;
  if (polled) {
    hooks.poll_io(hooks.context, 0);
    polling.store(false, std::memory_order_seq_cst);
    me.spent.add_but_ports(me.spent.polling, os::cheap_ticks() - end, w.scheduler);
  }
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
  stop_moving(w);
  if (hooks.thread_ending) hooks.thread_ending(hooks.context);
  sync::Epoch::unregister_thread();
  SchedulerAccess::set_current(nullptr);
}

// Moves the worker to the processor of the scheduler that it drives.
void SchedulerGroup::Impl::settle_binding(Worker& w, SchedulerAccess& p) {
  p.check_binding.store(false, std::memory_order_seq_cst);
  w.bound_cpu = config.cpus->settle(p.id, p.id <= online.load(std::memory_order_seq_cst), w.bound_cpu);
}

// Runs slices until the end of everything, or until the scheduler was taken away.
void SchedulerGroup::Impl::drive(Worker& w) {
  if (VM_UNLIKELY(config.seed != 0)) return drive_seeded(w);
  SchedulerAccess& me = *w.access;
  if (config.cpus && config.cpus->wanted(me.id) != w.bound_cpu) settle_binding(w, me);
  std::uint64_t begin = 0;  // of the slice that ended last; 0: none
  while (!stopping.load(std::memory_order_relaxed)) {
    sync::Epoch::quiescent();
    safe_point(w);
    const std::uint64_t now = os::cheap_ticks();
    if (begin) Spent::add(me.spent.busy, now - begin);
    begin = 0;
    look_around(me, now);
    if (VM_UNLIKELY(me.check_binding.load(std::memory_order_relaxed))) settle_binding(w, me);
    if (VM_UNLIKELY(dirty_here.load(std::memory_order_relaxed)) && me.id == 1 && run_dirty_here(w, me.queue.empty())) {
      begin = now;
      continue;
    }
    Runnable* r = nullptr;
    if (VM_UNLIKELY(me.id > online.load(std::memory_order_relaxed))) {  // what waits here must not wait for a thief
      while ((r = me.queue.pop_movable())) self->enqueue(*r);
    } else {
      r = me.queue.pop();
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
    w.has_queued = false;
    r->is_new = false;
    const After after = r->run(w.scheduler);
    w.scheduler.native_marker.store(nullptr, std::memory_order_relaxed);
    w.scheduler.running.store(nullptr, std::memory_order_relaxed);
    w.in_slice.store(0, std::memory_order_release);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (VM_UNLIKELY(w.claimed.load(std::memory_order_relaxed)) && lost(w)) {
      end_lost_slice(w, *r, after);
      return;
    }
    me.spent.take_parts(w.scheduler);
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
  count_long_calls_locked(-1);
  spares.push_back(&w);
}

// Sleeps as a spare worker until it gets a scheduler. False: the group stops.
bool SchedulerGroup::Impl::await_handoff(Worker& w) {
  sync::Epoch::quiescent();
  sync::Epoch::enter_sleep();
  stop_moving(w);
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

}  // namespace vm::sched
