// SPDX-License-Identifier: Apache-2.0
#include "port/port_lock.h"

#include "os/thread.h"
#include "port/port.h"
#include "sched/scheduler.h"

namespace vm::port {

namespace {

// What a holder of a stream's or socket's port needs is mostly over in this time; a request that waits instead costs a switch of processes.
constexpr unsigned kSpins = 100;

}  // namespace

void PortLock::note() {
#ifdef VM_DEBUG
  sync::note_lock(sync::LockRank::Port);
#endif
}

void PortLock::giving() {
  if (sched::Scheduler* scheduler = sched::Scheduler::current()) scheduler->port_ticks += os::cheap_ticks() - taken_at_;
#ifdef VM_DEBUG
  sync::note_unlock(sync::LockRank::Port);
#endif
}

void PortLock::lock() {
  note();
  std::uint32_t free = 0;
  if (!state_.compare_exchange_strong(free, kHeld, std::memory_order_acquire, std::memory_order_relaxed)) lock_slow();
  taken();
}

void PortLock::lock_slow() {
  std::uint32_t s = state_.load(std::memory_order_relaxed);
  for (unsigned spins = 0; spins < kSpins; spins++) {
    if (!(s & kHeld) && state_.compare_exchange_weak(s, s | kHeld, std::memory_order_acquire, std::memory_order_relaxed)) return;
    os::cpu_relax();
    s = state_.load(std::memory_order_relaxed);
  }
  for (;;) {
    // From here on the one who gives it back must wake somebody.
    if (!(s & kHeld)) {
      if (state_.compare_exchange_weak(s, s | kHeld | kWanted, std::memory_order_acquire, std::memory_order_relaxed)) return;
      continue;
    }
    if (!(s & kWanted) && !state_.compare_exchange_weak(s, s | kWanted, std::memory_order_relaxed)) continue;
    os::futex_wait(state_, s | kWanted, -1);
    s = state_.load(std::memory_order_relaxed);
  }
}

bool PortLock::try_lock() {
  std::uint32_t s = 0;
  for (unsigned spins = 0; !state_.compare_exchange_strong(s, kHeld, std::memory_order_acquire, std::memory_order_relaxed); spins++) {
    if ((s & kWork) || spins == kSpins) return false;
    os::cpu_relax();
    s = 0;
  }
  note();
  taken();
  return true;
}

void PortLock::unlock() {
  giving();
  std::uint32_t only_held = kHeld;
  if (!state_.compare_exchange_strong(only_held, 0, std::memory_order_release, std::memory_order_relaxed)) unlock_slow();
}

void PortLock::unlock_slow() {
  std::uint32_t s = state_.load(std::memory_order_relaxed), next;
  bool schedule;
  do {
    schedule = (s & (kWork | kScheduled)) == kWork;
    next = (s & ~(kHeld | kWanted | kWoken)) | (schedule ? kScheduled : 0u);
  } while (!state_.compare_exchange_weak(s, next, std::memory_order_acq_rel, std::memory_order_relaxed));
  if (s & kWanted) os::futex_wake(state_, 1);
  if (schedule) port_.schedule_turn();
}

bool PortLock::add_work() {
  std::uint32_t s = state_.load(std::memory_order_relaxed);
  bool schedule;
  do schedule = !(s & (kHeld | kScheduled));
  while (!state_.compare_exchange_weak(s, s | kWork | (schedule ? kScheduled : 0u), std::memory_order_acq_rel, std::memory_order_relaxed));
  return schedule;
}

bool PortLock::begin_turn() {
  std::uint32_t s = state_.load(std::memory_order_relaxed), next;
  do next = s & kHeld ? s & ~kScheduled : (s & ~(kScheduled | kWoken)) | kHeld;
  while (!state_.compare_exchange_weak(s, next, std::memory_order_acq_rel, std::memory_order_relaxed));
  if (s & kHeld) return false;
  note();
  taken();
  return true;
}

void PortLock::end_turn_again() {
  state_.fetch_or(kScheduled, std::memory_order_relaxed);
  unlock();
}

void PortLock::end_turn_until_woken() {
  giving();
  std::uint32_t s = state_.load(std::memory_order_relaxed);
  bool schedule;
  do schedule = s & kWoken;
  while (!state_.compare_exchange_weak(s, (s & ~(kHeld | kWanted | kWoken)) | (schedule ? kScheduled : 0u), std::memory_order_acq_rel,
                                       std::memory_order_relaxed));
  if (s & kWanted) os::futex_wake(state_, 1);
  if (schedule) port_.schedule_turn();
}

void PortLock::wake() {
  std::uint32_t s = state_.load(std::memory_order_relaxed), next;
  bool schedule;
  do {
    schedule = (s & kWork) && !(s & (kHeld | kScheduled));
    next = s & kHeld ? s | kWoken : schedule ? s | kScheduled : s;
  } while (!state_.compare_exchange_weak(s, next, std::memory_order_acq_rel, std::memory_order_relaxed));
  if (schedule) port_.schedule_turn();
}

}  // namespace vm::port
