// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Packed terms: a term as bytes, a fraction of its words, for who keeps many that are seldom looked at (compressed tables).
//
// Only this machine reads them: atoms are their numbers, large maps the tries they are. What bytes can't hold (reference counted bytes, references,
// funs, identifiers of other nodes) is kept as terms beside them and told by its number there.
//
// A packed term lies in the words of a binary whose header has a mark, so that it can be an element of a tuple that nobody but its owner looks into.
#pragma once

#include <vector>

#include "term/heap_writer.h"

namespace vm::heap {

// t, which is no immediate, packed: a marked object on `to`. What it refers to is put behind the others in *kept; the caller keeps those.
Term pack(Term t, std::vector<Term>* kept, term::HeapWriter& to);
bool is_packed(Term t);
// The term again. kept: what was kept by whoever packed it.
Term unpack(Term packed, const Term* kept, term::HeapWriter& to);

}  // namespace vm::heap
