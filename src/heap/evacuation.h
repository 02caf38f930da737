// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Getting rid of literal areas that heaps may still refer to.
//
// Terms in literal areas are shared without counting. An Evacuation is a set of areas on their way out. While it is announced, copies between
// heaps no longer share its terms but copy them (heap/copy.cpp), so that references can only become fewer; each process then looks whether
// its heap and its messages hold some (ProcessHeap::find_evacuating), and copies what it needs to its own heap (ProcessHeap::evacuate). Once
// all have, nobody refers to the areas. proc/literal_release.h drives this and knows when to go on.
//
// Rules. 1. An area refers to nothing but itself: its literals were copied with what they refer to. 2. Which addresses are on the way out is a
// bitmap over the range of all literals, a bit per line of 64 bytes; it changes only when no operation can be in the middle of
// reading it: bits are set before the announcement, and cleared after a grace period (sync/epoch.h) that began after its withdrawal. 3. A copy
// decides once, before it measures, whether it looks at the bitmap.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "heap/copy.h"

namespace vm::heap {

// How many evacuations are announced.
extern std::atomic<unsigned> announced_evacuations;
extern const std::uint8_t* evacuation_bits;
inline bool literals_evacuate() { return VM_UNLIKELY(announced_evacuations.load(std::memory_order_acquire) != 0); }
// Whether an address within the range of literals belongs to an area on its way out.
inline bool is_evacuating(const void* literal) {
  const Word line = (reinterpret_cast<Word>(literal) - literal_range_begin) / 64;
  return evacuation_bits[line / 8] >> (line % 8) & 1;
}

class Evacuation {
 public:
  // Takes the areas over. Nothing new may come to refer to them but by copying references that heaps have.
  explicit Evacuation(std::vector<LiteralArea*> areas);
  // After a grace period that began after `withdraw`: frees the areas.
  ~Evacuation();
  Evacuation(const Evacuation&) = delete;
  void announce();
  void withdraw();

  std::size_t count() const { return areas_.size(); }
  // Number of the area an evacuating address lies in; count() when it belongs to another evacuation.
  std::size_t index_of(const Word* p) const;
  const LiteralArea& operator[](std::size_t i) const { return *areas_[i]; }

 private:
  void mark(const LiteralArea& area, bool on);
  std::vector<LiteralArea*> areas_;  // by address
};

// The areas of one evacuation that somebody refers to, and where the literals went that were copied out.
class EvacuationTargets {
 public:
  explicit EvacuationTargets(const Evacuation& evacuation) : evacuation_(evacuation) {}
  // Looks for references in a row of words, whatever they are: bytes that look like one count.
  void look_at(const Word* begin, const Word* end) {
    for (const Word* p = begin; p < end; p++) look_at(*p);
  }
  void look_at(Word w) {
    if ((w & 7) - 1 < 2 && (w & ~Word{7}) - literal_range_begin < literal_range_bytes) found(reinterpret_cast<const Word*>(w & ~Word{7}));
  }
  bool empty() const { return words_ == 0; }
  // Words that copies of all of them may take.
  std::size_t words() const { return words_; }
  // Where the copy of the object at p is noted, 0 before there is one; nullptr: it is not on its way out.
  Word* copy_of(const Word* p) {
    if (!is_evacuating(p)) return nullptr;
    const std::size_t i = evacuation_.index_of(p);
    return i < copies_.size() && copies_[i] ? &copies_[i][p - evacuation_[i].begin()] : nullptr;
  }

 private:
  void found(const Word* p);
  const Evacuation& evacuation_;
  std::size_t words_ = 0;
  std::vector<std::unique_ptr<Word[]>> copies_;
};

}  // namespace vm::heap
