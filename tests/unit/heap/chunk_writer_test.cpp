// SPDX-License-Identifier: Apache-2.0
// Words taken in chunks: what was not used goes back, terms stay whole across chunks.
#include <gtest/gtest.h>

#include "heap/fragment.h"
#include "term/chunk_writer.h"
#include "term/views.h"

namespace vm::heap {
namespace {

TEST(ChunkWriter, GivesBackWhatIsLeft) {
  FragmentWriter whole;
  {
    term::ChunkWriter chunk(whole);
    chunk.cons(Term::small(1), term::kNil);
    chunk.close();
    chunk.close();
    chunk.cons(Term::small(2), term::kNil);
  }
  whole.cons(Term::small(3), term::kNil);
  HeapFragment* first = whole.take();
  std::size_t used = 0;
  for (HeapFragment* f = first; f; f = f->next) used += f->used;
  EXPECT_EQ(used, 6u);
  while (HeapFragment* f = first) {
    first = f->next;
    HeapFragment::release(f, HeapFragment::OffHeap::Release);
  }
}

TEST(ChunkWriter, TermsOfEverySize) {
  FragmentWriter whole;
  Term list = term::kNil;
  constexpr std::size_t kTerms = 300;
  {
    term::ChunkWriter chunk(whole);
    for (std::size_t i = 0; i < kTerms; i++) {
      term::Tuple tuple = term::Tuple::alloc(chunk, i * 20 % 6000);
      for (std::size_t k = 0; k < i * 20 % 6000; k++) tuple.set(k, Term::small(static_cast<SWord>(i)));
      list = chunk.cons(tuple.term(), list);
    }
  }
  std::size_t i = kTerms;
  for (; list.is_cons(); list = list.tail()) {
    i--;
    term::Tuple tuple = term::Tuple::from(list.head());
    ASSERT_EQ(tuple.size(), i * 20 % 6000);
    for (std::size_t k = 0; k < tuple.size(); k++) ASSERT_EQ(tuple[k], Term::small(static_cast<SWord>(i)));
  }
  EXPECT_EQ(i, 0u);
}

}  // namespace
}  // namespace vm::heap
