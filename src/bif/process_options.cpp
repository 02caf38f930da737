// SPDX-License-Identifier: Apache-2.0
#include "bif/process_options.h"

#include <algorithm>

#include "ops/maps.h"
#include "proc/small_map.h"
#include "term/atoms.h"

namespace vm::bif {

bool parse_priority(Term t, sched::Priority* out) {
  if (t == atoms::low) *out = sched::Priority::Low;
  else if (t == atoms::normal) *out = sched::Priority::Normal;
  else if (t == atoms::high) *out = sched::Priority::High;
  else if (t == atoms::max) *out = sched::Priority::Max;
  else return false;
  return true;
}

Term priority_atom(sched::Priority p) {
  switch (p) {
    case sched::Priority::Low: return atoms::low;
    case sched::Priority::Normal: return atoms::normal;
    case sched::Priority::High: return atoms::high;
    case sched::Priority::Max: return atoms::max;
  }
  return atoms::normal;
}

bool parse_heap_words(Term t, std::size_t smallest, std::size_t* out) {
  if (!t.is_small() || t.small_value() < 0) return false;
  const auto n = static_cast<std::size_t>(t.small_value());
  *out = n < smallest ? smallest : std::max(smallest, heap::next_heap_size(n));
  return true;
}

// 0, or a size that holds stock's smallest heap and is one of its small integers.
bool is_heap_limit(Term t) {
  constexpr SWord kSmallestHeap = 233;
  if (!t.is_small()) return false;
  const SWord n = t.small_value();
  return n == 0 || (n >= kSmallestHeap && n < SWord{1} << 59);
}

bool parse_max_heap(Term t, heap::HeapLimits* limits) {
  if (t.is_small()) {
    if (!is_heap_limit(t)) return false;
    limits->max_heap_words = static_cast<std::size_t>(t.small_value());
    return true;
  }
  if (!t.is_map()) return false;
  const Term size = ops::map_get(t, atoms::size);
  if (!size.is_value() || !is_heap_limit(size)) return false;
  bool kill = limits->max_heap_kill;
  bool log = limits->max_heap_error_logger;
  const auto flag = [&](Term key, bool* out) {
    const Term value = ops::map_get(t, key);
    if (!value.is_value()) return true;
    if (!value.is_boolean()) return false;
    *out = value == atoms::true_;
    return true;
  };
  if (!flag(atoms::kill, &kill) || !flag(atoms::error_logger, &log)) return false;
  limits->max_heap_words = static_cast<std::size_t>(size.small_value());
  limits->max_heap_kill = kill;
  limits->max_heap_error_logger = log;
  return true;
}

Term max_heap_term(const heap::HeapLimits& l, term::HeapWriter& h) {
  const auto boolean = [](bool b) { return b ? atoms::true_ : atoms::false_; };
  const Term keys[] = {atoms::error_logger, atoms::kill, atoms::size};
  const Term values[] = {boolean(l.max_heap_error_logger), boolean(l.max_heap_kill), Term::small(static_cast<SWord>(l.max_heap_words))};
  return proc::make_small_map(h, keys, values);
}

}  // namespace vm::bif
