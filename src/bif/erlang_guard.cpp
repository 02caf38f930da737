// SPDX-License-Identifier: Apache-2.0
//
// Built-ins that guards may call: no effects, no yielding.
#include "bif/bif_decls.gen.h"
#include "ops/arith.h"
#include "ops/maps.h"
#include "proc/runtime.h"
#include "term/compare.h"

namespace vm::bif {

namespace {

BifResult boolean(bool b) { return b ? atoms::true_ : atoms::false_; }

}  // namespace

// --- type tests ------------------------------------------------------------------------------------------------------------

BifResult erlang_is_atom_1(GuardContext&, Term t) { return boolean(t.is_atom()); }
BifResult erlang_is_binary_1(GuardContext&, Term t) { return boolean(t.is_binary()); }
BifResult erlang_is_bitstring_1(GuardContext&, Term t) { return boolean(t.is_bitstring()); }
BifResult erlang_is_boolean_1(GuardContext&, Term t) { return boolean(t.is_boolean()); }
BifResult erlang_is_float_1(GuardContext&, Term t) { return boolean(t.is_float()); }
BifResult erlang_is_function_1(GuardContext&, Term t) { return boolean(t.is_fun()); }
BifResult erlang_is_integer_1(GuardContext&, Term t) { return boolean(t.is_integer()); }
BifResult erlang_is_list_1(GuardContext&, Term t) { return boolean(t.is_list()); }
BifResult erlang_is_map_1(GuardContext&, Term t) { return boolean(t.is_map()); }
BifResult erlang_is_number_1(GuardContext&, Term t) { return boolean(t.is_number()); }
BifResult erlang_is_pid_1(GuardContext&, Term t) { return boolean(t.is_pid()); }
BifResult erlang_is_port_1(GuardContext&, Term t) { return boolean(t.is_port()); }
BifResult erlang_is_reference_1(GuardContext&, Term t) { return boolean(t.is_ref()); }
BifResult erlang_is_tuple_1(GuardContext&, Term t) { return boolean(t.is_tuple()); }

BifResult erlang_is_function_2(GuardContext& cx, Term fun, Term arity) {
  if (arity.is_big() && !term::BigInt::from(arity).negative()) return atoms::false_;
  if (!arity.is_small() || arity.small_value() < 0) return cx.badarg();
  if (!fun.is_fun()) return atoms::false_;
  return boolean(static_cast<SWord>(term::header_of(fun).data()) == arity.small_value());
}

BifResult erlang_is_record_2(GuardContext& cx, Term t, Term tag) {
  if (!tag.is_atom()) return cx.badarg();
  term::Tuple tuple = term::Tuple::try_from(t);
  return boolean(tuple && tuple.size() > 0 && tuple[0] == tag);
}

BifResult erlang_is_record_3(GuardContext& cx, Term t, Term tag, Term size) {
  if (!tag.is_atom() || !size.is_small()) return cx.badarg();
  term::Tuple tuple = term::Tuple::try_from(t);
  return boolean(tuple && static_cast<SWord>(tuple.size()) == size.small_value() && tuple.size() > 0 && tuple[0] == tag);
}

// --- maps -------------------------------------------------------------------------------------------------------------------

BifResult erlang_is_map_key_2(GuardContext& cx, Term key, Term map) {
  if (!map.is_map()) return cx.error_tuple(atoms::badmap, map);
  return boolean(ops::map_get(map, key).is_value());
}

BifResult erlang_map_get_2(GuardContext& cx, Term key, Term map) {
  if (!map.is_map()) return cx.error_tuple(atoms::badmap, map);
  Term value = ops::map_get(map, key);
  return value.is_value() ? value : cx.error_tuple(atoms::badkey, key);
}

BifResult erlang_map_size_1(GuardContext& cx, Term map) {
  if (!map.is_map()) return cx.error_tuple(atoms::badmap, map);
  return Term::small(static_cast<SWord>(ops::map_size(map)));
}

// --- comparison ---------------------------------------------------------------------------------------------------------------

BifResult erlang_op_eq_2(GuardContext&, Term a, Term b) { return boolean(term::equal(a, b)); }
BifResult erlang_op_ne_2(GuardContext&, Term a, Term b) { return boolean(!term::equal(a, b)); }
BifResult erlang_op_eq_exact_2(GuardContext&, Term a, Term b) { return boolean(term::equal_exact(a, b)); }
BifResult erlang_op_ne_exact_2(GuardContext&, Term a, Term b) { return boolean(!term::equal_exact(a, b)); }
BifResult erlang_op_lt_2(GuardContext&, Term a, Term b) { return boolean(term::compare(a, b) < 0); }
BifResult erlang_op_le_2(GuardContext&, Term a, Term b) { return boolean(term::compare(a, b) <= 0); }
BifResult erlang_op_gt_2(GuardContext&, Term a, Term b) { return boolean(term::compare(a, b) > 0); }
BifResult erlang_op_ge_2(GuardContext&, Term a, Term b) { return boolean(term::compare(a, b) >= 0); }

// --- booleans ------------------------------------------------------------------------------------------------------------------

BifResult erlang_op_and_2(GuardContext& cx, Term a, Term b) {
  if (!a.is_boolean() || !b.is_boolean()) return cx.badarg();
  return boolean(a == atoms::true_ && b == atoms::true_);
}
BifResult erlang_op_or_2(GuardContext& cx, Term a, Term b) {
  if (!a.is_boolean() || !b.is_boolean()) return cx.badarg();
  return boolean(a == atoms::true_ || b == atoms::true_);
}
BifResult erlang_op_xor_2(GuardContext& cx, Term a, Term b) {
  if (!a.is_boolean() || !b.is_boolean()) return cx.badarg();
  return boolean(a != b);
}
BifResult erlang_op_not_1(GuardContext& cx, Term a) {
  if (!a.is_boolean()) return cx.badarg();
  return boolean(a == atoms::false_);
}

// --- arithmetic ------------------------------------------------------------------------------------------------------------------

BifResult erlang_op_plus_1(GuardContext& cx, Term a) { return ops::unary_plus(cx, a); }
BifResult erlang_op_negate_1(GuardContext& cx, Term a) { return ops::negate(cx, a); }
BifResult erlang_op_plus_2(GuardContext& cx, Term a, Term b) { return ops::add(cx, a, b); }
BifResult erlang_op_minus_2(GuardContext& cx, Term a, Term b) { return ops::subtract(cx, a, b); }
BifResult erlang_op_times_2(GuardContext& cx, Term a, Term b) { return ops::multiply(cx, a, b); }
BifResult erlang_op_divide_2(GuardContext& cx, Term a, Term b) { return ops::divide(cx, a, b); }
BifResult erlang_op_div_2(GuardContext& cx, Term a, Term b) { return ops::int_div(cx, a, b); }
BifResult erlang_op_rem_2(GuardContext& cx, Term a, Term b) { return ops::rem(cx, a, b); }
BifResult erlang_op_band_2(GuardContext& cx, Term a, Term b) { return ops::band(cx, a, b); }
BifResult erlang_op_bor_2(GuardContext& cx, Term a, Term b) { return ops::bor(cx, a, b); }
BifResult erlang_op_bxor_2(GuardContext& cx, Term a, Term b) { return ops::bxor(cx, a, b); }
BifResult erlang_op_bsl_2(GuardContext& cx, Term a, Term b) { return ops::bsl(cx, a, b); }
BifResult erlang_op_bsr_2(GuardContext& cx, Term a, Term b) { return ops::bsr(cx, a, b); }
BifResult erlang_op_bnot_1(GuardContext& cx, Term a) { return ops::bnot(cx, a); }
BifResult erlang_abs_1(GuardContext& cx, Term a) { return ops::absolute(cx, a); }
BifResult erlang_float_1(GuardContext& cx, Term a) { return ops::to_float(cx, a); }
BifResult erlang_round_1(GuardContext& cx, Term a) { return ops::round(cx, a); }
BifResult erlang_trunc_1(GuardContext& cx, Term a) { return ops::trunc(cx, a); }
BifResult erlang_floor_1(GuardContext& cx, Term a) { return ops::floor(cx, a); }
BifResult erlang_ceil_1(GuardContext& cx, Term a) { return ops::ceil(cx, a); }

// --- lists and tuples --------------------------------------------------------------------------------------------------------------

BifResult erlang_hd_1(GuardContext& cx, Term list) { return list.is_cons() ? list.head() : cx.badarg(); }
BifResult erlang_tl_1(GuardContext& cx, Term list) { return list.is_cons() ? list.tail() : cx.badarg(); }

BifResult erlang_length_1(GuardContext& cx, Term list) {
  SWord n = term::list_length(list);
  return n < 0 ? cx.badarg() : Term::small(n);
}

BifResult erlang_element_2(GuardContext& cx, Term index, Term t) {
  term::Tuple tuple = term::Tuple::try_from(t);
  if (!tuple || !index.is_small()) return cx.badarg();
  SWord i = index.small_value();
  if (i < 1 || i > static_cast<SWord>(tuple.size())) return cx.badarg();
  return tuple[static_cast<std::size_t>(i - 1)];
}

BifResult erlang_tuple_size_1(GuardContext& cx, Term t) {
  term::Tuple tuple = term::Tuple::try_from(t);
  return tuple ? Term::small(static_cast<SWord>(tuple.size())) : cx.badarg();
}

// --- identity ----------------------------------------------------------------------------------------------------------------------

BifResult erlang_node_0(GuardContext& cx) { return cx.runtime().node_name; }

BifResult erlang_node_1(GuardContext& cx, Term t) {
  if (t.is_local_pid() || t.is_local_port()) return cx.runtime().node_name;
  if (t.is_external()) return term::external_node(t)->name;
  if (t.is_ref()) return cx.runtime().node_name;
  return cx.badarg();
}

BifResult erlang_self_0(GuardContext& cx) { return cx.process().pid; }

}  // namespace vm::bif
