// SPDX-License-Identifier: Apache-2.0
//
// A lock for a few instructions: run queues, wheel slots, small lists. Never held across a call that can block or allocate much.
#pragma once

#include <atomic>

#include "os/thread.h"

namespace vm::sync {

class Spinlock {
 public:
  void lock() {
    if (!held_.exchange(true, std::memory_order_acquire)) return;
    lock_slow();
  }
  bool try_lock() { return !held_.load(std::memory_order_relaxed) && !held_.exchange(true, std::memory_order_acquire); }
  void unlock() { held_.store(false, std::memory_order_release); }

 private:
  void lock_slow() {
    for (unsigned spins = 0;;) {
      while (held_.load(std::memory_order_relaxed)) {
        if (++spins < 200) os::cpu_relax();
        else os::yield_thread();
      }
      if (!held_.exchange(true, std::memory_order_acquire)) return;
    }
  }
  std::atomic<bool> held_{false};
};

class SpinGuard {
 public:
  explicit SpinGuard(Spinlock& l) : lock_(l) { lock_.lock(); }
  ~SpinGuard() { lock_.unlock(); }
  SpinGuard(const SpinGuard&) = delete;

 private:
  Spinlock& lock_;
};

}  // namespace vm::sync
