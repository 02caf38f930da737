// SPDX-License-Identifier: Apache-2.0
//
// Which words of a boxed object are terms: the one table that the collector, the copier and the verifier walk objects by.
#pragma once

#include "term/term.h"

namespace vm::heap {

// After the header come `raw_before` raw words, then terms, then `raw_after` raw words; for some kinds everything is raw.
struct ObjectShape {
  std::size_t first_term;  // index from the header
  std::size_t end_terms;   // one past the last term
};

inline ObjectShape shape_of(term::HeaderWord h) {
  using term::Kind;
  std::size_t end = h.words() + 1;
  switch (h.kind()) {
    case Kind::Tuple:
    case Kind::FlatMap: return {1, end};
    case Kind::HashMap: return {3, end};
    case Kind::HashNode: return {2, end};
    case Kind::Fun: return {2, end};
    case Kind::SubBits:
    case Kind::MatchContext: return {1, 2};
    default: return {end, end};  // numbers, bytes, references, external ids, fillers
  }
}

inline bool is_off_heap_kind(term::Kind k) { return k == term::Kind::RefcBinary || k == term::Kind::MagicRef; }

}  // namespace vm::heap
