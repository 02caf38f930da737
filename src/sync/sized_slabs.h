// SPDX-License-Identifier: Apache-2.0
//
// Sized slabs: memory of up to 4 KB in size classes (message fragments, small heaps, rows of tables), for what is made on one thread and freed on
// another all the time and comes in millions.
//
// Every size up to 32 words is a class of its own, above there are four to the power of two. As in slab.h, each thread keeps a short list per class and
// trades batches with the pool behind it, which gives pages back on which nothing lies. No header, no rounding to 16 bytes: a block of five words
// takes 40 bytes.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "base/word.h"
#include "sync/slab_pool.h"

namespace vm::sync {

class SizedSlabs {
 public:
  static constexpr std::size_t kLeastWords = 4, kMostWords = 512;
  static constexpr unsigned kClasses = 29 + 4 * 4;

  // 4..32, 40, 48, 56, 64, 80, ... 512 words. The row of classes goes on; those from kClasses on have no slab (heap/block_cache.cpp has blocks of them).
  static constexpr unsigned class_of(std::size_t words) {
    if (words <= kLeastWords) return 0;
    if (words <= 32) return static_cast<unsigned>(words - kLeastWords);
    const unsigned top = static_cast<unsigned>(std::bit_width(words - 1)) - 1;  // 2^top < words <= 2^(top+1)
    const std::size_t step = std::size_t{1} << (top - 2);
    const std::size_t quarter = (words - (std::size_t{1} << top) + step - 1) / step;  // 1..4
    return 28 + (top - 5) * 4 + static_cast<unsigned>(quarter);
  }
  static constexpr std::size_t class_words(unsigned c) {
    if (c <= 28) return c + kLeastWords;
    const unsigned above = c - 29, top = above / 4 + 5;
    return (std::size_t{1} << top) + (above % 4 + 1) * (std::size_t{1} << (top - 2));
  }

  // Uninitialised memory of class_words(c).
  static void* allocate(unsigned c) {
    List& list = lists_[c];
    if (VM_UNLIKELY(!list.free)) refill(list, c);
    SlabNode* n = list.free;
    list.free = n->next;
    list.count--;
    return n;
  }
  static void release(void* p, unsigned c) {
    List& list = lists_[c];
    auto* n = static_cast<SlabNode*>(p);
    n->next = list.free;
    list.free = n;
    if (VM_UNLIKELY(++list.count >= 2 * batch(c))) give_back(list, c);
  }
  // What this thread holds ready goes to the pools; so it does at the thread's end.
  static void trim_thread();

 private:
  struct List {
    SlabNode* free;
    std::uint32_t count;
  };

  // Blocks that go to the pool or come from it at a time: 8 KB of them, 128 at most.
  static constexpr std::uint32_t batch(unsigned c) {
    const std::size_t fit = 8 * 1024 / (class_words(c) * kWordBytes);
    return static_cast<std::uint32_t>(fit > 128 ? 128 : fit);
  }
  static SlabPool& pool(unsigned c);
  static void refill(List& list, unsigned c);
  static void give_back(List& list, unsigned c);

  static inline thread_local constinit List lists_[kClasses]{};
};
static_assert(SizedSlabs::class_words(SizedSlabs::kClasses - 1) == SizedSlabs::kMostWords);
static_assert(SizedSlabs::class_of(SizedSlabs::kMostWords) == SizedSlabs::kClasses - 1);

}  // namespace vm::sync
