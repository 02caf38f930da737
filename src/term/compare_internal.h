// SPDX-License-Identifier: Apache-2.0
//
// What equality and order share.
#pragma once

#include "term/views.h"

namespace vm::term {

// Two arrays of n words that are compared element by element.
struct Pending {
  const Word* a;
  const Word* b;
  std::size_t n;
};

// Order of references of one node.
inline int compare_ref_numbers(Term a, Term b) {
  RefNumbers x = ref_numbers(a), y = ref_numbers(b);  // unused numbers are 0
  for (unsigned i = 5; i-- > 0;)
    if (x.n[i] != y.n[i]) return x.n[i] < y.n[i] ? -1 : 1;
  return 0;
}

}  // namespace vm::term
