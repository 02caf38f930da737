// SPDX-License-Identifier: Apache-2.0
//
// Scheduler: run queues of one P, and the group of all of them.
//
// Any thread may enqueue. A scheduler takes from its own queues first (max, high, then normal with low getting one turn in eight), then steals. An
// idle worker spins briefly, then sleeps on its eventcount; enqueueing wakes one. Between slices every worker passes a quiescent point of
// sync/epoch.h, expires timers, and polls for I/O through the hooks below.
//
// A worker that is inside one native call for more than a millisecond or two loses its scheduler: the watcher gives it to a spare worker, with its
// queue. The call goes on where it is, as on a dirty scheduler; at the end of the slice its worker becomes a spare one.
//
// Whatever may last is done off duty: nobody waits for that thread.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "sched/runnable.h"
#include "sync/relaxed.h"

namespace vm::sched {

class CpuBinding;

struct Config {
  unsigned schedulers = 1;
  unsigned online = 1;
  unsigned dirty_cpu = 1;
  unsigned dirty_cpu_online = 0;  // 0: all of them
  unsigned dirty_io = 10;
  bool shuffle = false;    // stress: random queue order
  std::uint64_t seed = 0;  // deterministic mode when not 0
  std::size_t stack_bytes = 8u << 20;
  std::shared_ptr<CpuBinding> cpus;  // sched/cpu_binding.h; nullptr: no scheduler is ever bound
};

// Filled by boot/ and port/: what a worker does besides running slices. All optional.
struct Hooks {
  // Expires due timers; returns nanoseconds until the next one (or a large number).
  std::uint64_t (*run_timers)(void* context, Scheduler&) = nullptr;
  // Only the second part of that, for a worker about to sleep.
  std::uint64_t (*next_timer)(void* context) = nullptr;
  // nanoseconds > 0: waits for I/O, for so long at most. 0: calls back for what is there. One worker at a time, whoever it is.
  void (*poll_io)(void* context, std::uint64_t nanoseconds) = nullptr;
  // Wakes a worker that is inside poll_io.
  void (*interrupt_poll)(void* context) = nullptr;
  // A worker goes to sleep for want of work, or is back.
  void (*resting)(void* context, unsigned scheduler_id, bool rests) = nullptr;
  // Called every few milliseconds while something runs, by a thread of its own that is no worker. True: call again even when nothing runs.
  bool (*tick)(void* context) = nullptr;
  void (*thread_started)(void* context, Scheduler* scheduler_or_null) = nullptr;
  void (*thread_ending)(void* context) = nullptr;
  void* context = nullptr;
};

// What a thread did so far, in nanoseconds; approximate. `busy` contains `collecting` and `ports`.
struct ThreadTimes {
  std::uint64_t busy = 0, collecting = 0, ports = 0, sleeping = 0, polling = 0, timers = 0;
  std::uint64_t total = 0;  // since the group was made
};

// Who else than scheduler 1 may run.
enum class Blocked : std::uint8_t { None, Normal, All };  // Normal: the other ordinary ones rest; All: the dirty pools, too

// Work for the dirty pools. Runs once on a thread that may block.
enum class DirtyPool : std::uint8_t { Cpu, Io };

class SchedulerGroup {
 public:
  SchedulerGroup(const Config& config, const Hooks& hooks);
  ~SchedulerGroup();
  void start();  // starts the workers (scheduler 1's work may be driven by the calling thread through run_main)
  void stop();   // asks all workers to end and joins them
  // Puts r into the queue of `preferred` (nullptr: the current thread's scheduler, else any). Wakes a sleeper when useful.
  void enqueue(Runnable& r, Scheduler* preferred = nullptr);
  // As enqueue, but into the run-next slot of the current scheduler when called from one (a just-woken receiver), unless the slice has made others
  // runnable before: these run in the order in which they were.
  void enqueue_next(Runnable& r);
  void enqueue_dirty(Runnable& r, DirtyPool pool);
  unsigned scheduler_count() const;
  Scheduler& scheduler(unsigned index);  // 0-based
  unsigned online() const;
  // How many run now: online(), or 1 while others are blocked.
  unsigned active() const;
  // How many schedulers may run, 1..scheduler_count(). Work of the others moves over.
  void set_online(unsigned n);
  // Keeps all but scheduler 1 from beginning slices. What runs goes on to the end of its slice: see alone.
  void block(Blocked what);
  // Whether the caller is scheduler 1's slice and what block() keeps from running has come to rest.
  bool alone() const;
  // How many threads of the pool may run at a time.
  unsigned dirty_cpu_online() const;
  void set_dirty_cpu_online(unsigned n);
  unsigned dirty_active(DirtyPool pool) const;
  // Every scheduler that runs moves to the processor that config().cpus now has for it, soon.
  void check_bindings();
  // Wakes one sleeping worker, so that it looks at timers and I/O again (a timer was set by a thread that is no worker).
  void nudge();
  void nudge_all();
  // Slices run so far by all schedulers (context switches).
  std::uint64_t slices() const;
  // Of schedulers, then the threads of the dirty CPU pool, then those of the dirty I/O pool, whether they have been started or not.
  unsigned thread_count() const;
  ThreadTimes times(unsigned index) const;
  // Sum of one of Scheduler::counters over all schedulers (dirty threads left out).
  std::uint64_t counter(unsigned which) const;
  std::size_t dirty_queue_length(DirtyPool pool) const;
  std::size_t run_queue_length(unsigned index) const;
  // What waits for a scheduler and what it runs: nothing that changes from one to the other is missed. A call that lost its scheduler counts as dirty.
  std::size_t active_tasks(unsigned index) const;
  std::size_t dirty_active_tasks(DirtyPool pool) const;
  // Native calls that kept a thread for so long that another one took its scheduler over.
  std::uint64_t long_calls() const;
  // Whether a call that seldom has to wait may be made by a scheduler: should it wait after all, another thread takes the scheduler over. Not while one waits
  // already, and never where nobody can take anything over.
  bool may_wait() const { return may_wait_.load(std::memory_order_relaxed); }
  const Config& config() const;
  // Runs f while every worker is stopped between two slices (code purging, crash dump). Not from inside a held lock. The caller may be
  // a scheduler thread inside a slice.
  void stop_the_world(const std::function<void()>& f);

  struct Impl;

 private:
  friend class Scheduler;
  friend class OffDuty;
  std::atomic<bool> may_wait_{false};
  std::unique_ptr<Impl> impl_;
};

// While one lives its thread, a worker or one of a dirty pool, is not waited for: the world stops without it, and what it might look at is freed. So it
// looks at shared tables under a sync::Epoch::Guard only, and touches nothing of the machine but what is its own. Other threads may have one: no effect.
class OffDuty {
 public:
  OffDuty();
  ~OffDuty();
  OffDuty(const OffDuty&) = delete;

 private:
  struct Worker* worker_;
};

struct Worker;
using NativeMarker = sync::Relaxed<const void*>;

class Scheduler {
 public:
  // The scheduler of the calling thread, or nullptr (foreign and dirty threads).
  static Scheduler* current() { return current_; }
  // 1-based, as erlang:system_info(scheduler_id); above scheduler_count() on the threads of the dirty pools, each of which has a private
  // Scheduler without queues.
  unsigned id() const { return id_.get(); }
  bool dirty() const { return dirty_; }
  SchedulerGroup& group() const { return *group_; }
  void* engine_block = nullptr;  // the engine's register block, made at thread start
  void* user = nullptr;          // per-scheduler data of proc/ (message slabs, statistics)
  std::atomic<Runnable*> running{nullptr};
  // Where the running slice notes the native call it is inside of (a word that is 0 when it is in none); nullptr: it does not say. Valid until the
  // slice's memory is reclaimed by sync/epoch.h.
  std::atomic<const NativeMarker*> native_marker{nullptr};
  // Cheap ticks that the current slice spent collecting garbage; its thread only, taken at the end of the slice.
  std::uint64_t collecting_ticks = 0;
  std::uint64_t port_ticks = 0;  // the same for work on ports, in slices and while descriptors are looked at
  // Counters of the room above, written by this scheduler's thread, summed up by SchedulerGroup::counter.
  static constexpr unsigned kCounters = 4;
  std::atomic<std::uint64_t> counters[kCounters] = {};
  void count(unsigned which, std::uint64_t n) {
    counters[which].store(counters[which].load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }

 private:
  friend class SchedulerGroup;
  friend class OffDuty;
  friend struct SchedulerAccess;
  friend struct Worker;
  sync::Relaxed<unsigned> id_ = 0;  // a spare worker gets another one while others may look
  bool dirty_ = false;
  Worker* worker_ = nullptr;
  SchedulerGroup* group_ = nullptr;
  static inline thread_local Scheduler* current_ = nullptr;
};

}  // namespace vm::sched
