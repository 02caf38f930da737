// SPDX-License-Identifier: Apache-2.0
//
// Module math over the C library.
#include <cmath>

#include "bif/bif_decls.gen.h"
#include "ops/arith.h"

namespace vm::bif {

namespace {

// An argument that is no number is badarg; an integer too large for a float is badarith, as is a result that is no finite number.
enum class Argument { Ok, NoNumber, TooLarge };

Argument read(Term t, double* out) {
  if (!t.is_number()) return Argument::NoNumber;
  return ops::number_to_double(t, out) ? Argument::Ok : Argument::TooLarge;
}

BifResult answer(BifContext& cx, double result) {
  return std::isfinite(result) ? BifResult(term::make_float(cx.heap(), result)) : cx.badarith();
}

BifResult wrong(BifContext& cx, Argument fault) { return fault == Argument::NoNumber ? cx.badarg() : cx.badarith(); }

BifResult apply(BifContext& cx, double (*function)(double), Term a) {
  double x;
  Argument fault = read(a, &x);
  return fault == Argument::Ok ? answer(cx, function(x)) : wrong(cx, fault);
}

BifResult apply(BifContext& cx, double (*function)(double, double), Term a, Term b) {
  double x, y;
  Argument fault = read(a, &x);
  if (fault != Argument::Ok) return wrong(cx, fault);
  fault = read(b, &y);
  return fault == Argument::Ok ? answer(cx, function(x, y)) : wrong(cx, fault);
}

}  // namespace

BifResult math_acos_1(BifContext& cx, Term a) { return apply(cx, std::acos, a); }
BifResult math_acosh_1(BifContext& cx, Term a) { return apply(cx, std::acosh, a); }
BifResult math_asin_1(BifContext& cx, Term a) { return apply(cx, std::asin, a); }
BifResult math_asinh_1(BifContext& cx, Term a) { return apply(cx, std::asinh, a); }
BifResult math_atan_1(BifContext& cx, Term a) { return apply(cx, std::atan, a); }
BifResult math_atanh_1(BifContext& cx, Term a) { return apply(cx, std::atanh, a); }
BifResult math_ceil_1(BifContext& cx, Term a) { return apply(cx, std::ceil, a); }
BifResult math_cos_1(BifContext& cx, Term a) { return apply(cx, std::cos, a); }
BifResult math_cosh_1(BifContext& cx, Term a) { return apply(cx, std::cosh, a); }
BifResult math_erf_1(BifContext& cx, Term a) { return apply(cx, std::erf, a); }
BifResult math_erfc_1(BifContext& cx, Term a) { return apply(cx, std::erfc, a); }
BifResult math_exp_1(BifContext& cx, Term a) { return apply(cx, std::exp, a); }
BifResult math_floor_1(BifContext& cx, Term a) { return apply(cx, std::floor, a); }
BifResult math_log_1(BifContext& cx, Term a) { return apply(cx, std::log, a); }
BifResult math_log10_1(BifContext& cx, Term a) { return apply(cx, std::log10, a); }
BifResult math_log2_1(BifContext& cx, Term a) { return apply(cx, std::log2, a); }
BifResult math_sin_1(BifContext& cx, Term a) { return apply(cx, std::sin, a); }
BifResult math_sinh_1(BifContext& cx, Term a) { return apply(cx, std::sinh, a); }
BifResult math_sqrt_1(BifContext& cx, Term a) { return apply(cx, std::sqrt, a); }
BifResult math_tan_1(BifContext& cx, Term a) { return apply(cx, std::tan, a); }
BifResult math_tanh_1(BifContext& cx, Term a) { return apply(cx, std::tanh, a); }
BifResult math_atan2_2(BifContext& cx, Term a, Term b) { return apply(cx, std::atan2, a, b); }
BifResult math_fmod_2(BifContext& cx, Term a, Term b) { return apply(cx, std::fmod, a, b); }
BifResult math_pow_2(BifContext& cx, Term a, Term b) { return apply(cx, std::pow, a, b); }

}  // namespace vm::bif
