// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic on any terms: the slow and complete form behind the engines' fast paths and the built-ins of the operators.
//
// Every function answers the number, or raises badarith (system_limit when a big integer would pass stock's limit of just under 2^26
// bits) through cx. Engines in guards throw the pending exception away and branch.
#pragma once

#include "proc/bif_context.h"

namespace vm::ops {

using proc::BifResult;
using proc::GuardContext;

BifResult add(GuardContext& cx, Term a, Term b);
BifResult subtract(GuardContext& cx, Term a, Term b);
BifResult multiply(GuardContext& cx, Term a, Term b);
BifResult divide(GuardContext& cx, Term a, Term b);  // `/`
BifResult int_div(GuardContext& cx, Term a, Term b);
BifResult rem(GuardContext& cx, Term a, Term b);
BifResult band(GuardContext& cx, Term a, Term b);
BifResult bor(GuardContext& cx, Term a, Term b);
BifResult bxor(GuardContext& cx, Term a, Term b);
BifResult bsl(GuardContext& cx, Term a, Term b);
BifResult bsr(GuardContext& cx, Term a, Term b);
BifResult bnot(GuardContext& cx, Term a);
BifResult negate(GuardContext& cx, Term a);
BifResult unary_plus(GuardContext& cx, Term a);
BifResult absolute(GuardContext& cx, Term a);  // badarg when no number
BifResult to_float(GuardContext& cx, Term a);  // float/1: badarg; too big: badarg
BifResult round(GuardContext& cx, Term a);
BifResult trunc(GuardContext& cx, Term a);
BifResult floor(GuardContext& cx, Term a);
BifResult ceil(GuardContext& cx, Term a);
// Value of any number as a double; false when it is no number or an integer too big. For fconv and math.
bool number_to_double(Term t, double* out);

}  // namespace vm::ops
