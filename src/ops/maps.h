// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Maps: flat up to 32 keys (a sorted key tuple, shared between maps of one shape, and the values), a hash array mapped trie
// above. Order of enumeration equals stock's: flat maps in term order of the keys, large ones in order of the trie
// (term/hash.h map_hash, four bits a level, low bits first). Lists of keys, values and pairs of a large map come in the opposite order, as
// they do on stock.
//
// Functions take what they need and never raise; callers turn "absent" into badkey and "no map" into badmap.
#pragma once

#include <span>

#include "term/atoms.h"
#include "term/map_layout.h"
#include "term/views.h"

namespace vm::ops {

inline constexpr std::size_t kFlatMapLimit = 32;

// Number of keys; t is a map.
std::size_t map_size(Term map);
// Value of key (compared with =:=), or the non-value.
Term map_get(Term map, Term key);
// New map with key => value.
Term map_put(term::HeapWriter& h, Term map, Term key, Term value);
// As map_put, but the non-value when the key is absent.
Term map_update(term::HeapWriter& h, Term map, Term key, Term value);
// Map without key; *removed (may be nullptr) gets the value or the non-value.
Term map_remove(term::HeapWriter& h, Term map, Term key, Term* removed);
// pairs: K1, V1, K2, V2, ... Later ones win.
Term map_from_pairs(term::HeapWriter& h, std::span<const Term> pairs);
// Several updates at once (put_map_assoc / put_map_exact). exact: the non-value and *missing = the key when one is absent.
Term map_update_many(term::HeapWriter& h, Term map, std::span<const Term> pairs, bool exact, Term* missing);
Term map_merge(term::HeapWriter& h, Term left, Term right);  // right wins
Term map_keys(term::HeapWriter& h, Term map);
Term map_values(term::HeapWriter& h, Term map);
Term map_to_list(term::HeapWriter& h, Term map);  // [{K, V}]
Term empty_map(term::HeapWriter& h);
// erts_internal:map_next/3: enumerates from `path` on (0 at the beginning), at most `limit` (not 0) pairs of a large map, all of a small one. kind is the
// atom `iterator`: {K1, V1, {K2, V2, ... none | [Path | Map]}}; or a list: [Path, Map | Pairs] or Pairs, the pairs put in front of that list
// one by one. The non-value when path is none of this map.
Term map_next(term::HeapWriter& h, Term path, Term map, Term kind, std::size_t limit);
// map_keys and map_values of a large map in portions: those of up to `limit` pairs from *path on (0 at the beginning) in front of `list`. *path becomes where
// to go on, `none` at the end.
enum class MapHalf { Key, Value };
Term map_halves(term::HeapWriter& h, Term map, MapHalf half, Term* path, Term list, std::size_t limit);

// Walks all pairs in order of the trie. The map must stay reachable and the heap must not be collected meanwhile.
class MapIterator {
 public:
  explicit MapIterator(Term map);
  bool next(Term* key, Term* value);

 private:
  Term map_;
  std::size_t index_ = 0;
  unsigned depth_ = 0;
  struct Level {
    term::TrieNode node;
    unsigned child;
  } stack_[64];
};

}  // namespace vm::ops
