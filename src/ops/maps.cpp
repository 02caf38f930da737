// SPDX-License-Identifier: Apache-2.0
//
// Looking up, changing and removing one key. Changed tries copy the path from the root to the leaf and share the rest.
#include "ops/maps.h"

#include <algorithm>
#include <cstring>

#include "ops/maps_internal.h"

namespace vm::ops {

using namespace detail;

namespace detail {

#if defined(__x86_64__)
const bool kCountsBits = __builtin_cpu_supports("popcnt") != 0;
#else
const bool kCountsBits = false;
#endif

int find_flat(Term map, Term key) {
  std::span<const Term> keys = flat_keys(map);
  int n = static_cast<int>(keys.size());
  if (!key.is_pointer() && VM_LIKELY((key.bits() | 8) != 12)) {
    for (int i = 0; i < n; i++)
      if (keys[static_cast<std::size_t>(i)] == key) return i;
    return -1;
  }
  for (int i = 0; i < n; i++)
    if (same_key(keys[static_cast<std::size_t>(i)], key)) return i;
  return -1;
}

Term alloc_flat(HeapWriter& h, std::size_t n, Term** keys, Term** values) {
  Word* p = h.alloc(1 + n + FlatMapWords::kFirstValue + n);
  p[0] = HeaderWord::make(Kind::Tuple, n).bits();
  *keys = reinterpret_cast<Term*>(p + 1);
  Word* map = p + 1 + n;
  map[0] = HeaderWord::make(Kind::FlatMap, 1 + n).bits();
  map[FlatMapWords::kKeys] = Term::boxed(p).bits();
  *values = reinterpret_cast<Term*>(map + FlatMapWords::kFirstValue);
  return Term::boxed(map);
}

}  // namespace detail

namespace {

// While about this many keys or more lie below a node of a large map, it has children for all nibbles.
constexpr std::size_t kSurelyFull = 128;
constexpr Word kFullBitmap = Term::small(0xFFFF).bits();

// The leaf [Key | Value] of a large map, or the non-value. In full nodes a nibble is its child's place: the bitmap is only checked, and nobody waits
// for it to be loaded.
Term find_leaf(Term map, Term key) {
  std::uint32_t hash = first_hash(key);
  const Word* at = map.boxed_ptr() + HashMapWords::kBitmap;  // a bitmap, then the children
  unsigned level = 0;
  for (std::size_t below = map_size(map); below >= kSurelyFull && level < 7 && VM_LIKELY(*at == kFullBitmap); below >>= 4) {
    Term node = Term::from_bits(at[1 + (hash & 15)]);
    if (VM_UNLIKELY(node.is_cons())) return same_key(node.head(), key) ? node : Term::non_value();
    at = node.boxed_ptr() + HashNodeWords::kBitmap;
    hash >>= 4;
    level++;
  }
  for (;;) {
    std::uint32_t bitmap = static_cast<std::uint32_t>(Term::from_bits(*at).small_value());
    std::uint32_t bit = bit_of(hash);
    if ((bitmap & bit) == 0) return Term::non_value();
    Term node = Term::from_bits(at[1 + slot_of(bitmap, bit)]);
    if (node.is_cons()) return same_key(node.head(), key) ? node : Term::non_value();
    at = node.boxed_ptr() + HashNodeWords::kBitmap;
    hash = next_hash(hash, ++level, key);
  }
}

// The way from the root of a trie to where a key is or would be.
struct Path {
  struct Step {
    const Word* at;  // a bitmap, then the children
    unsigned slot;
    std::uint32_t bit;
  };
  Step steps[kMaxLevels];
  unsigned depth = 0;             // steps taken
  std::uint32_t hash;             // for the last step's level
  Term leaf = Term::non_value();  // what is in the last step's slot: a leaf, perhaps of another key
  bool found = false;             // the leaf has the key

  Path(Term map, Term key) : hash(first_hash(key)) {
    const Word* at = map.boxed_ptr() + HashMapWords::kBitmap;
    for (std::size_t below = map_size(map); below >= kSurelyFull && depth < 7 && VM_LIKELY(*at == kFullBitmap); below >>= 4) {
      Term child = Term::from_bits(at[1 + (hash & 15)]);
      steps[depth++] = {at, hash & 15, bit_of(hash)};
      if (VM_UNLIKELY(child.is_cons())) {
        take_leaf(child, key);
        return;
      }
      at = child.boxed_ptr() + HashNodeWords::kBitmap;
      hash >>= 4;
    }
    for (;;) {
      VM_CHECK(depth < kMaxLevels);
      std::uint32_t bitmap = static_cast<std::uint32_t>(Term::from_bits(*at).small_value());
      std::uint32_t bit = bit_of(hash);
      unsigned slot = slot_of(bitmap, bit);
      steps[depth++] = {at, slot, bit};
      if ((bitmap & bit) == 0) return;
      Term child = Term::from_bits(at[1 + slot]);
      if (child.is_cons()) {
        take_leaf(child, key);
        return;
      }
      at = child.boxed_ptr() + HashNodeWords::kBitmap;
      hash = next_hash(hash, depth, key);
    }
  }

 private:
  void take_leaf(Term child, Term key) {
    leaf = child;
    found = same_key(child.head(), key);
  }
};

// Words of the step-th node on a path before its children.
inline std::size_t front_words(unsigned step) { return step == 0 ? HashMapWords::kFirstChild : HashNodeWords::kFirstChild; }
inline TrieNode node_of(const Path& path, unsigned step) {
  const Word* at = path.steps[step].at;
  std::size_t front = front_words(step);
  return {at + 1, static_cast<std::uint32_t>(Term::from_bits(*at).small_value()),
          static_cast<std::uint32_t>(HeaderWord(at[1 - static_cast<std::ptrdiff_t>(front)]).words() + 1 - front)};
}

// A copy of the step-th node with another child.
Term replace_child(HeapWriter& h, const Path& path, unsigned step, Term child, SWord delta) {
  std::size_t front = front_words(step);
  const Word* from = path.steps[step].at + 1 - front;
  std::size_t words = HeaderWord(*from).words() + 1;
  Word* to = h.alloc(words);
  copy_few(to, from, words);
  to[front + path.steps[step].slot] = child.bits();
  if (step == 0 && delta != 0)
    to[HashMapWords::kSize] = Term::small(Term::from_bits(from[HashMapWords::kSize]).small_value() + delta).bits();
  return Term::boxed(to);
}

enum class Edit { Replace, Insert, Remove };

// A copy of the step-th node with its slot replaced, inserted or removed. delta: change of the root's size.
Term edit_node(HeapWriter& h, const Path& path, unsigned i, Edit edit, Term child, SWord delta) {
  if (VM_LIKELY(edit == Edit::Replace)) return replace_child(h, path, i, child, delta);
  const Path::Step& step = path.steps[i];
  TrieNode n = node_of(path, i);
  std::size_t count = n.count();
  std::size_t skip = edit == Edit::Insert ? 0 : 1;
  std::size_t new_count = edit == Edit::Insert ? count + 1 : count - 1;
  std::uint32_t bitmap = n.bitmap ^ step.bit;
  Term result;
  Word* to;
  if (i == 0) {
    SWord size = Term::from_bits(step.at[static_cast<int>(HashMapWords::kSize) - static_cast<int>(HashMapWords::kBitmap)]).small_value();
    to = alloc_root(h, static_cast<std::size_t>(size + delta), bitmap, new_count, &result);
  } else {
    to = alloc_node(h, bitmap, new_count, &result);
  }
  copy_few(to, n.children, step.slot);
  to += step.slot;
  if (edit == Edit::Insert) *to++ = child.bits();
  copy_few(to, n.children + step.slot + skip, count - step.slot - skip);
  return result;
}

// Nodes that hold two leaves of different keys, from `level` on; hash is that of `key` there.
Term split(HeapWriter& h, Term old_leaf, Term new_leaf, unsigned level, std::uint32_t hash) {
  VM_CHECK(level < kMaxLevels);
  Term key = new_leaf.head(), old_key = old_leaf.head();
  std::uint32_t old_hash = hash_at(old_key, level);
  if ((hash & 15) != (old_hash & 15)) {
    Term node;
    Word* to = alloc_node(h, bit_of(hash) | bit_of(old_hash), 2, &node);
    bool first = (hash & 15) < (old_hash & 15);
    to[0] = (first ? new_leaf : old_leaf).bits();
    to[1] = (first ? old_leaf : new_leaf).bits();
    return node;
  }
  Term below = split(h, old_leaf, new_leaf, level + 1, next_hash(hash, level + 1, key));
  Term node;
  *alloc_node(h, bit_of(hash), 1, &node) = below.bits();
  return node;
}

Term put_large(HeapWriter& h, Term map, Term key, Term value, bool must_exist) {
  Path path(map, key);
  if (path.found && path.leaf.tail() == value) return map;
  if (!path.found && must_exist) return Term::non_value();
  Term child = h.cons(path.found ? path.leaf.head() : key, value);
  Edit edit = Edit::Replace;
  SWord delta = 0;
  if (!path.found) {
    delta = 1;
    if (path.leaf.is_value()) child = split(h, path.leaf, child, path.depth, next_hash(path.hash, path.depth, key));
    else edit = Edit::Insert;
  }
  for (unsigned i = path.depth; i-- > 0; edit = Edit::Replace) child = edit_node(h, path, i, edit, child, delta);
  return child;
}

// All pairs of a large map but `key`'s as a flat map.
Term flatten(HeapWriter& h, Term map, Term key) {
  struct Pair {
    Term key, value;
  } pairs[kFlatMapLimit];
  std::size_t n = 0;
  term::each_leaf(map, [&](Term leaf) {
    if (!same_key(leaf.head(), key)) pairs[n++] = {leaf.head(), leaf.tail()};
  });
  std::sort(pairs, pairs + n, [](const Pair& a, const Pair& b) { return term::compare_total(a.key, b.key) < 0; });
  Term *keys, *values;
  Term result = alloc_flat(h, n, &keys, &values);
  for (std::size_t i = 0; i < n; i++) keys[i] = pairs[i].key, values[i] = pairs[i].value;
  return result;
}

Term remove_large(HeapWriter& h, Term map, Term key, Term* removed) {
  Path path(map, key);
  if (!path.found) return map;
  if (removed != nullptr) *removed = path.leaf.tail();
  if (map_size(map) - 1 <= kFlatMapLimit) return flatten(h, map, key);
  // `child` replaces the slot of the step above; the non-value: the slot goes.
  Term child = Term::non_value();
  for (unsigned i = path.depth; i-- > 0;) {
    const Path::Step& step = path.steps[i];
    TrieNode n = node_of(path, i);
    if (i != 0) {
      // A leaf that is left alone in an inner node moves up.
      if (!child.is_value() && n.count() == 2 && n.child(1 - step.slot).is_cons()) {
        child = n.child(1 - step.slot);
        continue;
      }
      if (n.count() == 1 && (!child.is_value() || child.is_cons())) continue;
    }
    child = edit_node(h, path, i, child.is_value() ? Edit::Replace : Edit::Remove, child, -1);
  }
  return child;
}

Term replace_flat_value(HeapWriter& h, Term map, int at, Term value) {
  const Term* old = flat_values(map);
  if (old[at] == value) return map;
  std::size_t n = map_size(map);
  Term* values;
  Term result = alloc_flat(h, Term::from_bits(map.boxed_ptr()[FlatMapWords::kKeys]), n, &values);
  copy_few(reinterpret_cast<Word*>(values), reinterpret_cast<const Word*>(old), n);
  values[at] = value;
  return result;
}

}  // namespace

std::size_t map_size(Term map) { return term::map_key_count(map); }

Term map_get(Term map, Term key) {
  if (map.is_kind(Kind::FlatMap)) {
    int i = find_flat(map, key);
    return i < 0 ? Term::non_value() : flat_values(map)[i];
  }
  Term leaf = find_leaf(map, key);
  return leaf.is_value() ? leaf.tail() : leaf;
}

Term map_put(HeapWriter& h, Term map, Term key, Term value) {
  if (!map.is_kind(Kind::FlatMap)) return put_large(h, map, key, value, false);
  int found = find_flat(map, key);
  if (found >= 0) return replace_flat_value(h, map, found, value);
  std::span<const Term> old_keys = flat_keys(map);
  const Term* old_values = flat_values(map);
  std::size_t n = old_keys.size();
  if (n >= kFlatMapLimit) return grow_to_large(h, old_keys, old_values, key, value);
  std::size_t at = static_cast<std::size_t>(
      std::lower_bound(old_keys.begin(), old_keys.end(), key, [](Term a, Term b) { return term::compare_total(a, b) < 0; }) -
      old_keys.begin());
  Term *keys, *values;
  Term result = alloc_flat(h, n + 1, &keys, &values);
  for (std::size_t i = 0; i < at; i++) keys[i] = old_keys[i], values[i] = old_values[i];
  keys[at] = key;
  values[at] = value;
  for (std::size_t i = at; i < n; i++) keys[i + 1] = old_keys[i], values[i + 1] = old_values[i];
  return result;
}

Term map_update(HeapWriter& h, Term map, Term key, Term value) {
  if (!map.is_kind(Kind::FlatMap)) return put_large(h, map, key, value, true);
  int found = find_flat(map, key);
  return found < 0 ? Term::non_value() : replace_flat_value(h, map, found, value);
}

Term map_remove(HeapWriter& h, Term map, Term key, Term* removed) {
  if (removed != nullptr) *removed = Term::non_value();
  if (!map.is_kind(Kind::FlatMap)) return remove_large(h, map, key, removed);
  int found = find_flat(map, key);
  if (found < 0) return map;
  std::size_t at = static_cast<std::size_t>(found);
  std::span<const Term> old_keys = flat_keys(map);
  const Term* old_values = flat_values(map);
  if (removed != nullptr) *removed = old_values[at];
  Term *keys, *values;
  Term result = alloc_flat(h, old_keys.size() - 1, &keys, &values);
  for (std::size_t i = 0, j = 0; i < old_keys.size(); i++) {
    if (i == at) continue;
    keys[j] = old_keys[i];
    values[j++] = old_values[i];
  }
  return result;
}

Term map_update_many(HeapWriter& h, Term map, std::span<const Term> pairs, bool exact, Term* missing) {
  std::size_t i = 0;
  if (map.is_kind(Kind::FlatMap) && pairs.size() > 2) {
    // One copy for all keys that exist; none when the first does not.
    std::size_t n = map_size(map);
    Term* values = nullptr;
    Term copy = map;
    for (; i < pairs.size(); i += 2) {
      int found = find_flat(map, pairs[i]);
      if (found < 0) break;
      if (values == nullptr) {
        if (flat_values(map)[found] == pairs[i + 1]) continue;
        copy = alloc_flat(h, Term::from_bits(map.boxed_ptr()[FlatMapWords::kKeys]), n, &values);
        copy_few(reinterpret_cast<Word*>(values), reinterpret_cast<const Word*>(flat_values(map)), n);
      }
      values[found] = pairs[i + 1];
    }
    map = copy;
  }
  for (; i < pairs.size(); i += 2) {
    Term next = exact ? map_update(h, map, pairs[i], pairs[i + 1]) : map_put(h, map, pairs[i], pairs[i + 1]);
    if (!next.is_value()) {
      *missing = pairs[i];
      return next;
    }
    map = next;
  }
  return map;
}

}  // namespace vm::ops
