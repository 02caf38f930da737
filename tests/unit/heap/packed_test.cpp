// SPDX-License-Identifier: Apache-2.0
// Packed terms: the same when unpacked, what can't be packed kept aside, shared parts not multiplied without end.
#include "heap/packed.h"

#include <gtest/gtest.h>

#include <random>

#include "heap/copy.h"
#include "term/compare.h"
#include "term/views.h"
#include "unit/support/test_heap.h"

namespace vm::heap {
namespace {

using test::TestHeap;

std::size_t bytes_of(Term packed) { return packed.boxed_ptr()[1]; }

Term random_term(TestHeap& h, std::mt19937& random, int depth) {
  switch (random() % (depth > 0 ? 9 : 5)) {
    case 0: return Term::small(static_cast<SWord>(random() % 300) - 100);
    case 1: return Term::small(static_cast<SWord>(random()) << 28 ^ static_cast<SWord>(random()));
    case 2: return Term::atom(random() % 100);
    case 3: return term::make_float(h, random() % 2 ? 1.5 : 1.0e300);
    case 4: return term::kNil;
    case 5: {
      Word limbs[3] = {random(), random(), 1};
      return term::make_big(h, limbs, random() % 2);
    }
    case 6: {
      Byte* bytes;
      std::size_t n = random() % 60;
      Term t = term::make_binary(h, n, &bytes);
      for (std::size_t i = 0; i < n; i++) bytes[i] = static_cast<Byte>(random());
      return random() % 2 ? t : term::make_sub_bits(h, t, n, n * 7);
    }
    case 7: return term::Tuple::make(h, random_term(h, random, depth - 1), random_term(h, random, depth - 1));
    default: {
      Term list = random() % 2 ? term::kNil : random_term(h, random, depth - 1);
      for (unsigned n = random() % 5; n > 0; n--) list = h.cons(random_term(h, random, depth - 1), list);
      return list;
    }
  }
}

TEST(Packed, RandomTerms) {
  for (unsigned seed = 1; seed <= 3000; seed++) {
    std::mt19937 random(seed);
    TestHeap h;
    Term t = random_term(h, random, static_cast<int>(seed % 9));
    if (!t.is_pointer()) continue;
    std::vector<Term> kept;
    Term packed = pack(t, &kept, h);
    EXPECT_TRUE(is_packed(packed));
    EXPECT_TRUE(term::equal_exact(unpack(packed, kept.data(), h), t)) << seed;
  }
}

TEST(Packed, DeepTerms) {
  TestHeap h;
  Term t = term::kNil;
  for (int i = 0; i < 300000; i++) t = term::Tuple::make(h, t, Term::small(i));
  std::vector<Term> kept;
  EXPECT_TRUE(term::equal_exact(unpack(pack(t, &kept, h), kept.data(), h), t));
  EXPECT_TRUE(kept.empty());
}

TEST(Packed, LargeBinariesAreKept) {
  TestHeap h;
  Byte* bytes;
  Term large = term::make_binary(h, 1000, &bytes);
  std::fill_n(bytes, 1000, Byte{7});
  std::vector<Term> kept{term::kNil};
  Term packed = pack(h.cons(large, large), &kept, h);
  EXPECT_EQ(kept.size(), 3u);
  EXPECT_LT(bytes_of(packed), 10u);
  EXPECT_TRUE(term::equal_exact(unpack(packed, kept.data(), h), h.cons(large, large)));
}

// 2^100 parts when each is counted.
TEST(Packed, SharedPartsAreNotMultipliedWithoutEnd) {
  TestHeap h;
  Term t = term::Tuple::make(h, Term::small(1), Term::small(2));
  for (int i = 0; i < 100; i++) t = term::Tuple::make(h, t, t);
  std::vector<Term> kept;
  Term packed = pack(t, &kept, h);
  EXPECT_LT(bytes_of(packed), 10u);
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0], t);
}

}  // namespace
}  // namespace vm::heap
