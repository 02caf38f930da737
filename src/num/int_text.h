// SPDX-License-Identifier: Apache-2.0
//
// Integers as text in bases 2 to 36, both ways, and Erlang's grammar for them: an optional sign, then one or more digits of the
// base in either case, and nothing else. Output uses upper-case letters, as integer_to_list/2 does.
//
// Values below 2^63 take a path of their own; larger ones go through GMP's subquadratic conversions. All results go into memory of the
// caller, whose size the *_bound functions give; conversions that GMP does in place take one temporary copy.
//
// Threading: pure functions. Nothing here yields: 500,000 digits in base 10 take some 30 ms.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "num/digits.h"

namespace vm::num {

inline constexpr int kMinBase = 2;
inline constexpr int kMaxBase = 36;

// Longest text of an int64: a sign and 64 binary digits.
inline constexpr std::size_t kMaxInt64Text = 65;

// Writes `value` in `base` to the front of `out` (at least kMaxInt64Text characters); returns the length.
std::size_t format_int64(std::int64_t value, int base, std::span<char> out);

// Characters, sign included, that format_integer may need for a value.
std::size_t integer_text_bound(SignedDigits value, int base);

// Writes a value of any size to the front of `out` (at least integer_text_bound characters); returns the length.
std::size_t format_integer(SignedDigits value, int base, std::span<char> out);

// An integer found in text: its sign and its digits without leading zeros (empty for zero).
struct ScannedInteger {
  std::string_view digits;
  int base = 10;
  Sign sign = Sign::Positive;
  std::size_t length = 0;  // characters consumed, sign and leading zeros included
};

// Recognises an integer at the front of `text`; nullopt when there is none. What follows is the caller's business.
std::optional<ScannedInteger> scan_integer_prefix(std::string_view text, int base);

// Recognises an integer that is the whole of `text`: the grammar of list_to_integer and binary_to_integer.
std::optional<ScannedInteger> scan_integer(std::string_view text, int base);

// The value when it fits an int64.
std::optional<std::int64_t> to_int64(const ScannedInteger& scanned);

// Capacity that parse_digits needs; 0 only for zero. More than kMaxDigits + 2 means `system_limit` without trying.
std::size_t digits_bound(const ScannedInteger& scanned);

// The magnitude of a scanned integer; returns the digits in use.
std::size_t parse_digits(const ScannedInteger& scanned, MutableDigits out);

}  // namespace vm::num
