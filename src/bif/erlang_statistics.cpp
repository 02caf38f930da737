// SPDX-License-Identifier: Apache-2.0
//
// erlang:statistics/1, and the switches of what it measures.
#include <atomic>

#include "bif/bif_decls.gen.h"
#include "bif/erlang_schedulers.h"
#include "ops/maps.h"
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

std::size_t queue_length(sched::SchedulerGroup& g, unsigned i, bool active) { return active ? g.active_tasks(i) : g.run_queue_length(i); }

std::size_t dirty_length(const sched::SchedulerGroup& g, sched::DirtyPool pool, bool active) {
  return active ? g.dirty_active_tasks(pool) : g.dirty_queue_length(pool);
}

Term lengths(BifContext& cx, bool active, bool all) {
  sched::SchedulerGroup& g = *cx.runtime().schedulers;
  term::ListBuilder list(cx.heap());
  for (unsigned i = 0; i < g.scheduler_count(); i++) list.add(Term::small(static_cast<SWord>(queue_length(g, i, active))));
  list.add(Term::small(static_cast<SWord>(dirty_length(g, sched::DirtyPool::Cpu, active))));
  if (all) list.add(Term::small(static_cast<SWord>(dirty_length(g, sched::DirtyPool::Io, active))));
  return list.finish();
}

Term total_length(BifContext& cx, bool active, bool all) {
  sched::SchedulerGroup& g = *cx.runtime().schedulers;
  std::size_t n = dirty_length(g, sched::DirtyPool::Cpu, active);
  if (all) n += dirty_length(g, sched::DirtyPool::Io, active);
  for (unsigned i = 0; i < g.scheduler_count(); i++) n += queue_length(g, i, active);
  return Term::small(static_cast<SWord>(n));
}

// [{Id, Busy, Total}]
BifResult wall_times(BifContext& cx, bool all) {
  const proc::Runtime& rt = cx.runtime();
  if (!rt.wall_time.on()) return atoms::undefined;
  const std::vector<sched::ThreadTimes> times = rt.wall_time.read(*rt.schedulers);
  const std::size_t n = all ? times.size() : times.size() - rt.schedulers->config().dirty_io;
  term::ListBuilder list(cx.heap());
  for (std::size_t i = 0; i < n; i++)
    list.add(Tuple::make(cx.heap(), Term::small(static_cast<SWord>(i + 1)), term::make_unsigned(cx.heap(), times[i].busy),
                         term::make_unsigned(cx.heap(), times[i].total)));
  return list.finish();
}

// #{type, id, counters}
Term microstate_map(BifContext& cx, const char* type, std::size_t id, const sched::ThreadTimes& t) {
  term::HeapWriter& h = cx.heap();
  const auto name = [](const char* text) { return term::AtomTable::intern(text); };
  const std::uint64_t inside = t.collecting + t.ports;
  const std::uint64_t known = t.busy + t.sleeping + t.polling + t.timers;
  const auto number = [&](std::uint64_t ns) { return term::make_unsigned(h, ns); };
  const Term counters[] = {name("aux"),      number(t.timers),
                           name("check_io"), number(t.polling),
                           name("emulator"), number(t.busy > inside ? t.busy - inside : 0),
                           name("gc"),       number(t.collecting),
                           name("other"),    number(t.total > known ? t.total - known : 0),
                           name("port"),     number(t.ports),
                           name("sleep"),    number(t.sleeping)};
  const Term pairs[] = {name("counters"), ops::map_from_pairs(h, counters), name("id"), Term::small(static_cast<SWord>(id)), name("type"),
                        name(type)};
  return ops::map_from_pairs(h, pairs);
}

BifResult microstates(BifContext& cx) {
  const proc::Runtime& rt = cx.runtime();
  const sched::Config& c = rt.schedulers->config();
  std::vector<sched::ThreadTimes> times = rt.microstates.read(*rt.schedulers);
  term::ListBuilder list(cx.heap());
  // Threads that other emulators have and this one does without: at rest.
  sched::ThreadTimes resting;
  resting.total = resting.sleeping = times[0].total;
  list.add(microstate_map(cx, "aux", 1, resting));
  list.add(microstate_map(cx, "poll", 0, resting));
  list.add(microstate_map(cx, "async", 0, resting));
  for (std::size_t i = 0; i < times.size(); i++) {
    sched::ThreadTimes& t = times[i];
    if (i < c.schedulers) {
      list.add(microstate_map(cx, "scheduler", i + 1, t));
      continue;
    }
    t.sleeping = t.total > t.busy ? t.total - t.busy : 0;
    const std::size_t dirty = i - c.schedulers;
    if (dirty < c.dirty_cpu) list.add(microstate_map(cx, "dirty_cpu_scheduler", dirty + 1, t));
    else list.add(microstate_map(cx, "dirty_io_scheduler", dirty - c.dirty_cpu + 1, t));
  }
  return list.finish();
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
  if (what == atoms::run_queue) return total_length(cx, false, false);
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
  if (what == atoms::scheduler_wall_time) return wall_times(cx, false);
  if (what == atoms::scheduler_wall_time_all) return wall_times(cx, true);
  if (what == atoms::microstate_accounting) return microstates(cx);
  return cx.badarg();
}

BifResult set_microstate_accounting(BifContext& cx, Term value) {
  proc::Runtime& rt = cx.runtime();
  bool before;
  if (value == atoms::true_) before = rt.microstates.start(*rt.schedulers);
  else if (value == atoms::false_) before = rt.microstates.stop(*rt.schedulers);
  else if (value.is_atom() && term::AtomTable::text(value) == "reset") before = rt.microstates.reset(*rt.schedulers);
  else return cx.badarg();
  return before ? atoms::true_ : atoms::false_;
}

BifResult erts_internal_scheduler_wall_time_1(BifContext& cx, Term on) {
  proc::Runtime& rt = cx.runtime();
  if (!on.is_boolean()) return cx.badarg();
  if (on == atoms::false_) return rt.wall_time.stop(*rt.schedulers) ? atoms::true_ : atoms::false_;
  if (rt.wall_time.on()) return atoms::true_;
  rt.wall_time.reset(*rt.schedulers);
  return rt.wall_time.start(*rt.schedulers) ? atoms::true_ : atoms::false_;
}

}  // namespace vm::bif
