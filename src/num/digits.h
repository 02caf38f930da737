// SPDX-License-Identifier: Apache-2.0
//
// Big-integer arithmetic on spans of digits.
//
// A magnitude is a little-endian span of 64-bit digits (GMP calls them limbs). It is *normalised* when its last digit is not zero;
// zero is the empty span. Every function here takes normalised inputs unless its comment says otherwise, writes into memory that
// the caller owns, and returns how many digits of the output are in use (the result is again normalised). So a big-integer term
// can be computed straight into its heap block: reserve the stated capacity, call, give the unused tail back.
//
// Work is done by GMP's mpn layer, which owns nothing and keeps no state. It takes temporary memory from the C stack below
// 64 KiB and from malloc above; nothing here yields, so callers bound the sizes they pass (kMaxDigits bounds them in any case).
//
// Threading: pure functions. Garbage collection: knows nothing of terms.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace vm::num {

using Digit = std::uint64_t;
inline constexpr std::size_t kDigitBits = 64;

using Digits = std::span<const Digit>;
using MutableDigits = std::span<Digit>;

// The largest magnitude an integer may have; one digit more is `system_limit`. `1 bsl 33554367` is the largest power of two.
inline constexpr std::size_t kMaxDigits = (std::size_t{1} << 19) - 1;

enum class Sign : std::uint8_t { Positive, Negative };

constexpr Sign negate(Sign sign) { return sign == Sign::Positive ? Sign::Negative : Sign::Positive; }

// A signed operand: magnitude plus sign. Zero is {empty, Positive}.
struct SignedDigits {
  Digits magnitude;
  Sign sign = Sign::Positive;
};

// What a signed operation wrote: the number of digits in use and the sign (Positive for zero).
struct SignedSize {
  std::size_t size = 0;
  Sign sign = Sign::Positive;
};

// An int64 as a signed magnitude with its own storage.
class SmallDigits {
 public:
  explicit SmallDigits(std::int64_t value)
      : digit_(value < 0 ? Digit{0} - static_cast<Digit>(value) : static_cast<Digit>(value)),
        sign_(value < 0 ? Sign::Negative : Sign::Positive) {}
  SignedDigits view() const { return {Digits(&digit_, digit_ == 0 ? 0 : 1), sign_}; }

 private:
  Digit digit_;
  Sign sign_;
};

// The value as an int64 when it fits.
std::optional<std::int64_t> to_int64(SignedDigits a);

// Number of digits without leading (most significant) zeros.
std::size_t normalised_size(Digits digits);
inline Digits normalised(Digits digits) { return digits.first(normalised_size(digits)); }

// Position of the highest set bit plus one; 0 for zero.
std::size_t bit_length(Digits a);

// Number of zero bits below the lowest set bit; 0 for zero.
std::size_t trailing_zero_bits(Digits a);

// Three-way comparison of magnitudes: negative, zero or positive.
int compare(Digits a, Digits b);
int compare(SignedDigits a, SignedDigits b);

// out = a + b. Capacity max(a, b) + 1. `out` may start exactly where a or b starts.
std::size_t add(MutableDigits out, Digits a, Digits b);
std::size_t add_digit(MutableDigits out, Digits a, Digit b);

// out = a - b; a >= b. Capacity a. `out` may start exactly where a or b starts.
std::size_t subtract(MutableDigits out, Digits a, Digits b);

// Signed sum and difference. Capacity max(a, b) + 1. `out` may start exactly where an operand starts.
SignedSize add(MutableDigits out, SignedDigits a, SignedDigits b);
SignedSize subtract(MutableDigits out, SignedDigits a, SignedDigits b);

// out = a * b, squaring when both are the same span. Capacity a + b. `out` must not overlap an operand.
std::size_t multiply(MutableDigits out, Digits a, Digits b);

// out = a * b. Capacity a + 1. `out` may start exactly where a starts.
std::size_t multiply_digit(MutableDigits out, Digits a, Digit b);

// Quotient and remainder, truncated towards zero; b is not zero. Capacities: quotient max(a - b, 0) + 1, remainder
// max(a, b); no output overlaps an input. An empty quotient span means that only the remainder is wanted.
struct DivisionSizes {
  std::size_t quotient = 0;
  std::size_t remainder = 0;
};
DivisionSizes divide(MutableDigits quotient, MutableDigits remainder, Digits a, Digits b);

// out = a div b, b not zero; the remainder is returned beside the size. Capacity a. `out` may start exactly where a starts.
struct DigitDivision {
  std::size_t quotient = 0;
  Digit remainder = 0;
};
DigitDivision divide_digit(MutableDigits out, Digits a, Digit b);
Digit remainder_digit(Digits a, Digit b);

// out = a * 2^bits. Capacity a + bits / 64 + 1. `out` may start exactly where a starts.
std::size_t shift_left(MutableDigits out, Digits a, std::size_t bits);

// out = a div 2^bits (magnitude: towards zero). Capacity max(a - bits / 64, 0). `out` may start exactly where a starts.
std::size_t shift_right(MutableDigits out, Digits a, std::size_t bits);

// Arithmetic shift right with two's-complement meaning: rounds towards minus infinity. Capacity max(a - bits / 64, 0) + 1.
SignedSize shift_right_floor(MutableDigits out, SignedDigits a, std::size_t bits);

// Bitwise operations with two's-complement meaning on unlimited sign extension. Capacity max(a, b) + 1. `out` may start
// exactly where an operand starts.
SignedSize bit_and(MutableDigits out, SignedDigits a, SignedDigits b);
SignedSize bit_or(MutableDigits out, SignedDigits a, SignedDigits b);
SignedSize bit_xor(MutableDigits out, SignedDigits a, SignedDigits b);

// bnot a = -a - 1. Capacity a + 1. `out` may start exactly where a starts.
SignedSize bit_not(MutableDigits out, SignedDigits a);

// Two's-complement digit number `index` of a value under unlimited sign extension, for code that streams a value out
// (bit syntax, integer_to_binary with a width). `carry` starts as 1 and belongs to one sweep from digit 0 upwards.
Digit twos_complement_digit(SignedDigits a, std::size_t index, Digit& carry);

// Reads a two's-complement (or unsigned) number of `size` digits in place: takes the magnitude of it. Not normalised input.
// Returns the normalised size and the sign. Used by bit syntax after it has gathered bytes into digits.
SignedSize from_twos_complement(MutableDigits digits);

}  // namespace vm::num
