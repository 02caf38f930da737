// SPDX-License-Identifier: Apache-2.0
//
// Slab: memory of one size for objects that are made on one thread and freed on another all the time (signals, processes, timers).
//
// Each thread keeps a short free list per slab; a list that grows too long gives a batch to the central list, an empty one takes a batch. So the
// usual allocate and release touch no shared memory, and a producer/consumer pair of threads costs one lock per batch.
// Memory is taken in blocks and kept for ever.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "base/assert.h"
#include "sync/spinlock.h"

namespace vm::sync {

// Tag only tells slabs of one size apart.
template <std::size_t Bytes, typename Tag>
class Slab {
 public:
  static void* allocate() {
    Cache& c = cache_;
    if (VM_UNLIKELY(!c.free)) refill(c);
    Node* n = c.free;
    c.free = n->next;
    c.count--;
    return n;
  }
  static void release(void* p) {
    Cache& c = cache_;
    auto* n = static_cast<Node*>(p);
    n->next = c.free;
    c.free = n;
    if (VM_UNLIKELY(++c.count >= 2 * kBatch)) give_back(c);
  }

 private:
  static constexpr std::size_t kSize = (Bytes + 15) & ~std::size_t{15};
  static constexpr std::uint32_t kBatch = kSize >= 512 ? 32 : 128;
  struct Node {
    Node* next;
    Node* next_batch;
  };
  struct Cache {
    Node* free = nullptr;
    std::uint32_t count = 0;
    ~Cache() {
      while (free && count >= kBatch) give_back(*this);
      // A remainder below one batch becomes a short batch.
      if (free) {
        SpinGuard g(central_lock_);
        free->next_batch = central_;
        central_ = free;
        free = nullptr;
      }
    }
  };

  static void give_back(Cache& c) {
    Node* first = c.free;
    Node* last = first;
    for (std::uint32_t i = 1; i < kBatch; i++) last = last->next;
    c.free = last->next;
    c.count -= kBatch;
    last->next = nullptr;
    SpinGuard g(central_lock_);
    first->next_batch = central_;
    central_ = first;
  }
  static void refill(Cache& c) {
    {
      SpinGuard g(central_lock_);
      if (central_) {
        c.free = central_;
        central_ = central_->next_batch;
      }
    }
    if (c.free) {
      c.count = 0;
      for (Node* n = c.free; n; n = n->next) c.count++;
      return;
    }
    auto* block = static_cast<char*>(std::aligned_alloc(64, (kSize * kBatch + 63) & ~std::size_t{63}));
    VM_CHECK(block != nullptr);
    for (std::uint32_t i = kBatch; i-- > 0;) {
      auto* n = reinterpret_cast<Node*>(block + i * kSize);
      n->next = c.free;
      c.free = n;
    }
    c.count = kBatch;
  }

  static inline thread_local Cache cache_;
  static inline Spinlock central_lock_;
  static inline Node* central_ = nullptr;
};

// Base for classes that live in their own slab: class Foo : public SlabObject<Foo>.
template <typename T>
struct SlabObject {
  static void* operator new(std::size_t n) {
    VM_ASSERT(n == sizeof(T));
    (void)n;
    return Slab<sizeof(T), T>::allocate();
  }
  static void operator delete(void* p) { Slab<sizeof(T), T>::release(p); }
};

}  // namespace vm::sync
