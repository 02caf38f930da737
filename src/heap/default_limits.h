// SPDX-License-Identifier: Apache-2.0
//
// The limits that new processes get, which may change while processes live. A value that was ever in force is kept and never written again, so
// a heap may refer to it instead of carrying its own: whoever was born with it keeps it. Any thread.
#pragma once

#include <atomic>
#include <utility>

#include "heap/process_heap.h"

namespace vm::heap {

class DefaultLimits {
 public:
  DefaultLimits() : newest_(new Kept{{}, nullptr}), current_(newest_.load()) {}
  ~DefaultLimits() {
    for (Kept* k = newest_.load(); k;) delete std::exchange(k, k->next);
  }
  DefaultLimits(const DefaultLimits&) = delete;
  DefaultLimits& operator=(const DefaultLimits&) = delete;

  // Valid as long as this object.
  const HeapLimits& now() const { return current_.load(std::memory_order_acquire)->limits; }
  // F(HeapLimits&) changes a copy, which is in force from then on; called again when somebody else was faster.
  template <typename F>
  void change(F&& f) {
    Kept* before = current_.load(std::memory_order_acquire);
    for (;;) {
      HeapLimits wanted = before->limits;
      f(wanted);
      if (current_.compare_exchange_weak(before, keep(wanted), std::memory_order_acq_rel, std::memory_order_acquire)) return;
    }
  }

 private:
  struct Kept {
    HeapLimits limits;
    Kept* next;
  };
  Kept* keep(const HeapLimits& limits) {
    Kept* newest = newest_.load(std::memory_order_acquire);
    for (Kept* k = newest; k; k = k->next)
      if (k->limits == limits) return k;
    auto* made = new Kept{limits, newest};
    while (!newest_.compare_exchange_weak(made->next, made, std::memory_order_acq_rel, std::memory_order_acquire)) {
    }
    return made;
  }
  std::atomic<Kept*> newest_;
  std::atomic<Kept*> current_;
};

}  // namespace vm::heap
