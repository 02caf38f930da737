// SPDX-License-Identifier: Apache-2.0
//
// Built-ins that may last: where they run, and what lets others in meanwhile (proc/dirty_call.h).
//
// Moving to a dirty scheduler and back costs two wake-ups, many times what most operations on files take. Those (BriefIo) begin where their process is. The
// watcher gives the scheduler to another thread when one takes long after all, and two rules keep that from happening often: a built-in that took longer than
// kSlowUs moves for kSlowFactor times as long, and all of them move while a long call is under way. So what waits for ever, and anything that
// many processes wait for at a time, is on threads that are there for it.
#include "interp/instructions.h"
#include "interp/slow.h"
#include "os/clock.h"
#include "proc/bif_context.h"
#include "proc/dirty_call.h"
#include "proc/hidden_row.h"
#include "proc/system_monitor.h"
#include "proc/tracing.h"
#include "sched/scheduler.h"

namespace vm::interp {

namespace {

constexpr std::uint64_t kSlowUs = 200;
constexpr std::uint64_t kSlowFactor = 50;  // a fiftieth of the time at most is lost to others
constexpr std::uint64_t kSliceUs = 1000;   // what a full slice of other code takes, about

proc::BifResult given(proc::BifContext&, Term value) { return value; }

// Until when the functions of a name move, in cheap ticks. A few names may share one; purging their module takes none away.
std::atomic<std::uint64_t>& slow_until(const code::Bif& b) {
  static std::atomic<std::uint64_t> until[64];
  return until[b.mfa.function.atom_index() % std::size(until)];
}

// What was done where the process runs is paid with its slice.
void pay(Process& p, std::atomic<std::uint64_t>& slow, std::uint64_t begin, std::uint64_t end) {
  const std::uint64_t us = (end - begin) / os::cheap_ticks_per_us();
  p.reductions_left -= static_cast<SWord>(us * p.slice_reductions / kSliceUs);
  if (us > kSlowUs) slow.store(end + kSlowFactor * (end - begin), std::memory_order_relaxed);
}

Term call_dirty(proc::BifContext& cx, const Term* args) {
  Process& p = cx.process();
  const auto& bif = *reinterpret_cast<const code::Bif*>(p.current_mfa.get());
  const bool stays = bif.kind == code::BifKind::BriefIo && sched::Scheduler::current() != nullptr;
  std::atomic<std::uint64_t>& slow = slow_until(bif);
  const std::uint64_t begin = stays ? os::cheap_ticks() : 0;
  proc::begin_dirty_call(p);
  const Term value = bif.call(cx, args);
  if (stays) pay(p, slow, begin, os::cheap_ticks());
  if (VM_LIKELY(proc::end_dirty_call(p))) {
    // Who is shown how it is scheduled sees it leave the dirty scheduler at once, not with the next call.
    const bool leaves = !stays && p.is_traced(proc::kTraceScheduling & ~proc::kTraceTimes);
    if (VM_LIKELY(p.suspend_count == 0 && !leaves) || !value.is_value()) return value;
    return cx.yield_to(proc::hidden_entry<given, 1>(*p.runtime, "erlang", "apply"), value).value();
  }
  p.pending = proc::PendingKind::Exit;
  return Term::non_value();
}

}  // namespace

code::BifCall enter_of(const code::Bif& b) { return may_last(b.kind) ? &call_dirty : b.call; }

// Where slices are watched or chosen the call is not part of one.
bool may_stay(const Process& p, const code::Bif& b) {
  if (b.kind != code::BifKind::BriefIo) return false;
  const proc::Runtime& rt = *p.runtime;
  if (!rt.schedulers->may_wait()) return false;
  const proc::SystemMonitor* monitor = rt.monitor.load(std::memory_order_acquire);
  if (p.is_traced(proc::kTraceScheduling) || (monitor && monitor->times_slices())) return false;
  const std::uint64_t until = slow_until(b).load(std::memory_order_relaxed);
  return until == 0 || os::cheap_ticks() >= until;
}

}  // namespace vm::interp
