// SPDX-License-Identifier: Apache-2.0
//
// The mixing step of phash2 and internal_hash, and the whole of the latter for immediates: what lookups in maps and tables want inline.
#pragma once

#include "term/hash.h"

namespace vm::term {
namespace hashing {

using U32 = std::uint32_t;

constexpr U32 kGolden = 0x9e3779b9;
constexpr U32 golden(U32 n) { return kGolden * n; }

inline void mix(U32& a, U32& b, U32& c) {
  a -= b, a -= c, a ^= c >> 13;
  b -= c, b -= a, b ^= a << 8;
  c -= a, c -= b, c ^= b >> 13;
  a -= b, a -= c, a ^= c >> 12;
  b -= c, b -= a, b ^= a << 16;
  c -= a, c -= b, c ^= b >> 5;
  a -= b, a -= c, a ^= c >> 3;
  b -= c, b -= a, b ^= a << 10;
  c -= a, c -= b, c ^= b >> 15;
}

inline U32 mix2(U32 hash, U32 x, U32 y, U32 constant) {
  U32 a = constant + x, b = constant + y;
  mix(a, b, hash);
  return hash;
}
inline U32 mix1(U32 hash, U32 x, U32 constant) { return mix2(hash, x, 0, constant); }

// An integer of at most 64 bits as one digit of a big one.
inline U32 hash_large_small(SWord v, U32 hash) {
  Word magnitude = v < 0 ? Word{0} - static_cast<Word>(v) : static_cast<Word>(v);
  return mix2(hash, static_cast<U32>(magnitude), static_cast<U32>(magnitude >> 32), golden(v < 0 ? 10 : 11));
}

constexpr U32 kInternalSalt = 3432918353u;  // parts it from phash2, which spreads keys over nodes

// The word that stands for an immediate: that of a stock system where it is the same on all of them.
inline Word immediate_word(Term t) {
  if (t.is_small()) return static_cast<Word>(t.small_value()) << 4 | 0xF;
  if (t.is_nil()) return 0x3B;
  if (t.is_atom()) return Word{t.atom_index()} << 6 | 0x0B;
  return t.bits();
}

constexpr SWord kStockSmallMax = (SWord{1} << 59) - 1;
inline bool small_on_stock(Term t) { return t.small_value() <= kStockSmallMax && t.small_value() >= -kStockSmallMax - 1; }

inline U32 hash_immediate(Term t, U32 hash) {
  if (VM_UNLIKELY(t.is_small() && !small_on_stock(t))) return hash_large_small(t.small_value(), hash);
  Word w = immediate_word(t);
  return mix2(hash, static_cast<U32>(w), static_cast<U32>(w >> 32), kGolden);
}

}  // namespace hashing

// map_hash(key) of the first levels, inline for immediates but floats.
inline std::uint32_t map_hash_inline(Term key) {
  if (VM_LIKELY(!key.is_pointer() && !key.is_float_immediate())) return hashing::hash_immediate(key, hashing::kInternalSalt);
  return map_hash(key);
}

}  // namespace vm::term
