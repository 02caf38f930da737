// SPDX-License-Identifier: Apache-2.0
//
// A big integer with storage of its own, for tests: built from text, read as a view, filled by the operations under test.
#pragma once

#include <string>
#include <vector>

#include "base/assert.h"
#include "num/digits.h"
#include "num/int_text.h"

namespace vm::num {

struct OwnedInteger {
  explicit OwnedInteger(std::size_t capacity) : digits(capacity) {}
  explicit OwnedInteger(const std::string& text, int base = 16) {
    const auto scanned = scan_integer(text, base);
    VM_CHECK(scanned.has_value());
    digits.resize(digits_bound(*scanned));
    take({parse_digits(*scanned, digits), scanned->sign});
  }

  SignedDigits view() const { return {digits, sign}; }

  void take(SignedSize size) {
    VM_CHECK(size.size <= digits.size());
    digits.resize(size.size);
    sign = size.sign;
  }

  std::string text(int base) const {
    std::string out(std::max(integer_text_bound(view(), base), kMaxInt64Text), ' ');
    out.resize(format_integer(view(), base, out));
    return out;
  }

  std::vector<Digit> digits;
  Sign sign = Sign::Positive;
};

}  // namespace vm::num
