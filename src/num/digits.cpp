// SPDX-License-Identifier: Apache-2.0
#include "num/digits.h"

#include <gmp.h>

#include <algorithm>
#include <bit>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace vm::num {

static_assert(std::is_same_v<mp_limb_t, Digit>, "digits are GMP limbs");
static_assert(GMP_NUMB_BITS == 64, "no nail bits");

namespace {

mp_size_t gmp_size(Digits a) { return static_cast<mp_size_t>(a.size()); }

bool is_normalised(Digits a) { return a.empty() || a.back() != 0; }

void copy_up(MutableDigits out, Digits a) {
  if (out.data() != a.data()) std::copy(a.begin(), a.end(), out.begin());
}

Sign sign_of_result(std::size_t size, Sign sign) { return size == 0 ? Sign::Positive : sign; }

}  // namespace

std::optional<std::int64_t> to_int64(SignedDigits a) {
  if (a.magnitude.empty()) return 0;
  if (a.magnitude.size() > 1) return std::nullopt;
  const Digit digit = a.magnitude[0];
  constexpr Digit kHighBit = Digit{1} << 63;
  if (a.sign == Sign::Positive) {
    if (digit >= kHighBit) return std::nullopt;
    return static_cast<std::int64_t>(digit);
  }
  if (digit > kHighBit) return std::nullopt;
  return static_cast<std::int64_t>(Digit{0} - digit);
}

std::size_t normalised_size(Digits digits) {
  std::size_t size = digits.size();
  while (size > 0 && digits[size - 1] == 0) --size;
  return size;
}

std::size_t bit_length(Digits a) {
  if (a.empty()) return 0;
  return a.size() * kDigitBits - static_cast<std::size_t>(std::countl_zero(a.back()));
}

std::size_t trailing_zero_bits(Digits a) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != 0) return i * kDigitBits + static_cast<std::size_t>(std::countr_zero(a[i]));
  }
  return 0;
}

int compare(Digits a, Digits b) {
  VM_ASSERT(is_normalised(a) && is_normalised(b));
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.empty() ? 0 : mpn_cmp(a.data(), b.data(), gmp_size(a));
}

int compare(SignedDigits a, SignedDigits b) {
  if (a.sign != b.sign) return a.sign == Sign::Negative ? -1 : 1;
  const int order = compare(a.magnitude, b.magnitude);
  return a.sign == Sign::Negative ? -order : order;
}

std::size_t add(MutableDigits out, Digits a, Digits b) {
  if (a.size() < b.size()) std::swap(a, b);
  VM_CHECK(out.size() > a.size());
  if (b.empty()) {
    copy_up(out, a);
    return a.size();
  }
  const std::size_t size = a.size();
  const Digit carry = mpn_add(out.data(), a.data(), gmp_size(a), b.data(), gmp_size(b));
  out[size] = carry;
  return size + (carry != 0 ? 1 : 0);
}

std::size_t add_digit(MutableDigits out, Digits a, Digit b) {
  if (!a.empty()) return add(out, a, Digits(&b, b == 0 ? 0 : 1));
  if (b == 0) return 0;
  VM_CHECK(!out.empty());
  out[0] = b;
  return 1;
}

std::size_t subtract(MutableDigits out, Digits a, Digits b) {
  VM_ASSERT(compare(a, b) >= 0);
  VM_CHECK(out.size() >= a.size());
  if (b.empty()) {
    copy_up(out, a);
    return a.size();
  }
  mpn_sub(out.data(), a.data(), gmp_size(a), b.data(), gmp_size(b));
  return normalised_size(out.first(a.size()));
}

SignedSize add(MutableDigits out, SignedDigits a, SignedDigits b) {
  if (a.sign == b.sign) {
    const std::size_t size = add(out, a.magnitude, b.magnitude);
    return {size, sign_of_result(size, a.sign)};
  }
  const int order = compare(a.magnitude, b.magnitude);
  if (order == 0) return {};
  if (order > 0) return {subtract(out, a.magnitude, b.magnitude), a.sign};
  return {subtract(out, b.magnitude, a.magnitude), b.sign};
}

SignedSize subtract(MutableDigits out, SignedDigits a, SignedDigits b) {
  if (b.magnitude.empty()) return add(out, a, b);
  b.sign = negate(b.sign);
  return add(out, a, b);
}

std::size_t multiply(MutableDigits out, Digits a, Digits b) {
  VM_ASSERT(is_normalised(a) && is_normalised(b));
  if (a.empty() || b.empty()) return 0;
  if (a.size() < b.size()) std::swap(a, b);
  const std::size_t size = a.size() + b.size();
  VM_CHECK(out.size() >= size);
  if (a.data() == b.data() && a.size() == b.size()) {
    mpn_sqr(out.data(), a.data(), gmp_size(a));
  } else {
    mpn_mul(out.data(), a.data(), gmp_size(a), b.data(), gmp_size(b));
  }
  return size - (out[size - 1] == 0 ? 1 : 0);
}

std::size_t multiply_digit(MutableDigits out, Digits a, Digit b) {
  if (a.empty() || b == 0) return 0;
  const std::size_t size = a.size();
  VM_CHECK(out.size() > size);
  const Digit carry = mpn_mul_1(out.data(), a.data(), gmp_size(a), b);
  out[size] = carry;
  return size + (carry != 0 ? 1 : 0);
}

DivisionSizes divide(MutableDigits quotient, MutableDigits remainder, Digits a, Digits b) {
  VM_CHECK(!b.empty() && b.back() != 0);
  VM_CHECK(remainder.size() >= std::max(a.size(), b.size()));
  if (a.size() < b.size()) {
    copy_up(remainder, a);
    return {0, a.size()};
  }
  const std::size_t quotient_size = a.size() - b.size() + 1;
  std::vector<Digit> unwanted;
  if (quotient.empty()) {
    unwanted.resize(quotient_size);
    quotient = unwanted;
  }
  VM_CHECK(quotient.size() >= quotient_size);
  mpn_tdiv_qr(quotient.data(), remainder.data(), 0, a.data(), gmp_size(a), b.data(), gmp_size(b));
  return {normalised_size(quotient.first(quotient_size)), normalised_size(remainder.first(b.size()))};
}

DigitDivision divide_digit(MutableDigits out, Digits a, Digit b) {
  VM_CHECK(b != 0);
  if (a.empty()) return {};
  VM_CHECK(out.size() >= a.size());
  const Digit remainder = mpn_divrem_1(out.data(), 0, a.data(), gmp_size(a), b);
  return {normalised_size(out.first(a.size())), remainder};
}

Digit remainder_digit(Digits a, Digit b) {
  VM_CHECK(b != 0);
  return a.empty() ? 0 : mpn_mod_1(a.data(), gmp_size(a), b);
}

std::size_t shift_left(MutableDigits out, Digits a, std::size_t bits) {
  if (a.empty()) return 0;
  const std::size_t whole = bits / kDigitBits;
  const unsigned rest = static_cast<unsigned>(bits % kDigitBits);
  const std::size_t size = a.size();
  VM_CHECK(out.size() > size + whole);
  Digit carry = 0;
  if (rest != 0) {
    carry = mpn_lshift(out.data() + whole, a.data(), gmp_size(a), rest);
  } else if (whole != 0 || out.data() != a.data()) {
    std::copy_backward(a.begin(), a.end(), out.begin() + static_cast<std::ptrdiff_t>(whole + size));
  }
  std::fill_n(out.begin(), whole, Digit{0});
  out[whole + size] = carry;
  return whole + size + (carry != 0 ? 1 : 0);
}

std::size_t shift_right(MutableDigits out, Digits a, std::size_t bits) {
  const std::size_t whole = bits / kDigitBits;
  const unsigned rest = static_cast<unsigned>(bits % kDigitBits);
  if (whole >= a.size()) return 0;
  const Digits kept = a.subspan(whole);
  VM_CHECK(out.size() >= kept.size());
  if (rest != 0) {
    mpn_rshift(out.data(), kept.data(), gmp_size(kept), rest);
  } else if (out.data() != kept.data()) {
    std::copy(kept.begin(), kept.end(), out.begin());
  }
  return normalised_size(out.first(kept.size()));
}

SignedSize shift_right_floor(MutableDigits out, SignedDigits a, std::size_t bits) {
  // -7 bsr 1 is -4: a negative value moves one further from zero when any one-bit was shifted out.
  const bool lost = a.sign == Sign::Negative && !a.magnitude.empty() && trailing_zero_bits(a.magnitude) < bits;
  std::size_t size = shift_right(out, a.magnitude, bits);
  if (lost) size = add_digit(out, out.first(size), 1);
  return {size, sign_of_result(size, a.sign)};
}

}  // namespace vm::num
