// SPDX-License-Identifier: Apache-2.0
#include "heap/block.h"

#include "heap/object_layout.h"
#include "term/views.h"

namespace vm::heap {

using term::HeaderWord;
using term::Kind;

namespace {

void hold(Word* object, HeaderWord h, term::OffHeapList& off_heap) {
  if (h.kind() == Kind::RefcBinary) {
    auto* data = reinterpret_cast<term::BinaryData*>(object[term::RefcBinaryWords::kData]);
    data->add_ref();
    off_heap.link(object, data->size);
  } else if (h.kind() == Kind::MagicRef) {
    reinterpret_cast<term::MagicData*>(object[4])->add_ref();
    off_heap.link(object, 0);
  }
}

// Without a branch: pointers and other words take turns in no order.
inline void shift(Word* p, Word delta) { *p += delta & -static_cast<Word>(Term::from_bits(*p).is_pointer()); }

}  // namespace

void settle_block(Word* block, std::size_t words, Word delta, term::OffHeapList& off_heap) {
  Word* end = block + words;
  for (Word* p = block; p < end;) {
    if ((*p & 7) != 7 || *p == Term::kNonValue) {  // a word of a list cell
      shift(p++, delta);
      continue;
    }
    HeaderWord h(*p);
    ObjectShape shape = shape_of(h);
    for (std::size_t i = shape.first_term; i < shape.end_terms; i++) shift(p + i, delta);
    if (is_off_heap_kind(h.kind())) hold(p, h, off_heap);
    p += h.words() + 1;
  }
}

void BlockMove::copy() const {
  for (std::size_t at = 0; at < words_;) {
    const Word w = from_[at];
    if (Term::from_bits(w).is_pointer()) {
      to_[at++] = moved(w);
      continue;
    }
    // The words of a tuple are moved one by one, as those of list cells are.
    if ((w & 7) != 7 || w == Term::kNonValue || HeaderWord(w).kind() == Kind::Tuple) {
      to_[at++] = w;
      continue;
    }
    const HeaderWord h(w);
    const ObjectShape shape = shape_of(h);
    const Word* const from = from_ + at;
    Word* const to = to_ + at;
    const std::size_t end = h.words() + 1;
    for (std::size_t i = 0; i < end; i++) to[i] = from[i];
    for (std::size_t i = shape.first_term; i < shape.end_terms; i++)
      if (Term::from_bits(from[i]).is_pointer()) to[i] = moved(from[i]);
    at += end;
  }
}

}  // namespace vm::heap
