// SPDX-License-Identifier: Apache-2.0
//
// Maps of a few atom keys that the emulator itself answers (ops/maps.h is above this room).
#pragma once

#include <span>

#include "term/map_layout.h"
#include "term/views.h"

namespace vm::proc {

// keys must be atoms in the order of their texts; at most 32.
inline Term make_small_map(term::HeapWriter& h, std::span<const Term> keys, std::span<const Term> values) {
  term::Tuple tuple = term::Tuple::alloc(h, keys.size());
  for (std::size_t i = 0; i < keys.size(); i++) tuple.set(i, keys[i]);
  Word* p = h.alloc(2 + values.size());
  p[0] = term::HeaderWord::make(term::Kind::FlatMap, 1 + values.size()).bits();
  p[term::FlatMapWords::kKeys] = tuple.term().bits();
  for (std::size_t i = 0; i < values.size(); i++) p[term::FlatMapWords::kFirstValue + i] = values[i].bits();
  return Term::boxed(p);
}

}  // namespace vm::proc
