// SPDX-License-Identifier: Apache-2.0
//
// The watcher: a thread that runs no slices. It sees who stays in a native call and gives their scheduler to a spare worker (decision 0012), evens
// out queues (balance.cpp), and calls the tick of the room above.
#include "sched/scheduler_internal.h"

namespace vm::sched {

// --------------------------------------------------------------------------------------------------------------------- long calls

void SchedulerGroup::Impl::count_long_calls_locked(int change) {
  const unsigned now = long_calls_now.load(std::memory_order_relaxed) + static_cast<unsigned>(change);
  long_calls_now.store(now, std::memory_order_release);
  self->may_wait_.store(now == 0, std::memory_order_relaxed);
}

// Gives the scheduler to a spare worker if its own is inside a slice. A new worker starts as a spare one.
void SchedulerGroup::Impl::hand_off(SchedulerAccess& p) {
  std::lock_guard<std::mutex> lock(handoff_lock);
  if (stopping.load(std::memory_order_seq_cst)) return;
  Worker& stuck = *p.driver.load(std::memory_order_relaxed);
  stuck.claimed.store(true, std::memory_order_seq_cst);
  const bool held = os::barrier_on_all_threads() && stuck.in_slice.load(std::memory_order_acquire) != 0 &&
                    p.slices.load(std::memory_order_relaxed) == p.long_slices;
  if (held && spares.empty()) {
    Worker* made = spare_limit > 0 ? make_worker(p.id) : nullptr;
    if (made && start_worker(*made, false)) {
      spare_limit--;
      spares.push_back(made);
    } else if (made) {
      spare_limit = 0;  // it stays in the list, as one that never moves
    }
  }
  if (!held || spares.empty()) {
    if (held) self->may_wait_.store(false, std::memory_order_relaxed);
    stuck.claimed.store(false, std::memory_order_seq_cst);
    return;
  }
  Worker& spare = *spares.back();
  spares.pop_back();
  spare.set_id(p.id);
  spare.access = &p;
  stuck.access = nullptr;
  if (stuck.bound_cpu >= 0) {  // the call may take long: it is not to share the processor with the scheduler that it lost
    config.cpus->release(stuck.thread.handle());
    stuck.bound_cpu = -1;
  }
  p.driver.store(&spare, std::memory_order_seq_cst);
  p.long_since_ns = 0;  // its first slice has not begun
  last_hand_off_ns = os::monotonic_ns();
  long_calls.fetch_add(1, std::memory_order_relaxed);
  count_long_calls_locked(+1);
  spare.handed.set();
}

// Answers whether some worker may be on the way to a long call.
bool SchedulerGroup::Impl::look_for_long_calls(std::int64_t now) {
  bool suspicious = false;
  for (auto& s : all) {
    const std::uint64_t slices = s->slices.load(std::memory_order_relaxed);
    if (slices != s->long_slices || s->long_since_ns == 0) {
      suspicious = suspicious || now - last_hand_off_ns < kSuspiciousForNs;
      s->long_slices = slices;
      s->long_since_ns = now;
      continue;
    }
    // Who lost a scheduler may have put something into its queue after the new worker looked there.
    const bool waits = s->id <= online.load(std::memory_order_relaxed) ? !s->queue.empty() : s->queue.has_movable();
    if (waits && take_idle(s->id - 1)) {
      searching.fetch_add(1, std::memory_order_seq_cst);
      rouse(s->id - 1);
    }
    bool native = false;
    {
      sync::Epoch::Guard guard;
      const NativeMarker* marker = s->driver.load(std::memory_order_relaxed)->scheduler.native_marker.load(std::memory_order_acquire);
      native = marker && marker->get() != nullptr;
    }
    if (!native) continue;
    suspicious = true;
    if (now - s->long_since_ns >= kLongCallNs) hand_off(*s);
  }
  return suspicious;
}

// A worker clears its idle bit before it looks at watcher_asleep, the watcher looks at the bits after it set it: one of them sees the other.
void SchedulerGroup::Impl::watch() {
  unsigned quiet = 0;
  while (!stopping.load(std::memory_order_relaxed)) {
    const bool calm = all_idle();
    quiet = calm ? quiet + 1 : 0;
    const bool suspicious = look_for_long_calls(os::monotonic_ns());
    balance(os::monotonic_ns());
    // Who polled last is busy: another one takes over, for its slice may be a long one.
    if (hooks.poll_io && !calm && !polling.load(std::memory_order_relaxed) && any_idle()) wake_one();
    const bool more = hooks.tick && hooks.tick(hooks.context);
    if (more || quiet < kQuietTicks) {
      watcher_wakeup.wait(calm ? kTickNs : suspicious ? kSuspiciousTickNs : kBusyTickNs);
      continue;
    }
    watcher_asleep.store(true, std::memory_order_seq_cst);
    if (all_idle() && !stopping.load(std::memory_order_seq_cst)) watcher_wakeup.wait(-1);
    watcher_asleep.store(false, std::memory_order_seq_cst);
    quiet = 0;
  }
}

}  // namespace vm::sched
