// SPDX-License-Identifier: Apache-2.0
//
// Enumerating maps. The order of a large map is that of its trie; lists of its keys, values and pairs come out backwards, because they are built
// by putting each in front of the ones before. Programs see both orders.
#include "num/digits.h"
#include "ops/maps_internal.h"

namespace vm::ops {

using namespace detail;

MapIterator::MapIterator(Term map) : map_(map) {
  if (!map.is_kind(Kind::FlatMap)) stack_[depth_++] = {term::trie_node(map), 0};
}

bool MapIterator::next(Term* key, Term* value) {
  if (depth_ == 0) {
    if (!map_.is_kind(Kind::FlatMap) || index_ >= map_size(map_)) return false;
    *key = flat_keys(map_)[index_];
    *value = flat_values(map_)[index_++];
    return true;
  }
  for (;;) {
    Level& level = stack_[depth_ - 1];
    if (level.child == level.node.count()) {
      if (--depth_ == 0) return false;
      continue;
    }
    Term child = level.node.child(level.child++);
    if (child.is_cons()) {
      *key = child.head();
      *value = child.tail();
      return true;
    }
    stack_[depth_++] = {term::trie_node(child), 0};
  }
}

namespace {

// A list of f(key, value) for all pairs, in the order programs see.
template <typename F>
Term list_of(HeapWriter& h, Term map, F&& f) {
  Term list = term::kNil;
  if (map.is_kind(Kind::FlatMap)) {
    std::span<const Term> keys = flat_keys(map);
    const Term* values = flat_values(map);
    for (std::size_t i = keys.size(); i-- > 0;) list = h.cons(f(keys[i], values[i]), list);
  } else {
    term::each_leaf(map, [&](Term leaf) { list = h.cons(f(leaf.head(), leaf.tail()), list); });
  }
  return list;
}

}  // namespace

Term map_keys(HeapWriter& h, Term map) {
  return list_of(h, map, [](Term key, Term) { return key; });
}
Term map_values(HeapWriter& h, Term map) {
  return list_of(h, map, [](Term, Term value) { return value; });
}
Term map_to_list(HeapWriter& h, Term map) {
  return list_of(h, map, [&](Term key, Term value) { return term::Tuple::make(h, key, value); });
}

// --- resumable enumeration --------------------------------------------------------------------------------------------

namespace {

// The slots on the way from the root to a leaf, four bits each, lowest for the root.
class SlotPath {
 public:
  // False when t is no natural number.
  bool read(Term t) {
    Word small;
    if (term::to_uint64(t, &small)) {
      limbs_[0] = small;
      return true;
    }
    term::BigInt big = term::BigInt::try_from(t);
    if (!big || big.negative() || big.limbs().size() > kLimbs) return false;
    for (std::size_t i = 0; i < big.limbs().size(); i++) limbs_[i] = big.limbs()[i];
    return true;
  }
  unsigned slot(unsigned level) const { return static_cast<unsigned>(limbs_[level / 16] >> (level % 16 * 4) & 15); }
  void set(unsigned level, unsigned slot) { limbs_[level / 16] |= Word{slot} << (level % 16 * 4); }
  Term write(HeapWriter& h) const { return term::make_big(h, limbs_, false); }

 private:
  static constexpr std::size_t kLimbs = kMaxLevels / 16;
  Word limbs_[kLimbs] = {};
};

struct Place {
  const Word* children;
  unsigned count, slot;
  explicit Place(Term node, unsigned at = 0) : slot(at) {
    TrieNode n = term::trie_node(node);
    children = n.children;
    count = n.count();
  }
  Place() = default;
  Term child() const { return Term::from_bits(children[slot]); }
};

// A leaf of a large map, and the way to it.
class Walk {
 public:
  // False when no leaf of the map is at the end of this path.
  bool start(Term map, Term path) {
    SlotPath from;
    if (!from.read(path)) return false;
    for (Term node = map; !node.is_cons(); node = places_[depth_++].child()) {
      places_[depth_] = Place(node, from.slot(depth_));
      if (places_[depth_].slot >= places_[depth_].count) return false;
    }
    return true;
  }
  bool done() const { return depth_ == 0; }
  Term leaf() const { return places_[depth_ - 1].child(); }
  // To the next leaf in the order of the trie, if there is one.
  void advance() {
    while (++places_[depth_ - 1].slot == places_[depth_ - 1].count)
      if (--depth_ == 0) return;
    for (Term child = leaf(); !child.is_cons(); child = places_[depth_++].child()) places_[depth_] = Place(child);
  }
  // Where start goes on, or `none`.
  Term path(HeapWriter& h) const {
    if (done()) return atoms::none;
    SlotPath to;
    for (unsigned i = 0; i < depth_; i++) to.set(i, places_[i].slot);
    return to.write(h);
  }

 private:
  Place places_[kMaxLevels];
  unsigned depth_ = 0;
};

Term small_map_next(HeapWriter& h, Term map, Term kind) {
  std::span<const Term> keys = flat_keys(map);
  const Term* values = flat_values(map);
  bool iterator = kind.is_atom();
  Term result = iterator ? atoms::none : kind;
  for (std::size_t i = keys.size(); i-- > 0;) {
    if (iterator) result = term::Tuple::make(h, keys[i], values[i], result);
    else result = h.cons(term::Tuple::make(h, keys[i], values[i]), result);
  }
  return result;
}

}  // namespace

Term map_next(HeapWriter& h, Term path, Term map, Term kind, std::size_t limit) {
  if (map.is_kind(Kind::FlatMap)) {
    if (!path.is_small() || path.small_value() < 0 || map_size(map) < static_cast<std::size_t>(path.small_value()))
      return Term::non_value();
    return small_map_next(h, map, kind);
  }
  Walk walk;
  if (!walk.start(map, path)) return Term::non_value();
  bool iterator = kind.is_atom();
  Term list = iterator ? term::kNil : kind;
  Word first;
  Word* link = &first;  // where the next tuple {Key, Value, Next} goes
  for (; !walk.done() && limit-- != 0; walk.advance()) {
    Term leaf = walk.leaf();
    if (iterator) {
      Word* p = h.alloc(4);
      p[0] = HeaderWord::make(Kind::Tuple, 3).bits();
      p[1] = leaf.head().bits();
      p[2] = leaf.tail().bits();
      *link = Term::boxed(p).bits();
      link = p + 3;
    } else {
      list = h.cons(term::Tuple::make(h, leaf.head(), leaf.tail()), list);
    }
  }
  const Term next = walk.path(h);
  if (!iterator) return walk.done() ? list : h.cons(next, h.cons(map, list));
  *link = (walk.done() ? next : h.cons(next, map)).bits();
  return Term::from_bits(first);
}

Term map_halves(HeapWriter& h, Term map, MapHalf half, Term* path, Term list, std::size_t limit) {
  Walk walk;
  if (!walk.start(map, *path)) return Term::non_value();
  for (; !walk.done() && limit-- != 0; walk.advance()) {
    const Term leaf = walk.leaf();
    list = h.cons(half == MapHalf::Key ? leaf.head() : leaf.tail(), list);
  }
  *path = walk.path(h);
  return list;
}

}  // namespace vm::ops
