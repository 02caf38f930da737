// SPDX-License-Identifier: Apache-2.0
#include "sync/slab_pool.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/assert.h"
#include "os/memory.h"

namespace vm::sync {

namespace {
std::atomic<SlabPool*> all_pools{nullptr};
constexpr std::size_t kPageBytes = 4096;
}  // namespace

struct SlabPool::Chunk {
  static constexpr std::size_t kWords = kChunkBytes / kSmallest / 64 + 1;
  char* base;
  Chunk* next;  // in with_room_
  Chunk* prev;
  std::uint32_t free;
  bool listed;
  bool held;                   // by discard_unused: nobody takes slots
  std::uint16_t resident;      // a bit for each page that may have memory
  std::uint64_t bits[kWords];  // free slots
};

struct SlabPool::Region {
  Region* next;
  std::uint32_t used;  // chunks
  bool huge;           // asks for huge pages
  Chunk chunks[kChunks];

  static Region* of(void* p) { return reinterpret_cast<Region*>(reinterpret_cast<std::uintptr_t>(p) & ~(kChunks * kChunkBytes - 1)); }
};

namespace {
// Pages that the bytes [begin, end) of a chunk lie on.
std::uint16_t page_bits(std::size_t begin, std::size_t end) {
  const std::size_t first = begin / kPageBytes, last = (end - 1) / kPageBytes;
  return static_cast<std::uint16_t>(((std::uint32_t{2} << last) - 1) & ~((std::uint32_t{1} << first) - 1));
}
}  // namespace

void SlabPool::list(Chunk& c) {
  VM_ASSERT(!c.listed);
  c.listed = true;
  c.prev = nullptr;
  c.next = with_room_;
  if (c.next) c.next->prev = &c;
  with_room_ = &c;
}

void SlabPool::unlist(Chunk& c) {
  VM_ASSERT(c.listed);
  c.listed = false;
  if (c.next) c.next->prev = c.prev;
  if (c.prev) c.prev->next = c.next;
  else with_room_ = c.next;
}

SlabPool::Region& SlabPool::add_region() {
  static_assert(sizeof(Region) <= kChunkBytes);
  VM_ASSERT(slot_bytes_ >= kSmallest);
  const std::size_t bytes = kChunks * kChunkBytes;
  auto* r = static_cast<Region*>(os::try_map_aligned(bytes, bytes));
  if (!r) base::fatal("out of memory: a slab can't grow", __FILE__, __LINE__);
  os::note_pointers_in(r, bytes);
  if (regions_) {
    os::advise_huge(r, bytes);
    r->huge = true;
  } else {
    next_pool_ = all_pools.load(std::memory_order_relaxed);
    while (!all_pools.compare_exchange_weak(next_pool_, this, std::memory_order_release)) {
    }
  }
  r->next = regions_;
  r->used = 1;
  return *(regions_ = r);
}

// With every slot free; in no list.
SlabPool::Chunk& SlabPool::add_chunk() {
  if (!regions_ || regions_->used == kChunks) add_region();
  const std::uint32_t index = regions_->used++;
  Chunk& c = regions_->chunks[index];
  c.base = reinterpret_cast<char*>(regions_) + index * kChunkBytes;
  c.free = slots_per_chunk();
  for (std::uint32_t i = 0; i < c.free; i++) c.bits[i / 64] |= std::uint64_t{1} << (i % 64);
  return c;
}

SlabNode* SlabPool::take(std::uint32_t* count) {
  SpinGuard hold(lock_);
  if (stock_) {
    SlabNode* first = stock_;
    stock_ = first->next_batch;
    stock_count_--;
    std::uint32_t n = 0;
    for (SlabNode* node = first; node; node = node->next) n++;
    *count = n;
    return first;
  }
  if (!with_room_) list(add_chunk());
  Chunk& c = *with_room_;
  const std::uint32_t want = std::min(batch_, c.free);
  SlabNode* first = nullptr;
  SlabNode** end = &first;
  std::uint32_t n = 0;
  for (std::size_t w = 0; n < want; w++) {
    while (c.bits[w] && n < want) {
      const std::size_t slot = w * 64 + static_cast<std::size_t>(std::countr_zero(c.bits[w]));
      c.bits[w] &= c.bits[w] - 1;
      c.resident |= page_bits(slot * slot_bytes_, (slot + 1) * slot_bytes_);
      auto* node = reinterpret_cast<SlabNode*>(c.base + slot * slot_bytes_);
      *end = node;
      end = &node->next;
      n++;
    }
  }
  *end = nullptr;
  c.free -= n;
  if (c.free == 0) unlist(c);
  idle_ -= std::min<std::size_t>(idle_, n);
  idle_low_ = std::min(idle_low_, idle_);
  *count = n;
  return first;
}

void SlabPool::give(SlabNode* first, std::uint32_t) {
  SpinGuard hold(lock_);
  if (stock_count_ < kStock) {
    first->next_batch = stock_;
    stock_ = first;
    stock_count_++;
    return;
  }
  put_into_chunks(first);
}

void SlabPool::put_into_chunks(SlabNode* first) {
  while (first) {
    SlabNode* node = first;
    first = node->next;
    Region* r = Region::of(node);
    const auto offset = static_cast<std::size_t>(reinterpret_cast<char*>(node) - reinterpret_cast<char*>(r));
    Chunk& c = r->chunks[offset / kChunkBytes];
    const std::size_t slot = slot_at(offset % kChunkBytes);
    VM_ASSERT(slot * slot_bytes_ == offset % kChunkBytes && !(c.bits[slot / 64] >> (slot % 64) & 1));
    c.bits[slot / 64] |= std::uint64_t{1} << (slot % 64);
    c.free++;
    idle_++;
    if (!c.listed && !c.held) list(c);
  }
}

void SlabPool::flush_stock() {
  while (stock_) {
    SlabNode* batch = stock_;
    stock_ = batch->next_batch;
    stock_count_--;
    put_into_chunks(batch);
  }
}

// A chunk at a time; who frees into it meanwhile only marks bits.
void SlabPool::discard_unused() {
  Region* r;
  {
    SpinGuard hold(lock_);
    flush_stock();
    idle_ = idle_low_ = 0;
    r = regions_;
  }
  for (; r; r = r->next) {
    for (std::uint32_t i = 1; i < kChunks; i++) {
      std::uint16_t unused;
      bool was_huge;
      Chunk& c = r->chunks[i];
      {
        SpinGuard hold(lock_);
        if (i >= r->used || !c.listed || c.resident == 0) continue;
        std::uint16_t needed = 0;
        for (std::uint32_t slot = 0; slot < slots_per_chunk() && c.free != slots_per_chunk(); slot++)
          if (!(c.bits[slot / 64] >> (slot % 64) & 1)) needed |= page_bits(slot * slot_bytes_, (slot + 1) * slot_bytes_);
        unused = c.resident & static_cast<std::uint16_t>(~needed);
        if (unused == 0) continue;
        c.resident &= needed;
        unlist(c);
        c.held = true;
        was_huge = std::exchange(r->huge, false);
      }
      if (was_huge) os::advise_huge(r, kChunks * kChunkBytes, false);  // or the system fills the pages again
      for (std::size_t begin = 0; begin < 16;) {
        std::size_t end = begin;
        while (end < 16 && unused >> end & 1) end++;
        if (end > begin) os::discard(c.base + begin * kPageBytes, (end - begin) * kPageBytes);
        begin = end + 1;
      }
      SpinGuard hold(lock_);
      c.held = false;
      list(c);
    }
  }
}

std::size_t SlabPool::idle_bytes() {
  std::size_t bytes = 0;
  for (SlabPool* p = all_pools.load(std::memory_order_acquire); p; p = p->next_pool_) {
    SpinGuard hold(p->lock_);
    bytes += p->idle_low_ * p->slot_bytes_;
    p->idle_low_ = p->idle_;
  }
  return bytes;
}

void SlabPool::give_back_unused() {
  for (SlabPool* p = all_pools.load(std::memory_order_acquire); p; p = p->next_pool_) p->discard_unused();
}

}  // namespace vm::sync
