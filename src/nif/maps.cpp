// SPDX-License-Identifier: Apache-2.0
//
// Maps. An iterator holds the pairs of the map as an array of pointers, so that it can go both ways: into the map itself for a small map, an
// array of leaf addresses of its own for a large one.
#include "ops/maps.h"

#include "nif/env_internal.h"
#include "term/map_layout.h"

using namespace vm;
using nif::in;
using nif::out;

namespace {

bool is_flat(const ErlNifMapIterator* i) { return in(i->map).is_kind(term::Kind::FlatMap); }

// Leaves [Key | Value] of a large map in enumeration order.
const Word** leaves_of(Term map) {
  auto* all = static_cast<const Word**>(std::malloc(term::map_key_count(map) * sizeof(Word*)));
  VM_CHECK(all != nullptr);
  std::size_t n = 0;
  term::each_leaf(map, [&](Term leaf) { all[n++] = leaf.cons_cell(); });
  return all;
}

}  // namespace

extern "C" {

int enif_get_map_size(ErlNifEnv*, ERL_NIF_TERM map, size_t* size) {
  if (!in(map).is_map()) return 0;
  *size = ops::map_size(in(map));
  return 1;
}

ERL_NIF_TERM enif_make_new_map(ErlNifEnv* env) { return out(ops::empty_map(*env->heap)); }

int enif_get_map_value(ErlNifEnv*, ERL_NIF_TERM map, ERL_NIF_TERM key, ERL_NIF_TERM* value) {
  if (!in(map).is_map()) return 0;
  Term found = ops::map_get(in(map), in(key));
  if (!found.is_value()) return 0;
  *value = out(found);
  return 1;
}

int enif_make_map_put(ErlNifEnv* env, ERL_NIF_TERM map, ERL_NIF_TERM key, ERL_NIF_TERM value, ERL_NIF_TERM* result) {
  if (!in(map).is_map()) return 0;
  *result = out(ops::map_put(*env->heap, in(map), in(key), in(value)));
  return 1;
}

int enif_make_map_update(ErlNifEnv* env, ERL_NIF_TERM map, ERL_NIF_TERM key, ERL_NIF_TERM value, ERL_NIF_TERM* result) {
  if (!in(map).is_map()) return 0;
  Term updated = ops::map_update(*env->heap, in(map), in(key), in(value));
  if (!updated.is_value()) return 0;
  *result = out(updated);
  return 1;
}

int enif_make_map_remove(ErlNifEnv* env, ERL_NIF_TERM map, ERL_NIF_TERM key, ERL_NIF_TERM* result) {
  if (!in(map).is_map()) return 0;
  *result = out(ops::map_remove(*env->heap, in(map), in(key), nullptr));
  return 1;
}

int enif_make_map_from_arrays(ErlNifEnv* env, ERL_NIF_TERM keys[], ERL_NIF_TERM values[], size_t n, ERL_NIF_TERM* result) {
  std::vector<Term> pairs;
  pairs.reserve(2 * n);
  for (size_t i = 0; i < n; i++) {
    pairs.push_back(in(keys[i]));
    pairs.push_back(in(values[i]));
  }
  Term map = ops::map_from_pairs(*env->heap, pairs);
  if (ops::map_size(map) != n) return 0;  // a key occurs twice
  *result = out(map);
  return 1;
}

int enif_map_iterator_create(ErlNifEnv*, ERL_NIF_TERM map, ErlNifMapIterator* i, ErlNifMapIteratorEntry entry) {
  Term t = in(map);
  if (!t.is_map() || (entry != ERL_NIF_MAP_ITERATOR_FIRST && entry != ERL_NIF_MAP_ITERATOR_LAST)) return 0;
  i->map = map;
  i->size = term::map_key_count(t);
  i->idx = entry == ERL_NIF_MAP_ITERATOR_FIRST ? 1 : i->size;
  if (is_flat(i)) {
    Word* p = t.boxed_ptr();
    i->u.flat.ks = reinterpret_cast<ERL_NIF_TERM*>(Term::from_bits(p[term::FlatMapWords::kKeys]).boxed_ptr() + 1);
    i->u.flat.vs = reinterpret_cast<ERL_NIF_TERM*>(p + term::FlatMapWords::kFirstValue);
  } else {
    i->u.hash.wstack = nullptr;
    i->u.hash.kv = reinterpret_cast<ERL_NIF_TERM*>(leaves_of(t));
  }
  return 1;
}

void enif_map_iterator_destroy(ErlNifEnv*, ErlNifMapIterator* i) {
  if (!is_flat(i)) std::free(i->u.hash.kv);
}

int enif_map_iterator_is_head(ErlNifEnv*, ErlNifMapIterator* i) { return i->idx == 0; }
int enif_map_iterator_is_tail(ErlNifEnv*, ErlNifMapIterator* i) { return i->idx > i->size; }

int enif_map_iterator_next(ErlNifEnv*, ErlNifMapIterator* i) {
  if (i->idx <= i->size) i->idx++;
  return i->idx <= i->size;
}

int enif_map_iterator_prev(ErlNifEnv*, ErlNifMapIterator* i) {
  if (i->idx > 0) i->idx--;
  return i->idx > 0;
}

int enif_map_iterator_get_pair(ErlNifEnv*, ErlNifMapIterator* i, ERL_NIF_TERM* key, ERL_NIF_TERM* value) {
  if (i->idx == 0 || i->idx > i->size) return 0;
  if (is_flat(i)) {
    *key = out(in(i->u.flat.ks[i->idx - 1]));
    *value = out(in(i->u.flat.vs[i->idx - 1]));
  } else {
    const Word* leaf = reinterpret_cast<const Word* const*>(i->u.hash.kv)[i->idx - 1];
    *key = out(Term::from_bits(leaf[0]));
    *value = out(Term::from_bits(leaf[1]));
  }
  return 1;
}

}  // extern "C"
