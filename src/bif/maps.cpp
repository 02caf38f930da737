// SPDX-License-Identifier: Apache-2.0
//
// Built-ins of module maps, and the walk behind maps:iterator/1 and maps:to_list/1.
#include "ops/maps.h"

#include <algorithm>
#include <vector>

#include "bif/bif_decls.gen.h"
#include "term/map_layout.h"

namespace vm::bif {

namespace {

BifResult badmap(GuardContext& cx, Term t) { return cx.error_tuple(atoms::badmap, t); }

}  // namespace

BifResult maps_find_2(BifContext& cx, Term key, Term map) {
  if (!map.is_map()) return badmap(cx, map);
  Term value = ops::map_get(map, key);
  if (!value.is_value()) return atoms::error;
  return term::Tuple::make(cx.heap(), atoms::ok, value);
}

BifResult maps_from_keys_2(BifContext& cx, Term list, Term value) {
  std::vector<Term> pairs;
  for (; list.is_cons(); list = list.tail()) {
    pairs.push_back(list.head());
    pairs.push_back(value);
  }
  if (!list.is_nil()) return cx.badarg();
  cx.bump(pairs.size() / 16);
  return ops::map_from_pairs(cx.heap(), pairs);
}

BifResult maps_from_list_1(BifContext& cx, Term list) {
  std::vector<Term> pairs;
  for (; list.is_cons(); list = list.tail()) {
    if (!list.head().is_tuple_of(2)) return cx.badarg();
    term::Tuple pair = term::Tuple::from(list.head());
    pairs.push_back(pair[0]);
    pairs.push_back(pair[1]);
  }
  if (!list.is_nil()) return cx.badarg();
  cx.bump(pairs.size() / 16);
  return ops::map_from_pairs(cx.heap(), pairs);
}

BifResult maps_get_2(BifContext& cx, Term key, Term map) {
  if (!map.is_map()) return badmap(cx, map);
  Term value = ops::map_get(map, key);
  return value.is_value() ? BifResult(value) : cx.error_tuple(atoms::badkey, key);
}

BifResult maps_is_key_2(BifContext& cx, Term key, Term map) {
  if (!map.is_map()) return badmap(cx, map);
  return ops::map_get(map, key).is_value() ? atoms::true_ : atoms::false_;
}

BifResult maps_keys_1(BifContext& cx, Term map) {
  if (!map.is_map()) return badmap(cx, map);
  return ops::map_keys(cx.heap(), map);
}

BifResult maps_values_1(BifContext& cx, Term map) {
  if (!map.is_map()) return badmap(cx, map);
  return ops::map_values(cx.heap(), map);
}

BifResult maps_merge_2(BifContext& cx, Term left, Term right) {
  if (!left.is_map()) return badmap(cx, left);
  if (!right.is_map()) return badmap(cx, right);
  cx.bump((ops::map_size(left) + ops::map_size(right)) / 16);
  return ops::map_merge(cx.heap(), left, right);
}

BifResult maps_put_3(BifContext& cx, Term key, Term value, Term map) {
  if (!map.is_map()) return badmap(cx, map);
  return ops::map_put(cx.heap(), map, key, value);
}

BifResult maps_remove_2(BifContext& cx, Term key, Term map) {
  if (!map.is_map()) return badmap(cx, map);
  return ops::map_remove(cx.heap(), map, key, nullptr);
}

BifResult maps_take_2(BifContext& cx, Term key, Term map) {
  if (!map.is_map()) return badmap(cx, map);
  Term value;
  Term rest = ops::map_remove(cx.heap(), map, key, &value);
  if (!value.is_value()) return atoms::error;
  return term::Tuple::make(cx.heap(), value, rest);
}

BifResult maps_update_3(BifContext& cx, Term key, Term value, Term map) {
  if (!map.is_map()) return badmap(cx, map);
  Term updated = ops::map_update(cx.heap(), map, key, value);
  return updated.is_value() ? BifResult(updated) : cx.error_tuple(atoms::badkey, key);
}

// --- walking -------------------------------------------------------------------------------------------------------------------

namespace {

// Leaves in one portion of a large map, as on stock.
constexpr unsigned kPortion = 32;

// A walk over the leaves of a large map that can be left and taken up again. Its position is an integer: the child numbers
// on the way to the next leaf, four bits each, root first in the lowest bits. Tries deeper than 15 levels have no such number (60 bits of
// agreeing hashes); their rest is given in one portion.
class LeafWalk {
 public:
  LeafWalk(Term map, Word path) {
    Term node = map;
    while (!node.is_cons()) {
      term::TrieNode n = term::trie_node(node);
      unsigned child = std::min<unsigned>(path & 15, n.count() - 1);
      path >>= 4;
      levels_.push_back({n, child});
      node = n.child(child);
    }
    leaf_ = node;
  }
  bool at_end() const { return levels_.empty(); }
  Term leaf() const { return leaf_; }
  void advance() {
    while (!levels_.empty()) {
      Level& top = levels_.back();
      if (++top.child < top.node.count()) {
        descend(top.node.child(top.child));
        return;
      }
      levels_.pop_back();
    }
  }
  bool has_path() const { return levels_.size() <= 15; }
  Word path() const {
    Word p = 0;
    for (std::size_t i = levels_.size(); i-- > 0;) p = p << 4 | levels_[i].child;
    return p;
  }

 private:
  struct Level {
    term::TrieNode node;
    unsigned child;
  };
  void descend(Term node) {
    while (!node.is_cons()) {
      term::TrieNode n = term::trie_node(node);
      levels_.push_back({n, 0});
      node = n.child(0);
    }
    leaf_ = node;
  }
  std::vector<Level> levels_;
  Term leaf_ = term::kNil;
};

BifResult next_of_flat(BifContext& cx, Term map, Term mode) {
  std::size_t n = ops::map_size(map);
  if (mode != atoms::iterator) {
    // In order in front of what was gathered so far: flat maps come in one portion.
    std::vector<Term> pairs;
    ops::MapIterator it(map);
    for (Term k, v; it.next(&k, &v);) pairs.push_back(term::Tuple::make(cx.heap(), k, v));
    return term::list_from(cx.heap(), pairs, mode);
  }
  std::vector<Term> flat;
  flat.reserve(2 * n);
  ops::MapIterator it(map);
  for (Term k, v; it.next(&k, &v);) {
    flat.push_back(k);
    flat.push_back(v);
  }
  Term rest = atoms::none;
  for (std::size_t i = flat.size(); i > 0; i -= 2) rest = term::Tuple::make(cx.heap(), flat[i - 2], flat[i - 1], rest);
  return rest;
}

BifResult next_of_large(BifContext& cx, Word path, Term map, Term mode) {
  LeafWalk walk(map, path);
  std::vector<Term> leaves;
  while (!walk.at_end() && (leaves.size() < kPortion || !walk.has_path())) {
    leaves.push_back(walk.leaf());
    walk.advance();
  }
  cx.bump(leaves.size() / 8);
  term::HeapWriter& h = cx.heap();
  bool end = walk.at_end();
  Term next = end ? Term::small(0) : Term::small(static_cast<SWord>(walk.path()));
  if (mode == atoms::iterator) {
    Term rest = end ? atoms::none : h.cons(next, map);
    for (std::size_t i = leaves.size(); i-- > 0;) rest = term::Tuple::make(h, leaves[i].head(), leaves[i].tail(), rest);
    return rest;
  }
  Term list = mode;
  for (Term leaf : leaves) list = h.cons(term::Tuple::make(h, leaf.head(), leaf.tail()), list);
  return end ? list : h.cons(next, h.cons(map, list));
}

}  // namespace

BifResult erts_internal_map_next_3(BifContext& cx, Term path, Term map, Term mode) {
  if (!map.is_map() || !path.is_small() || path.small_value() < 0) return cx.badarg();
  if (mode != atoms::iterator && !mode.is_list()) return cx.badarg();
  if (map.is_kind(term::Kind::FlatMap)) return next_of_flat(cx, map, mode);
  return next_of_large(cx, static_cast<Word>(path.small_value()), map, mode);
}

BifResult erts_internal_map_to_tuple_keys_1(BifContext& cx, Term map) {
  if (!map.is_kind(term::Kind::FlatMap)) return cx.badarg();
  return Term::from_bits(map.boxed_ptr()[term::FlatMapWords::kKeys]);
}

}  // namespace vm::bif
