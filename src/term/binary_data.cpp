// SPDX-License-Identifier: Apache-2.0
#include "term/binary_data.h"

#include <cstdlib>

namespace vm::term {
namespace {

// Bytes allocated, counted in one of several cells so that threads rarely share a cache line. Cells are signed: a block may
// be freed by another thread than made it.
constexpr unsigned kCells = 64;
struct alignas(64) Cell {
  std::atomic<std::int64_t> bytes{0};
};
Cell cells[kCells];
std::atomic<unsigned> next_cell{0};

Cell& my_cell() {
  static thread_local unsigned mine = next_cell.fetch_add(1, std::memory_order_relaxed) % kCells;
  return cells[mine];
}
void count(std::int64_t bytes) { my_cell().bytes.fetch_add(bytes, std::memory_order_relaxed); }

std::int64_t block_bytes(std::size_t capacity) { return static_cast<std::int64_t>(sizeof(BinaryData) + capacity); }

}  // namespace

BinaryData* BinaryData::create(std::size_t size, std::size_t capacity) {
  if (capacity < size) capacity = size;
  void* block = std::malloc(sizeof(BinaryData) + capacity);
  VM_CHECK(block != nullptr);
  BinaryData* data = new (block) BinaryData;
  data->refs.store(1, std::memory_order_relaxed);
  data->flags = 0;
  data->reserved = 0;
  data->destructor = nullptr;
  data->capacity = capacity;
  data->size = size;
  count(block_bytes(capacity));
  return data;
}

BinaryData* BinaryData::grow(BinaryData* data, std::size_t capacity) {
  VM_ASSERT(data->refs.load(std::memory_order_relaxed) == 1);
  if (capacity <= data->capacity) return data;
  std::int64_t before = block_bytes(data->capacity);
  BinaryData* bigger = static_cast<BinaryData*>(std::realloc(static_cast<void*>(data), sizeof(BinaryData) + capacity));
  VM_CHECK(bigger != nullptr);
  bigger->capacity = capacity;
  count(block_bytes(capacity) - before);
  return bigger;
}

void BinaryData::release() {
  if (refs.load(std::memory_order_acquire) != 1 && refs.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (destructor != nullptr) destructor(this);
  count(-block_bytes(capacity));
  std::free(this);
}

std::size_t BinaryData::total_bytes() {
  std::int64_t sum = 0;
  for (Cell& cell : cells) sum += cell.bytes.load(std::memory_order_relaxed);
  return sum < 0 ? 0 : static_cast<std::size_t>(sum);
}

}  // namespace vm::term
