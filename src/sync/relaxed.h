// SPDX-License-Identifier: Apache-2.0
//
// Relaxed: a word with one writer that other threads may look at for a hint. Reads and writes are plain moves that a racing reader may see late,
// never torn; nothing else is ordered by them.
#pragma once

#include <atomic>

namespace vm::sync {

template <typename T>
class Relaxed {
 public:
  Relaxed() = default;
  Relaxed(T value) : value_(value) {}
  Relaxed(const Relaxed&) = delete;
  // Any thread.
  T get() const { return value_.load(std::memory_order_relaxed); }
  operator T() const { return get(); }
  T operator->() const { return get(); }
  // The owner.
  Relaxed& operator=(T value) {
    value_.store(value, std::memory_order_relaxed);
    return *this;
  }
  Relaxed& operator|=(T bits) { return *this = get() | bits; }
  Relaxed& operator&=(T bits) { return *this = get() & bits; }

 private:
  std::atomic<T> value_{};
};

}  // namespace vm::sync
