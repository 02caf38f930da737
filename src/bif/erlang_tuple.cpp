// SPDX-License-Identifier: Apache-2.0
//
// Tuple built-ins.
#include "bif/bif_decls.gen.h"
#include "bif/long_work.h"

namespace vm::bif {

using term::Tuple;

namespace {

constexpr std::size_t kMaxArity = (std::size_t{1} << 24) - 1;

// 1-based position within [1, limit], or 0.
std::size_t position_of(Term t, std::size_t limit) {
  if (!t.is_small() || t.small_value() < 1 || t.small_value() > static_cast<SWord>(limit)) return 0;
  return static_cast<std::size_t>(t.small_value());
}

}  // namespace

BifResult erlang_append_element_2(BifContext& cx, Term t, Term element) {
  Tuple from = Tuple::try_from(t);
  if (!from || from.size() >= kMaxArity) return cx.badarg();
  Tuple to = Tuple::alloc(cx.heap(), from.size() + 1);
  for (std::size_t i = 0; i < from.size(); i++) to.set(i, from[i]);
  to.set(from.size(), element);
  return to.term();
}

BifResult erlang_delete_element_2(BifContext& cx, Term position, Term t) {
  Tuple from = Tuple::try_from(t);
  std::size_t at = from ? position_of(position, from.size()) : 0;
  if (!at) return cx.badarg();
  Tuple to = Tuple::alloc(cx.heap(), from.size() - 1);
  for (std::size_t i = 0; i + 1 < at; i++) to.set(i, from[i]);
  for (std::size_t i = at; i < from.size(); i++) to.set(i - 1, from[i]);
  return to.term();
}

BifResult erlang_insert_element_3(BifContext& cx, Term position, Term t, Term element) {
  Tuple from = Tuple::try_from(t);
  std::size_t at = from ? position_of(position, from.size() + 1) : 0;
  if (!at || from.size() >= kMaxArity) return cx.badarg();
  Tuple to = Tuple::alloc(cx.heap(), from.size() + 1);
  for (std::size_t i = 0; i + 1 < at; i++) to.set(i, from[i]);
  to.set(at - 1, element);
  for (std::size_t i = at; i <= from.size(); i++) to.set(i, from[i - 1]);
  return to.term();
}

BifResult erlang_list_to_tuple_1(BifContext& cx, Term list) {
  SWord n = 0;
  const SWord limit = runs_dirty() ? Term::kSmallMax : static_cast<SWord>(kLongElements);
  Term rest = list;
  for (; rest.is_cons() && n <= limit; rest = rest.tail()) n++;
  if (rest.is_cons()) return on_dirty<erlang_list_to_tuple_1>(cx, list);
  if (!rest.is_nil()) return cx.badarg();
  if (n > static_cast<SWord>(kMaxArity)) return cx.badarg();
  Tuple to = Tuple::alloc(cx.heap(), static_cast<std::size_t>(n));
  for (Word* p = to.ptr() + 1; list.is_cons(); list = list.tail()) *p++ = list.head().bits();
  return to.term();
}

BifResult erlang_make_tuple_2(BifContext& cx, Term size, Term value) {
  if (!size.is_small() || size.small_value() < 0 || size.small_value() > static_cast<SWord>(kMaxArity)) return cx.badarg();
  std::size_t n = static_cast<std::size_t>(size.small_value());
  Tuple to = Tuple::alloc(cx.heap(), n);
  for (std::size_t i = 0; i < n; i++) to.set(i, value);
  return to.term();
}

BifResult erlang_make_tuple_3(BifContext& cx, Term size, Term value, Term list) {
  BifResult filled = erlang_make_tuple_2(cx, size, value);
  if (!filled.has_value()) return filled;
  Tuple to = Tuple::from(filled.value());
  for (; list.is_cons(); list = list.tail()) {
    Tuple item = Tuple::try_from(list.head());
    std::size_t at = item && item.size() == 2 ? position_of(item[0], to.size()) : 0;
    if (!at) return cx.badarg();
    to.set(at - 1, item[1]);
  }
  return list.is_nil() ? BifResult(to.term()) : cx.badarg();
}

BifResult erlang_setelement_3(BifContext& cx, Term position, Term t, Term value) {
  Tuple from = Tuple::try_from(t);
  std::size_t at = from ? position_of(position, from.size()) : 0;
  if (!at) return cx.badarg();
  const std::size_t n = from.size();
  Tuple to = Tuple::alloc(cx.heap(), n);
  const Word* p = from.ptr();
  Word* q = to.ptr();
  for (std::size_t i = 1; i <= n; i++) q[i] = p[i];
  q[at] = value.bits();
  return to.term();
}

BifResult erlang_tuple_to_list_1(BifContext& cx, Term t) {
  Tuple from = Tuple::try_from(t);
  if (!from) return cx.badarg();
  const std::size_t n = from.size();
  if (n == 0) return term::kNil;
  Word* p = cx.heap().alloc(2 * n);
  Term list = Term::cons(p);
  for (const Word *q = from.ptr() + 1, *end = q + n; q != end; q++, p += 2) {
    p[0] = *q;
    p[1] = Term::cons(p + 2).bits();
  }
  p[-1] = term::kNil.bits();
  return list;
}

}  // namespace vm::bif
