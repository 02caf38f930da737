// SPDX-License-Identifier: Apache-2.0
//
// Two's-complement meaning on sign-and-magnitude operands, in one sweep and without temporaries: each operand digit is converted
// on the way in, each result digit on the way out (-m is ~m + 1, with the carry handed from digit to digit).
#include <algorithm>

#include "base/assert.h"
#include "num/digits.h"

namespace vm::num {

namespace {

// Flips one digit of ~m + 1; the carry starts as 1.
Digit complement_step(Digit digit, Digit& carry) {
  const Digit sum = ~digit + carry;
  carry = (carry != 0 && sum == 0) ? 1 : 0;
  return sum;
}

template <typename Operation>
SignedSize bitwise(MutableDigits out, SignedDigits a, SignedDigits b, Operation operation) {
  const bool a_negative = a.sign == Sign::Negative;
  const bool b_negative = b.sign == Sign::Negative;
  const Digit extension = operation(a_negative ? ~Digit{0} : Digit{0}, b_negative ? ~Digit{0} : Digit{0});
  const bool negative = extension != 0;
  const std::size_t size = std::max(a.magnitude.size(), b.magnitude.size());
  VM_CHECK(out.size() > size);
  Digit a_carry = 1;
  Digit b_carry = 1;
  Digit out_carry = 1;
  for (std::size_t i = 0; i < size; ++i) {
    const Digit result = operation(twos_complement_digit(a, i, a_carry), twos_complement_digit(b, i, b_carry));
    out[i] = negative ? complement_step(result, out_carry) : result;
  }
  // A negative result whose digits were all zero is minus 2^(64 * size): the carry is its top digit.
  out[size] = negative ? out_carry : 0;
  const std::size_t used = normalised_size(out.first(size + 1));
  return {used, negative ? Sign::Negative : Sign::Positive};
}

}  // namespace

Digit twos_complement_digit(SignedDigits a, std::size_t index, Digit& carry) {
  const Digit digit = index < a.magnitude.size() ? a.magnitude[index] : 0;
  return a.sign == Sign::Negative ? complement_step(digit, carry) : digit;
}

SignedSize from_twos_complement(MutableDigits digits) {
  if (digits.empty()) return {};
  const bool negative = (digits.back() >> 63) != 0;
  if (negative) {
    Digit carry = 1;
    for (Digit& digit : digits) digit = complement_step(digit, carry);
  }
  return {normalised_size(digits), negative ? Sign::Negative : Sign::Positive};
}

SignedSize bit_and(MutableDigits out, SignedDigits a, SignedDigits b) {
  return bitwise(out, a, b, [](Digit x, Digit y) { return x & y; });
}

SignedSize bit_or(MutableDigits out, SignedDigits a, SignedDigits b) {
  return bitwise(out, a, b, [](Digit x, Digit y) { return x | y; });
}

SignedSize bit_xor(MutableDigits out, SignedDigits a, SignedDigits b) {
  return bitwise(out, a, b, [](Digit x, Digit y) { return x ^ y; });
}

SignedSize bit_not(MutableDigits out, SignedDigits a) {
  VM_CHECK(out.size() > a.magnitude.size());
  if (a.sign == Sign::Positive) return {add_digit(out, a.magnitude, 1), Sign::Negative};
  const Digit one = 1;
  return {subtract(out, a.magnitude, Digits(&one, 1)), Sign::Positive};
}

}  // namespace vm::num
