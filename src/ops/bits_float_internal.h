// SPDX-License-Identifier: Apache-2.0
//
// Floats of 16 bits (IEEE binary16), for which C++20 has no type. Conversion rounds to nearest, ties to even, straight from the double, and
// what is too large becomes infinity, as the hardware does it for 32 bits.
#pragma once

#include <cmath>
#include <cstdint>

namespace vm::ops {

inline double half_to_double(std::uint16_t h) {
  int exponent = h >> 10 & 31;
  double mantissa = h & 1023;
  double value;
  if (exponent == 31) value = (h & 1023) != 0 ? std::nan("") : HUGE_VAL;
  else if (exponent == 0) value = std::ldexp(mantissa, -24);
  else value = std::ldexp(mantissa + 1024, exponent - 25);
  return (h & 0x8000) != 0 ? -value : value;
}

inline std::uint16_t double_to_half(double d) {
  unsigned sign = std::signbit(d) ? 0x8000 : 0;
  double a = std::fabs(d);
  unsigned bits;
  if (std::isnan(a)) bits = 0x7E00;
  else if (a >= 65520.0) bits = 0x7C00;
  else if (a < 0x1p-14) bits = static_cast<unsigned>(std::nearbyint(std::ldexp(a, 24)));
  else {
    int exponent = std::ilogb(a);
    // A mantissa that rounds up to 2048 carries into the exponent by itself.
    bits = (static_cast<unsigned>(exponent + 15) << 10) + static_cast<unsigned>(std::nearbyint(std::ldexp(a, 10 - exponent))) - 1024;
  }
  return static_cast<std::uint16_t>(sign | bits);
}

}  // namespace vm::ops
