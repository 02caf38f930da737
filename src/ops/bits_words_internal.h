// SPDX-License-Identifier: Apache-2.0
//
// The two primitives of the bit syntax: up to 64 bits at any bit position, as one word, read and written.
//
// A field is a string of bits, first bit most significant. Nothing outside the bytes that hold the field is touched, and bits of
// these bytes that do not belong to it are kept, so fields may be written in any order and beside bytes that others read.
#pragma once

#include <bit>
#include <cstring>

#include "base/assert.h"
#include "base/word.h"

namespace vm::ops {

static_assert(std::endian::native == std::endian::little, "`native` fields are little-endian ones");

inline Word load_big64(const Byte* p) {
  Word w;
  std::memcpy(&w, p, 8);
  return __builtin_bswap64(w);
}
inline void store_big64(Byte* p, Word w) {
  w = __builtin_bswap64(w);
  std::memcpy(p, &w, 8);
}

// Low `bits` bits set; bits is 0..64.
constexpr Word low_mask(std::size_t bits) { return bits >= 64 ? ~Word{0} : (Word{1} << bits) - 1; }

// The `bits` (0..64) bits at `offset` as a number.
inline Word read_bits(const Byte* base, std::size_t offset, std::size_t bits) {
  if (bits == 0) return 0;
  const Byte* p = base + (offset >> 3);
  unsigned skip = offset & 7;
  if (skip == 0) {
    if (bits == 8) return *p;
    if (bits == 32) {
      std::uint32_t w;
      std::memcpy(&w, p, 4);
      return __builtin_bswap32(w);
    }
    if (bits == 16) return Word{p[0]} << 8 | p[1];
  }
  std::size_t span = skip + bits;  // bits from the first byte on
  if (span > 56) {                 // eight or nine bytes
    if (span < 64) {
      Word w = 0;
      for (unsigned i = 0; i < 8; i++) w = w << 8 | p[i];
      return w >> (64 - span) & low_mask(bits);
    }
    Word w = load_big64(p);
    if (span == 64) return w & low_mask(bits);
    unsigned extra = static_cast<unsigned>(span - 64);
    return (w << extra | p[8] >> (8 - extra)) & low_mask(bits);
  }
  Word w = 0;
  std::size_t bytes = (span + 7) >> 3;
  for (std::size_t i = 0; i < bytes; i++) w = w << 8 | p[i];
  return w >> (bytes * 8 - span) & low_mask(bits);
}

// Writes the low `bits` (0..64) bits of `value` at `offset`.
inline void write_bits(Byte* base, std::size_t offset, Word value, std::size_t bits) {
  if (bits == 0) return;
  Byte* p = base + (offset >> 3);
  unsigned skip = offset & 7;
  if (skip == 0) {
    if (bits == 8) {
      *p = static_cast<Byte>(value);
      return;
    }
    if (bits == 64) {
      store_big64(p, value);
      return;
    }
    if (bits == 32) {
      std::uint32_t w = __builtin_bswap32(static_cast<std::uint32_t>(value));
      std::memcpy(p, &w, 4);
      return;
    }
  }
  value &= low_mask(bits);
  if (skip + bits <= 8) {
    unsigned shift = static_cast<unsigned>(8 - skip - bits);
    Byte mask = static_cast<Byte>(low_mask(bits) << shift);
    *p = static_cast<Byte>((*p & ~mask) | static_cast<Byte>(value << shift));
    return;
  }
  if (skip != 0) {
    bits -= 8 - skip;
    *p = static_cast<Byte>((*p & (0xFF00u >> skip)) | static_cast<Byte>(value >> bits));
    p++;
  }
  while (bits >= 8) {
    bits -= 8;
    *p++ = static_cast<Byte>(value >> bits);
  }
  if (bits != 0) *p = static_cast<Byte>((*p & (0xFFu >> bits)) | static_cast<Byte>(value << (8 - bits)));
}

// Converts between the number a big-endian reading of a `bits` (0..64) wide field gives and the one a little-endian reading
// gives: its whole bytes go from least to most significant, and what is left of a byte is the most significant part.
inline Word little_from_big(Word value, std::size_t bits) {
  if (bits <= 8) return value;
  unsigned rest = bits & 7;
  std::size_t whole = bits & ~std::size_t{7};
  if (rest == 0) return __builtin_bswap64(value << (64 - bits));
  return __builtin_bswap64(value >> rest << (64 - whole)) | (value & low_mask(rest)) << whole;
}
inline Word big_from_little(Word value, std::size_t bits) {
  if (bits <= 8) return value;
  unsigned rest = bits & 7;
  std::size_t whole = bits & ~std::size_t{7};
  if (rest == 0) return __builtin_bswap64(value << (64 - bits));
  return __builtin_bswap64(value << (64 - whole)) << rest | value >> whole;
}

}  // namespace vm::ops
