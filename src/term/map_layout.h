// SPDX-License-Identifier: Apache-2.0
//
// Words of maps on the heap. What maps mean is in ops/maps.h; here is what a walk over terms needs.
//
//   flat   header(1 + n) [keys tuple] [value 1] ... [value n]     keys in compare_total order, shared between maps of one shape
//   large  header(2 + c) [size] [bitmap] [child] ...              root of the trie
//          header(1 + c) [bitmap] [child] ...                     inner node
//
// size and bitmap are stored as small integers, so every word after a header is a term. A child is a cons cell [key | value] (a leaf) or a
// node. Bit i of a bitmap says that there is a child for nibble i of the hash; children lie in order of their nibbles. The trie is
// canonical: equal key sets give equal shapes, an inner node has at least two leaves below it, and a map of at most 32 keys is flat.
#pragma once

#include "term/term.h"

namespace vm::term {

struct FlatMapWords {
  static constexpr std::size_t kKeys = 1, kFirstValue = 2;
};
struct HashMapWords {
  static constexpr std::size_t kSize = 1, kBitmap = 2, kFirstChild = 3;
};
struct HashNodeWords {
  static constexpr std::size_t kBitmap = 1, kFirstChild = 2;
};

// Children of a root or inner node. Their number is taken from the header: not every processor we run on counts bits.
struct TrieNode {
  const Word* children;
  std::uint32_t bitmap;
  std::uint32_t n;
  unsigned count() const { return n; }
  Term child(unsigned i) const { return Term::from_bits(children[i]); }
};

inline TrieNode trie_node(Term t) {
  const Word* p = t.boxed_ptr();
  HeaderWord header(*p);
  std::size_t at = header.kind() == Kind::HashMap ? HashMapWords::kBitmap : HashNodeWords::kBitmap;
  return {p + at + 1, static_cast<std::uint32_t>(Term::from_bits(p[at]).small_value()), static_cast<std::uint32_t>(header.words() - at)};
}

// Number of keys of a flat or large map.
inline std::size_t map_key_count(Term map) {
  const Word* p = map.boxed_ptr();
  HeaderWord h(*p);
  if (h.kind() == Kind::FlatMap) return h.words() - 1;
  return static_cast<std::size_t>(Term::from_bits(p[HashMapWords::kSize]).small_value());
}

// Calls f(leaf) for every leaf [Key | Value] below a large map's root or node, in enumeration order. Depth is bounded by the hash, not
// by the program, hence the plain recursion.
template <typename F>
void each_leaf(Term node, F&& f) {
  if (node.is_cons()) {
    f(node);
    return;
  }
  TrieNode n = trie_node(node);
  for (unsigned i = 0, c = n.count(); i < c; i++) each_leaf(n.child(i), f);
}

}  // namespace vm::term
