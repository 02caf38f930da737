// SPDX-License-Identifier: Apache-2.0
//
// Copying of shallow terms: those that refer to immediates only, such as a short binary, a large integer, a tuple of atoms, or a list of numbers that is
// not long. Most parts of the rows of tables are such, and copying them takes none of the bookkeeping that heap/copy.h needs. Nothing here counts
// references: terms that need it are not shallow.
#pragma once

#include "base/assert.h"
#include "term/term.h"

namespace vm::heap {

// Words of a copy of t when it is shallow, else 0.
inline std::size_t shallow_words(Term t) {
  using term::Kind;
  constexpr std::size_t kMostWords = 64;
  VM_ASSERT(t.is_pointer());
  std::size_t words = 0;
  if (t.is_cons()) {
    for (; t.is_cons(); t = t.tail(), words += 2)
      if (t.head().is_pointer() || words == kMostWords) return 0;
    return t.is_pointer() ? 0 : words;
  }
  const Word* p = t.boxed_ptr();
  const term::HeaderWord h(p[0]);
  words = h.words() + 1;
  switch (h.kind()) {
    case Kind::Tuple: {
      bool pointers = false;
      for (std::size_t i = 1; i < words; i++) pointers |= Term::from_bits(p[i]).is_pointer();
      return pointers ? 0 : words;
    }
    case Kind::HeapBinary:
    case Kind::BigInt:
    case Kind::Float:
    case Kind::Ref: return words;
    default: return 0;
  }
}

// Copies a shallow term, literal or not, to shallow_words(t) words at `to`.
inline Term copy_shallow(Term t, Word* to) {
  if (t.is_cons()) {
    const Term result = Term::cons(to);
    for (;; to += 2) {
      to[0] = t.head().bits();
      t = t.tail();
      if (!t.is_cons()) break;
      to[1] = Term::cons(to + 2).bits();
    }
    to[1] = t.bits();
    return result;
  }
  const Word* p = t.boxed_ptr();
  const std::size_t words = term::HeaderWord(p[0]).words() + 1;
  for (std::size_t i = 0; i < words; i++) to[i] = p[i];
  return Term::boxed(to);
}

}  // namespace vm::heap
