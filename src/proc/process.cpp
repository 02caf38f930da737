// SPDX-License-Identifier: Apache-2.0
#include "proc/process.h"

#include <algorithm>

#include "os/clock.h"
#include "proc/dictionary_internal.h"
#include "proc/dirty_call.h"
#include "proc/links_state.h"
#include "proc/log.h"
#include "proc/priority_lift.h"
#include "proc/process_cold.h"
#include "proc/runtime.h"
#include "proc/spawn.h"
#include "proc/system_monitor.h"
#include "proc/system_tasks.h"
#include "proc/time.h"
#include "proc/timers.h"
#include "proc/tracing.h"
#include "sched/seeded.h"
#include "sync/slab.h"

namespace vm::proc {

Process::Process(Runtime& rt, Term self) : pid(self), runtime(&rt), saved_registers(inline_registers), scratch(&Scratch::of_thread()) {}

Process::~Process() {
  if (saved_registers != inline_registers) delete[] saved_registers;
  delete dictionary;
  delete links;
  delete cold;
  delete tracing.load(std::memory_order_relaxed);
}

void* Process::operator new(std::size_t) {
  static_assert(kSlotBytes - sizeof(Process) >= 64 * kWordBytes, "a slot has room for a small heap");
  return sync::Slab<kSlotBytes, Process>::allocate();
}
void Process::operator delete(void* p) { sync::Slab<kSlotBytes, Process>::release(p); }

Scratch& Scratch::of_thread() {
  static thread_local Scratch scratch;
  return scratch;
}

ColdPart& Process::cold_part() {
  if (!cold) cold = new ColdPart;
  return *cold;
}

ColdPart::~ColdPart() {
  heap::OwnedTerm left{term::kNil, kept};
  heap::release(left);
  if (answer) Signal::destroy(answer);
  for (Signal* s = deferred_first; s;) {
    Signal* next = s->next;
    Signal::destroy(s);
    s = next;
  }
}

// ------------------------------------------------------------------------------------------------------------------ scheduling

void Process::wake() {
  std::uint32_t s = state.load(std::memory_order_seq_cst);
  do {
    if (s & (kQueued | kRunning | kExiting)) {
      // It may stay there for long.
      if (VM_UNLIKELY(s & (kInNative | kQueuedDirty))) help(*this, 0);
      return;
    }
  } while (!state.compare_exchange_weak(s, s | kQueued, std::memory_order_seq_cst));
  if (runtime->profiles(kProfileProcesses)) runtime->trace->process_runnable(*this, true);
  runtime->schedulers->enqueue_next(*this);
}

namespace {

// Signals put off while the engine ran. Answers false when the process has ended. Some may be put off again.
bool run_deferred(Process& p) {
  const Signal* const last = p.cold->deferred_last;
  for (bool more = true; more && p.cold->deferred_first;) {
    Signal* s = p.cold->deferred_first;
    p.cold->deferred_first = s->next;
    if (!s->next) p.cold->deferred_last = nullptr;
    more = s != last;
    Term reason = atoms::normal;
    if (!handle_request(p, s, &reason)) {
      end_process(p, reason);
      Signal::destroy(s);
      return false;
    }
    if (p.exiting()) return false;
  }
  return true;
}

// Rule 3 of process_state.h.
sched::After park(Process& p) {
  p.state.fetch_and(~std::uint32_t{kRunning}, std::memory_order_seq_cst);
  if (VM_LIKELY(p.mailbox.incoming_empty())) return sched::After::Parked;
  // p may belong to another thread from here on; its memory stays until our next quiescent point.
  std::uint32_t s = p.state.load(std::memory_order_seq_cst);
  do {
    if (s & (kQueued | kRunning | kExiting)) return sched::After::Parked;
  } while (!p.state.compare_exchange_weak(s, (s & ~std::uint32_t{kLifts}) | kQueued, std::memory_order_seq_cst));
  if (VM_UNLIKELY(s & kLifts)) help(p, s);
  return sched::After::Requeue;
}

// park(), told to who profiles.
sched::After stop(Process& p) {
  const bool told = p.runtime->profiles(kProfileProcesses);
  if (told) p.runtime->trace->process_runnable(p, false);
  const sched::After after = park(p);
  if (told && after == sched::After::Requeue) p.runtime->trace->process_runnable(p, true);
  return after;
}

sched::After requeue(Process& p) {
  const std::uint32_t wants = p.flags & (Process::kWantsDirtyCpu | Process::kWantsDirtyIo);
  sched::SchedulerGroup& group = *p.runtime->schedulers;
  p.flags &= ~wants;
  const std::uint32_t s = p.state.fetch_xor(kQueued | kRunning | (wants ? kQueuedDirty : 0U), std::memory_order_seq_cst);
  if (VM_LIKELY(!wants)) {
    if (VM_UNLIKELY(s & kLifts)) help(p, s);
    return sched::After::Requeue;
  }
  group.enqueue_dirty(p, wants & Process::kWantsDirtyCpu ? sched::DirtyPool::Cpu : sched::DirtyPool::Io);
  return sched::After::Parked;
}

Engine::Stop run_slice(Process& p, sched::Scheduler& scheduler) {
  const Settings& settings = p.runtime->settings;
  p.slice_reductions = settings.single_reduction ? 1 : settings.context_reductions;
  if (VM_UNLIKELY(sched::seeded())) p.slice_reductions = sched::choose_reductions(p.slice_reductions);
  p.reductions_left = p.slice_reductions;
  p.heap.note_slice();
  if (VM_UNLIKELY(!scheduler.user)) scheduler.user = &Scratch::of_thread();
  p.scratch = static_cast<Scratch*>(scheduler.user);
  p.scratch->clear();
  p.in_engine = true;
  const Engine::Stop stop = p.runtime->engine->run(p, scheduler);
  if (stop == Engine::Stop::Ended) return stop;
  p.in_engine = false;
  p.waiting = stop == Engine::Stop::Waiting;
  const SWord used = static_cast<SWord>(p.slice_reductions) - p.reductions_left;
  const std::uint64_t done = used > 0 ? static_cast<std::uint64_t>(used) : 0;
  p.reductions_done += done;
  scheduler.count(kReductionsCounter, done);
  p.slice_reductions = 0;
  p.reductions_left = 0;
  return stop;
}

// As run_slice; tells the system monitor when the slice was long.
Engine::Stop run_timed_slice(Process& p, sched::Scheduler& scheduler) {
  SystemMonitor* monitor = p.runtime->monitor.load(std::memory_order_acquire);
  if (!monitor->times_slices() || scheduler.dirty()) return run_slice(p, scheduler);
  const code::Function* in = p.runtime->engine->current_function(p);
  const std::int64_t started = raw_monotonic_ns();
  const Engine::Stop stop = run_slice(p, scheduler);
  const std::int64_t ns = raw_monotonic_ns() - started;
  monitor->scheduled(p, ns, in, stop == Engine::Stop::Ended ? nullptr : p.runtime->engine->current_function(p));
  return stop;
}

}  // namespace

// A helper has it, or ended it (rule 5 of process_state.h).
static sched::After put_back(Process& p, std::uint32_t state, sched::Scheduler& scheduler) {
  scheduler.native_marker.store(nullptr, std::memory_order_relaxed);
  if (state & kRunning) return sched::After::Requeue;
  free_process(p);
  return sched::After::Parked;
}

// A hibernating process gave its heap back; who asked for a large one gets it again. False: the process has ended.
static bool wake_heap(Process& p) {
  const std::size_t wanted = p.heap.limits().min_heap_words;
  if (wanted <= heap::HeapLimits{}.min_heap_words || p.heap.block_words() >= wanted) return true;
  return p.collect(p.saved_registers, p.live, wanted - std::min(wanted, p.heap.used_words()));
}

sched::After Process::run(sched::Scheduler& scheduler) {
  static_assert(sizeof current_mfa == sizeof(void*));
  scheduler.native_marker.store(reinterpret_cast<const sched::NativeMarker*>(&current_mfa), std::memory_order_release);
  std::uint32_t s = state.load(std::memory_order_relaxed);
  do {
    if (VM_UNLIKELY(s & (kRunning | kExiting))) return put_back(*this, s, scheduler);
  } while (!state.compare_exchange_weak(s, (s & ~std::uint32_t{kQueued | kLifts | kQueuedDirty}) | kRunning, std::memory_order_seq_cst));
  // It stays marked as running: nobody will take it up again.
  if (VM_UNLIKELY(runtime->stopping.load(std::memory_order_relaxed))) return sched::After::Parked;
  if (!mailbox.incoming_empty() && !handle_incoming(*this)) return sched::After::Parked;
  if (VM_UNLIKELY(suspend_count > 0)) return proc::stop(*this);
  if (VM_UNLIKELY(flags & kHibernated)) {
    if (mailbox.inbox_length() == 0) return proc::stop(*this);
    flags &= ~std::uint32_t{kHibernated};
    if (!wake_heap(*this)) return sched::After::Parked;
  }
  if (VM_UNLIKELY(is_traced(kTraceScheduling))) runtime->trace->scheduled(*this, true);
  const Engine::Stop stop = VM_UNLIKELY(runtime->monitor.load(std::memory_order_relaxed) != nullptr) ? run_timed_slice(*this, scheduler)
                                                                                                     : run_slice(*this, scheduler);
  if (stop == Engine::Stop::Ended) return sched::After::Parked;
  if (VM_UNLIKELY(is_traced(kTraceScheduling))) runtime->trace->scheduled(*this, false);
  if (VM_UNLIKELY(cold && cold->deferred_first) && !run_deferred(*this)) return sched::After::Parked;
  return stop == Engine::Stop::Yielded ? requeue(*this) : proc::stop(*this);
}

void Process::release_waiting() {
  if (park(*this) != sched::After::Requeue) return;
  if (runtime->profiles(kProfileProcesses)) runtime->trace->process_runnable(*this, true);
  runtime->schedulers->enqueue(*this);
}

void Process::release_ready() {
  const std::uint32_t s = state.fetch_xor(kQueued | kRunning, std::memory_order_seq_cst);
  if (VM_UNLIKELY(s & kLifts)) help(*this, s);
  if (runtime->profiles(kProfileProcesses)) runtime->trace->process_runnable(*this, true);
  runtime->schedulers->enqueue_next(*this);
}

// ------------------------------------------------------------------------------------------------------------------- collecting

void Process::visit_roots(heap::RootSink& sink) {
  sink.roots(&group_leader, 1);
  if (VM_UNLIKELY(parent.is_pointer())) sink.roots(&parent, 1);
  sink.roots(&seq_trace_token, 1);
  if (in_engine) {
    Exception& e = scratch->exception;
    if (scratch->pending_arity) sink.roots(scratch->pending_args, scratch->pending_arity);
    for (Term* t : {&e.reason, &e.stacktrace, &e.args, &e.cause, &e.error_info})
      if (t->is_pointer()) sink.roots(t, 1);
  }
  if (dictionary) dictionary->visit_roots(sink);
  mailbox.visit_roots(sink);
}

void Process::collect_waiting() {
  mailbox.adopt_matching(heap);
  const std::size_t before = heap.used_words() + heap.old_words();
  heap.collect_for_hibernation(saved_registers, live, *this);
  if (sched::Scheduler* current = sched::Scheduler::current()) {
    current->count(kCollectionsCounter, 1);
    const std::size_t after = heap.used_words() + heap.old_words();
    current->count(kReclaimedWordsCounter, before > after ? before - after : 0);
  }
}

std::size_t Process::limited_words() const {
  const std::size_t words = heap.total_words(), limit = heap.limits().max_heap_words;
  return words > limit || (flags & kOffHeapMessages) ? words : words + mailbox.waiting_words(limit - words);
}

bool Process::collect(Term* registers, std::size_t live_registers, std::size_t need_words, bool major) {
  heap::CollectionEffort effort;
  SystemMonitor* monitor = runtime->monitor.load(std::memory_order_acquire);
  const std::int64_t started = monitor && monitor->times_collections() ? raw_monotonic_ns() : 0;
  const std::uint64_t begin = os::cheap_ticks();
  mailbox.adopt_matching(heap);
  const bool traced = is_traced(kTraceGc);
  const bool traced_major = VM_UNLIKELY(traced) && heap.is_major({need_words, major});
  if (VM_UNLIKELY(traced)) runtime->trace->collecting(*this, false, traced_major, need_words);
  const heap::ProcessHeap::Outcome outcome = heap.collect({need_words, major}, registers, live_registers, *this, &effort);
  if (VM_UNLIKELY(traced)) runtime->trace->collecting(*this, true, traced_major, effort.words_reclaimed);
  if (VM_UNLIKELY(monitor != nullptr)) monitor->collected(*this, started ? raw_monotonic_ns() - started : 0);
  reductions_left -= static_cast<SWord>(effort.words_copied / 16 + 1);
  if (sched::Scheduler* current = sched::Scheduler::current()) {
    current->count(kCollectionsCounter, 1);
    current->count(kReclaimedWordsCounter, effort.words_reclaimed);
    current->collecting_ticks += os::cheap_ticks() - begin;
  }
  if (VM_LIKELY(outcome == heap::ProcessHeap::Outcome::Ok)) {
    if (VM_LIKELY(heap.limits().max_heap_words == 0) || limited_words() <= heap.limits().max_heap_words) return true;
  }
  if (heap.limits().max_heap_error_logger) log_max_heap(*this);
  if (!heap.limits().max_heap_kill) return true;
  end_process(*this, atoms::killed);
  return false;
}

}  // namespace vm::proc
