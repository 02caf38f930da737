// SPDX-License-Identifier: Apache-2.0
//
// A hash table of pointers to things that live for ever: lookups take no lock, insertions are made under the owner's lock. Growing
// makes a new array and publishes it; the old one stays until the table dies, because a reader may still be in it (all old arrays
// together are smaller than the current one).
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/word.h"
#include "heap/process_heap.h"

namespace vm::code {

// Traits: static std::size_t hash(const T&).
template <typename T, typename Traits>
class LockFreeTable {
 public:
  LockFreeTable() { grow(heap::stress_modes.tiny_tables ? 2 : kFirstSlots); }

  template <typename Same>
  T* find(std::size_t hash, Same&& same) const {
    const Slots* slots = current_.load(std::memory_order_acquire);
    for (std::size_t i = hash & slots->mask;; i = (i + 1) & slots->mask) {
      T* item = slots->cells[i].load(std::memory_order_acquire);
      if (item == nullptr || same(*item)) return item;
    }
  }

  // Caller holds the owner's lock and knows that no equal item is there.
  void insert(T* item) {
    if ((count_ + 1) * 2 > current_.load(std::memory_order_relaxed)->mask) grow((current_.load()->mask + 1) * 2);
    put(*current_.load(std::memory_order_relaxed), item);
    count_++;
  }

  std::size_t count() const { return count_; }

 private:
  static constexpr std::size_t kFirstSlots = 256;
  struct Slots {
    explicit Slots(std::size_t n) : mask(n - 1), cells(new std::atomic<T*>[n]()) {}
    std::size_t mask;
    std::unique_ptr<std::atomic<T*>[]> cells;
  };

  static void put(Slots& slots, T* item) {
    std::size_t i = Traits::hash(*item) & slots.mask;
    while (slots.cells[i].load(std::memory_order_relaxed) != nullptr) i = (i + 1) & slots.mask;
    slots.cells[i].store(item, std::memory_order_release);
  }

  void grow(std::size_t n) {
    auto fresh = std::make_unique<Slots>(n);
    if (const Slots* old = current_.load(std::memory_order_relaxed)) {
      for (std::size_t i = 0; i <= old->mask; i++) {
        if (T* item = old->cells[i].load(std::memory_order_relaxed)) put(*fresh, item);
      }
    }
    current_.store(fresh.get(), std::memory_order_release);
    all_.push_back(std::move(fresh));
  }

  std::atomic<Slots*> current_{nullptr};
  std::vector<std::unique_ptr<Slots>> all_;
  std::size_t count_ = 0;
};

}  // namespace vm::code
