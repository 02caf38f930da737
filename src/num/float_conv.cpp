// SPDX-License-Identifier: Apache-2.0
#include "num/float_conv.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "base/assert.h"

namespace vm::num {

namespace {
constexpr double kTwoTo63 = 9223372036854775808.0;
constexpr double kTwoTo64 = 18446744073709551616.0;
constexpr int kMantissaBits = 52;
}  // namespace

std::optional<double> to_double(SignedDigits a) {
  double value = 0.0;
  for (std::size_t i = a.magnitude.size(); i-- > 0;) {
    value = value * kTwoTo64 + static_cast<double>(a.magnitude[i]);
    if (!std::isfinite(value)) return std::nullopt;
  }
  return a.sign == Sign::Negative ? -value : value;
}

int compare(std::int64_t a, double b) {
  if (b >= kTwoTo63) return -1;
  if (b < -kTwoTo63) return 1;
  // b is in range, so truncation is exact; the fraction decides between equal integral parts.
  const auto whole = static_cast<std::int64_t>(b);
  if (a != whole) return a < whole ? -1 : 1;
  const double fraction = b - static_cast<double>(whole);
  return fraction > 0.0 ? -1 : (fraction < 0.0 ? 1 : 0);
}

int compare(SignedDigits a, double b) {
  if (const auto small = to_int64(a); small.has_value()) return compare(*small, b);
  // |a| >= 2^63 here, so a float with a fraction part is smaller and truncating it cannot change the order.
  if (std::fabs(b) < kTwoTo63) return a.sign == Sign::Negative ? -1 : 1;
  std::array<Digit, kMaxDoubleDigits> storage;
  const SignedSize size = integral_to_digits(storage, b);
  return compare(a, SignedDigits{Digits(storage).first(size.size), size.sign});
}

std::optional<std::int64_t> integral_to_int64(double integral) {
  if (!(integral >= -kTwoTo63 && integral < kTwoTo63)) return std::nullopt;
  return static_cast<std::int64_t>(integral);
}

SignedSize integral_to_digits(MutableDigits out, double integral) {
  VM_ASSERT(std::isfinite(integral) && std::trunc(integral) == integral);
  VM_CHECK(out.size() >= kMaxDoubleDigits);
  const Sign sign = std::signbit(integral) ? Sign::Negative : Sign::Positive;
  const double magnitude = std::fabs(integral);
  if (magnitude < 1.0) return {};
  const auto bits = std::bit_cast<std::uint64_t>(magnitude);
  const int exponent = static_cast<int>(bits >> kMantissaBits) - 1023;
  const Digit mantissa = (bits & ((Digit{1} << kMantissaBits) - 1)) | (Digit{1} << kMantissaBits);
  const Digits source(&mantissa, 1);
  std::size_t size = 0;
  if (exponent >= kMantissaBits) {
    const auto shift = static_cast<std::size_t>(exponent - kMantissaBits);
    std::array<Digit, kMaxDoubleDigits + 1> wide;
    size = shift_left(wide, source, shift);
    std::copy_n(wide.begin(), size, out.begin());
  } else {
    size = shift_right(out, source, static_cast<std::size_t>(kMantissaBits - exponent));
  }
  return {size, sign};
}

}  // namespace vm::num
