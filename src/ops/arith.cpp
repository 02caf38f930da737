// SPDX-License-Identifier: Apache-2.0
//
// Sums, products and quotients. Each operator tries two small integers, then two floats, then the general case: any float makes the operation one on
// floats; otherwise the digits are computed in place at the end of the heap.
#include "ops/arith.h"

#include <cstdlib>
#include <utility>

#include "ops/arith_internal.h"

namespace vm::ops {

using namespace detail;

bool number_to_double(Term t, double* out) {
  if (t.is_float()) {
    *out = term::float_value(t);
    return true;
  }
  if (t.is_small()) {
    *out = static_cast<double>(t.small_value());
    return true;
  }
  if (!t.is_big()) return false;
  std::optional<double> d = num::to_double(IntegerOperand(t).view());
  if (!d) return false;
  *out = *d;
  return true;
}

namespace {

// Either operand is no small integer. Integer: how to compute on digits; Float: on doubles.
template <typename Integer, typename Float>
BifResult general(GuardContext& cx, Term a, Term b, Integer&& on_integers, Float&& on_floats) {
  if (a.is_integer() && b.is_integer()) {
    IntegerOperand x(a), y(b);
    return on_integers(x, y);
  }
  double x, y;
  if (!number_to_double(a, &x) || !number_to_double(b, &y)) return cx.badarith();
  return finite_float(cx, on_floats(x, y));
}

// Temporary digits: on the C stack when few.
class ScratchDigits {
 public:
  explicit ScratchDigits(std::size_t n) : size_(n) {
    if (n > kInline) {
      block_ = static_cast<num::Digit*>(std::malloc(n * sizeof(num::Digit)));
      VM_CHECK(block_ != nullptr);
    }
  }
  ~ScratchDigits() {
    if (block_ != inline_) std::free(block_);
  }
  ScratchDigits(const ScratchDigits&) = delete;
  ScratchDigits& operator=(const ScratchDigits&) = delete;
  num::MutableDigits digits() { return {block_, size_}; }

 private:
  static constexpr std::size_t kInline = 64;
  num::Digit inline_[kInline];
  num::Digit* block_ = inline_;
  std::size_t size_;
};

}  // namespace

BifResult add(GuardContext& cx, Term a, Term b) {
  if (VM_LIKELY(a.is_small() && b.is_small())) return term::make_integer(cx.heap(), a.small_value() + b.small_value());
  auto integers = [&](const IntegerOperand& x, const IntegerOperand& y) {
    IntegerResult r(cx.heap(), std::max(x.size(), y.size()) + 1);
    num::SignedSize s = num::add(r.digits(), x.view(), y.view());
    return r.finish(cx, s);
  };
  return general(cx, a, b, integers, [](double x, double y) { return x + y; });
}

BifResult subtract(GuardContext& cx, Term a, Term b) {
  if (VM_LIKELY(a.is_small() && b.is_small())) return term::make_integer(cx.heap(), a.small_value() - b.small_value());
  auto integers = [&](const IntegerOperand& x, const IntegerOperand& y) {
    IntegerResult r(cx.heap(), std::max(x.size(), y.size()) + 1);
    num::SignedSize s = num::subtract(r.digits(), x.view(), y.view());
    return r.finish(cx, s);
  };
  return general(cx, a, b, integers, [](double x, double y) { return x - y; });
}

BifResult multiply(GuardContext& cx, Term a, Term b) {
  if (VM_LIKELY(a.is_small() && b.is_small())) {
    SWord product;
    if (VM_LIKELY(!__builtin_mul_overflow(a.small_value(), b.small_value(), &product))) return term::make_integer(cx.heap(), product);
  }
  auto integers = [&](const IntegerOperand& x, const IntegerOperand& y) -> BifResult {
    if (x.size() == 0 || y.size() == 0) return Term::small(0);
    if (x.size() + y.size() > num::kMaxDigits + 1) return cx.system_limit();
    IntegerResult r(cx.heap(), x.size() + y.size());
    std::size_t n = num::multiply(r.digits(), x.view().magnitude, y.view().magnitude);
    return r.finish(cx, n, x.sign() == y.sign() ? num::Sign::Positive : num::Sign::Negative);
  };
  return general(cx, a, b, integers, [](double x, double y) { return x * y; });
}

BifResult divide(GuardContext& cx, Term a, Term b) {
  double x, y;
  if (!number_to_double(a, &x) || !number_to_double(b, &y) || y == 0) return cx.badarith();
  return finite_float(cx, x / y);
}

BifResult int_div(GuardContext& cx, Term a, Term b) {
  if (VM_LIKELY(a.is_small() && b.is_small())) {
    if (b.small_value() == 0) return cx.badarith();
    return term::make_integer(cx.heap(), a.small_value() / b.small_value());
  }
  if (!a.is_integer() || !b.is_integer()) return cx.badarith();
  IntegerOperand x(a), y(b);
  if (y.size() == 0) return cx.badarith();
  if (x.size() < y.size()) return Term::small(0);
  num::Sign sign = x.sign() == y.sign() ? num::Sign::Positive : num::Sign::Negative;
  IntegerResult r(cx.heap(), x.size() - y.size() + 1);
  if (y.size() == 1) return r.finish(cx, num::divide_digit(r.digits(), x.view().magnitude, y.view().magnitude[0]).quotient, sign);
  ScratchDigits remainder(x.size());
  return r.finish(cx, num::divide(r.digits(), remainder.digits(), x.view().magnitude, y.view().magnitude).quotient, sign);
}

BifResult rem(GuardContext& cx, Term a, Term b) {
  if (VM_LIKELY(a.is_small() && b.is_small())) {
    if (b.small_value() == 0) return cx.badarith();
    return Term::small(a.small_value() % b.small_value());
  }
  if (!a.is_integer() || !b.is_integer()) return cx.badarith();
  IntegerOperand x(a), y(b);
  if (y.size() == 0) return cx.badarith();
  if (x.size() < y.size()) return a;
  IntegerResult r(cx.heap(), x.size());
  if (y.size() == 1) {
    num::Digit rest = num::remainder_digit(x.view().magnitude, y.view().magnitude[0]);
    r.digits()[0] = rest;
    return r.finish(cx, rest == 0 ? 0 : 1, x.sign());
  }
  return r.finish(cx, num::divide({}, r.digits(), x.view().magnitude, y.view().magnitude).remainder, x.sign());
}

BifResult negate(GuardContext& cx, Term a) {
  if (VM_LIKELY(a.is_small())) return term::make_integer(cx.heap(), -a.small_value());
  if (a.is_float()) return finite_float(cx, -term::float_value(a));
  return subtract(cx, Term::small(0), a);
}

BifResult unary_plus(GuardContext& cx, Term a) {
  if (!a.is_number()) return cx.badarith();
  return a;
}

BifResult absolute(GuardContext& cx, Term a) {
  if (a.is_small()) return a.small_value() < 0 ? term::make_integer(cx.heap(), -a.small_value()) : a;
  if (a.is_float()) return term::float_value(a) < 0 ? term::make_float(cx.heap(), -term::float_value(a)) : a;  // -0.0 stays
  if (!a.is_big()) return cx.badarg();
  return term::BigInt::from(a).negative() ? term::make_big(cx.heap(), term::BigInt::from(a).limbs(), false) : a;
}

}  // namespace vm::ops
