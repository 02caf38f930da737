// SPDX-License-Identifier: Apache-2.0
//
// The shared part of a slab: slots of one size in chunks of 64 KB, 63 of them in an aligned region of address space.
//
// Which slots of a chunk are free is a bitmap outside of it, so that the memory of a free slot holds nothing. A short stock of batches goes from thread
// to thread as it is; what is freed beyond it is sorted into its chunks. give_back_unused discards the pages on which every slot is free and
// that stayed so for a while: what is allocated and freed again and again stays. All regions of a pool but the first ask for huge pages until some
// of theirs are given back.
//
// Threads: all. One lock per pool, held for a batch; not while the system discards pages: their chunk is out of the lists meanwhile.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "sync/spinlock.h"

namespace vm::sync {

// A free slot that a thread or the stock holds.
struct SlabNode {
  SlabNode* next;
  SlabNode* next_batch;
};

class SlabPool {
 public:
  constexpr SlabPool(std::size_t slot_bytes, std::uint32_t batch)
      : slot_bytes_(static_cast<std::uint32_t>(slot_bytes)),
        inverse_(static_cast<std::uint32_t>((std::uint64_t{1} << 32) / slot_bytes + 1)),
        batch_(batch) {}
  // A list of free slots, linked by next; at least one.
  SlabNode* take(std::uint32_t* count);
  // Takes `count` slots back.
  void give(SlabNode* first, std::uint32_t count);

  // Bytes that were free, and held memory, all the time since the last call; they can be given back.
  static std::size_t idle_bytes();
  // Gives memory of all pools back where nothing lies. Slow; any thread.
  static void give_back_unused();

 private:
  struct Chunk;
  struct Region;
  static constexpr std::size_t kChunkBytes = 64 * 1024;
  static constexpr std::size_t kChunks = 64;  // of a region; the first one holds the bitmaps
  static constexpr std::uint32_t kStock = 16;
  static constexpr std::size_t kSmallest = 32;

  std::uint32_t slots_per_chunk() const { return static_cast<std::uint32_t>(kChunkBytes) / slot_bytes_; }
  // Which slot of its chunk lies at a byte offset.
  std::uint32_t slot_at(std::size_t offset) const { return static_cast<std::uint32_t>(offset * inverse_ >> 32); }
  Chunk& add_chunk();
  Region& add_region();
  void put_into_chunks(SlabNode* first);
  void list(Chunk& c);
  void unlist(Chunk& c);
  void flush_stock();
  void discard_unused();

  const std::uint32_t slot_bytes_;
  const std::uint32_t inverse_;  // 2^32 / slot_bytes_ rounded up: exact for the offsets of a chunk
  const std::uint32_t batch_;
  Spinlock lock_;
  SlabNode* stock_ = nullptr;
  std::uint32_t stock_count_ = 0;
  Chunk* with_room_ = nullptr;
  Region* regions_ = nullptr;
  std::size_t idle_ = 0;      // free slots of chunks with memory behind them, about
  std::size_t idle_low_ = 0;  // the fewest since idle_bytes was asked
  SlabPool* next_pool_ = nullptr;
};

}  // namespace vm::sync
