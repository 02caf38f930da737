// SPDX-License-Identifier: Apache-2.0
#include "heap/block_cache.h"

#include <atomic>
#include <bit>
#include <cstdlib>
#include <mutex>

#include "base/assert.h"
#include "os/memory.h"
#include "sync/sized_slabs.h"

namespace vm::heap {

namespace {

using sync::SizedSlabs;
constexpr std::size_t kLargestSmall = SizedSlabs::kMostWords;
constexpr std::size_t kLargestCached = 32 * 1024;
constexpr unsigned kClasses = 24;
// A thread keeps at most this many words per class, so that a burst of exits does not pin memory in one thread.
constexpr std::size_t kCachedWordsPerClass = 64 * 1024;
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kRetainedLargeBytes = std::size_t{64} << 20;

// Middle-sized blocks go on with the classes of the slabs: 640, 768, 896, 1024, 1280, ...
unsigned class_of(std::size_t words) { return SizedSlabs::class_of(words) - SizedSlabs::kClasses; }
std::size_t class_words(unsigned c) { return SizedSlabs::class_words(c + SizedSlabs::kClasses); }
static_assert(SizedSlabs::class_of(kLargestCached) == SizedSlabs::kClasses + kClasses - 1 &&
              SizedSlabs::class_words(SizedSlabs::kClasses + kClasses - 1) == kLargestCached);

// Bytes in use: each thread counts what it takes and gives back; only the sum means something.
struct UseCounter {
  std::atomic<std::ptrdiff_t> bytes{0};
  UseCounter* next = nullptr;
};
struct UseCounters {
  std::mutex lock;
  UseCounter* first = nullptr;
  std::ptrdiff_t of_ended_threads = 0;
  UseCounter late;  // of threads that are at their end: about right
};
UseCounters& use_counters() {
  static UseCounters* c = new UseCounters;  // outlives every thread
  return *c;
}

// What a thread holds. Its begin and end are seen to by a Member, so that the lists themselves need no construction.
struct ThreadCache {
  struct List {
    Word* first;
    std::size_t count;
  };
  List lists[kClasses];
  UseCounter* use;
  std::uint32_t trimmed;  // what trim_requests was

  void trim() {
    for (List& list : lists) {
      while (Word* block = list.first) {
        list.first = reinterpret_cast<Word*>(block[0]);
        std::free(block);
      }
      list.count = 0;
    }
    SizedSlabs::trim_thread();
  }
  void count(std::ptrdiff_t bytes) {  // own thread only: no need for an atomic addition
    if (VM_UNLIKELY(!use)) join();
    use->bytes.store(use->bytes.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
  }
  [[gnu::noinline]] void join();
};
thread_local constinit ThreadCache cache{};

struct Member {
  UseCounter use;

  Member() {
    UseCounters& all = use_counters();
    std::lock_guard<std::mutex> hold(all.lock);
    use.next = all.first;
    all.first = &use;
  }
  ~Member() {
    cache.trim();
    UseCounters& all = use_counters();
    std::lock_guard<std::mutex> hold(all.lock);
    all.of_ended_threads += use.bytes.load(std::memory_order_relaxed);
    UseCounter** link = &all.first;
    while (*link != &use) link = &(*link)->next;
    *link = use.next;
    cache.use = &all.late;
  }
};
thread_local Member member;

void ThreadCache::join() { use = &member.use; }

std::atomic<std::uint32_t> trim_requests{0};

// Retained large mappings, the one given back longest ago first.
struct LargeCache {
  static constexpr unsigned kEntries = 32;
  struct Entry {
    Word* block;
    std::size_t bytes;
  };
  std::mutex lock;
  Entry entries[kEntries];
  unsigned count = 0;
  std::size_t bytes = 0;

  Entry take(unsigned i) {
    const Entry e = entries[i];
    for (unsigned k = i + 1; k < count; k++) entries[k - 1] = entries[k];
    count--;
    bytes -= e.bytes;
    return e;
  }
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

Block map_large(std::size_t bytes) {
  void* p = os::try_map_aligned(bytes, bytes >= kHugePage ? kHugePage : 0);
  if (!p) base::fatal("out of memory: a heap block can't be mapped", __FILE__, __LINE__);
  if (bytes >= kHugePage) os::advise_huge(p, bytes);
  return {static_cast<Word*>(p), bytes / kWordBytes};
}

// The smallest retained mapping that holds `bytes` without wasting more than half of them again.
Block allocate_large(std::size_t bytes) {
  LargeCache& c = large_cache();
  {
    std::lock_guard<std::mutex> hold(c.lock);
    unsigned best = c.count;
    for (unsigned i = c.count; i-- > 0;) {
      const std::size_t size = c.entries[i].bytes;
      if (size >= bytes && size <= bytes + bytes / 2 && (best == c.count || size < c.entries[best].bytes)) best = i;
    }
    if (best != c.count) {
      const LargeCache::Entry e = c.take(best);
      return {e.block, e.bytes / kWordBytes};
    }
  }
  return map_large(bytes);
}

void free_large(Word* block, std::size_t bytes) {
  if (bytes > kRetainedLargeBytes) {
    os::release(block, bytes);
    return;
  }
  LargeCache& c = large_cache();
  LargeCache::Entry old[LargeCache::kEntries];
  unsigned dropped = 0;
  {
    std::lock_guard<std::mutex> hold(c.lock);
    while (c.count == LargeCache::kEntries || (c.count && c.bytes + bytes > kRetainedLargeBytes)) old[dropped++] = c.take(0);
    c.entries[c.count++] = {block, bytes};
    c.bytes += bytes;
  }
  while (dropped > 0) {
    dropped--;
    os::release(old[dropped].block, old[dropped].bytes);
  }
}

}  // namespace

void ask_threads_to_trim() { trim_requests.fetch_add(1, std::memory_order_relaxed); }

void trim_thread_blocks() {
  ThreadCache& mine = cache;
  const std::uint32_t asked = trim_requests.load(std::memory_order_relaxed);
  if (VM_LIKELY(mine.trimmed == asked)) return;
  mine.trimmed = asked;
  mine.trim();
}

void give_back_unused() {
  LargeCache& c = large_cache();
  LargeCache::Entry old[LargeCache::kEntries];
  unsigned dropped = 0;
  {
    std::lock_guard<std::mutex> hold(c.lock);
    while (c.count) old[dropped++] = c.take(0);
  }
  while (dropped > 0) {
    dropped--;
    os::release(old[dropped].block, old[dropped].bytes);
  }
  sync::SlabPool::give_back_unused();
  os::give_back_free_memory();
}

std::size_t block_capacity(std::size_t words) {
  if (words <= kLargestSmall) return SizedSlabs::class_words(SizedSlabs::class_of(words));
  if (words <= kLargestCached) return class_words(class_of(words));
  return large_bytes(words) / kWordBytes;
}

bool is_large_block(std::size_t capacity) { return capacity > kLargestCached; }

Block allocate_block(std::size_t words) {
  ThreadCache& mine = cache;
  if (VM_LIKELY(words <= kLargestSmall)) {
    const unsigned c = SizedSlabs::class_of(words);
    const std::size_t capacity = SizedSlabs::class_words(c);
    mine.count(static_cast<std::ptrdiff_t>(capacity * kWordBytes));
    return {static_cast<Word*>(SizedSlabs::allocate(c)), capacity};
  }
  if (words > kLargestCached) {
    const Block block = allocate_large(large_bytes(words));
    mine.count(static_cast<std::ptrdiff_t>(block.words * kWordBytes));
    return block;
  }
  const unsigned c = class_of(words);
  const std::size_t capacity = class_words(c);
  mine.count(static_cast<std::ptrdiff_t>(capacity * kWordBytes));
  ThreadCache::List& list = mine.lists[c];
  if (Word* block = list.first) {
    list.first = reinterpret_cast<Word*>(block[0]);
    list.count--;
    return {block, capacity};
  }
  auto* block = static_cast<Word*>(std::malloc(capacity * kWordBytes));
  if (!block) base::fatal("out of memory: no heap block", __FILE__, __LINE__);
  return {block, capacity};
}

void free_block(Word* block, std::size_t capacity) {
  ThreadCache& mine = cache;
  mine.count(-static_cast<std::ptrdiff_t>(capacity * kWordBytes));
  if (VM_LIKELY(capacity <= kLargestSmall)) return SizedSlabs::release(block, SizedSlabs::class_of(capacity));
  if (capacity > kLargestCached) {
    free_large(block, capacity * kWordBytes);
    return;
  }
  const unsigned c = class_of(capacity);
  VM_ASSERT(class_words(c) == capacity);
  ThreadCache::List& list = mine.lists[c];
  if ((list.count + 1) * capacity > kCachedWordsPerClass && list.count >= 4) {
    std::free(block);
    return;
  }
  block[0] = reinterpret_cast<Word>(list.first);
  list.first = block;
  list.count++;
}

std::size_t shrink_block(Word* start, std::size_t capacity, std::size_t words) {
  if (capacity <= kLargestCached) return capacity;
  const std::size_t bytes = large_bytes(words > kLargestCached ? words : kLargestCached + 1);
  const std::size_t before = capacity * kWordBytes;
  if (bytes >= before) return capacity;
  os::release(reinterpret_cast<char*>(start) + bytes, before - bytes);
  cache.count(-static_cast<std::ptrdiff_t>(before - bytes));
  return bytes / kWordBytes;
}

std::size_t block_bytes_in_use() {
  UseCounters& all = use_counters();
  std::lock_guard<std::mutex> hold(all.lock);
  std::ptrdiff_t sum = all.of_ended_threads + all.late.bytes.load(std::memory_order_relaxed);
  for (UseCounter* c = all.first; c; c = c->next) sum += c->bytes.load(std::memory_order_relaxed);
  return sum > 0 ? static_cast<std::size_t>(sum) : 0;
}

}  // namespace vm::heap
