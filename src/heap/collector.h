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
// Evacuate: a major collection that also copies literals whose areas are on their way out (heap/evacuation.h). Those can't be marked as moved, for
// others read them, so where they went is noted aside.
//
// Rules. 1. Words of the to-space are scanned in order; object_layout.h says which are terms. A long list without pointers but its tails, and tuples
// without pointers that follow one another, are noted as they are copied, and the scan steps over them. 2. Literals and, in a minor collection, old terms are never touched. 3. After copying, the
// off-heap lists are swept: what did not move loses a reference count. 4. The loops work on copies of Bounds and Tops whose address goes nowhere, or the
// compiler would read them again after every store to the to-space.
#pragma once

#include "heap/block_cache.h"
#include "heap/evacuation.h"
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
  // As major, and what is referred to of areas on their way out is copied, too; `block` has room for all of it.
  void evacuate_literals(Block block, std::size_t old_from, std::size_t nursery_words, Term* registers, std::size_t live,
                         RootSource& source, EvacuationTargets& targets);
  // Words that survived out of the young generation, after minor.
  std::size_t survivors() const { return survivors_; }

 private:
  // A part of the to-space that needs no scan.
  struct Skip {
    Word* begin;
    Word* end;
  };
  // Notes of such parts, in the order of their addresses.
  struct Skips {
    static constexpr unsigned kMost = 32;
    unsigned first = 0;
    unsigned count = 0;
    Skip ring[kMost];
    void add(Word* begin, Word* end) {
      if (count == kMost) return;
      ring[(first + count++) % kMost] = {begin, end};
    }
    Skip take() {
      const Skip s = ring[first];
      first = (first + 1) % kMost;
      count--;
      return s;
    }
  };
  struct Bounds {
    Word* from;  // what is used of the block
    Word* from_end;
    Word* mature_end;
    Word* old;  // all of the old heap: a minor collection promotes to its free part
    Word* old_end;
    Word* to;
    Word* to_end;
    bool fragments;  // there are young terms outside the block
  };
  // Where the next survivor goes: the new block, or the old heap's free part. And a row of tuples without pointers in the new block, not yet noted.
  struct Tops {
    Word* young;
    Word* promoted;
    Word* flat_begin = nullptr;
    Word* flat_end = nullptr;
  };

  enum class Mode { Minor, Major, Evacuate };

  void roots(Term* first, std::size_t count) override;
  template <Mode kMode>
  void evacuate_roots(Term* first, std::size_t count);
  template <Mode kMode>
  void run(Block block, Term* registers, std::size_t live, RootSource& source);
  template <Mode kMode>
  void evacuate_stack();
  template <Mode kMode>
  Word evacuate(const Bounds& b, Tops& tops, Word w);
  template <Mode kMode>
  Word evacuate_list(const Bounds& b, Tops& tops, Word* cell);
  template <Mode kMode>
  Word* scan(Word* p, Word* const& top, Skips& skips);
  template <Mode kMode>
  Word* scan_until(Word* p, Word* stop);
  Word evacuate_literal(Tops& tops, Word w);
  void note_flat(Tops& tops, Word* tuple, std::size_t words);
  void end_flat(Tops& tops);
  void keep(Tops& tops);
  void finish_major(std::size_t old_from, std::size_t nursery_words);
  void place_stack(Block block);
  void release_from_space(bool with_old);
  void sweep_off_heap(bool minor);
  void sweep_list(term::OffHeapList from);

  ProcessHeap& heap_;
  Mode mode_ = Mode::Minor;
  EvacuationTargets* targets_ = nullptr;  // Mode::Evacuate
  term::OffHeapList evacuated_;           // counted objects that were copied out of literal areas
  Bounds bounds_{};
  Tops tops_{};
  Skips young_skips_;
  Skips promoted_skips_;
  Block block_{nullptr, 0};
  bool all_old_ = false;  // the new block becomes the old heap
  std::size_t survivors_ = 0;
};

}  // namespace vm::heap
