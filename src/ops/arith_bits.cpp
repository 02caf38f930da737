// SPDX-License-Identifier: Apache-2.0
//
// Integers as endless two's-complement bit strings: and, or, xor, not, shifts.
#include "ops/arith_internal.h"

namespace vm::ops {

using namespace detail;

namespace {

template <typename F>
BifResult bitwise(GuardContext& cx, Term a, Term b, F&& f) {
  if (!a.is_integer() || !b.is_integer()) return cx.badarith();
  IntegerOperand x(a), y(b);
  IntegerResult r(cx.heap(), std::max(x.size(), y.size()) + 1);
  num::SignedSize s = f(r.digits(), x.view(), y.view());
  return r.finish(cx, s);
}

bool is_negative(Term integer) { return integer.is_small() ? integer.small_value() < 0 : term::BigInt::from(integer).negative(); }

BifResult shift_left(GuardContext& cx, Term a, std::size_t bits) {
  if (a.is_small()) {
    SWord v = a.small_value();
    if (v == 0) return a;
    if (bits < 60) {
      SWord shifted = static_cast<SWord>(static_cast<Word>(v) << bits);
      if (shifted >> bits == v) return term::make_integer(cx.heap(), shifted);
    }
  }
  IntegerOperand x(a);
  if (bits > num::kMaxDigits * num::kDigitBits || num::bit_length(x.view().magnitude) + bits > num::kMaxDigits * num::kDigitBits)
    return cx.system_limit();
  IntegerResult r(cx.heap(), x.size() + bits / num::kDigitBits + 1);
  std::size_t n = num::shift_left(r.digits(), x.view().magnitude, bits);
  return r.finish(cx, n, x.sign());
}

BifResult shift_right(GuardContext& cx, Term a, std::size_t bits) {
  if (a.is_small()) return Term::small(a.small_value() >> (bits > 63 ? 63 : bits));
  IntegerOperand x(a);
  std::size_t dropped = bits / num::kDigitBits;
  if (dropped >= x.size()) return Term::small(is_negative(a) ? -1 : 0);
  IntegerResult r(cx.heap(), x.size() - dropped + 1);
  num::SignedSize s = num::shift_right_floor(r.digits(), x.view(), bits);
  return r.finish(cx, s);
}

enum class Direction { Left, Right };

BifResult shift(GuardContext& cx, Term a, Term b, Direction direction) {
  if (!a.is_integer() || !b.is_integer()) return cx.badarith();
  bool left = (direction == Direction::Left) != is_negative(b);
  if (b.is_small()) {
    SWord n = b.small_value();
    std::size_t bits = static_cast<std::size_t>(n < 0 ? -n : n);
    return left ? shift_left(cx, a, bits) : shift_right(cx, a, bits);
  }
  // More bits than there can be.
  if (left) return a == Term::small(0) ? BifResult(a) : cx.system_limit();
  return Term::small(is_negative(a) ? -1 : 0);
}

}  // namespace

BifResult band(GuardContext& cx, Term a, Term b) {
  if (VM_LIKELY(a.is_small() && b.is_small())) return Term::small(a.small_value() & b.small_value());
  return bitwise(cx, a, b, [](auto out, auto x, auto y) { return num::bit_and(out, x, y); });
}

BifResult bor(GuardContext& cx, Term a, Term b) {
  if (VM_LIKELY(a.is_small() && b.is_small())) return Term::small(a.small_value() | b.small_value());
  return bitwise(cx, a, b, [](auto out, auto x, auto y) { return num::bit_or(out, x, y); });
}

BifResult bxor(GuardContext& cx, Term a, Term b) {
  if (VM_LIKELY(a.is_small() && b.is_small())) return Term::small(a.small_value() ^ b.small_value());
  return bitwise(cx, a, b, [](auto out, auto x, auto y) { return num::bit_xor(out, x, y); });
}

BifResult bnot(GuardContext& cx, Term a) {
  if (VM_LIKELY(a.is_small())) return Term::small(~a.small_value());
  if (!a.is_big()) return cx.badarith();
  IntegerOperand x(a);
  IntegerResult r(cx.heap(), x.size() + 1);
  num::SignedSize s = num::bit_not(r.digits(), x.view());
  return r.finish(cx, s);
}

BifResult bsl(GuardContext& cx, Term a, Term b) { return shift(cx, a, b, Direction::Left); }
BifResult bsr(GuardContext& cx, Term a, Term b) { return shift(cx, a, b, Direction::Right); }

}  // namespace vm::ops
