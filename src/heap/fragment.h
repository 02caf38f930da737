// SPDX-License-Identifier: Apache-2.0
//
// A heap fragment: a block of terms outside any process's main heap. Messages arrive as fragments, and native code that finds the heap full goes on
// in one. The receiving process adopts a fragment as part of its young generation; the next collection copies the
// live terms out and frees it.
//
// Fragments come from per-thread size-class slabs (allocate/release), never from a malloc on the message path for small sizes.
#pragma once

#include "term/heap_writer.h"

namespace vm::heap {

struct HeapFragment {
  HeapFragment* next;
  term::OffHeapList off_heap;
  std::size_t capacity;  // words of data
  std::size_t used;      // words
  Word data[];

  static HeapFragment* allocate(std::size_t words);
  // Frees the memory of this one fragment; drops the references of its off-heap list first when `with_off_heap`.
  enum class OffHeap { Keep, Release };
  static void release(HeapFragment* f, OffHeap mode);
};

// Drops one reference for every object of the list (heap is going away).
void release_off_heap_objects(term::OffHeapList& list);
inline void release_off_heap(term::OffHeapList& list) {
  if (VM_UNLIKELY(list.first != nullptr)) release_off_heap_objects(list);
  else list = term::OffHeapList{};
}

// Builds terms into a chain of fragments (a message, an exit reason, a copied row). `take` hands the chain over; what is
// not taken is freed. `reserve` words up front make it one block in the usual case.
class FragmentWriter final : public term::HeapWriter {
 public:
  explicit FragmentWriter(std::size_t reserve_words = 0);
  ~FragmentWriter();
  // First fragment of the chain (linked by next), or nullptr when nothing was allocated.
  HeapFragment* take();

 private:
  Word* alloc_slow(std::size_t words) override;
  void trim_slow(Word* used_end, Word* alloc_end) override;
  void close_current();
  HeapFragment* first_ = nullptr;
  term::OffHeapList list_;
};

}  // namespace vm::heap
