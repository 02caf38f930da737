// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] The collector: generational Cheney copying, one process at a time.
//
// Minor: young terms that were there at the last collection (below `mature`) go to the old heap, the rest to a new block. Terms are
// immutable, so what is mature only points to what is older; the few in-place updates of the machine happen before the next GC point.
// Major: everything goes to a new block. Lists are copied cell by cell along their tails first, so that they lie in sequence. A moved boxed object
// leaves its new pointer in the header word (a header has tag 111, a boxed pointer 001); a moved cons leaves the non-value in its
// head and the new pointer in its tail.
//
// Rules. 1. Words of the to-space are scanned in order; object_layout.h says which are terms. 2. Literals and, in a minor collection, old terms
// are never touched. 3. After copying, the off-heap lists are swept: what did not move loses a reference count.
#pragma once

#include "heap/process_heap.h"

namespace vm::heap {

class Collector final : public RootSink {
 public:
  explicit Collector(ProcessHeap& heap) : heap_(heap) {}
  void minor(std::size_t block_words, Term* registers, std::size_t live, RootSource& source);
  void major(std::size_t block_words, Term* registers, std::size_t live, RootSource& source);
  // Moves the young generation to a block of another size; nothing is promoted.
  void resize(std::size_t block_words, Term* registers, std::size_t live, RootSource& source);

 private:
  void roots(Term* first, std::size_t count) override;
  template <bool kMinor> void evacuate_roots(Term* first, std::size_t count);
  template <bool kMinor> void run(std::size_t block_words, Term* registers, std::size_t live, RootSource& source);
  template <bool kMinor> void evacuate_stack();
  template <bool kMinor> Word evacuate(Word w);
  template <bool kMinor> Word evacuate_list(Word* cell);
  template <bool kMinor> Word* scan(Word* p, Word* const& end);
  template <bool kMinor> bool moves(const Word* p) const;
  template <bool kMinor> Word*& target_for(const Word* p);
  void sweep_off_heap(bool minor);
  void sweep_list(term::OffHeapList from, bool minor);

  ProcessHeap& heap_;
  bool minor_ = false;
  Word* from_start_ = nullptr;
  std::size_t from_words_ = 0;
  std::size_t mature_words_ = 0;
  Word* old_start_ = nullptr;
  std::size_t old_words_ = 0;
  Word* to_start_ = nullptr;
  std::size_t to_words_ = 0;
  Word* to_top_ = nullptr;
  Word* old_top_ = nullptr;
};

}  // namespace vm::heap
