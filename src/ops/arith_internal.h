// SPDX-License-Identifier: Apache-2.0
//
// What the files of arithmetic share: operands as digits, results as terms.
#pragma once

#include <cmath>

#include "num/digits.h"
#include "num/float_conv.h"
#include "ops/arith.h"

namespace vm::ops::detail {

// Any integer term as signed digits; a small one lives inside, so the operand must outlive the view.
class IntegerOperand {
 public:
  explicit IntegerOperand(Term t) {
    if (t.is_small()) {
      SWord v = t.small_value();
      digit_ = v < 0 ? Word{0} - static_cast<Word>(v) : static_cast<Word>(v);
      view_ = {num::Digits(&digit_, digit_ == 0 ? 0 : 1), v < 0 ? num::Sign::Negative : num::Sign::Positive};
    } else {
      term::BigInt big = term::BigInt::from(t);
      view_ = {big.limbs(), big.negative() ? num::Sign::Negative : num::Sign::Positive};
    }
  }
  IntegerOperand(const IntegerOperand&) = delete;
  IntegerOperand& operator=(const IntegerOperand&) = delete;

  const num::SignedDigits& view() const { return view_; }
  std::size_t size() const { return view_.magnitude.size(); }
  num::Sign sign() const { return view_.sign; }

 private:
  num::Digit digit_ = 0;
  num::SignedDigits view_;
};

// A block for digits at the end of the heap, from which the result is cut.
class IntegerResult {
 public:
  IntegerResult(term::HeapWriter& h, std::size_t capacity) : heap_(h), block_(h.alloc(1 + capacity)), capacity_(capacity) {}

  num::MutableDigits digits() { return {block_ + 1, capacity_}; }

  // The first `size` digits (normalised) with a sign as a term.
  BifResult finish(GuardContext& cx, std::size_t size, num::Sign sign) {
    constexpr Word kMax = static_cast<Word>(Term::kSmallMax);
    bool negative = sign == num::Sign::Negative;
    if (size == 0 || (size == 1 && block_[1] <= kMax + (negative ? 1 : 0))) {
      Word magnitude = size == 0 ? 0 : block_[1];
      heap_.trim(block_, block_ + 1 + capacity_);
      return Term::small(static_cast<SWord>(negative ? Word{0} - magnitude : magnitude));
    }
    if (size > num::kMaxDigits) {
      heap_.trim(block_, block_ + 1 + capacity_);
      return cx.system_limit();
    }
    *block_ = term::HeaderWord::make(term::Kind::BigInt, size, negative).bits();
    heap_.trim(block_ + 1 + size, block_ + 1 + capacity_);
    return Term::boxed(block_);
  }
  BifResult finish(GuardContext& cx, num::SignedSize r) { return finish(cx, r.size, r.sign); }

 private:
  term::HeapWriter& heap_;
  Word* block_;
  std::size_t capacity_;
};

// The float, or badarith when the operation left the range of floats.
inline BifResult finite_float(GuardContext& cx, double d) {
  if (VM_UNLIKELY(!std::isfinite(d))) return cx.badarith();
  return term::make_float(cx.heap(), d);
}

}  // namespace vm::ops::detail
