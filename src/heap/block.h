// SPDX-License-Identifier: Apache-2.0
//
// Blocks: a term and everything it consists of, one object behind the other (what heap::copy writes into one allocation). All pointers
// of a block lie inside it, so a copy is a copy of its words plus one pass that moves the pointers.
#pragma once

#include "term/heap_writer.h"
#include "term/term.h"

namespace vm::heap {

// `block` holds a copy of the words of another block: adds `delta` bytes to every pointer, takes a reference for every counted object and
// links those into `off_heap`.
void settle_block(Word* block, std::size_t words, Word delta, term::OffHeapList& off_heap);

// A block on its way to another place. It has no counted objects; it may refer to literals besides itself.
class BlockMove {
 public:
  BlockMove(const Word* from, std::size_t words, Word* to) : from_(from), words_(words), to_(to) {}
  void copy() const;
  // A term that may lie in the block, as it is after the move.
  Term moved(Term t) const { return t.is_pointer() ? Term::from_bits(moved(t.bits())) : t; }

 private:
  // Of a pointer.
  Word moved(Word w) const {
    const auto begin = reinterpret_cast<Word>(from_);
    return w - begin < words_ * kWordBytes ? w + (reinterpret_cast<Word>(to_) - begin) : w;
  }
  const Word* from_;
  std::size_t words_;
  Word* to_;
};

}  // namespace vm::heap
