// SPDX-License-Identifier: Apache-2.0
// Bit syntax primitives against a bit-by-bit model.
#include "ops/bits.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "heap/fragment.h"
#include "ops/bits_build_internal.h"

namespace vm::ops {
namespace {

using BitVector = std::vector<bool>;

BitVector bits_from(const Byte* p, std::size_t offset, std::size_t n) {
  BitVector v;
  for (std::size_t i = offset; i < offset + n; i++) v.push_back((p[i / 8] >> (7 - i % 8) & 1) != 0);
  return v;
}
BitVector bits_from(Term t) {
  term::Bits b = term::bits_of(t);
  return bits_from(b.base, b.offset, b.size);
}

class BitsTest : public ::testing::Test {
 protected:
  ~BitsTest() override {
    heap::HeapFragment* f = writer.take();
    while (f) {
      heap::HeapFragment* next = f->next;
      heap::HeapFragment::release(f, heap::HeapFragment::OffHeap::Release);
      f = next;
    }
  }
  std::vector<Byte> random_bytes(std::size_t n) {
    std::vector<Byte> v(n);
    for (Byte& b : v) b = static_cast<Byte>(random());
    return v;
  }
  // A context over `bits` random bits at a random offset.
  Term random_context(std::size_t bits) {
    std::size_t offset = random() % 20;
    Term whole = term::make_binary(writer, random_bytes((offset + bits + 7) / 8 + random() % 3));
    return start_match(writer, term::make_sub_bits(writer, whole, offset, bits), 0);
  }
  heap::FragmentWriter writer;
  std::mt19937_64 random{20};
};

TEST_F(BitsTest, CopyKeepsWhatLiesAround) {
  for (int round = 0; round < 20000; round++) {
    std::size_t n = random() % 300, from = random() % 70, to = random() % 70;
    std::vector<Byte> src = random_bytes((from + n + 7) / 8), dst = random_bytes((to + n + 7) / 8);
    if (src.empty() || dst.empty()) continue;
    BitVector expected = bits_from(dst.data(), 0, dst.size() * 8), in = bits_from(src.data(), from, n);
    std::copy(in.begin(), in.end(), expected.begin() + static_cast<std::ptrdiff_t>(to));
    copy_bits(dst.data(), to, src.data(), from, n);
    ASSERT_EQ(bits_from(dst.data(), 0, dst.size() * 8), expected);
    ASSERT_EQ(compare_bits(src.data(), from, dst.data(), to, n), 0);
  }
}

// Value of a field by definition, as two's complement digits with one spare.
std::vector<Word> model_integer(BitVector field, unsigned flags) {
  if (flags & (kLittle | kNative)) {
    BitVector turned;
    for (std::size_t i = 0; i < field.size(); i += 8) {
      std::size_t n = std::min<std::size_t>(8, field.size() - i);
      turned.insert(turned.begin(), field.begin() + static_cast<std::ptrdiff_t>(i), field.begin() + static_cast<std::ptrdiff_t>(i + n));
    }
    field = turned;
  }
  bool fill = (flags & kSigned) && !field.empty() && field[0];
  std::vector<Word> digits(field.size() / 64 + 2, fill ? ~Word{0} : 0);
  for (std::size_t i = 0; i < field.size(); i++) {
    std::size_t k = field.size() - 1 - i;
    Word bit = Word{1} << (k % 64);
    if (field[i]) digits[k / 64] |= bit;
    else digits[k / 64] &= ~bit;
  }
  return digits;
}
std::vector<Word> digits_of(Term t, std::size_t n) {
  std::vector<Word> digits(n, 0);
  bool negative;
  if (t.is_small()) {
    std::fill(digits.begin(), digits.end(), t.small_value() < 0 ? ~Word{0} : 0);
    digits[0] = static_cast<Word>(t.small_value());
    return digits;
  }
  term::BigInt big = term::BigInt::from(t);
  negative = big.negative();
  std::copy(big.limbs().begin(), big.limbs().end(), digits.begin());
  Word carry = 1;
  if (negative)
    for (Word& d : digits) {
      d = ~d + carry;
      carry = carry && d == 0;
    }
  return digits;
}

TEST_F(BitsTest, IntegersOfAllSizes) {
  for (int round = 0; round < 30000; round++) {
    std::size_t n = random() % (round % 4 == 0 ? 400 : 80);
    unsigned flags = static_cast<unsigned>(random() & (kLittle | kSigned | kNative));
    Term context = random_context(n + random() % 10);
    MatchState m = match_state(context);
    BitVector field = bits_from(m.base, m.offset(), n);
    std::size_t start = m.offset();
    Term t = get_integer(writer, context, n, flags);
    ASSERT_TRUE(t.is_value());
    ASSERT_EQ(m.offset(), start + n);
    std::vector<Word> expected = model_integer(field, flags);
    ASSERT_EQ(digits_of(t, expected.size()), expected) << n << " flags " << flags;
    if (t.is_big()) {
      auto limbs = term::BigInt::from(t).limbs();
      ASSERT_NE(limbs.back(), 0u);
      ASSERT_EQ(term::make_big(writer, limbs, term::BigInt::from(t).negative()).is_big(), true);
    }
    // and back
    std::size_t at = random() % 9;
    std::vector<Byte> dst = random_bytes((at + n + 7) / 8 + 1);
    BitVector around = bits_from(dst.data(), 0, dst.size() * 8);
    std::copy(field.begin(), field.end(), around.begin() + static_cast<std::ptrdiff_t>(at));
    ASSERT_TRUE(put_integer(dst.data(), at, t, n, flags));
    ASSERT_EQ(bits_from(dst.data(), 0, dst.size() * 8), around);
  }
}

TEST_F(BitsTest, IntegersAreTruncatedAndExtended) {
  Byte b[40] = {};
  ASSERT_TRUE(put_integer(b, 0, Term::small(-1), 3, 0));
  EXPECT_EQ(b[0], 0xE0);
  ASSERT_TRUE(put_integer(b, 3, Term::small(0x1FF), 5, 0));
  EXPECT_EQ(b[0], 0xFF);
  ASSERT_TRUE(put_integer(b, 8, Term::small(-2), 200, 0));
  for (int i = 1; i < 25; i++) EXPECT_EQ(b[i], 0xFF);
  EXPECT_EQ(b[25], 0xFE);
  ASSERT_TRUE(put_integer(b, 0, Term::small(5), 200, kLittle));
  EXPECT_EQ(b[0], 5);
  for (int i = 1; i < 25; i++) EXPECT_EQ(b[i], 0);
  ASSERT_TRUE(put_integer(b, 0, Term::small(0x123), 12, kLittle));
  EXPECT_EQ(b[0], 0x23);
  EXPECT_EQ(b[1], 0x10);
  EXPECT_FALSE(put_integer(b, 0, term::kNil, 8, 0));
  EXPECT_FALSE(get_integer(writer, random_context(7), 8, 0).is_value());
}

TEST_F(BitsTest, Floats) {
  for (unsigned flags : {0u, unsigned{kLittle}})
    for (std::size_t bits : {16, 32, 64})
      for (double d : {0.0, -0.0, 1.0, -2.5, 1024.0, 6.103515625e-5, 5.960464477539063e-8, 65504.0}) {
        Byte b[10] = {};
        ASSERT_TRUE(put_float(b, 3, term::make_float(writer, d), bits, flags));
        Term whole = term::make_binary(writer, {b, 10});
        Term context = start_match(writer, term::make_sub_bits(writer, whole, 3, bits), 0);
        Term t = get_float(writer, context, bits, flags);
        ASSERT_TRUE(t.is_value());
        ASSERT_EQ(std::bit_cast<Word>(term::float_value(t)), std::bit_cast<Word>(d));
      }
  struct {
    double d;
    unsigned half;
  } cases[] = {{65519.0, 0x7BFF},
               {65520.0, 0x7C00},
               {1e300, 0x7C00},
               {3.0e-8, 1},
               {1.0 + 1.0 / 2048, 0x3C00},
               {1.0 + 1.0 / 2048 + 1e-12, 0x3C01},
               {2047.9 / 1024, 0x4000}};
  for (auto c : cases) {
    Byte b[2] = {};
    ASSERT_TRUE(put_float(b, 0, term::make_float(writer, c.d), 16, 0));
    EXPECT_EQ(b[0] << 8 | b[1], static_cast<int>(c.half)) << c.d;
  }
  for (unsigned half : {0x7C00u, 0x7E00u, 0xFC00u}) {
    Byte b[2] = {static_cast<Byte>(half >> 8), static_cast<Byte>(half)};
    EXPECT_FALSE(get_float(writer, start_match(writer, term::make_binary(writer, {b, 2}), 0), 16, 0).is_value());
  }
  Byte b[8];
  EXPECT_FALSE(put_float(b, 0, Term::small(1), 48, 0));
  EXPECT_TRUE(put_float(b, 0, Term::small(1), 64, 0));
  EXPECT_EQ(b[0], 0x3F);
}

TEST_F(BitsTest, UnicodeRoundTripsAndRejects) {
  for (SWord c = -3; c<0x110010; c += c> 0x3000 && c < 0xD000 ? 97 : 1) {
    bool good = c >= 0 && c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF);
    Byte b[8] = {};
    std::size_t n = 0;
    ASSERT_EQ(put_utf8(b, 5, Term::small(c), &n), good);
    ASSERT_EQ(utf8_size(Term::small(c)), good ? n / 8 : 0);
    if (!good) continue;
    auto context = [&](std::size_t bits) {
      return start_match(writer, term::make_sub_bits(writer, term::make_binary(writer, {b, 8}), 5, bits), 0);
    };
    ASSERT_EQ(get_utf8(writer, context(n)), Term::small(c));
    ASSERT_FALSE(get_utf8(writer, context(n - 1)).is_value());
    for (unsigned flags : {0u, 2u, 16u}) {
      ASSERT_TRUE(put_utf16(b, 5, Term::small(c), flags, &n));
      ASSERT_EQ(utf16_size(Term::small(c)) * 8, n);
      ASSERT_EQ(get_utf16(writer, context(n), flags), Term::small(c));
      ASSERT_TRUE(put_utf32(b, 5, Term::small(c), flags));
      ASSERT_EQ(get_utf32(writer, context(32), flags), Term::small(c));
    }
    if (c % 64 == 0) heap::FragmentWriter{}.take();
  }
  const char* bad[] = {"\x80",         "\xC0\x80",         "\xC1\xBF",         "\xE0\x9F\xBF",
                       "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
                       "\xC3\x28",     "\xE2\x82"};
  for (const char* text : bad) {
    Term t = term::make_binary(writer, {reinterpret_cast<const Byte*>(text), std::strlen(text)});
    EXPECT_FALSE(get_utf8(writer, start_match(writer, t, 0)).is_value()) << text;
  }
}

TEST_F(BitsTest, SlicesAndStrings) {
  Term context = random_context(200);
  MatchState m = match_state(context);
  std::size_t start = m.offset();
  BitVector all = bits_from(m.base, start, 200);
  Term a = get_bits(writer, context, 77);
  EXPECT_EQ(bits_from(a), BitVector(all.begin(), all.begin() + 77));
  Term rest = get_rest(writer, context);
  EXPECT_EQ(bits_from(rest), BitVector(all.begin() + 77, all.end()));
  EXPECT_EQ(m.remaining(), 123u);
  EXPECT_FALSE(get_bits(writer, context, 124).is_value());
  Byte bytes[4] = {};
  copy_bits(bytes, 0, m.base, m.offset(), 29);
  EXPECT_TRUE(match_bytes(context, bytes, 29));
  EXPECT_EQ(m.remaining(), 94u);
  Term again = start_match(writer, context, 2);
  EXPECT_EQ(match_state(again).remaining(), 94u);
  EXPECT_FALSE(start_match(writer, term::kNil, 0).is_value());
}

TEST_F(BitsTest, AppendsInPlace) {
  Term t = make_writable(writer, 0);
  BitVector expected;
  Term old;
  const Byte* storage = nullptr;
  int moved = 0;
  for (int i = 0; i < 3000; i++) {
    std::size_t n = random() % 40, at;
    Word value = random() & 0xFFFFFFFF;
    Byte* bytes;
    old = t;
    std::size_t old_size = term::bits_of(old).size;
    t = append_room(writer, t, n, &bytes, &at);
    ASSERT_EQ(at, old_size);
    ASSERT_TRUE(put_integer(bytes, at, Term::small(static_cast<SWord>(value)), n, 0));
    for (std::size_t k = n; k-- > 0;) expected.push_back(k < 64 && (value >> k & 1) != 0);
    if (term::bits_of(t).base != storage) moved++;
    storage = term::bits_of(t).base;
    ASSERT_EQ(term::bits_of(old).size, n == 0 ? expected.size() : old_size);
  }
  EXPECT_LT(moved, 12);
  EXPECT_EQ(bits_from(t), expected);
  // An earlier version is no live end: appending to it copies, and leaves t as it is.
  Byte* bytes;
  std::size_t at;
  append_room(writer, t, 8, &bytes, &at);
  ASSERT_TRUE(put_integer(bytes, at, Term::small(0x55), 8, 0));
  Term other = append_room(writer, t, 8, &bytes, &at);
  ASSERT_TRUE(put_integer(bytes, at, Term::small(0), 8, 0));
  EXPECT_NE(term::bits_of(other).base, storage);
  EXPECT_EQ(bits_from(t), expected);
}

TEST_F(BitsTest, FieldSizes) {
  std::size_t bits;
  EXPECT_TRUE(field_bits(Term::small(3), 8, &bits));
  EXPECT_EQ(bits, 24u);
  EXPECT_FALSE(field_bits(Term::small(-1), 8, &bits));
  EXPECT_FALSE(field_bits(term::kNil, 8, &bits));
  EXPECT_FALSE(field_bits(Term::small(Term::kSmallMax), 256, &bits));
}

}  // namespace
}  // namespace vm::ops
