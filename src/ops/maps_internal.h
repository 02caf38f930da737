// SPDX-License-Identifier: Apache-2.0
//
// What the files of maps share: building nodes of the trie and flat maps, hashes level by level.
//
// Level n of the trie looks at nibble n of the key's hash, lowest first; every eight levels a fresh hash with another salt takes over.
#pragma once

#include <cstring>

#include "ops/maps.h"
#include "term/compare.h"
#include "term/hash_inl.h"
#include "term/map_layout.h"

namespace vm::ops::detail {

using term::FlatMapWords;
using term::HashMapWords;
using term::HashNodeWords;
using term::HeaderWord;
using term::HeapWriter;
using term::Kind;
using term::TrieNode;

// Deeper tries do not happen: 64 levels are eight independent 32-bit hashes that agree.
inline constexpr unsigned kMaxLevels = 64;

inline std::uint32_t hash_at(Term key, unsigned level) { return term::map_hash(key, level >> 3) >> (4 * (level & 7)); }
// The hash for `level` from that of the level before.
inline std::uint32_t next_hash(std::uint32_t hash, unsigned level, Term key) {
  return VM_LIKELY((level & 7) != 0) ? hash >> 4 : term::map_hash(key, level >> 3);
}
inline std::uint32_t bit_of(std::uint32_t hash) { return std::uint32_t{1} << (hash & 15); }
// Whether the processor has an instruction that counts bits.
extern const bool kCountsBits;

// Number of ones among the bits below `bit`, at most 15. Without an instruction for it: four copies that leave every fourth bit in place, then
// a sum of nibbles.
inline unsigned slot_of(std::uint32_t bitmap, std::uint32_t bit) {
  Word below = bitmap & (bit - 1);
#if defined(__x86_64__)
  if (VM_LIKELY(kCountsBits)) {
    Word n;
    asm("popcntq %1, %0" : "=r"(n) : "r"(below) : "cc");
    return static_cast<unsigned>(n);
  }
#endif
  Word spread = below * Word{0x0000200040008001} & Word{0x1111111111111111};
  return static_cast<unsigned>(spread * Word{0x1111111111111111} >> 60);
}

// A node has few children: a call of memcpy would take longer than the copy.
inline void copy_few(Word* to, const Word* from, std::size_t n) {
  for (; n >= 2; n -= 2, to += 2, from += 2) std::memcpy(to, from, 2 * kWordBytes);
  if (n != 0) *to = *from;
}

// =:= of a key that is stored and one that is looked for.
inline bool same_key(Term stored, Term key) { return term::equal_exact(stored, key); }
inline std::uint32_t first_hash(Term key) { return term::map_hash_inline(key); }

inline std::span<const Term> flat_keys(Term map) {
  const Word* keys = Term::from_bits(map.boxed_ptr()[FlatMapWords::kKeys]).boxed_ptr();
  return {reinterpret_cast<const Term*>(keys + 1), HeaderWord(*keys).words()};
}
inline const Term* flat_values(Term map) { return reinterpret_cast<const Term*>(map.boxed_ptr() + FlatMapWords::kFirstValue); }

// Position of key among the keys of a flat map, or -1.
int find_flat(Term map, Term key);

// A flat map with an existing tuple of keys; the caller fills the values.
inline Term alloc_flat(HeapWriter& h, Term keys, std::size_t n, Term** values) {
  Word* p = h.alloc(FlatMapWords::kFirstValue + n);
  p[0] = HeaderWord::make(Kind::FlatMap, 1 + n).bits();
  p[FlatMapWords::kKeys] = keys.bits();
  *values = reinterpret_cast<Term*>(p + FlatMapWords::kFirstValue);
  return Term::boxed(p);
}
// A flat map with a tuple of keys of its own; the caller fills both.
Term alloc_flat(HeapWriter& h, std::size_t n, Term** keys, Term** values);

// A node with n children, which the caller fills. Root: level 0, with the map's size.
inline Word* alloc_node(HeapWriter& h, std::uint32_t bitmap, std::size_t n, Term* node) {
  Word* p = h.alloc(HashNodeWords::kFirstChild + n);
  p[0] = HeaderWord::make(Kind::HashNode, HashNodeWords::kFirstChild - 1 + n).bits();
  p[HashNodeWords::kBitmap] = Term::small(bitmap).bits();
  *node = Term::boxed(p);
  return p + HashNodeWords::kFirstChild;
}
inline Word* alloc_root(HeapWriter& h, std::size_t size, std::uint32_t bitmap, std::size_t n, Term* map) {
  Word* p = h.alloc(HashMapWords::kFirstChild + n);
  p[0] = HeaderWord::make(Kind::HashMap, HashMapWords::kFirstChild - 1 + n).bits();
  p[HashMapWords::kSize] = Term::small(static_cast<SWord>(size)).bits();
  p[HashMapWords::kBitmap] = Term::small(bitmap).bits();
  *map = Term::boxed(p);
  return p + HashMapWords::kFirstChild;
}

// A large map or, when at most kFlatMapLimit of the keys differ, a flat one. Later pairs win.
Term build_large(HeapWriter& h, std::span<const Term> pairs);
// A large map from distinct keys and one pair more (the key is none of them).
Term grow_to_large(HeapWriter& h, std::span<const Term> keys, const Term* values, Term key, Term value);

}  // namespace vm::ops::detail
