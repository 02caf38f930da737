// SPDX-License-Identifier: Apache-2.0
//
// What the three hashes share: parts of a term that wait for their turn, and the hashes of bytes and big integers.
#pragma once

#include "term/bit_order.h"
#include "term/fun_layout.h"
#include "term/hash_inl.h"
#include "term/map_layout.h"
#include "term/work_stack.h"

namespace vm::term::hashing {

// Bitstring t, of whose size in bytes the bits of size_mask count.
U32 hash_bitstring(Term t, U32 hash, std::size_t size_mask);
U32 hash_big(Term t, U32 hash);

inline Word float_bits(Term t) {
  double d = float_value(t);
  return d == 0 ? 0 : std::bit_cast<Word>(d);
}

constexpr bool is_byte(Word w) { return w < (Word{256} << 3) && (w & 7) == 0; }

inline U32 pid_number_of(Term t) { return t.is_local_pid() ? pid_number(t) : static_cast<U32>(t.boxed_ptr()[3]); }
inline Word port_number_of(Term t) { return t.is_local_port() ? t.id_data() : t.boxed_ptr()[3]; }

enum class Op : Byte {
  Terms,     // a: words, n of them
  Pairs,     // a: keys, b: values, n of them (flat map)
  Children,  // a: children of a trie node, n of them
  PairEnd,   // after a key and its value
  MapEnd,    // after all pairs: b = hash and pairs' hash from before
  CdrNext,   // internal_hash: what follows is the tail of an improper or ending list
  TupleEnd,  // phash: n = arity
  ListTail,  // phash: a: the tail's word
  ListEnd,   // phash
};

struct Part {
  const Word* a;
  Word b;
  std::size_t n;
  Op op;
};
using Parts = WorkStack<Part, 32>;

inline const Word* words_from(Term t, std::size_t i) { return t.boxed_ptr() + i; }

inline void push_map_pairs(Parts& parts, Term map) {
  if (map.is_kind(Kind::FlatMap)) {
    const Word* p = map.boxed_ptr();
    const Word* keys = Term::from_bits(p[FlatMapWords::kKeys]).boxed_ptr() + 1;
    parts.push({keys, reinterpret_cast<Word>(p + FlatMapWords::kFirstValue), map_key_count(map), Op::Pairs});
  } else {
    TrieNode n = trie_node(map);
    parts.push({n.children, 0, n.count(), Op::Children});
  }
}

}  // namespace vm::term::hashing
