// SPDX-License-Identifier: Apache-2.0
//
// Between big integers and doubles.
//
// Comparison of an integer with a float is mathematically exact, whatever the sizes: 2^53 + 1 > 9007199254740992.0. *Conversion*
// of a big integer to a float is not the nearest double: Erlang systems convert digit by digit from the top, rounding each 64-bit digit
// and each sum, and programs see the difference (float(X) rarely, but reproducibly). to_double does it that way;
// values that do not fit are overflow, `badarg` or `badarith` to the program.
//
// Threading: pure functions.
#pragma once

#include <optional>

#include "num/digits.h"

namespace vm::num {

// Digits that the integral part of any finite double needs.
inline constexpr std::size_t kMaxDoubleDigits = 16;

// The float that Erlang's arithmetic and float/1 make of a big integer; nullopt when it is out of range.
std::optional<double> to_double(SignedDigits a);

// Exact order of an integer and a finite float: negative, zero or positive.
int compare(SignedDigits a, double b);
int compare(std::int64_t a, double b);

// The int64 that equals an integral float exactly; nullopt when it does not fit.
std::optional<std::int64_t> integral_to_int64(double integral);

// Digits of an integral finite float (the caller applied trunc, round, floor or ceil first). Capacity kMaxDoubleDigits.
SignedSize integral_to_digits(MutableDigits out, double integral);

}  // namespace vm::num
