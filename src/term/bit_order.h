// SPDX-License-Identifier: Apache-2.0
//
// Bit strings that start at any bit, read as bytes: what comparing, hashing and copying them share. The general bit syntax lives in ops/.
#pragma once

#include "term/views.h"

namespace vm::term {

// Byte number i of `b` counted from its first bit; bits beyond the end read as 0.
inline Byte byte_at(const Bits& b, std::size_t i) {
  std::size_t at = b.offset + i * 8;
  const Byte* p = b.base + (at >> 3);
  unsigned shift = at & 7;
  std::size_t left = b.size - i * 8;
  unsigned value = static_cast<unsigned>(p[0]) << 8;
  if (shift != 0 && left > 8 - shift) value |= p[1];
  value = (value << shift >> 8) & 0xFF;
  if (left < 8) value &= 0xFF00u >> left;
  return static_cast<Byte>(value);
}

// Copies b to the start of `to`; the bits after the last one in its byte become 0.
void copy_to_bytes(Byte* to, const Bits& b);
// Three-way comparison of the first `bits` bits, which both have.
int compare_bits_prefix(const Bits& a, const Bits& b, std::size_t bits);

}  // namespace vm::term
