// SPDX-License-Identifier: Apache-2.0
#include "trace/call_time.h"

#include "proc/process_cold.h"
#include "proc/time.h"
#include "proc/tracing.h"
#include "trace/patterns.h"

namespace vm::trace {

void CallTimes::add(Term pid, std::uint64_t calls, std::int64_t ns) {
  Shard& shard = shards_[pid.bits() >> 6 & (kShards - 1)];
  sync::SpinGuard guard(shard.lock);
  Entry& e = shard.by_pid[pid.bits()];
  e.calls += calls;
  e.ns += ns;
}

void CallTimes::clear() {
  for (Shard& shard : shards_) {
    sync::SpinGuard guard(shard.lock);
    shard.by_pid.clear();
  }
}

std::vector<std::pair<Term, CallTimes::Entry>> CallTimes::entries() const {
  std::vector<std::pair<Term, Entry>> all;
  for (const Shard& shard : shards_) {
    sync::SpinGuard guard(shard.lock);
    for (const auto& [pid, entry] : shard.by_pid) all.emplace_back(Term::from_bits(pid), entry);
  }
  return all;
}

namespace {

// Books what has passed to the function whose time runs, and starts anew.
void book(Process& p, std::int64_t now) {
  proc::ColdPart& cold = p.cold_part();
  if (auto* at = static_cast<code::Breakpoint*>(cold.timed)) {
    const BreakData* data = at->data.load(std::memory_order_acquire);
    if (data && data->times) data->times->add(p.pid, 0, now - cold.timed_since);
  }
  cold.timed_since = now;
}

}  // namespace

Term time_entered(Process& p, code::Breakpoint& at) {
  book(p, proc::raw_monotonic_ns());
  const BreakData* data = at.data.load(std::memory_order_acquire);
  if (data && data->times) data->times->add(p.pid, 1, 0);
  proc::ColdPart& cold = p.cold_part();
  // Breakpoints are aligned words: one travels in a frame as a small integer.
  const Term before = Term::small(static_cast<SWord>(reinterpret_cast<Word>(cold.timed) >> 3));
  cold.timed = &at;
  p.trace_flags.fetch_or(proc::kTraceTimes, std::memory_order_relaxed);
  return before;
}

void time_left(Process& p, Term previous) {
  book(p, proc::raw_monotonic_ns());
  p.cold_part().timed = previous.is_small() ? reinterpret_cast<void*>(static_cast<Word>(previous.small_value()) << 3) : nullptr;
}

void time_scheduled(Process& p, bool in) {
  const std::int64_t now = proc::raw_monotonic_ns();
  if (in) p.cold_part().timed_since = now;
  else book(p, now);
}

}  // namespace vm::trace
