// SPDX-License-Identifier: Apache-2.0
//
// Built-ins of module maps, and the walk behind maps:iterator/1 and maps:to_list/1.
#include "ops/maps.h"

#include <algorithm>
#include <vector>

#include "bif/bif_decls.gen.h"
#include "bif/long_work.h"
#include "term/map_layout.h"

namespace vm::bif {

namespace {

constexpr std::size_t kLongPairs = kLongElements / 8;  // hashed and put in place one by one

constexpr std::size_t kPairsPerReduction = 16;
constexpr std::size_t kLongHalves = 1000 * kPairsPerReduction;

// Keys or values of a large map, in slices.
template <ops::MapHalf half>
BifResult halves(BifContext& cx, Term map, Term path, Term list) {
  const std::size_t reductions = static_cast<std::size_t>(std::max<SWord>(cx.process().reductions_left, 1));
  list = ops::map_halves(cx.heap(), map, half, &path, list, reductions * kPairsPerReduction);
  if (path == atoms::none) {
    cx.bump(std::min(reductions, ops::map_size(map) / kPairsPerReduction));
    return list;
  }
  cx.bump(reductions);
  const char* name = half == ops::MapHalf::Key ? "keys" : "values";
  return cx.yield_to(shown_entry<halves<half>, 3>(cx.runtime(), "maps", name, 1), map, path, list);
}

BifResult badmap(GuardContext& cx, Term t) { return cx.error_tuple(atoms::badmap, t); }

}  // namespace

BifResult maps_find_2(BifContext& cx, Term key, Term map) {
  if (!map.is_map()) return badmap(cx, map);
  Term value = ops::map_get(map, key);
  if (!value.is_value()) return atoms::error;
  return term::Tuple::make(cx.heap(), atoms::ok, value);
}

BifResult maps_from_keys_2(BifContext& cx, Term list, Term value) {
  if (is_long_list(list, kLongPairs)) return on_dirty<maps_from_keys_2>(cx, list, value);
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
  if (is_long_list(list, kLongPairs)) return on_dirty<maps_from_list_1>(cx, list);
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
  if (ops::map_size(map) > kLongHalves) return halves<ops::MapHalf::Key>(cx, map, Term::small(0), term::kNil);
  return ops::map_keys(cx.heap(), map);
}

BifResult maps_values_1(BifContext& cx, Term map) {
  if (!map.is_map()) return badmap(cx, map);
  if (ops::map_size(map) > kLongHalves) return halves<ops::MapHalf::Value>(cx, map, Term::small(0), term::kNil);
  return ops::map_values(cx.heap(), map);
}

BifResult maps_merge_2(BifContext& cx, Term left, Term right) {
  if (!left.is_map()) return badmap(cx, left);
  if (!right.is_map()) return badmap(cx, right);
  // The smaller one is put into the larger, of which all other parts are shared.
  const std::size_t pairs = std::min(ops::map_size(left), ops::map_size(right));
  if (is_long(pairs, kLongPairs)) return on_dirty<maps_merge_2>(cx, left, right);
  cx.bump(pairs / 8);
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

// The first portion of a large map is small, for who wants only the first few pairs; later ones take what is left of the slice.
BifResult erts_internal_map_next_3(BifContext& cx, Term path, Term map, Term mode) {
  if (!map.is_map() || (mode != atoms::iterator && !mode.is_list())) return cx.badarg();
  constexpr SWord kFirstPortion = 32, kReductionsPerPair = 4;
  SWord portion = std::max<SWord>(cx.process().reductions_left / kReductionsPerPair, 1);
  if (path == Term::small(0)) portion = std::min(portion, kFirstPortion);
  Term next = ops::map_next(cx.heap(), path, map, mode, static_cast<std::size_t>(portion));
  if (!next.is_value()) return cx.badarg();
  cx.bump(static_cast<std::uint64_t>(std::min(portion, static_cast<SWord>(ops::map_size(map))) * kReductionsPerPair));
  return next;
}

// Children of a large map's root or inner node, last one first: pairs as cells and nodes. erts_debug:size/1 walks them.
BifResult erts_internal_map_hashmap_children_1(BifContext& cx, Term node) {
  if (!node.is_kind(term::Kind::HashMap) && !node.is_kind(term::Kind::HashNode)) {
    return node.is_map() ? cx.badarg() : cx.error_tuple(atoms::badmap, node);
  }
  term::TrieNode n = term::trie_node(node);
  Term list = term::kNil;
  for (unsigned i = 0; i < n.count(); i++) list = cx.heap().cons(n.child(i), list);
  return list;
}

BifResult erts_internal_map_to_tuple_keys_1(BifContext& cx, Term map) {
  if (!map.is_kind(term::Kind::FlatMap)) return map.is_map() ? cx.badarg() : cx.error_tuple(atoms::badmap, map);
  return Term::from_bits(map.boxed_ptr()[term::FlatMapWords::kKeys]);
}

}  // namespace vm::bif
