// SPDX-License-Identifier: Apache-2.0
//
// SmallMutex: four bytes, one atomic exchange to take and one to give when nobody else wants it. A waiter spins briefly, then sleeps in the
// kernel, so that a holder that lost its processor costs no spinning. For locks that exist in large numbers (stripes of tables).
// It has no rank: the rooms that use it say in their overview in which order they take several.
#pragma once

#include <atomic>
#include <cstdint>

#include "os/thread.h"

namespace vm::sync {

class SmallMutex {
 public:
  SmallMutex() = default;
  SmallMutex(const SmallMutex&) = delete;
  void lock() {
    std::uint32_t free = kFree;
    if (!state_.compare_exchange_strong(free, kHeld, std::memory_order_acquire, std::memory_order_relaxed)) lock_slow();
  }
  bool try_lock() {
    std::uint32_t free = kFree;
    return state_.compare_exchange_strong(free, kHeld, std::memory_order_acquire, std::memory_order_relaxed);
  }
  void unlock() {
    if (state_.exchange(kFree, std::memory_order_release) == kWanted) os::futex_wake(state_, 1);
  }

 private:
  static constexpr std::uint32_t kFree = 0, kHeld = 1, kWanted = 2;

  void lock_slow() {
    for (unsigned spins = 0; spins < 100; spins++) {
      os::cpu_relax();
      if (state_.load(std::memory_order_relaxed) == kFree && try_lock()) return;
    }
    // From here on the one who gives it back must wake somebody.
    while (state_.exchange(kWanted, std::memory_order_acquire) != kFree) os::futex_wait(state_, kWanted, -1);
  }

  std::atomic<std::uint32_t> state_{kFree};
};

}  // namespace vm::sync
