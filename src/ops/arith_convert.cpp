// SPDX-License-Identifier: Apache-2.0
//
// Between integers and floats.
#include "ops/arith_internal.h"

namespace vm::ops {

using namespace detail;

namespace {

// A float that has no fraction as an integer, exactly.
Term integral_to_integer(term::HeapWriter& h, double d) {
  if (std::optional<std::int64_t> v = num::integral_to_int64(d)) return term::make_integer(h, *v);
  num::Digit digits[num::kMaxDoubleDigits];
  num::SignedSize s = num::integral_to_digits(digits, d);
  return term::make_big(h, num::Digits(digits, s.size), s.sign == num::Sign::Negative);
}

template <typename F>
BifResult to_integer(GuardContext& cx, Term a, F&& rounded) {
  if (a.is_integer()) return a;
  if (!a.is_float()) return cx.badarg();
  return integral_to_integer(cx.heap(), rounded(term::float_value(a)));
}

}  // namespace

BifResult to_float(GuardContext& cx, Term a) {
  if (a.is_float()) return a;
  double d;
  if (!number_to_double(a, &d)) return cx.badarg();
  return term::make_float(cx.heap(), d);
}

BifResult round(GuardContext& cx, Term a) {
  return to_integer(cx, a, [](double d) { return std::round(d); });
}
BifResult trunc(GuardContext& cx, Term a) {
  return to_integer(cx, a, [](double d) { return std::trunc(d); });
}
BifResult floor(GuardContext& cx, Term a) {
  return to_integer(cx, a, [](double d) { return std::floor(d); });
}
BifResult ceil(GuardContext& cx, Term a) {
  return to_integer(cx, a, [](double d) { return std::ceil(d); });
}

}  // namespace vm::ops
