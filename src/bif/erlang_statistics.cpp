// SPDX-License-Identifier: Apache-2.0
//
// erlang:statistics/1.
#include <atomic>

#include "bif/bif_decls.gen.h"
#include "os/clock.h"
#include "proc/runtime.h"
#include "proc/time.h"

namespace vm::bif {

using term::Tuple;

namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;

// {Total, SinceLastCall}
Term with_difference(BifContext& cx, std::uint64_t total, std::atomic<std::uint64_t>& last) {
  const std::uint64_t before = last.exchange(total, std::memory_order_relaxed);
  const Term t = term::make_unsigned(cx.heap(), total);
  return Tuple::make(cx.heap(), t, term::make_unsigned(cx.heap(), total - before));
}

std::uint64_t reductions(BifContext& cx) {
  const proc::Process& p = cx.process();
  const SWord here = static_cast<SWord>(p.slice_reductions) - p.reductions_left;
  return cx.runtime().schedulers->counter(proc::kReductionsCounter) + static_cast<std::uint64_t>(here > 0 ? here : 0);
}

std::size_t queue_length(sched::SchedulerGroup& g, unsigned i, bool active) {
  std::size_t n = g.run_queue_length(i);
  if (active && g.scheduler(i).running.load(std::memory_order_relaxed)) n++;
  return n;
}

Term lengths(BifContext& cx, bool active, bool all) {
  sched::SchedulerGroup& g = *cx.runtime().schedulers;
  term::ListBuilder list(cx.heap());
  for (unsigned i = 0; i < g.scheduler_count(); i++) list.add(Term::small(static_cast<SWord>(queue_length(g, i, active))));
  list.add(Term::small(static_cast<SWord>(g.dirty_queue_length(sched::DirtyPool::Cpu))));
  if (all) list.add(Term::small(static_cast<SWord>(g.dirty_queue_length(sched::DirtyPool::Io))));
  return list.finish();
}

Term total_length(BifContext& cx, bool active, bool all) {
  sched::SchedulerGroup& g = *cx.runtime().schedulers;
  std::size_t n = g.dirty_queue_length(sched::DirtyPool::Cpu);
  if (all) n += g.dirty_queue_length(sched::DirtyPool::Io);
  for (unsigned i = 0; i < g.scheduler_count(); i++) n += queue_length(g, i, active);
  return Term::small(static_cast<SWord>(n));
}

std::atomic<std::uint64_t> last_reductions, last_exact_reductions, last_runtime, last_wall_clock;

}  // namespace

BifResult erlang_statistics_1(BifContext& cx, Term what) {
  term::HeapWriter& h = cx.heap();
  sched::SchedulerGroup& g = *cx.runtime().schedulers;
  if (what == atoms::reductions) return with_difference(cx, reductions(cx), last_reductions);
  if (what == atoms::exact_reductions) return with_difference(cx, reductions(cx), last_exact_reductions);
  if (what == atoms::runtime) return with_difference(cx, static_cast<std::uint64_t>(os::process_cpu_ns() / kNsPerMs), last_runtime);
  if (what == atoms::wall_clock) {
    const auto ms = static_cast<std::uint64_t>((proc::monotonic_ns() - proc::start_monotonic_ns()) / kNsPerMs);
    return with_difference(cx, ms, last_wall_clock);
  }
  if (what == atoms::run_queue) return Term::small(static_cast<SWord>(g.total_run_queue_length()));
  if (what == atoms::run_queue_lengths) return lengths(cx, false, false);
  if (what == atoms::run_queue_lengths_all) return lengths(cx, false, true);
  if (what == atoms::active_tasks) return lengths(cx, true, false);
  if (what == atoms::active_tasks_all) return lengths(cx, true, true);
  if (what == atoms::total_run_queue_lengths) return total_length(cx, false, false);
  if (what == atoms::total_run_queue_lengths_all) return total_length(cx, false, true);
  if (what == atoms::total_active_tasks) return total_length(cx, true, false);
  if (what == atoms::total_active_tasks_all) return total_length(cx, true, true);
  if (what == atoms::context_switches) return Tuple::make(h, term::make_unsigned(h, g.slices()), Term::small(0));
  if (what == atoms::garbage_collection) {
    const Term collections = term::make_unsigned(h, g.counter(proc::kCollectionsCounter));
    return Tuple::make(h, collections, term::make_unsigned(h, g.counter(proc::kReclaimedWordsCounter)), Term::small(0));
  }
  if (what == atoms::io) {
    const proc::Runtime& rt = cx.runtime();
    const Term in = Tuple::make(h, atoms::input, term::make_unsigned(h, rt.bytes_in.load(std::memory_order_relaxed)));
    return Tuple::make(h, in, Tuple::make(h, atoms::output, term::make_unsigned(h, rt.bytes_out.load(std::memory_order_relaxed))));
  }
  // Measured only while switched on, which nothing can do yet.
  if (what == atoms::scheduler_wall_time || what == atoms::scheduler_wall_time_all || what == atoms::microstate_accounting)
    return atoms::undefined;
  return cx.badarg();
}

}  // namespace vm::bif
