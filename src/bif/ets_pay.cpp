// SPDX-License-Identifier: Apache-2.0
#include "bif/ets_pay.h"

#include <algorithm>

#include "bif/long_work.h"

namespace vm::bif {

namespace {

constexpr std::size_t kWordsPerReduction = 48;  // eight small rows

template <Freed what>
BifResult go_on(YieldContext& cx, Term reductions, Term answer);

template <Freed what>
BifResult pay(YieldContext& cx, std::size_t reductions, Term answer) {
  constexpr std::size_t kSlice = 4000;
  cx.bump(std::min(reductions, kSlice));
  if (reductions <= kSlice) return answer;
  code::Export* rest = what == Freed::Table ? shown_entry<go_on<what>, 2>(cx.runtime(), "ets", "delete_trap", 1)
                                            : shown_entry<go_on<what>, 2>(cx.runtime(), "ets", "internal_delete_all", 2);
  return cx.yield_to(rest, Term::small(static_cast<SWord>(reductions - kSlice)), answer);
}

template <Freed what>
BifResult go_on(YieldContext& cx, Term reductions, Term answer) {
  return pay<what>(cx, static_cast<std::size_t>(reductions.small_value()), answer);
}

}  // namespace

BifResult pay_for_freeing(YieldContext& cx, Freed what, std::size_t words, Term answer) {
  const std::size_t reductions = words / kWordsPerReduction;
  return what == Freed::Table ? pay<Freed::Table>(cx, reductions, answer) : pay<Freed::Rows>(cx, reductions, answer);
}

}  // namespace vm::bif
