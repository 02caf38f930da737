// SPDX-License-Identifier: Apache-2.0
//
// Copying of terms between heaps, without recursion. Literals (terms in literal areas) and refcounted bytes are shared, not copied (but literals on
// their way out are: heap/evacuation.h), so only processes and signals may hold what `copy` made: who keeps terms elsewhere copies literals. Sharing
// within one term is kept where a copy without it would be larger than 64 K words and several times as large as the term, so that a term whose flat size
// explodes stays small.
#pragma once

#include "heap/fragment.h"
#include "term/term.h"

namespace vm::heap {

// Words a flat copy takes in our layout (literals count 0). Sharing is not seen.
std::size_t flat_size(Term t);
// Words as stock OTP reports them: its layout, literals 0.
std::size_t stock_flat_size(Term t);
// The same with literals (erts_debug:flat_size/1), and with each object counted once (erts_debug:size_shared/1).
std::size_t stock_full_size(Term t);
std::size_t stock_shared_size(Term t);

// Words `copy` will take for t, sharing kept as it will keep it.
std::size_t copied_words(Term t);
// Deep copy through `to`.
Term copy(Term t, term::HeapWriter& to);
// A copy's words, and whether sharing had to be looked for to know them: a term of much sharing may have a copy of few words.
struct CopySize {
  std::size_t words = 0;
  bool shared = false;
  bool evacuate = false;  // literals on their way out are copied (heap/evacuation.h)
};
CopySize copy_size(Term t);
// As copy, for a term whose copy_size is known.
Term copy_measured(Term t, CopySize size, term::HeapWriter& to);
// Words copy_with_literals needs for t, sharing kept as it will keep it.
std::size_t copied_words_with_literals(Term t);
// Deep copy that also copies literals (purging a literal area).
Term copy_with_literals(Term t, term::HeapWriter& to);
// The two for what is read far more often than it is made: all sharing within t is kept, however small it is.
std::size_t copied_words_sharing_all(Term t);
Term copy_sharing_all(Term t, term::HeapWriter& to);

// A term together with the fragments that hold it. Immediates have no fragments.
struct OwnedTerm {
  Term term = kNilTerm;
  HeapFragment* fragments = nullptr;
  static constexpr Term kNilTerm = Term::nil();
};
OwnedTerm copy_to_fragment(Term t);
// Deep copy into at most `room` words, which `to` has; literals are shared. False: it needs more, or literals on their way out are to be copied.
bool copy_few_words(Term t, term::HeapWriter& to, std::size_t room, Term* copy);
// As copy_to_fragment for what is kept where no process is asked about it: literals are copied, too.
OwnedTerm copy_to_keep(Term t);
void release(OwnedTerm& t);

// --- literals -----------------------------------------------------------------------------------------------------------
// All literal areas lie in one reserved address range, so "is a literal" is one compare.
extern Word literal_range_begin;
extern Word literal_range_bytes;
inline bool is_literal(const void* p) { return reinterpret_cast<Word>(p) - literal_range_begin < literal_range_bytes; }
inline bool is_literal(Term t) { return t.is_pointer() && is_literal(reinterpret_cast<const void*>(t.bits())); }

// Immutable terms of one module instance (or of persistent_term). Never moved; freed as a whole.
class LiteralArea {
 public:
  static LiteralArea* create(std::size_t words);  // capacity in words; writer must not exceed it
  static void destroy(LiteralArea* area);
  Word* begin() const { return begin_; }
  Word* end() const { return end_; }
  bool contains(Term t) const {
    const Word* p = reinterpret_cast<const Word*>(t.bits() & ~Word{7});
    return t.is_pointer() && p >= begin_ && p < end_;
  }
  term::OffHeapList off_heap;

 private:
  Word* begin_;
  Word* end_;
};
// Copies t (deep) into a new literal area exactly as large as it needs. Immediates: nullptr area, term unchanged.
struct LiteralTerm {
  Term term;
  LiteralArea* area;
};
LiteralTerm make_literal(Term t);
// Copies several terms into one area; the terms in `terms` are replaced by their literal copies.
LiteralArea* make_literals(Term* terms, std::size_t n);
// The same with all sharing kept within each of them.
LiteralArea* make_literals_sharing_all(Term* terms, std::size_t n);

}  // namespace vm::heap
