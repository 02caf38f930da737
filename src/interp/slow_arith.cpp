// SPDX-License-Identifier: Apache-2.0
#include "interp/slow.h"
#include "ops/arith.h"

namespace vm::interp {

Term arithmetic(Process& p, Arith op, Term a, Term b) {
  proc::GuardContext cx(p);
  switch (op) {
    case Arith::Add: return ops::add(cx, a, b).value();
    case Arith::Subtract: return ops::subtract(cx, a, b).value();
    case Arith::Multiply: return ops::multiply(cx, a, b).value();
    case Arith::IntDiv: return ops::int_div(cx, a, b).value();
    case Arith::Rem: return ops::rem(cx, a, b).value();
    case Arith::Band: return ops::band(cx, a, b).value();
    case Arith::Bor: return ops::bor(cx, a, b).value();
    case Arith::Bxor: return ops::bxor(cx, a, b).value();
    case Arith::Bsl: return ops::bsl(cx, a, b).value();
    case Arith::Bsr: return ops::bsr(cx, a, b).value();
    case Arith::Bnot: return ops::bnot(cx, a).value();
    case Arith::Negate: return ops::negate(cx, a).value();
  }
  VM_UNREACHABLE("arithmetic operation");
}

const code::Mfa& arithmetic_mfa(Arith op) {
  static constexpr Term e = atoms::erlang;
  static const code::Mfa mfas[] = {{e, atoms::plus, 2},   {e, atoms::minus, 2},   {e, atoms::times, 2},   {e, atoms::op_div, 2},
                                   {e, atoms::op_rem, 2}, {e, atoms::op_band, 2}, {e, atoms::op_bor, 2},  {e, atoms::op_bxor, 2},
                                   {e, atoms::op_bsl, 2}, {e, atoms::op_bsr, 2},  {e, atoms::op_bnot, 1}, {e, atoms::minus, 1}};
  return mfas[static_cast<unsigned>(op)];
}

bool is_increment(Arith op, Word a_cell, Word b_cell) {
  constexpr SWord kLimit = SWord{1} << 59;  // stock's small integers end there; it adds the negated constant to subtract
  auto is_constant = [](Word cell, SWord low) {
    Term t = Term::from_bits(cell);
    return t.is_small() && t.small_value() >= low && t.small_value() < kLimit;
  };
  if (op == Arith::Add)
    return (is_register_cell(a_cell) && is_constant(b_cell, -kLimit)) || (is_constant(a_cell, -kLimit) && is_register_cell(b_cell));
  return op == Arith::Subtract && is_register_cell(a_cell) && is_constant(b_cell, 0);
}

Term box_float(Process& p, double d) { return term::make_float(p.heap, d); }

}  // namespace vm::interp
