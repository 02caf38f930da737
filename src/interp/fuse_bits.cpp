// SPDX-License-Identifier: Apache-2.0
//
// Forms and rows of the bit syntax: matching with x registers and constant sizes.
#include <bit>

#include "interp/emitter_internal.h"
#include "interp/operand_kinds_internal.h"
#include "ops/bits.h"
#include "ops/bits_fast.h"

namespace vm::interp {

using code::Op;

namespace {

constexpr Word kUnknown = ~Word{0};

// Bits of a field whose size is a constant.
Word constant_bits(const Operand& size, const Operand& unit) {
  if (size.kind != OperandKind::Constant) return kUnknown;
  std::size_t bits;
  return ops::field_bits(Term::from_bits(size.word), unit.word, &bits) ? bits : kUnknown;
}

}  // namespace

std::size_t Emitter::fuse_bits(std::size_t at) {
  Operands o = operands_at(at);
  switch (body_.instructions[at].op) {
    case Op::bs_start_match: return fuse_start_match(at);
    case Op::bs_get_integer: return fuse_get_integer(at);
    case Op::bs_get_position:
    case Op::bs_set_position:
      if (!is_x(o[0]) || !is_x(o[1])) return 0;
      put(body_.instructions[at].op == Op::bs_get_position ? Fused::bs_get_position_x : Fused::bs_set_position_x);
      put_operands(o);
      return 1;
    case Op::bs_skip_bits: {
      Word bits = constant_bits(o[2], o[3]);
      if (!is_x(o[1]) || bits == kUnknown) return 0;
      put(Fused::bs_skip_bits_x);
      put_operands(o.subspan(0, 2));
      put(bits);
      return 1;
    }
    case Op::bs_test_tail:
      if (!is_x(o[1])) return 0;
      put(Fused::bs_test_tail_x);
      put_operands(o);
      return 1;
    case Op::bs_test_unit:
      if (!is_x(o[1]) || !std::has_single_bit(o[2].word)) return 0;
      put(Fused::bs_test_unit_x);
      put_operands(o.subspan(0, 2));
      put(o[2].word - 1);
      return 1;
    default: return 0;
  }
}

std::size_t Emitter::fuse_start_match(std::size_t at) {
  Operands o = operands_at(at);
  if (!is_x(o[2]) || !is_x(o[3]) || o[4].word != 0) return 0;
  std::size_t next = following(at);
  if (is_op(next, Op::bs_get_position)) {
    Operands p = operands_at(next);
    if (same(p[0], o[3]) && is_x(p[1])) {
      note_lines(at, next);
      put(Fused::bs_start_position_x);
      put_operands(o.subspan(0, 4));
      put_operand(p[1]);
      return next + 1 - at;
    }
  }
  put(Fused::bs_start_match_x);
  put_operands(o);
  return 1;
}

// fail ctx live size unit flags dst
std::size_t Emitter::fuse_get_integer(std::size_t at) {
  Operands o = operands_at(at);
  Word bits = constant_bits(o[3], o[4]);
  if (!is_x(o[1]) || !is_x(o[6]) || bits == 0 || bits > ops::kFastIntegerBits) return 0;
  if ((o[5].word & (ops::kLittle | ops::kSigned | ops::kNative)) != 0) return 0;
  std::size_t taken = 1;
  Fused fused = bits == 8 ? Fused::bs_get_8_x : bits == 16 ? Fused::bs_get_16_x : bits == 32 ? Fused::bs_get_32_x : Fused::bs_get_bits_x;
  std::size_t next = following(at);
  if (bits == 8 && is_op(next, Op::bs_test_unit)) {
    Operands p = operands_at(next);
    if (p[0].word == o[0].word && same(p[1], o[1]) && p[2].word == 8 && !same(o[1], o[6])) {
      note_lines(at, next);
      fused = Fused::bs_get_8_whole_x;
      taken = next + 1 - at;
    }
  }
  put(fused);
  put_operands(o.subspan(0, 2));
  put_operand(o[6]);
  if (fused == Fused::bs_get_bits_x) put(bits);
  return taken;
}

}  // namespace vm::interp
