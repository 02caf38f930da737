// SPDX-License-Identifier: Apache-2.0
//
// Erlang's equality and order of terms, without recursion on the C stack (terms may be nested a million deep).
//
// number < atom < reference < fun < port < pid < tuple < map < nil < list < bitstring. Order between integers and floats is by exact
// value as stock does it; `=:=` and map keys tell 1 from 1.0. Libraries before OTP 27 hold 0.0 =:= -0.0.
#pragma once

#include "term/term.h"

namespace vm::term {

// =:=
bool equal_exact_slow(Term a, Term b);
inline bool equal_exact(Term a, Term b) {
  if (a == b) return true;
  // Words differ: small integers, atoms and other immediates are then different, but for the zeros of floats.
  if (!a.is_pointer() && !b.is_pointer()) return (a.bits() | 8) == 12 && (b.bits() | 8) == 12;
  return equal_exact_slow(a, b);
}

// Three-way Erlang order with == semantics between integers and floats: negative, 0 or positive.
int compare_slow(Term a, Term b);
inline int compare(Term a, Term b) {
  if (a == b) return 0;
  if (a.is_small() && b.is_small()) return static_cast<SWord>(a.bits()) < static_cast<SWord>(b.bits()) ? -1 : 1;
  return compare_slow(a, b);
}
bool equal_slow(Term a, Term b);
inline bool equal(Term a, Term b) {  // ==
  if (a == b) return true;
  if (!a.is_pointer() && !b.is_pointer() && !a.is_float_immediate() && !b.is_float_immediate()) return false;
  return equal_slow(a, b);
}

// Order in which integers sort before floats when they compare equal (map keys; erts_internal:cmp_term/2).
int compare_total(Term a, Term b);

}  // namespace vm::term
