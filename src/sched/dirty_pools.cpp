// SPDX-License-Identifier: Apache-2.0
//
// Dirty pools: threads that may block, made on demand up to the pool's limit.
#include "sched/scheduler_internal.h"

namespace vm::sched {

// ------------------------------------------------------------------------------------------------------------------- dirty pools

void DirtyQueue::push(Runnable& r) {
  queues[static_cast<unsigned>(r.priority.load(std::memory_order_relaxed))].push_back(&r);
  waiting++;
}

Runnable* DirtyQueue::take_at(std::size_t index) {
  for (std::deque<Runnable*>& queue : queues) {
    if (index >= queue.size()) {
      index -= queue.size();
      continue;
    }
    const auto at = queue.begin() + static_cast<std::ptrdiff_t>(index);
    Runnable* r = *at;
    queue.erase(at);
    waiting--;
    return r;
  }
  return nullptr;
}

Runnable* DirtyQueue::take() {
  constexpr unsigned kTurnsBeforeLow = 7;
  const auto first_of = [&](Priority p) {
    Runnable* r = nullptr;
    std::deque<Runnable*>& queue = queues[static_cast<unsigned>(p)];
    if (queue.empty()) return r;
    r = queue.front();
    queue.pop_front();
    waiting--;
    return r;
  };
  if (Runnable* r = first_of(Priority::Max)) return r;
  if (Runnable* r = first_of(Priority::High)) return r;
  if (low_turns < kTurnsBeforeLow) {
    if (Runnable* r = first_of(Priority::Normal)) {
      low_turns++;
      return r;
    }
  }
  low_turns = 0;
  if (Runnable* r = first_of(Priority::Low)) return r;
  return first_of(Priority::Normal);
}

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
    else q.starting--;
    q.idle++;
    while (!q.may_take() && !stopping.load()) q.ready.wait(q.lock);
    q.idle--;
    if (!stopping.load()) {
      r = q.take();
      q.running++;
      q.length.store(q.waiting, std::memory_order_relaxed);
      grow_if_needed(q);
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
    state.spent.take_parts(scheduler);
    if (after == After::Requeue) self->enqueue(*r);
  }
  if (hooks.thread_ending) hooks.thread_ending(hooks.context);
  sync::Epoch::unregister_thread();
}

// With the lock held. One thread is on its way at a time, and looks itself whether more are needed once it has taken something: what is done quickly
// needs few threads, however much of it comes at once, and what blocks gets its thread after the time that a few of them take to start.
void SchedulerGroup::Impl::grow_if_needed(DirtyQueue& q) {
  if (q.waiting <= q.idle || q.starting > 0 || q.threads >= q.limit || stopping.load()) return;
  auto* start = new WorkerStart{this, nullptr, &q, q.threads++};
  q.starting++;
  q.handles.emplace_back();
  const bool ok = q.handles.back().start(
      &q == &dirty[1] ? "dirty_io" : "dirty_cpu", config.stack_bytes,
      [](void* raw) {
        const WorkerStart w = *static_cast<WorkerStart*>(raw);
        delete static_cast<WorkerStart*>(raw);
        w.impl->dirty_work(*w.dirty, w.number);
      },
      start, q.threads == 1);
  if (ok) return;
  delete start;
  q.handles.pop_back();
  q.threads--;
  q.starting--;
}

// One slice of the pools' work on scheduler 1's thread, when it is its turn. Nobody may take the scheduler away meanwhile: all others are blocked.
bool SchedulerGroup::Impl::run_dirty_here(Worker& w, bool nothing_else) {
  if (++dirty_turns % 2 != 0 && !nothing_else) return false;
  unsigned pool = dirty_turns / 2 % 2;
  Runnable* r = take_dirty(dirty[pool]);
  if (!r) r = take_dirty(dirty[pool ^= 1]);
  if (!r) return false;
  Scheduler& on = lent[pool];
  if (!on.engine_block) {
    SchedulerAccess::set(on, dirty[pool].first_id, self, true);
    if (hooks.thread_started) hooks.thread_started(hooks.context, &on);
  }
  on.user = nullptr;  // of the thread
  SchedulerAccess::set_current(nullptr);
  on.running = r;
  const After after = r->run(on);
  on.native_marker.store(nullptr, std::memory_order_relaxed);
  on.running = nullptr;
  SchedulerAccess::set_current(&w.scheduler);
  w.access->spent.take_parts(on);
  if (after == After::Requeue) self->enqueue(*r);
  return true;
}

void SchedulerGroup::enqueue_dirty(Runnable& r, DirtyPool pool) {
  DirtyQueue& q = impl_->dirty[pool == DirtyPool::Io];
  sync::MutexGuard guard(q.lock);
  q.push(r);
  q.length.store(q.waiting, std::memory_order_relaxed);
  if (impl_->config.seed) return;  // its turn comes on the scheduler's thread
  if (q.idle > 0) q.ready.notify_one();
  impl_->grow_if_needed(q);
  // Scheduler 1 sleeps, and nobody else may.
  if (VM_UNLIKELY(impl_->dirty_here.load(std::memory_order_seq_cst)) && impl_->take_idle(0)) {
    impl_->searching.fetch_add(1, std::memory_order_seq_cst);
    impl_->rouse(0);
  }
}

std::size_t SchedulerGroup::dirty_queue_length(DirtyPool pool) const {
  return impl_->dirty[pool == DirtyPool::Io].length.load(std::memory_order_relaxed);
}

std::size_t SchedulerGroup::dirty_active_tasks(DirtyPool pool) const {
  DirtyQueue& q = impl_->dirty[pool == DirtyPool::Io];
  const std::size_t lost = pool == DirtyPool::Cpu ? impl_->long_calls_now.load(std::memory_order_acquire) : 0;
  sync::MutexGuard guard(q.lock);
  return q.waiting + q.running + lost;
}

}  // namespace vm::sched
