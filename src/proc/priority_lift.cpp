// SPDX-License-Identifier: Apache-2.0
#include "proc/priority_lift.h"

#include <algorithm>

#include "proc/dirty_call.h"
#include "proc/process_table.h"
#include "proc/runtime.h"
#include "proc/spawn.h"
#include "sync/epoch.h"

namespace vm::proc {
namespace {

struct Helper final : sched::Runnable {
  Runtime* runtime;
  Term pid;
  sched::After run(sched::Scheduler&) override;
};

sched::After Helper::run(sched::Scheduler&) {
  if (Process* p = runtime->processes->lookup(pid)) {
    handle_signals_of(*p);
    handle_signals_of_dirty_call(*p);
  }
  sync::Epoch::defer(this, [](void* raw) { delete static_cast<Helper*>(raw); });
  return sched::After::Parked;
}

constexpr std::uint32_t bit_of(sched::Priority p) { return kLiftNormal << (static_cast<unsigned>(p) - 1); }

}  // namespace

void handle_signals_of(Process& p) {
  std::uint32_t s = p.state.load(std::memory_order_seq_cst);
  do {
    // Somebody runs it: what was asked is seen at the end of the slice. Or it has run since.
    if ((s & (kRunning | kExiting)) || !(s & kQueued)) return;
  } while (!p.state.compare_exchange_weak(s, (s & ~std::uint32_t{kLifts}) | kRunning, std::memory_order_seq_cst));
  (void)handle_incoming(p);
  p.state.fetch_and(~std::uint32_t{kRunning}, std::memory_order_seq_cst);
}

void help(Process& p, std::uint32_t lift_bits) {
  auto* helper = new Helper;
  helper->runtime = p.runtime;
  helper->pid = p.pid;
  const sched::Priority wanted = lift_bits & bit_of(sched::Priority::Max)    ? sched::Priority::Max
                                 : lift_bits & bit_of(sched::Priority::High) ? sched::Priority::High
                                                                             : sched::Priority::Normal;
  helper->priority.store(wanted, std::memory_order_relaxed);
  p.runtime->schedulers->enqueue(*helper);
}

// It waits for a scheduler that is not to run.
static bool kept_from_running(const Process& p) {
  const unsigned home = p.Runnable::home.load(std::memory_order_relaxed);
  return VM_UNLIKELY(home != 0) && home > p.runtime->schedulers->active();
}

void lift_for_request(Process& p, sched::Priority asker) {
  if (kept_from_running(p)) return help(p, bit_of(std::max(asker, sched::Priority::Normal)));
  if (VM_LIKELY(asker <= p.priority.load(std::memory_order_relaxed))) return;
  const std::uint32_t s = p.state.fetch_or(bit_of(asker), std::memory_order_seq_cst);
  // Inside native code it has a helper already, but of no higher priority than its own.
  if ((s & (kInNative | kQueuedDirty)) || (!(s & kRunning) && (s & kQueued))) help(p, bit_of(asker));
}

}  // namespace vm::proc
