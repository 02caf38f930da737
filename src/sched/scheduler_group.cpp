// SPDX-License-Identifier: Apache-2.0
//
// SchedulerGroup: start and stop, queueing from outside, who may run, figures.
#include "sched/scheduler_internal.h"

namespace vm::sched {

// ------------------------------------------------------------------------------------------------------------------------- group

SchedulerGroup::SchedulerGroup(const Config& wanted, const Hooks& hooks) : impl_(new Impl) {
  Config config = wanted;
  if (config.seed) config.schedulers = config.online = 1;
  VM_CHECK(config.schedulers >= 1 && config.schedulers <= kMaxSchedulers);
  impl_->config = config;
  if (config.cpus) config.cpus->set_schedulers(config.schedulers);
  impl_->hooks = hooks;
  impl_->self = this;
  impl_->wanted_online = config.online < 1 ? 1 : std::min(config.online, config.schedulers);
  impl_->online.store(impl_->wanted_online);
  impl_->dirty[0].limit = std::max(1u, config.dirty_cpu);
  impl_->dirty[1].limit = std::max(1u, config.dirty_io);
  for (DirtyQueue& q : impl_->dirty) {
    q.first_id = config.schedulers + 1 + (&q == impl_->dirty ? 0 : impl_->dirty[0].limit);
    q.online = &q == impl_->dirty && config.dirty_cpu_online ? std::min(config.dirty_cpu_online, q.limit) : q.limit;
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
  if (m.config.seed) return;  // nothing comes from outside
  may_wait_.store(os::barrier_on_all_threads(), std::memory_order_relaxed);
  m.watcher.start(
      "watcher", m.config.stack_bytes, [](void* raw) { static_cast<Impl*>(raw)->watch(); }, &m);
  m.await_bindings();
}

// Who asked for bindings on the command line sees them from the beginning. Not for long: the system may refuse one.
void SchedulerGroup::Impl::await_bindings() const {
  if (!config.cpus || config.cpus->order() == BindOrder::Unbound) return;
  const std::int64_t end = os::monotonic_ns() + kBindingsNs;
  for (unsigned id = 1; id <= online.load(std::memory_order_relaxed); id++)
    while (config.cpus->bound(id) != config.cpus->wanted(id) && os::monotonic_ns() < end) os::yield_thread();
}

void SchedulerGroup::stop() {
  Impl& m = *impl_;
  if (!m.started) return;
  m.stopping.store(true, std::memory_order_seq_cst);
  if (m.watcher.started()) {
    m.watcher_wakeup.set();
    m.watcher.join();
  }
  m.rouse_all();
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
  if (Worker* w = Worker::of(Scheduler::current())) w->has_queued = true;
  m.push_to(index, r);
}

void SchedulerGroup::enqueue_next(Runnable& r) {
  Impl& m = *impl_;
  Scheduler* current = Scheduler::current();
  if (!current || current->group_ != this || m.config.shuffle || m.config.seed ||
      r.priority.load(std::memory_order_relaxed) != Priority::Normal || r.home.load(std::memory_order_relaxed) != 0 ||
      current->id() > m.online.load(std::memory_order_relaxed)) {
    enqueue(r);
    return;
  }
  SchedulerAccess& s = *m.all[current->id() - 1];
  if (VM_UNLIKELY(&s.driver.load(std::memory_order_relaxed)->scheduler != current)) {
    enqueue(r);
    return;
  }
  // Those whom one slice makes runnable run in that order: the slot is for the first of them.
  if (Worker::of(current)->has_queued || s.queue.has_new() || !s.queue.offer_next(r)) {
    enqueue(r);
  } else if (s.queue.length() > 0) {
    m.wake_for_work();
  }
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
  self->check_bindings();
}

// Who does not run looks as well: it is bound to nothing then.
void SchedulerGroup::check_bindings() {
  if (impl_->config.cpus)
    for (auto& p : impl_->all) p->check_binding.store(true, std::memory_order_seq_cst);
  impl_->rouse_all();
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
  m.dirty_here.store(what == Blocked::All, std::memory_order_seq_cst);
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
void SchedulerGroup::nudge_all() {
  for (std::size_t i = 0; i < impl_->all.size() && impl_->wake_one(); i++) {
  }
}

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
  return q.length() + q.at_home() + (q.has_next() ? 1 : 0);
}

std::size_t SchedulerGroup::active_tasks(unsigned index) const {
  const std::size_t waiting = run_queue_length(index);
  std::atomic_thread_fence(std::memory_order_acquire);  // the hands after the lengths, see RunQueue
  return waiting + impl_->all[index]->queue.in_hand() + impl_->all[index]->queue.leaving();
}

}  // namespace vm::sched
