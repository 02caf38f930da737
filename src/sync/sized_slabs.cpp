// SPDX-License-Identifier: Apache-2.0
#include "sync/sized_slabs.h"

#include <array>
#include <utility>

namespace vm::sync {

namespace {

template <typename Batch, std::size_t... C>
constexpr std::array<SlabPool, sizeof...(C)> make_pools(Batch batch, std::index_sequence<C...>) {
  return {SlabPool(SizedSlabs::class_words(C) * kWordBytes, batch(C))...};
}

// Apart from the lists, as in slab.h.
struct AtEnd {
  bool armed = false;
  ~AtEnd() { SizedSlabs::trim_thread(); }
};
thread_local AtEnd at_end;

}  // namespace

SlabPool& SizedSlabs::pool(unsigned c) {
  static constinit auto pools = make_pools([](unsigned k) { return batch(k); }, std::make_index_sequence<kClasses>());
  return pools[c];
}

void SizedSlabs::refill(List& list, unsigned c) {
  at_end.armed = true;
  list.free = pool(c).take(&list.count);
}

void SizedSlabs::give_back(List& list, unsigned c) {
  SlabNode* first = list.free;
  SlabNode* last = first;
  const std::uint32_t count = batch(c);
  for (std::uint32_t i = 1; i < count; i++) last = last->next;
  list.free = last->next;
  list.count -= count;
  last->next = nullptr;
  pool(c).give(first, count);
}

void SizedSlabs::trim_thread() {
  for (unsigned c = 0; c < kClasses; c++) {
    List& list = lists_[c];
    if (list.free) pool(c).give(list.free, list.count);
    list = {};
  }
}

}  // namespace vm::sync
