// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] The collector: generational Cheney copying, one process at a time.
//
// Minor: young terms that were there at the last collection (below `mature`) go to the old heap, the rest to a new block. Terms are
// immutable, so what is mature only points to what is older; the few in-place updates of the machine happen before the next GC point.
// Major: everything goes to one new block. When that is much, the block becomes the old heap and the process goes on in a small nursery,
// so that the next minor collection doesn't move all of it once more; otherwise it is the new young block.
//
// Lists are copied cell by cell along their tails first, so that they lie in sequence. A moved boxed object
// leaves its new pointer in the header word (a header has tag 111, a boxed pointer 001); a moved cons leaves the non-value in its
// head and the new pointer in its tail.
//
// Rules. 1. Words of the to-space are scanned in order; object_layout.h says which are terms. A long list without pointers but its tails is
// noted as it is copied, and the scan steps over it. 2. Literals and, in a minor collection, old terms are never touched. 3. After copying, the
// off-heap lists are swept: what did not move loses a reference count. 4. Bounds are kept as pointers, not as counts of words: a store to the
// to-space can't change a pointer member in the compiler's eyes, so the loops keep them in registers.
#pragma once

#include "heap/block_cache.h"
#include "heap/process_heap.h"

namespace vm::heap {

class Collector final : public RootSink {
 public:
  explicit Collector(ProcessHeap& heap) : heap_(heap) {}
  // `block` is the new one, the collector's from now on; whoever asks makes sure that everything fits, should all of it survive.
  void minor(Block block, Term* registers, std::size_t live, RootSource& source);
  // If old_from or more words survive, they become the old heap, then the new young block has nursery_words and the
  // stack. 0: never.
  void major(Block block, std::size_t old_from, std::size_t nursery_words, Term* registers, std::size_t live, RootSource& source);
  // Moves the young generation to a block of another size; nothing is promoted.
  void resize(Block block, Term* registers, std::size_t live, RootSource& source);
  // Words that survived out of the young generation, after minor.
  std::size_t survivors() const { return survivors_; }

 private:
  // A part of the to-space that needs no scan.
  struct Skip {
    Word* begin;
    Word* end;
  };
  // Where survivors go: the new block or the old heap.
  struct Space {
    static constexpr unsigned kSkips = 32;
    Word* top = nullptr;
    unsigned first_skip = 0;
    unsigned skip_count = 0;
    Skip skips[kSkips];
  };

  void roots(Term* first, std::size_t count) override;
  template <bool kMinor> void evacuate_roots(Term* first, std::size_t count);
  template <bool kMinor> void run(Block block, Term* registers, std::size_t live, RootSource& source);
  template <bool kMinor> void evacuate_stack();
  template <bool kMinor> Word evacuate(Word w);
  template <bool kMinor> Word evacuate_list(Word* cell);
  template <bool kMinor> Word* scan(Word* p, Space& space);
  template <bool kMinor> Word* scan_until(Word* p, Word* stop);
  template <bool kMinor> bool moves(const Word* p) const;
  template <bool kMinor> Space& space_for(const Word* p);
  void note_flat(Space& space, Word* begin, Word* end);
  void place_stack(Block block);
  void release_from_space(bool with_old);
  void sweep_off_heap(bool minor);
  void sweep_list(term::OffHeapList from);

  ProcessHeap& heap_;
  bool minor_ = false;
  bool fragments_ = false;  // there are young terms outside the block
  Word* from_ = nullptr;    // what is used of the block
  Word* from_end_ = nullptr;
  Word* mature_end_ = nullptr;
  Word* old_ = nullptr;     // all of the old heap: a minor collection promotes to its free part
  Word* old_end_ = nullptr;
  Word* to_ = nullptr;
  Word* to_end_ = nullptr;
  Block block_{nullptr, 0};
  Space young_;             // the new block
  Space promoted_;          // the old heap's free part
  bool all_old_ = false;    // the new block becomes the old heap
  std::size_t survivors_ = 0;
};

}  // namespace vm::heap
