// SPDX-License-Identifier: Apache-2.0
//
// The num room against itself: laws that hold for random operands, capacities at their limits, and known answers.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>

#include "num/float_conv.h"
#include "num/float_text.h"
#include "num/md5.h"
#include "unit/num/owned_integer.h"

namespace vm::num {
namespace {

OwnedInteger random_integer(std::mt19937_64& random, std::size_t max_digits) {
  OwnedInteger a(random() % (max_digits + 1));
  for (Digit& digit : a.digits) {
    const auto kind = random() % 4;
    digit = kind == 0 ? 0 : (kind == 1 ? ~Digit{0} : random());
  }
  const std::size_t size = normalised_size(a.digits);
  a.take({size, size != 0 && random() % 2 == 0 ? Sign::Negative : Sign::Positive});
  return a;
}

OwnedInteger sum(const OwnedInteger& a, const OwnedInteger& b) {
  OwnedInteger out(std::max(a.digits.size(), b.digits.size()) + 1);
  out.take(add(out.digits, a.view(), b.view()));
  return out;
}

OwnedInteger difference(const OwnedInteger& a, const OwnedInteger& b) {
  OwnedInteger out(std::max(a.digits.size(), b.digits.size()) + 1);
  out.take(subtract(out.digits, a.view(), b.view()));
  return out;
}

OwnedInteger inverted(const OwnedInteger& a) {
  OwnedInteger out(a.digits.size() + 1);
  out.take(bit_not(out.digits, a.view()));
  return out;
}

bool equal(const OwnedInteger& a, const OwnedInteger& b) { return a.sign == b.sign && a.digits == b.digits; }

TEST(Digits, SumAndDifferenceUndoEachOther) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 5000; ++i) {
    const OwnedInteger a = random_integer(random, 6);
    const OwnedInteger b = random_integer(random, 6);
    EXPECT_TRUE(equal(difference(sum(a, b), b), a));
    EXPECT_EQ(compare(a.view(), b.view()), -compare(b.view(), a.view()));
  }
}

TEST(Digits, DivisionLaw) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 5000; ++i) {
    const OwnedInteger a = random_integer(random, 8);
    const OwnedInteger b = random_integer(random, 5);
    if (b.digits.empty()) continue;
    OwnedInteger quotient(std::max(a.digits.size(), b.digits.size()) - b.digits.size() + 1);
    OwnedInteger remainder(std::max(a.digits.size(), b.digits.size()));
    const auto sizes = divide(quotient.digits, remainder.digits, a.digits, b.digits);
    quotient.take({sizes.quotient, Sign::Positive});
    remainder.take({sizes.remainder, Sign::Positive});
    EXPECT_LT(compare(remainder.digits, b.digits), 0);
    OwnedInteger product(quotient.digits.size() + b.digits.size());
    product.take({multiply(product.digits, quotient.digits, b.digits), Sign::Positive});
    OwnedInteger magnitude = a;
    magnitude.sign = Sign::Positive;
    EXPECT_TRUE(equal(sum(product, remainder), magnitude));
  }
}

TEST(Digits, BitLaws) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 5000; ++i) {
    const OwnedInteger a = random_integer(random, 5);
    const OwnedInteger b = random_integer(random, 5);
    const std::size_t capacity = std::max(a.digits.size(), b.digits.size()) + 1;
    OwnedInteger both(capacity);
    OwnedInteger either(capacity);
    OwnedInteger one(capacity);
    both.take(bit_and(both.digits, a.view(), b.view()));
    either.take(bit_or(either.digits, a.view(), b.view()));
    one.take(bit_xor(one.digits, a.view(), b.view()));
    EXPECT_TRUE(equal(sum(both, either), sum(a, b)));
    EXPECT_TRUE(equal(sum(both, one), either));
    EXPECT_TRUE(equal(inverted(inverted(a)), a));
  }
}

TEST(Digits, ShiftRightIsFloor) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 5000; ++i) {
    const OwnedInteger a = random_integer(random, 4);
    const std::size_t bits = random() % 300;
    const std::size_t whole = bits / kDigitBits;
    OwnedInteger out((a.digits.size() > whole ? a.digits.size() - whole : 0) + 1);
    out.take(shift_right_floor(out.digits, a.view(), bits));
    // bnot(bnot(A) bsr N) =:= A bsr N
    const OwnedInteger other = inverted(a);
    OwnedInteger mirrored((other.digits.size() > whole ? other.digits.size() - whole : 0) + 1);
    mirrored.take(shift_right_floor(mirrored.digits, other.view(), bits));
    EXPECT_TRUE(equal(inverted(mirrored), out));
  }
}

TEST(Digits, InPlace) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 2000; ++i) {
    const OwnedInteger a = random_integer(random, 5);
    const OwnedInteger b = random_integer(random, 5);
    const OwnedInteger expected = sum(a, b);
    OwnedInteger out = a;
    out.digits.resize(std::max(a.digits.size(), b.digits.size()) + 1);
    const SignedDigits first{Digits(out.digits).first(a.digits.size()), a.sign};
    out.take(add(out.digits, first, b.view()));
    EXPECT_TRUE(equal(out, expected));
    const std::size_t bits = random() % 130;
    OwnedInteger left(a.digits.size() + bits / kDigitBits + 1);
    std::copy(a.digits.begin(), a.digits.end(), left.digits.begin());
    left.take({shift_left(left.digits, Digits(left.digits).first(a.digits.size()), bits), a.sign});
    left.take({shift_right(left.digits, left.digits, bits), left.sign});
    EXPECT_TRUE(equal(left, a));
  }
}

TEST(Digits, DigitOperands) {
  const OwnedInteger a("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF");
  OwnedInteger out(3);
  out.take({multiply_digit(out.digits, a.digits, 10), Sign::Positive});
  EXPECT_EQ(out.text(10), "3402823669209384634633746074317682114550");
  const auto division = divide_digit(out.digits, out.digits, 10);
  out.take({division.quotient, Sign::Positive});
  EXPECT_EQ(division.remainder, 0u);
  EXPECT_TRUE(equal(out, a));
  EXPECT_EQ(remainder_digit(a.digits, 10), 5u);
  OwnedInteger one(1);
  EXPECT_EQ(add_digit(one.digits, {}, 1), 1u);
}

TEST(Digits, TwosComplementRoundTrip) {
  std::mt19937_64 random(6);
  for (int i = 0; i < 2000; ++i) {
    const OwnedInteger a = random_integer(random, 4);
    OwnedInteger image(a.digits.size() + 1);
    Digit carry = 1;
    for (std::size_t k = 0; k < image.digits.size(); ++k) image.digits[k] = twos_complement_digit(a.view(), k, carry);
    image.take(from_twos_complement(image.digits));
    EXPECT_TRUE(equal(image, a));
  }
}

TEST(Digits, Int64Borders) {
  for (const std::int64_t value : {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, INT64_MAX, INT64_MIN, INT64_MIN + 1}) {
    EXPECT_EQ(to_int64(SmallDigits(value).view()), value);
  }
  EXPECT_FALSE(to_int64(OwnedInteger("8000000000000000").view()).has_value());
  EXPECT_EQ(to_int64(OwnedInteger("-8000000000000000").view()), INT64_MIN);
  EXPECT_FALSE(to_int64(OwnedInteger("-8000000000000001").view()).has_value());
}

TEST(IntText, RoundTripInEveryBase) {
  std::mt19937_64 random(7);
  for (int base = kMinBase; base <= kMaxBase; ++base) {
    for (int i = 0; i < 100; ++i) {
      const OwnedInteger a = random_integer(random, 8);
      const std::string text = a.text(base);
      EXPECT_LE(text.size(), integer_text_bound(a.view(), base));
      EXPECT_TRUE(equal(OwnedInteger(text, base), a)) << text;
      const auto small = to_int64(*scan_integer(text, base));
      EXPECT_EQ(small, to_int64(a.view()));
    }
  }
}

TEST(IntText, Grammar) {
  const auto value = [](std::string_view text, int base) -> std::optional<std::int64_t> {
    const auto scanned = scan_integer(text, base);
    return scanned.has_value() ? to_int64(*scanned) : std::nullopt;
  };
  EXPECT_EQ(value("+0012", 10), 12);
  EXPECT_EQ(value("-0", 10), 0);
  EXPECT_EQ(value("zZ", 36), 1295);
  EXPECT_EQ(value("-8000000000000000", 16), INT64_MIN);
  for (const char* bad : {"", "+", "-", "+-1", " 1", "1 ", "1_0", "1.0", "A", "0x1"})
    EXPECT_FALSE(scan_integer(bad, 10).has_value()) << bad;
  EXPECT_EQ(scan_integer_prefix("-12abc", 10)->length, 3u);
  EXPECT_FALSE(scan_integer_prefix("-x", 10).has_value());
}

TEST(FloatText, ShortReadsBack) {
  std::mt19937_64 random(8);
  std::array<char, kMaxFloatText> text;
  for (int i = 0; i < 200000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    const std::size_t length = format_short(value, text);
    ASSERT_EQ(parse_float({text.data(), length}), value);
  }
}

TEST(FloatText, PrefixStopsBeforeAnIncompleteExponent) {
  EXPECT_EQ(scan_float_prefix("1.0e"), 3u);
  EXPECT_EQ(scan_float_prefix("1.0e+"), 3u);
  EXPECT_EQ(scan_float_prefix("+1.0e10x"), 7u);
  EXPECT_EQ(scan_float_prefix("1.e4"), 0u);
  EXPECT_EQ(scan_float_prefix("1.5.6"), 3u);
  EXPECT_EQ(scan_float_prefix(""), 0u);
  EXPECT_EQ(parse_float(std::string_view("1.0\0foo", 7)), 1.0);
}

TEST(FloatConv, ComparisonIsExact) {
  EXPECT_GT(compare(std::int64_t{9007199254740993}, 9007199254740992.0), 0);
  EXPECT_EQ(compare(std::int64_t{9007199254740992}, 9007199254740992.0), 0);
  EXPECT_LT(compare(std::int64_t{1}, 1.5), 0);
  EXPECT_GT(compare(std::int64_t{-1}, -1.5), 0);
  EXPECT_EQ(compare(INT64_MIN, -9223372036854775808.0), 0);
  EXPECT_LT(compare(INT64_MAX, 9223372036854775808.0), 0);
  EXPECT_GT(compare(OwnedInteger("8000000000000001").view(), 9223372036854775808.0), 0);
  EXPECT_EQ(compare(OwnedInteger("8000000000000000").view(), 9223372036854775808.0), 0);
  EXPECT_LT(compare(OwnedInteger("-8000000000000001").view(), -9223372036854775808.0), 0);
}

std::string hex(const Md5Digest& digest) {
  std::string text;
  for (const auto byte : digest) {
    std::array<char, 3> pair{};
    std::snprintf(pair.data(), pair.size(), "%02x", byte);
    text += pair.data();
  }
  return text;
}

std::span<const std::uint8_t> bytes(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

TEST(Md5Test, KnownAnswers) {  // RFC 1321, appendix A.5
  EXPECT_EQ(hex(Md5::of({})), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(hex(Md5::of(bytes("abc"))), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(hex(Md5::of(bytes("12345678901234567890123456789012345678901234567890123456789012345678901234567890"))),
            "57edf4a22be3c955ac49da2e2107b67a");
}

TEST(Md5Test, ContextTravelsAsBytes) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += static_cast<char>(i * 7);
  for (std::size_t step : {1u, 7u, 63u, 64u, 65u, 200u}) {
    std::array<std::uint8_t, Md5::kContextBytes> context;
    Md5().store(context);
    for (std::size_t at = 0; at < text.size(); at += step) {
      Md5 md5(context);
      md5.update(bytes(std::string_view(text).substr(at, step)));
      md5.store(context);
    }
    EXPECT_EQ(Md5(context).finish(), Md5::of(bytes(text)));
  }
}

}  // namespace
}  // namespace vm::num
