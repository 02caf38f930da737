// SPDX-License-Identifier: Apache-2.0
#include "heap/block_cache.h"

#include <sys/mman.h>

#include <bit>
#include <cstdlib>
#include <mutex>

#include "base/assert.h"

namespace vm::heap {

namespace {

constexpr std::size_t kSmallestWords = 32;
constexpr std::size_t kLargestCached = 32 * 1024;
constexpr unsigned kClasses = 44;
// A thread keeps at most this many words per class, so that a burst of exits does not pin memory in one thread.
constexpr std::size_t kCachedWordsPerClass = 64 * 1024;
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kRetainedLargeBytes = std::size_t{64} << 20;

std::atomic<std::size_t> bytes_in_use{0};

// Classes: 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, ... : four steps to the power of two.
unsigned class_of(std::size_t words) {
  if (words <= kSmallestWords) return 0;
  unsigned top = static_cast<unsigned>(std::bit_width(words - 1)) - 1;  // 2^top < words <= 2^(top+1)
  std::size_t step = std::size_t{1} << (top - 2);
  std::size_t quarter = (words - (std::size_t{1} << top) + step - 1) / step;  // 1..4
  return (top - 5) * 4 + static_cast<unsigned>(quarter);
}

std::size_t class_words(unsigned c) {
  unsigned top = c / 4 + 5;
  return (std::size_t{1} << top) + (c % 4) * (std::size_t{1} << (top - 2));
}

struct ThreadCache {
  struct List {
    Word* first = nullptr;
    std::size_t count = 0;
  };
  List lists[kClasses];
  ~ThreadCache() {
    for (List& list : lists)
      while (Word* block = list.first) {
        list.first = reinterpret_cast<Word*>(block[0]);
        std::free(block);
      }
  }
};
thread_local ThreadCache cache;

// Retained large mappings, most recently freed first.
struct LargeCache {
  struct Entry {
    Word* block;
    std::size_t bytes;
  };
  std::mutex lock;
  Entry entries[16];
  unsigned count = 0;
  std::size_t bytes = 0;
};
LargeCache& large_cache() {
  static LargeCache* c = new LargeCache;  // outlives every thread
  return *c;
}

// Four sizes to the power of two, in whole (huge) pages, so that a retained mapping often fits the next request.
std::size_t large_bytes(std::size_t words) {
  std::size_t bytes = words * kWordBytes;
  std::size_t step = std::bit_floor(bytes) / 4;
  bytes = (bytes + step - 1) / step * step;
  std::size_t unit = bytes >= kHugePage ? kHugePage : 64 * 1024;
  return (bytes + unit - 1) / unit * unit;
}

Word* map_large(std::size_t bytes) {
  std::size_t slack = bytes >= kHugePage ? kHugePage : 0;
  void* p = mmap(nullptr, bytes + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) base::fatal("out of memory: a heap block can't be mapped", __FILE__, __LINE__);
  if (!slack) return static_cast<Word*>(p);
  Word begin = reinterpret_cast<Word>(p);
  Word aligned = (begin + kHugePage - 1) & ~Word{kHugePage - 1};
  if (aligned != begin) munmap(p, aligned - begin);
  Word end = begin + bytes + slack;
  if (end != aligned + bytes) munmap(reinterpret_cast<void*>(aligned + bytes), end - aligned - bytes);
  madvise(reinterpret_cast<void*>(aligned), bytes, MADV_HUGEPAGE);
  return reinterpret_cast<Word*>(aligned);
}

Word* allocate_large(std::size_t bytes) {
  LargeCache& c = large_cache();
  {
    std::lock_guard<std::mutex> hold(c.lock);
    for (unsigned i = c.count; i-- > 0;) {
      if (c.entries[i].bytes != bytes) continue;
      Word* block = c.entries[i].block;
      c.bytes -= bytes;
      c.entries[i] = c.entries[--c.count];
      return block;
    }
  }
  return map_large(bytes);
}

void free_large(Word* block, std::size_t bytes) {
  LargeCache& c = large_cache();
  {
    std::lock_guard<std::mutex> hold(c.lock);
    if (c.count < 16 && c.bytes + bytes <= kRetainedLargeBytes) {
      c.entries[c.count++] = {block, bytes};
      c.bytes += bytes;
      return;
    }
  }
  munmap(block, bytes);
}

}  // namespace

std::size_t block_capacity(std::size_t words) {
  if (words <= kLargestCached) return class_words(class_of(words));
  return large_bytes(words) / kWordBytes;
}

Word* allocate_block(std::size_t words) {
  if (words > kLargestCached) {
    std::size_t bytes = large_bytes(words);
    bytes_in_use.fetch_add(bytes, std::memory_order_relaxed);
    return allocate_large(bytes);
  }
  unsigned c = class_of(words);
  bytes_in_use.fetch_add(class_words(c) * kWordBytes, std::memory_order_relaxed);
  ThreadCache::List& list = cache.lists[c];
  if (Word* block = list.first) {
    list.first = reinterpret_cast<Word*>(block[0]);
    list.count--;
    return block;
  }
  auto* block = static_cast<Word*>(std::malloc(class_words(c) * kWordBytes));
  if (!block) base::fatal("out of memory: no heap block", __FILE__, __LINE__);
  return block;
}

void free_block(Word* block, std::size_t words) {
  if (words > kLargestCached) {
    std::size_t bytes = large_bytes(words);
    bytes_in_use.fetch_sub(bytes, std::memory_order_relaxed);
    free_large(block, bytes);
    return;
  }
  unsigned c = class_of(words);
  std::size_t n = class_words(c);
  bytes_in_use.fetch_sub(n * kWordBytes, std::memory_order_relaxed);
  ThreadCache::List& list = cache.lists[c];
  if ((list.count + 1) * n > kCachedWordsPerClass && list.count >= 4) {
    std::free(block);
    return;
  }
  block[0] = reinterpret_cast<Word>(list.first);
  list.first = block;
  list.count++;
}

std::size_t block_bytes_in_use() { return bytes_in_use.load(std::memory_order_relaxed); }

}  // namespace vm::heap
