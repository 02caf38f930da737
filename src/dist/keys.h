// SPDX-License-Identifier: Apache-2.0
//
// Identifiers of other nodes as keys of tables: values instead of terms, which would lie on some heap.
#pragma once

#include <compare>

#include "term/nodes.h"
#include "term/views.h"

namespace vm::dist {

struct PidKey {
  const term::NodeEntry* node;
  std::uint32_t number, serial;
  auto operator<=>(const PidKey&) const = default;

  static PidKey of(Term external_pid) {
    const Word w = external_pid.boxed_ptr()[3];
    return {term::external_node(external_pid), static_cast<std::uint32_t>(w), static_cast<std::uint32_t>(w >> 32)};
  }
  Term make(term::HeapWriter& h) const { return term::make_external_pid(h, node, number, serial); }
};

struct RefKey {
  const term::NodeEntry* node;
  std::uint32_t count;
  std::uint32_t numbers[5];
  auto operator<=>(const RefKey&) const = default;

  static RefKey of(Term ref) {
    const term::RefNumbers r = term::ref_numbers(ref);
    RefKey key{ref.is_external() ? term::external_node(ref) : nullptr, r.count, {}};
    for (unsigned i = 0; i < r.count && i < 5; i++) key.numbers[i] = r.n[i];
    return key;
  }
};

}  // namespace vm::dist
