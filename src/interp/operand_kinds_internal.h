// SPDX-License-Identifier: Apache-2.0
//
// What an operand is, for choosing forms and rows: `fits` reads one character of a form's kinds.
#pragma once

#include <span>
#include <string_view>

#include "code/backend.h"
#include "term/term.h"

namespace vm::interp {

using code::Operand;
using code::OperandKind;

inline bool is_x(const Operand& o) { return o.kind == OperandKind::XReg; }
inline bool is_y(const Operand& o) { return o.kind == OperandKind::YReg; }
inline bool is_c(const Operand& o) { return o.kind == OperandKind::Constant; }
inline bool same(const Operand& a, const Operand& b) { return a.kind == b.kind && a.word == b.word; }

// A constant whose word alone decides =:=.
inline bool decides(Term t) { return t.is_small() || t.is_atom() || t.is_nil(); }

// No tuple is longer. What a file tests for may be anything, and a header is made of its lower bits.
constexpr Word kMaxTuple = (Word{1} << 24) - 1;

// Operand kinds of a form: x, y registers; c constant; i constant whose word decides =:=; s small constant; p the same above zero,
// b the same below the bits of a word; n the number 2; a the size of a tuple there may be; anything else: any.
inline bool fits(const Operand& o, char kind) {
  switch (kind) {
    case 'x': return is_x(o);
    case 'y': return is_y(o);
    case 'c': return is_c(o);
    case 'i': return is_c(o) && decides(Term::from_bits(o.word));
    case 's': return is_c(o) && Term::from_bits(o.word).is_small();
    case 'p': return is_c(o) && Term::from_bits(o.word).is_small() && Term::from_bits(o.word).small_value() > 0;
    case 'n': return o.kind == OperandKind::Number && o.word == 2;
    case 'b': return is_c(o) && Term::from_bits(o.word).is_small() && o.word >> 3 < 64;
    case 'a': return o.kind == OperandKind::Number && o.word <= kMaxTuple;
    default: return true;
  }
}

inline bool fits_all(std::span<const Operand> o, std::string_view kinds) {
  for (std::size_t k = 0; k < kinds.size(); k++)
    if (!fits(o[k], kinds[k])) return false;
  return true;
}

}  // namespace vm::interp
