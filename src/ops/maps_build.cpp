// SPDX-License-Identifier: Apache-2.0
//
// Many pairs at once: building a trie from a sorted array of hashes, and merging two tries node by node.
#include <algorithm>
#include <cstring>
#include <vector>

#include "ops/maps_internal.h"

namespace vm::ops {

using namespace detail;

namespace {

// Nibbles in reverse, so that numeric order is the order of the trie.
std::uint32_t reverse_nibbles(std::uint32_t h) {
  h = __builtin_bswap32(h);
  return (h & 0x0F0F0F0F) << 4 | (h >> 4 & 0x0F0F0F0F);
}

struct Entry {
  std::uint32_t order;  // reversed hash for the level at hand
  std::uint32_t index;  // in the input
  Term key, value;
};
using Entries = std::span<Entry>;

void sort_entries(Entries e) {
  std::sort(e.begin(), e.end(), [](const Entry& a, const Entry& b) { return a.order != b.order ? a.order < b.order : a.index < b.index; });
}

// Of equal keys only the last stays. Sorted in and out; returns how many are left.
std::size_t drop_duplicates(std::vector<Entry>& all) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < all.size();) {
    std::size_t end = i + 1;
    while (end < all.size() && all[end].order == all[i].order) end++;
    std::size_t group = kept;
    for (; i < end; i++) {
      std::size_t j = group;
      while (j < kept && !same_key(all[j].key, all[i].key)) j++;
      all[j] = all[i];
      if (j == kept) kept++;
    }
  }
  return kept;
}

// Children of a node at `level` from entries that agree on all levels before it.
Term build_node(HeapWriter& h, Entries all, unsigned level, std::size_t root_size) {
  VM_CHECK(level < kMaxLevels);
  if (level != 0 && (level & 7) == 0) {
    for (Entry& e : all) e.order = reverse_nibbles(term::map_hash(e.key, level >> 3));
    sort_entries(all);
  }
  unsigned shift = 28 - 4 * (level & 7);
  Word children[16];
  unsigned count = 0;
  std::uint32_t bitmap = 0;
  for (std::size_t i = 0; i < all.size();) {
    std::uint32_t nibble = all[i].order >> shift & 15;
    std::size_t end = i + 1;
    while (end < all.size() && (all[end].order >> shift & 15) == nibble) end++;
    Term child = end - i == 1 ? h.cons(all[i].key, all[i].value) : build_node(h, all.subspan(i, end - i), level + 1, 0);
    children[count++] = child.bits();
    bitmap |= std::uint32_t{1} << nibble;
    i = end;
  }
  Term node;
  Word* to = level == 0 ? alloc_root(h, root_size, bitmap, count, &node) : alloc_node(h, bitmap, count, &node);
  std::memcpy(to, children, count * kWordBytes);
  return node;
}

// Pairs sorted by key while they are taken up.
class FlatBuilder {
 public:
  // False when there would be more than kFlatMapLimit keys.
  bool add(Term key, Term value) {
    std::size_t at = n_;
    while (at > 0) {
      int c = term::compare_total(key, keys_[at - 1]);
      if (c == 0) {
        keys_[at - 1] = key;
        values_[at - 1] = value;
        return true;
      }
      if (c > 0) break;
      at--;
    }
    if (n_ == kFlatMapLimit) return false;
    for (std::size_t i = n_; i > at; i--) keys_[i] = keys_[i - 1], values_[i] = values_[i - 1];
    keys_[at] = key;
    values_[at] = value;
    n_++;
    return true;
  }
  Term finish(HeapWriter& h) {
    Term *keys, *values;
    Term map = alloc_flat(h, n_, &keys, &values);
    std::copy_n(keys_, n_, keys);
    std::copy_n(values_, n_, values);
    return map;
  }

 private:
  std::size_t n_ = 0;
  Term keys_[kFlatMapLimit], values_[kFlatMapLimit];
};

Term build_from(HeapWriter& h, std::vector<Entry>& all) {
  for (Entry& e : all) e.order = reverse_nibbles(first_hash(e.key));
  sort_entries(all);
  std::size_t n = drop_duplicates(all);
  if (n <= kFlatMapLimit) {
    FlatBuilder flat;
    for (std::size_t i = 0; i < n; i++) flat.add(all[i].key, all[i].value);
    return flat.finish(h);
  }
  return build_node(h, Entries(all.data(), n), 0, n);
}

}  // namespace

namespace detail {

Term build_large(HeapWriter& h, std::span<const Term> pairs) {
  std::vector<Entry> all(pairs.size() / 2);
  for (std::size_t i = 0; i < all.size(); i++) all[i] = {0, static_cast<std::uint32_t>(i), pairs[2 * i], pairs[2 * i + 1]};
  return build_from(h, all);
}

Term grow_to_large(HeapWriter& h, std::span<const Term> keys, const Term* values, Term key, Term value) {
  std::vector<Entry> all(keys.size() + 1);
  for (std::size_t i = 0; i < keys.size(); i++) all[i] = {0, static_cast<std::uint32_t>(i), keys[i], values[i]};
  all.back() = {0, static_cast<std::uint32_t>(keys.size()), key, value};
  return build_from(h, all);
}

}  // namespace detail

Term empty_map(HeapWriter& h) {
  Term *keys, *values;
  return alloc_flat(h, 0, &keys, &values);
}

Term map_from_pairs(HeapWriter& h, std::span<const Term> pairs) {
  if (pairs.size() / 2 > kFlatMapLimit) return build_large(h, pairs);
  FlatBuilder flat;
  for (std::size_t i = 0; i < pairs.size(); i += 2) flat.add(pairs[i], pairs[i + 1]);
  return flat.finish(h);
}

// --- merging ----------------------------------------------------------------------------------------------------------

namespace {

Term merge_flat(HeapWriter& h, Term left, Term right) {
  std::span<const Term> a = flat_keys(left), b = flat_keys(right);
  const Term *av = flat_values(left), *bv = flat_values(right);
  if (a.empty()) return right;
  if (b.empty()) return left;
  Term keys[2 * kFlatMapLimit], values[2 * kFlatMapLimit];
  std::size_t n = 0, i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    int c = term::compare_total(a[i], b[j]);
    bool take_left = c < 0;
    keys[n] = take_left ? a[i] : b[j];
    values[n++] = take_left ? av[i] : bv[j];
    if (c <= 0) i++;
    if (c >= 0) j++;
  }
  for (; i < a.size(); i++) keys[n] = a[i], values[n++] = av[i];
  for (; j < b.size(); j++) keys[n] = b[j], values[n++] = bv[j];
  if (n == b.size()) return right;  // it has every key of left
  if (n > kFlatMapLimit) return grow_to_large(h, {keys, n - 1}, values, keys[n - 1], values[n - 1]);
  Term *to_keys, *to_values;
  Term map = alloc_flat(h, n, &to_keys, &to_values);
  std::copy_n(keys, n, to_keys);
  std::copy_n(values, n, to_values);
  return map;
}

class TrieMerge {
 public:
  explicit TrieMerge(HeapWriter& h) : h_(h) {}

  Term run(Term left, Term right) {
    size_ = map_size(left) + map_size(right);
    return merge(left, right, 0).node;
  }

 private:
  // Which sides a subtree has something of that the other side lacks.
  enum Sides : unsigned { kNone = 0, kLeft = 1, kRight = 2 };
  struct Merged {
    Term node;
    unsigned sides;
  };

  static std::size_t count_leaves(Term node) {
    std::size_t n = 0;
    term::each_leaf(node, [&](Term) { n++; });
    return n;
  }
  // A leaf as a node with one child at this level.
  static TrieNode as_node(Term node, unsigned level, Word* cell) {
    if (!node.is_cons()) return term::trie_node(node);
    *cell = node.bits();
    return {cell, bit_of(hash_at(node.head(), level)), 1};
  }

  Merged merge(Term a, Term b, unsigned level) {
    VM_CHECK(level < kMaxLevels);
    if (a == b) {
      size_ -= count_leaves(a);
      return {a, kNone};
    }
    if (a.is_cons() && b.is_cons() && same_key(a.head(), b.head())) {
      size_--;
      return {b, kRight};
    }
    Word cell_a, cell_b;
    TrieNode x = as_node(a, level, &cell_a), y = as_node(b, level, &cell_b);
    Word children[16];
    unsigned n = 0, i = 0, j = 0, sides = kNone;
    for (std::uint32_t bits = x.bitmap | y.bitmap; bits != 0; bits &= bits - 1) {
      std::uint32_t bit = bits & (0 - bits);
      if ((x.bitmap & y.bitmap & bit) != 0) {
        Merged m = merge(x.child(i++), y.child(j++), level + 1);
        sides |= m.sides;
        children[n++] = m.node.bits();
      } else if ((x.bitmap & bit) != 0) {
        sides |= kLeft;
        children[n++] = x.children[i++];
      } else {
        sides |= kRight;
        children[n++] = y.children[j++];
      }
    }
    if (sides == kNone || sides == kLeft) return {a, sides};
    if (sides == kRight) return {b, sides};
    Term node;
    Word* to = level == 0 ? alloc_root(h_, size_, x.bitmap | y.bitmap, n, &node) : alloc_node(h_, x.bitmap | y.bitmap, n, &node);
    std::memcpy(to, children, n * kWordBytes);
    return {node, sides};
  }

  HeapWriter& h_;
  std::size_t size_ = 0;
};

}  // namespace

Term map_merge(HeapWriter& h, Term left, Term right) {
  bool flat_left = left.is_kind(Kind::FlatMap), flat_right = right.is_kind(Kind::FlatMap);
  if (flat_left && flat_right) return merge_flat(h, left, right);
  if (flat_right) {
    std::span<const Term> keys = flat_keys(right);
    for (std::size_t i = 0; i < keys.size(); i++) left = map_put(h, left, keys[i], flat_values(right)[i]);
    return left;
  }
  if (flat_left) {
    std::span<const Term> keys = flat_keys(left);
    Term result = right;
    for (std::size_t i = 0; i < keys.size(); i++)
      if (!map_get(right, keys[i]).is_value()) result = map_put(h, result, keys[i], flat_values(left)[i]);
    return result;
  }
  return TrieMerge(h).run(left, right);
}

}  // namespace vm::ops
