// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] HeapWriter: where new terms go.
//
// Native code never moves terms. HeapWriter::alloc never collects: when the current area is full it goes on in a fresh fragment, which the
// owner (a process heap, a message being built, an ETS row) merges or frees later. A function that takes a HeapWriter may
// therefore keep plain Terms in locals across any number of allocations.
//
// Off-heap objects (kinds RefcBinary, MagicRef, External*) carry a link word; link_off_heap threads a fully initialised object
// into the owner's list, from which the collector drops the reference count when the object dies. vheap counts the off-heap
// bytes that the owner keeps alive, so that garbage outside the heap also leads to collections.
//
// Not thread safe: one writer belongs to one thread at a time.
#pragma once

#include "term/term.h"

namespace vm::term {

// List of off-heap objects of one area: header, then the next pointer in word 1.
struct OffHeapList {
  Word* first = nullptr;
  std::size_t bytes = 0;  // off-heap bytes kept alive by the list's objects, shared ones counted in full

  void link(Word* object, std::size_t off_heap_bytes) {
    object[1] = reinterpret_cast<Word>(first);
    first = object;
    bytes += off_heap_bytes;
  }
  // Takes everything out of another list.
  void take(OffHeapList& from) {
    while (Word* object = from.first) {
      from.first = next(object);
      link(object, 0);
    }
    bytes += from.bytes;
    from.bytes = 0;
  }
  static Word* next(const Word* object) { return reinterpret_cast<Word*>(object[1]); }
};

class HeapWriter {
 public:
  HeapWriter(const HeapWriter&) = delete;
  HeapWriter& operator=(const HeapWriter&) = delete;

  // `words` uninitialised cells. Never collects, never fails (out of memory is fatal). The caller fills them before the next GC point.
  Word* alloc(std::size_t words) {
#ifdef VM_DEBUG
    if (VM_UNLIKELY(slow_only_)) return alloc_slow(words);
#endif
    if (VM_LIKELY(static_cast<std::size_t>(limit_ - top_) >= words)) {
      Word* p = top_;
      top_ += words;
      return p;
    }
    return alloc_slow(words);
  }

  // Gives back the unused end of the newest allocation (p + used == end of what alloc returned last).
  void trim(Word* used_end, Word* alloc_end) {
    if (alloc_end == top_) top_ = used_end;
    else trim_slow(used_end, alloc_end);
  }

  OffHeapList& off_heap() { return *off_heap_; }

  Term cons(Term head, Term tail) {
    Word* p = alloc(2);
    p[0] = head.bits();
    p[1] = tail.bits();
    return Term::cons(p);
  }

 protected:
  HeapWriter(Word* top, Word* limit, OffHeapList* off_heap) : top_(top), limit_(limit), off_heap_(off_heap) {}
  ~HeapWriter() = default;
  virtual Word* alloc_slow(std::size_t words) = 0;
  virtual void trim_slow(Word* used_end, Word* alloc_end) = 0;

 public:
  // The engines keep these two in machine registers while a process runs and store them back before any call out.
  Word* top_;
  Word* limit_;  // end of the area `top_` grows towards

 protected:
  OffHeapList* off_heap_;
#ifdef VM_DEBUG
  bool slow_only_ = false;  // stress: everything native code allocates goes the way of a full heap
#endif
};

}  // namespace vm::term
