// SPDX-License-Identifier: Apache-2.0
//
// Forms and rows of tuples: tests, elements, making them. An element needs no test of its own where one on the way here has shown that its tuple is long
// enough: no label lies between, and the register was not written since.
#include <algorithm>
#include <string_view>

#include "interp/emitter_internal.h"
#include "interp/operand_kinds_internal.h"
#include "term/views.h"

namespace vm::interp {

using code::Instruction;
using code::Op;

namespace {

// Tuples of two, by the kinds of their elements.
struct PairForm {
  std::string_view kinds;
  Fused fused;
};
constexpr PairForm kPairForms[] = {
    {"xx", Fused::put_pair_xx}, {"xy", Fused::put_pair_xy}, {"xc", Fused::put_pair_xc}, {"yx", Fused::put_pair_yx},
    {"yy", Fused::put_pair_yy}, {"yc", Fused::put_pair_yc}, {"cx", Fused::put_pair_cx}, {"cy", Fused::put_pair_cy},
};

}  // namespace

// What is known of a tuple behind the instruction `i`, when control goes on with the next.
void Emitter::follow_tuple(const Instruction& i) {
  Operands o = body_.operands_of(i);
  auto becomes_known = [this](const Operand& reg, Word size) {
    if (!is_x(reg) || size > kMaxTuple) return;
    tuple_in_ = reg.word;
    tuple_size_ = size;
  };
  auto is_written = [this](const Operand& dst) {
    if (is_x(dst) && dst.word == tuple_in_) tuple_in_ = kNoRegister;
  };
  switch (i.op) {
    case Op::line:
    case Op::is_tuple:
    case Op::is_eq_exact:
    case Op::is_ne_exact: break;
    case Op::test_arity:
    case Op::is_tagged_tuple: becomes_known(o[1], o[2].word); break;
    case Op::get_tuple_element: is_written(o[2]); break;
    case Op::move: is_written(o[1]); break;
    default: tuple_in_ = kNoRegister;
  }
}

bool Emitter::is_known_tuple(const Operand& o, Word index) const { return is_x(o) && o.word == tuple_in_ && index < tuple_size_; }

std::size_t Emitter::fuse_element(std::size_t at) {
  Operands o = operands_at(at);
  if (!is_known_tuple(o[0], o[1].word)) return 0;
  put(is_x(o[2]) ? Fused::get_tuple_element_xx_known : Fused::get_tuple_element_xy_known);
  put_operands(o);
  return 1;
}

std::size_t Emitter::fuse_elements(std::size_t at) {
  Operands o = operands_at(at);
  std::size_t next = following(at);
  if (!is_op(next, Op::get_tuple_element)) return fuse_element(at);
  Operands p = operands_at(next);
  // The first element must not replace the tuple the second is taken from.
  if (!same(o[0], p[0]) || same(o[0], o[2])) return fuse_element(at);
  Word largest = std::max(o[1].word, p[1].word);
  std::size_t third = following(next);
  if (is_op(third, Op::get_tuple_element) && fits_all(o, "x-x") && fits_all(p, "x-x")) {
    Operands q = operands_at(third);
    if (same(o[0], q[0]) && !same(o[0], p[2]) && is_x(q[2])) {
      note_lines(at, third);
      largest = std::max(largest, q[1].word);
      put(is_known_tuple(o[0], largest) ? Fused::get_elements_x_xxx_known : Fused::get_elements_x_xxx);
      put_operand(o[0]);
      put(largest);
      for (Operands e : {o, p, q}) put_operands(e.subspan(1, 2));
      return third + 1 - at;
    }
  }
  const bool known = is_known_tuple(o[0], largest);
  Fused fused;
  if (fits_all(o, "x-x") && is_x(p[2])) fused = known ? Fused::get_elements_x_xx_known : Fused::get_elements_x_xx;
  else if (fits_all(o, "x-y") && is_y(p[2])) fused = known ? Fused::get_elements_x_yy_known : Fused::get_elements_x_yy;
  else if (fits_all(o, "y-x") && is_x(p[2])) fused = Fused::get_elements_y_xx;
  else return fuse_element(at);
  note_lines(at, next);
  put(fused);
  put_operand(o[0]);
  put(largest);
  put_operands(o.subspan(1, 2));
  put_operands(p.subspan(1, 2));
  return next + 1 - at;
}

// dst n elements...
std::size_t Emitter::fuse_put_tuple(std::size_t at) {
  Operands o = operands_at(at), elements = o.subspan(2);
  bool all_x = std::all_of(elements.begin(), elements.end(), is_x);
  for (const PairForm& f : kPairForms) {
    if (!is_x(o[0]) || elements.size() != 2 || !fits_all(elements, f.kinds)) continue;
    put(f.fused);
    put_operands(o);
    return 1;
  }
  if (!is_x(o[0]) || !std::all_of(elements.begin(), elements.end(), [](const Operand& e) { return is_x(e) || is_y(e); })) return 0;
  put(all_x ? Fused::put_tuple_x : Fused::put_tuple_r);
  put_operands(o);
  return 1;
}

std::size_t Emitter::fuse_is_tuple(std::size_t at) {
  Operands o = operands_at(at);
  std::size_t next = following(at);
  if (!is_op(next, Op::test_arity) || !is_x(o[1])) return 0;
  Operands p = operands_at(next);
  if (o[0].word != p[0].word || !same(o[1], p[1]) || !fits(p[2], 'a')) return 0;
  put(Fused::is_tuple_arity_x);
  put_operands(o);
  put(term::HeaderWord::make(term::Kind::Tuple, p[2].word).bits());
  return next + 1 - at;
}

std::size_t Emitter::fuse_tagged_tuple(std::size_t at) {
  Operands o = operands_at(at);
  if ((!is_x(o[1]) && !is_y(o[1])) || o[2].word == 0 || !fits(o[2], 'a')) return 0;
  put(is_x(o[1]) ? Fused::is_tagged_tuple_x : Fused::is_tagged_tuple_y);
  put_operands(o.first(2));
  put(term::HeaderWord::make(term::Kind::Tuple, o[2].word).bits());
  put_operand(o[3]);
  return 1;
}

}  // namespace vm::interp
