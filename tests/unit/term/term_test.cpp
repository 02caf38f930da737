// SPDX-License-Identifier: Apache-2.0
// Atoms, views and text.
#include <gtest/gtest.h>

#include <thread>

#include "term/atoms.h"
#include "term/compare.h"
#include "term/hash.h"
#include "term/hash_internal.h"
#include "term/nodes.h"
#include "term/print.h"
#include "unit/support/stock_terms.h"
#include "unit/support/test_heap.h"

namespace vm::term {
namespace {

using test::TestHeap;

TEST(Atoms, StaticAtomsHaveTheirIndexes) {
  EXPECT_EQ(AtomTable::text(atoms::false_), "false");
  EXPECT_EQ(AtomTable::text(atoms::badarg), "badarg");
  EXPECT_EQ(AtomTable::intern("badarg"), atoms::badarg);
  EXPECT_EQ(AtomTable::find("badarg"), atoms::badarg);
  EXPECT_TRUE(atoms::true_.is_boolean() && !atoms::undefined.is_boolean());
}

TEST(Atoms, FindDoesNotMake) {
  EXPECT_FALSE(AtomTable::find("atoms_test_never_made").is_value());
  std::size_t before = AtomTable::count();
  Term a = AtomTable::intern("atoms_test_made");
  EXPECT_EQ(AtomTable::count(), before + 1);
  EXPECT_EQ(AtomTable::find("atoms_test_made"), a);
  EXPECT_EQ(AtomTable::at(a.atom_index()), a);
  EXPECT_FALSE(AtomTable::at(static_cast<std::uint32_t>(before) + 1).is_value());
}

TEST(Atoms, Latin1AndLength) {
  Term a = AtomTable::intern_latin1("\xe5\xe4\xf6");
  EXPECT_EQ(AtomTable::text(a), "åäö");
  EXPECT_EQ(AtomTable::length(a), 3u);
  EXPECT_TRUE(AtomTable::is_latin1(a));
  EXPECT_FALSE(AtomTable::is_latin1(AtomTable::intern("αβ")));
}

TEST(Atoms, ThreadsAgree) {
  constexpr int kThreads = 4, kAtoms = 20000;
  std::vector<std::vector<Term>> seen(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; t++) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kAtoms; i++) {
        std::string text = "thread_atom_" + std::to_string((i * 7919 + t * 13) % kAtoms);
        Term a = AtomTable::intern(text);
        if (AtomTable::text(a) != text) std::abort();
      }
      for (int i = 0; i < kAtoms; i++) seen[t].push_back(AtomTable::find("thread_atom_" + std::to_string(i)));
    });
  }
  for (auto& t : threads) t.join();
  for (int t = 1; t < kThreads; t++) EXPECT_TRUE(seen[t] == seen[0]);
}

TEST(Atoms, LimitRefuses) {
  std::size_t limit = AtomTable::limit();
  AtomTable::set_limit(AtomTable::count());
  EXPECT_FALSE(AtomTable::intern("one_atom_too_many").is_value());
  EXPECT_EQ(AtomTable::intern("ok"), atoms::ok);
  AtomTable::set_limit(limit);
  EXPECT_TRUE(AtomTable::intern("one_atom_too_many").is_value());
}

TEST(Integers, Normalise) {
  TestHeap h;
  Word one[] = {1, 0, 0};
  EXPECT_EQ(make_big(h, one, true), Term::small(-1));
  Word edge[] = {Word{1} << 60};
  EXPECT_EQ(make_big(h, edge, true), Term::small(Term::kSmallMin));
  EXPECT_TRUE(make_big(h, edge, false).is_big());
  SWord s;
  Word big[] = {Word{1} << 63};
  EXPECT_TRUE(to_int64(make_big(h, big, true), &s));
  EXPECT_EQ(s, INT64_MIN);
  EXPECT_FALSE(to_int64(make_big(h, big, false), &s));
  Word u;
  EXPECT_TRUE(to_uint64(make_big(h, big, false), &u));
  EXPECT_EQ(u, Word{1} << 63);
}

TEST(Floats, EveryExponentRoundTrips) {
  TestHeap h;
  for (Word e = 0; e < 2047; e++) {
    for (Word mantissa : {Word{0}, Word{1}, Word{0xFFFFFFFFFFFFF}, Word{0x8000000000000}}) {
      for (Word sign : {Word{0}, Word{1} << 63}) {
        double d = std::bit_cast<double>(sign | e << 52 | mantissa);
        Term t = make_float(h, d);
        ASSERT_TRUE(t.is_float());
        ASSERT_EQ(std::bit_cast<Word>(float_value(t)), std::bit_cast<Word>(d));
        ASSERT_TRUE(equal_exact(t, make_float(h, d)));
      }
    }
  }
  EXPECT_TRUE(equal_exact(make_float(h, 0.0), make_float(h, -0.0)));
}

TEST(Binaries, SmallAndLarge) {
  TestHeap h;
  std::size_t before = BinaryData::total_bytes();
  for (std::size_t n : {0, 1, 7, 8, 9, 63, 64, 65, 1000}) {
    std::vector<Byte> bytes(n);
    for (std::size_t i = 0; i < n; i++) bytes[i] = static_cast<Byte>(i * 37);
    Term t = make_binary(h, bytes);
    EXPECT_EQ(t.is_kind(Kind::HeapBinary), n <= kHeapBinaryLimit);
    std::span<const Byte> out;
    ByteScratch scratch;
    ASSERT_TRUE(binary_bytes(t, &out, scratch));
    EXPECT_TRUE(std::equal(out.begin(), out.end(), bytes.begin(), bytes.end()));
  }
  EXPECT_GE(BinaryData::total_bytes(), before + 1065);
}

TEST(Binaries, SlicesOfSlices) {
  TestHeap h;
  std::vector<Byte> bytes(100);
  for (std::size_t i = 0; i < 100; i++) bytes[i] = static_cast<Byte>(i * 73 + 5);
  Term whole = make_binary(h, bytes);
  Term slice = make_sub_bits(h, whole, 13, 500);
  Term inner = make_sub_bits(h, slice, 11, 80);
  EXPECT_EQ(Term::from_bits(inner.boxed_ptr()[SubBitsWords::kOriginal]), whole);
  EXPECT_TRUE(inner.is_binary());
  std::span<const Byte> out;
  ByteScratch scratch;
  ASSERT_TRUE(binary_bytes(inner, &out, scratch));
  EXPECT_TRUE(std::equal(out.begin(), out.end(), bytes.begin() + 3, bytes.begin() + 13));
  EXPECT_TRUE(equal_exact(inner, make_sub_bits(h, whole, 24, 80)));
  EXPECT_EQ(phash2(inner), phash2(make_bitstring(h, bits_of(inner))));
  EXPECT_EQ(make_sub_bits(h, whole, 0, 800), whole);
  EXPECT_FALSE(make_sub_bits(h, whole, 0, 799).is_binary());
}

// A size of which the mask leaves nothing is the empty one's: so phash2 has it for 4 GB exactly.
TEST(Hash, SizeTruncatedToNothing) {
  TestHeap h;
  const Byte bytes[16] = {1, 2, 3};
  const Term b = make_binary(h, std::span<const Byte>(bytes));
  EXPECT_EQ(hashing::hash_bitstring(b, 7, 0xF), hashing::hash_bitstring(make_binary(h, std::span<const Byte>()), 7, 0xF));
  EXPECT_NE(hashing::hash_bitstring(b, 7, 0xF), hashing::hash_bitstring(b, 7, 0xFF));
}

TEST(Compare, DeepTermsNeedNoStack) {
  TestHeap h;
  auto nest = [&](int kind, Term inner) {
    Term t = inner;
    for (int i = 0; i < 1000000; i++) {
      if (kind == 0) t = h.cons(t, kNil);
      else if (kind == 1) t = Tuple::make(h, t);
      else t = test::make_flat_map(h, std::array{atoms::ok, t});
      if (kind == 2 && i > 20000) break;
    }
    return t;
  };
  for (int kind = 0; kind < 3; kind++) {
    Term a = nest(kind, Term::small(1)), b = nest(kind, Term::small(1)), c = nest(kind, Term::small(2));
    EXPECT_TRUE(equal_exact(a, b));
    EXPECT_EQ(compare(a, b), 0);
    EXPECT_LT(compare(a, c), 0);
    EXPECT_EQ(phash2(a), phash2(b));
    EXPECT_NE(internal_hash(a), internal_hash(c));
    EXPECT_EQ(phash(a), phash(b));
    EXPECT_GT(to_text(a).size(), 40000u);
    EXPECT_EQ(to_text(a, 10).substr(0, 3), kind == 0 ? "[[[" : kind == 1 ? "{{{" : "#{o");
  }
}

TEST(Print, AsTheEmulator) {
  TestHeap h;
  auto text = [](Term t) { return to_text(t); };
  auto string = [&](std::string_view s) {
    ListBuilder b(h);
    for (char c : s) b.add(Term::small(static_cast<Byte>(c)));
    return b.finish();
  };
  EXPECT_EQ(text(string("abc")), "\"abc\"");
  EXPECT_EQ(text(string("a\nb\"c\td")), "\"a\\nb\\\"c\td\"");
  EXPECT_EQ(text(string(std::string_view("\0\1", 2))), "[0,1]");
  EXPECT_EQ(text(kNil), "[]");
  EXPECT_EQ(text(h.cons(atoms::ok, Term::small(-7))), "[ok|-7]");
  EXPECT_EQ(text(Tuple::make(h, atoms::ok, Tuple::make(h), make_float(h, 1.5))), "{ok,{},1.500000e+00}");
  EXPECT_EQ(text(make_binary(h, std::array<Byte, 3>{'a', '"', 'b'})), "<<\"a\\\"b\">>");
  EXPECT_EQ(text(make_binary(h, std::array<Byte, 2>{1, 200})), "<<1,200>>");
  EXPECT_EQ(text(make_binary(h, std::span<const Byte>{})), "<<>>");
  EXPECT_EQ(text(make_sub_bits(h, make_binary(h, std::array<Byte, 2>{1, 0xE0}), 0, 11)), "<<1,7:3>>");
  EXPECT_EQ(text(test::make_flat_map(h, std::array{atoms::ok, Term::small(1), Term::small(2), kNil})), "#{2=>[],ok=>1}");
  EXPECT_EQ(text(AtomTable::intern("hello world")), "'hello world'");
  EXPECT_EQ(text(AtomTable::intern("it's\n\x01")), "'it\\'s\\n\\001'");
  EXPECT_EQ(text(AtomTable::intern("Abc")), "'Abc'");
  EXPECT_EQ(text(AtomTable::intern("a_B9")), "a_B9");
  EXPECT_EQ(text(AtomTable::intern("a@b")), "'a@b'");
  EXPECT_EQ(text(AtomTable::intern("")), "''");
  EXPECT_EQ(text(AtomTable::intern("åä")), "åä");
  EXPECT_EQ(text(AtomTable::intern("αβ")), "'αβ'");
  EXPECT_EQ(text(Term::local_pid(Word{5} << 28 | 100)), "<0.100.5>");
  EXPECT_EQ(text(Term::local_port(6)), "#Port<0.6>");
  std::uint32_t numbers[] = {1, 2, 3};
  EXPECT_EQ(text(make_ref(h, numbers)), "#Ref<0.3.2.1>");
  Word limbs[] = {0, 1};
  EXPECT_EQ(text(make_big(h, limbs, true)), "-18446744073709551616");
  EXPECT_EQ(to_text(string("abcdef"), 4), "\"abc... ");
}

}  // namespace
}  // namespace vm::term
