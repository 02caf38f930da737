// SPDX-License-Identifier: Apache-2.0
//
// Slab: memory of one size for objects that are made on one thread and freed on another all the time (signals, processes, timers).
//
// Each thread keeps a short free list per slab; a list that grows too long gives a batch to the pool behind it, an empty one takes a batch. So the
// usual allocate and release touch no shared memory, and a producer/consumer pair of threads costs one lock per batch. The pool gives pages on which
// no object lies back to the system (sync/slab_pool.h).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "sync/slab_pool.h"

namespace vm::sync {

// Tag only tells slabs of one size apart.
template <std::size_t Bytes, typename Tag>
class Slab {
 public:
  static void* allocate() {
    Cache& c = cache_;
    if (VM_UNLIKELY(!c.free)) refill(c);
    SlabNode* n = c.free;
    c.free = n->next;
    c.count--;
    return n;
  }
  static void release(void* p) {
    Cache& c = cache_;
    auto* n = static_cast<SlabNode*>(p);
    n->next = c.free;
    c.free = n;
    if (VM_UNLIKELY(++c.count >= 2 * kBatch)) give_back(c);
  }
  static SlabPool& pool() { return pool_; }

 private:
  static constexpr std::size_t kSize = (Bytes + 15) & ~std::size_t{15};
  static constexpr std::uint32_t kBatch = kSize >= 512 ? 32 : 128;
  struct Cache {
    SlabNode* free;
    std::uint32_t count;
  };
  // Of threads that took a batch: gives back what they hold at their end. Apart from the cache, which so needs no construction that each
  // access would have to ask for.
  struct AtEnd {
    bool armed = false;
    ~AtEnd() {
      Cache& c = cache_;
      while (c.count >= kBatch) give_back(c);
      if (c.free) pool_.give(c.free, c.count);
      c = {};
    }
  };

  [[gnu::noinline]] static void refill(Cache& c) {
    at_end_.armed = true;
    c.free = pool_.take(&c.count);
  }
  [[gnu::noinline]] static void give_back(Cache& c) {
    SlabNode* first = c.free;
    SlabNode* last = first;
    for (std::uint32_t i = 1; i < kBatch; i++) last = last->next;
    c.free = last->next;
    c.count -= kBatch;
    last->next = nullptr;
    pool_.give(first, kBatch);
  }

  static inline thread_local constinit Cache cache_{};
  static inline thread_local AtEnd at_end_;
  static inline SlabPool pool_{kSize, kBatch};
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
