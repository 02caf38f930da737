// SPDX-License-Identifier: Apache-2.0
// Copying between heaps: equal, apart from the source, in one block of the size foretold.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <random>
#include <vector>

#include "heap/block.h"
#include "heap/copy.h"
#include "term/binary_data.h"
#include "term/compare.h"
#include "term/views.h"
#include "unit/support/test_heap.h"

namespace vm::heap {
namespace {

using test::TestHeap;

Term list_of(TestHeap& h, SWord n, Term tail) {
  for (SWord i = n; i > 0; i--) tail = h.cons(Term::small(i), tail);
  return tail;
}

// What a move made does not refer to where the block was.
void check_move(const OwnedTerm& copy, Term t) {
  HeapFragment& f = *copy.fragments;
  std::vector<Word> place(f.used);
  const BlockMove move(f.data, f.used, place.data());
  move.copy();
  std::fill(f.data, f.data + f.used, Term::kNonValue);
  const Term moved = move.moved(copy.term);
  EXPECT_EQ(moved.bits() & ~Word{7}, reinterpret_cast<Word>(place.data()));
  EXPECT_TRUE(term::equal_exact(moved, t));
}

// Equal, exactly as large as measured, and in one fragment, from where it can be moved on.
void check(Term t) {
  OwnedTerm copy = copy_to_fragment(t);
  EXPECT_TRUE(term::equal_exact(copy.term, t));
  if (copy.fragments) {
    EXPECT_EQ(copy.fragments->next, nullptr);
    EXPECT_EQ(copy.fragments->used, copied_words(t));
    EXPECT_NE(copy.term, t);
    check_move(copy, t);
  } else {
    EXPECT_EQ(copy.term, t);
  }
  release(copy);
}

Term random_term(TestHeap& h, std::mt19937& random, int depth) {
  switch (random() % (depth > 0 ? 8 : 3)) {
    case 0: return Term::small(static_cast<SWord>(random() % 1000));
    case 1: return term::kNil;
    case 2: return term::make_float(h, std::bit_cast<double>(Word{random()} << 30 | random()));  // may look like anything
    case 6: return list_of(h, static_cast<SWord>(random() % 6), random_term(h, random, depth - 1));
    case 3: return h.cons(random_term(h, random, depth - 1), random_term(h, random, depth - 1));
    case 4: return term::Tuple::make(h, random_term(h, random, depth - 1), random_term(h, random, depth - 1), Term::small(1));
    default: {
      Term l = term::kNil;
      for (unsigned n = random() % 5; n > 0; n--) l = h.cons(random_term(h, random, depth - 1), l);
      return l;
    }
  }
}

TEST(Copy, RandomTerms) {
  for (unsigned seed = 1; seed <= 3000; seed++) {
    std::mt19937 random(seed);
    TestHeap h;
    check(random_term(h, random, static_cast<int>(seed % 9)));
  }
}

// Around the size that is copied without measuring.
TEST(Copy, SizesAroundTheSmallestFragment) {
  for (SWord n = 0; n <= 40; n++) {
    TestHeap h;
    check(list_of(h, n, term::kNil));
    check(list_of(h, n, term::Tuple::make(h, Term::small(1))));
    check(term::Tuple::make(h, list_of(h, n, term::kNil), list_of(h, n, term::kNil)));
  }
}

TEST(Copy, DeepTermsNeedNoStack) {
  TestHeap h;
  Term left = term::kNil, right = term::kNil, inner = term::kNil;
  for (int i = 0; i < 20000; i++) {
    left = h.cons(left, Term::small(1));
    right = term::Tuple::make(h, Term::small(1), right);
    inner = term::Tuple::make(h, inner, Term::small(1));
  }
  for (Term t : {left, right, inner}) {
    OwnedTerm copy = copy_to_fragment(t);
    EXPECT_EQ(copy.fragments->used, copied_words(t));
    EXPECT_TRUE(term::equal_exact(copy.term, t));
    release(copy);
  }
}

// 2^60 words flat, 180 in truth: sharing is kept where its loss would be an explosion.
TEST(Copy, SharingIsKeptInLargeTerms) {
  TestHeap h;
  Term t = term::kNil;
  for (int i = 0; i < 60; i++) t = term::Tuple::make(h, t, t);
  EXPECT_EQ(copied_words(t), 180u);
  OwnedTerm copy = copy_to_fragment(t);
  Term walk = copy.term;
  for (int i = 0; i < 60; i++) {
    const term::Tuple pair = term::Tuple::from(walk);
    ASSERT_EQ(pair[0], pair[1]);
    walk = pair[0];
  }
  EXPECT_EQ(walk, term::kNil);
  release(copy);
}

// Large terms without sharing, and with little of it, are copied flat; where much begins is a matter of the term's size.
TEST(Copy, LargeTermsOfLittleSharing) {
  TestHeap h;
  for (const SWord length : {40000, 300000}) {
    const Term tail = list_of(h, length, term::kNil);
    check(tail);
    check(term::Tuple::make(h, tail, tail));
    EXPECT_EQ(copied_words(tail), static_cast<std::size_t>(2 * length));
    EXPECT_EQ(copied_words(term::Tuple::make(h, tail, tail)), static_cast<std::size_t>(4 * length + 3));
    Term many = term::kNil;
    for (int i = 0; i < 100; i++) many = h.cons(tail, many);
    EXPECT_EQ(copied_words(many), static_cast<std::size_t>(2 * length + 200));
    OwnedTerm copy = copy_to_fragment(many);
    EXPECT_EQ(copy.fragments->used, copied_words(many));
    EXPECT_TRUE(term::equal_exact(copy.term.head(), tail));
    EXPECT_EQ(copy.term.head(), copy.term.tail().head());
    release(copy);
  }
}

TEST(Copy, SharedTailsInLargeTerms) {
  TestHeap h;
  const Term tail = list_of(h, 20000, term::kNil);
  Term all = term::kNil;
  for (int i = 0; i < 100; i++) all = h.cons(list_of(h, 3, tail), all);
  EXPECT_EQ(copied_words(all), 2u * (20000 + 100 * 4));
  OwnedTerm copy = copy_to_fragment(all);
  EXPECT_EQ(copy.fragments->used, copied_words(all));
  SWord lists = 0;
  for (Term l = copy.term; l.is_cons(); l = l.tail(), lists++) {
    SWord n = 0;
    for (Term c = l.head(); c.is_cons(); c = c.tail()) n++;
    ASSERT_EQ(n, 20003);
  }
  EXPECT_EQ(lists, 100);
  release(copy);
}

TEST(Copy, LiteralsAreSharedUnlessAskedFor) {
  TestHeap h;
  const LiteralTerm literal = make_literal(term::Tuple::make(h, Term::small(1), list_of(h, 3, term::kNil)));
  const Term t = term::Tuple::make(h, literal.term, Term::small(2));
  EXPECT_EQ(copied_words(t), 3u);
  EXPECT_EQ(copied_words_with_literals(t), 3u + 3 + 6);
  OwnedTerm copy = copy_to_fragment(t);
  EXPECT_EQ(term::Tuple::from(copy.term)[0], literal.term);
  check_move(copy, t);
  release(copy);
  FragmentWriter w;
  const Term whole = copy_with_literals(t, w);
  EXPECT_NE(term::Tuple::from(whole)[0], literal.term);
  EXPECT_TRUE(term::equal_exact(whole, t));
  LiteralArea::destroy(literal.area);
}

// A binary met before the small fragment was full must not keep a reference when the copy starts again.
TEST(Copy, AbandonedCopiesLeaveNoReferences) {
  TestHeap h;
  term::BinaryData* data = term::BinaryData::create(100);
  const Term binary = term::make_refc_binary(h, data, data->bytes, data->size);
  OwnedTerm copy = copy_to_fragment(term::Tuple::make(h, binary, list_of(h, 100, term::kNil), binary));
  EXPECT_EQ(data->refs.load(), 3);
  EXPECT_EQ(copy.fragments->off_heap.bytes, 200u);
  release(copy);
  EXPECT_EQ(data->refs.load(), 1);
}

}  // namespace
}  // namespace vm::heap
