// SPDX-License-Identifier: Apache-2.0
//
// Specialised and fused forms: which instruction, or row of instructions, gets one of interp/fused.def.
//
// A row is fused only when no label lies inside it (a label is an instruction of the body, so rows never contain one) and only its last
// instruction can raise or call; line records inside it then belong to its beginning.
#include <string_view>

#include "interp/emitter_internal.h"
#include "interp/operand_kinds_internal.h"
#include "term/atoms.h"

namespace vm::interp {

using code::Instruction;
using code::Op;
using code::Operand;
using code::OperandKind;

namespace {

struct Form {
  Op op;
  std::string_view kinds;
  Fused fused;
};

constexpr Form kForms[] = {
    {Op::move, "xx", Fused::move_xx},
    {Op::move, "xy", Fused::move_xy},
    {Op::move, "yx", Fused::move_yx},
    {Op::move, "yy", Fused::move_yy},
    {Op::move, "cx", Fused::move_cx},
    {Op::move, "cy", Fused::move_cy},
    {Op::get_list, "xxx", Fused::get_list_xxx},
    {Op::get_list, "xxy", Fused::get_list_xxy},
    {Op::get_list, "xyx", Fused::get_list_xyx},
    {Op::get_list, "xyy", Fused::get_list_xyy},
    {Op::get_list, "yxx", Fused::get_list_yxx},
    {Op::get_hd, "xx", Fused::get_hd_xx},
    {Op::get_tl, "xx", Fused::get_tl_xx},
    {Op::get_tl, "yx", Fused::get_tl_yx},
    {Op::get_tuple_element, "x-x", Fused::get_tuple_element_xx},
    {Op::get_tuple_element, "x-y", Fused::get_tuple_element_xy},
    {Op::get_tuple_element, "y-x", Fused::get_tuple_element_yx},
    {Op::put_list, "xxx", Fused::put_list_xxx},
    {Op::put_list, "yxx", Fused::put_list_yxx},
    {Op::put_list, "cxx", Fused::put_list_cxx},
    {Op::put_list, "xcx", Fused::put_list_xcx},
    {Op::is_eq_exact, "-xi", Fused::is_eq_exact_xc},
    {Op::is_eq_exact, "-yi", Fused::is_eq_exact_yc},
    {Op::is_eq_exact, "-xx", Fused::is_eq_exact_xx},
    {Op::is_ne_exact, "-xi", Fused::is_ne_exact_xc},
    {Op::is_nonempty_list, "-x", Fused::is_nonempty_list_x},
    {Op::is_nonempty_list, "-y", Fused::is_nonempty_list_y},
    {Op::is_nil, "-x", Fused::is_nil_x},
    {Op::is_nil, "-y", Fused::is_nil_y},
    {Op::is_list, "-x", Fused::is_list_x},
    {Op::is_atom, "-x", Fused::is_atom_x},
    {Op::is_integer, "-x", Fused::is_integer_x},
    {Op::is_binary, "-x", Fused::is_binary_x},
    {Op::is_map, "-x", Fused::is_map_x},
    {Op::is_tuple, "-x", Fused::is_tuple_x},
    {Op::test_arity, "-xa", Fused::test_arity_x},
    {Op::is_lt, "-xx", Fused::is_lt_xx},
    {Op::is_lt, "-xs", Fused::is_lt_xc},
    {Op::is_lt, "-sx", Fused::is_lt_cx},
    {Op::is_ge, "-xx", Fused::is_ge_xx},
    {Op::is_ge, "-xs", Fused::is_ge_xc},
    {Op::is_ge, "-sx", Fused::is_ge_cx},
    {Op::add, "--xxx", Fused::add_xxx},
    {Op::add, "--xxs", Fused::add_xcx},
    {Op::subtract, "--xxx", Fused::subtract_xxx},
    {Op::subtract, "--xxs", Fused::subtract_xcx},
    {Op::add, "--xyx", Fused::add_yxx},
    {Op::add, "--xxy", Fused::add_xyx},
    {Op::add, "--xys", Fused::add_ycx},
    {Op::add, "--yxs", Fused::add_xcy},
    {Op::subtract, "--xsx", Fused::subtract_cxx},
    {Op::subtract, "--xys", Fused::subtract_ycx},
    {Op::swap, "xx", Fused::swap_xx},
    {Op::get_map_elements, "-xnix", Fused::get_map_element_xcx},
    {Op::put_map_assoc, "-x--ni-", Fused::put_map_assoc_xc},
    {Op::put_map_exact, "-x--ni-", Fused::put_map_exact_xc},
    {Op::float_from, "x-", Fused::float_from_x},
    {Op::band, "--xxx", Fused::band_xxx},
    {Op::band, "--xxs", Fused::band_xcx},
    {Op::bor, "--xxx", Fused::bor_xxx},
    {Op::bxor, "--xxx", Fused::bxor_xxx},
    {Op::multiply, "--xxx", Fused::multiply_xxx},
    {Op::multiply, "--xxs", Fused::multiply_xcx},
    {Op::rem, "--xxp", Fused::rem_xcx},
    {Op::int_div, "--xxp", Fused::int_div_xcx},
    {Op::bsr, "--xxb", Fused::bsr_xcx},
};

struct GuardForm {
  std::string_view name;
  Word arity;
  Fused fused;
};
constexpr GuardForm kBifForms[] = {
    {"self", 0, Fused::bif_self}, {"element", 2, Fused::bif_element},       {"hd", 1, Fused::bif_hd},
    {"tl", 1, Fused::bif_tl},     {"tuple_size", 1, Fused::bif_tuple_size}, {"map_get", 2, Fused::bif_map_get},
};
constexpr GuardForm kGcBifForms[] = {
    {"length", 1, Fused::gc_bif_length},
    {"byte_size", 1, Fused::gc_bif_byte_size},
};

template <std::size_t N>
const GuardForm* guard_form(const GuardForm (&forms)[N], const code::Bif& b) {
  if (b.mfa.module != atoms::erlang) return nullptr;
  std::string_view name = term::AtomTable::text(b.mfa.function);
  for (const GuardForm& f : forms)
    if (f.name == name && f.arity == b.mfa.arity) return &f;
  return nullptr;
}

// Pairs of moves by the kinds of the first and the second.
struct MovePair {
  std::string_view first, second;
  Fused fused;
};
constexpr MovePair kMovePairs[] = {
    {"xx", "xx", Fused::move_xx_xx}, {"xy", "xy", Fused::move_xy_xy}, {"yx", "yx", Fused::move_yx_yx}, {"xx", "yx", Fused::move_xx_yx},
    {"yx", "xx", Fused::move_yx_xx}, {"cx", "xx", Fused::move_cx_xx}, {"xx", "cx", Fused::move_xx_cx}, {"cx", "cx", Fused::move_cx_cx},
    {"cx", "yx", Fused::move_cx_yx}, {"yx", "cx", Fused::move_yx_cx}, {"xy", "xx", Fused::move_xy_xx}, {"yx", "yy", Fused::move_yx_yy},
};

struct MoveCall {
  Op op;
  bool near;  // see put_near
  Fused x, y, c;
};
constexpr MoveCall kMoveCalls[] = {
    {Op::call, false, Fused::move_x_call, Fused::move_y_call, Fused::move_c_call},
    {Op::call, true, Fused::move_x_call_near, Fused::move_y_call_near, Fused::move_c_call_near},
    {Op::call_only, false, Fused::move_x_call_only, Fused::kCount, Fused::move_c_call_only},
    {Op::call_only, true, Fused::move_x_call_only_near, Fused::kCount, Fused::move_c_call_only_near},
    {Op::call_last, false, Fused::move_x_call_last, Fused::move_y_call_last, Fused::move_c_call_last},
    {Op::call_last, true, Fused::move_x_call_last_near, Fused::move_y_call_last_near, Fused::move_c_call_last_near},
    {Op::call_ext, false, Fused::move_x_call_ext, Fused::move_y_call_ext, Fused::move_c_call_ext},
};

}  // namespace

// The instruction after `at`, line records skipped; the body's size when there is none.
std::size_t Emitter::following(std::size_t at) const {
  do at++;
  while (at < body_.instructions.size() && body_.instructions[at].op == Op::line);
  return at;
}

bool Emitter::is_op(std::size_t at, Op op) const { return at < body_.instructions.size() && body_.instructions[at].op == op; }

void Emitter::note_lines(std::size_t from, std::size_t to) {
  for (std::size_t k = from; k < to; k++)
    if (body_.instructions[k].op == Op::line) note_line(operands_at(k)[0].word);
}

void Emitter::put_operands(Operands o) {
  for (const Operand& k : o) put_operand(k);
}

std::size_t Emitter::fuse(std::size_t at) {
  std::size_t taken = 0;
  switch (body_.instructions[at].op) {
    case Op::move: taken = fuse_move(at); break;
    case Op::deallocate:
      if (std::size_t next = following(at); is_op(next, Op::return_)) {
        put(Fused::deallocate_return);
        put_operands(operands_at(at));
        taken = next + 1 - at;
      }
      break;
    case Op::get_tuple_element: taken = fuse_elements(at); break;
    case Op::is_tuple: taken = fuse_is_tuple(at); break;
    case Op::is_tagged_tuple: taken = fuse_tagged_tuple(at); break;
    case Op::is_nonempty_list: taken = fuse_next_cons(at); break;
    case Op::allocate:
    case Op::allocate_heap: taken = fuse_allocate(at); break;
    case Op::call_fun:
    case Op::call_fun2: taken = tail_call_fun(at); break;
    case Op::bif:
    case Op::gc_bif: taken = fuse_guard(at); break;
    case Op::put_tuple: taken = fuse_put_tuple(at); break;
    case Op::call:
    case Op::call_only:
    case Op::call_last: taken = fuse_near_call(at); break;
    case Op::bs_start_match:
    case Op::bs_get_integer:
    case Op::bs_get_position:
    case Op::bs_set_position:
    case Op::bs_skip_bits:
    case Op::bs_test_tail:
    case Op::bs_test_unit: taken = fuse_bits(at); break;
    default: break;
  }
  if (taken == 0) taken = specialise(at);
  return taken;
}

std::size_t Emitter::specialise(std::size_t at) {
  const Instruction& i = body_.instructions[at];
  Operands o = operands_at(at);
  for (const Form& f : kForms) {
    if (f.op != i.op || o.size() < f.kinds.size() || !fits_all(o, f.kinds)) continue;
    put(f.fused);
    put_operands(o);
    return 1;
  }
  return 0;
}

std::size_t Emitter::fuse_guard(std::size_t at) {
  const Instruction& i = body_.instructions[at];
  Operands o = operands_at(at);
  const auto& b = *reinterpret_cast<const code::Bif*>(o[i.op == Op::bif ? 1 : 2].word);
  const GuardForm* form = i.op == Op::bif ? guard_form(kBifForms, b) : guard_form(kGcBifForms, b);
  if (!form) return 0;
  put(form->fused);
  put_operands(o);
  return 1;
}

std::size_t Emitter::fuse_move(std::size_t at) {
  Operands o = operands_at(at);
  std::size_t next = following(at);
  if (next >= body_.instructions.size()) return 0;
  const Instruction& second = body_.instructions[next];
  Operands p = operands_at(next);
  bool to_x0 = is_x(o[1]) && o[1].word == 0;
  std::size_t after = following(next);
  if (to_x0 && second.op == Op::return_) {
    put(is_x(o[0]) ? Fused::move_x_return : is_y(o[0]) ? Fused::move_y_return : Fused::move_c_return);
    put_operand(o[0]);
    return next + 1 - at;
  }
  if (to_x0 && second.op == Op::deallocate && is_op(after, Op::return_)) {
    put(is_x(o[0]) ? Fused::move_x_deallocate_return : is_y(o[0]) ? Fused::move_y_deallocate_return : Fused::move_c_deallocate_return);
    put_operand(o[0]);
    put_operands(p);
    return after + 1 - at;
  }
  if (second.op == Op::move) {
    if (is_op(after, Op::move) && fits_all(o, "xy") && fits_all(p, "xy") && fits_all(operands_at(after), "xy")) {
      note_lines(at, after);
      put(Fused::move_xy_xy_xy);
      put_operands(o);
      put_operands(p);
      put_operands(operands_at(after));
      return after + 1 - at;
    }
    // The second move goes better with a call or return behind it.
    for (const MovePair& pair : kMovePairs) {
      if (!fits_all(o, pair.first) || !fits_all(p, pair.second)) continue;
      note_lines(at, next);
      put(pair.fused);
      put_operands(o);
      put_operands(p);
      return next + 1 - at;
    }
  }
  for (const MoveCall& c : kMoveCalls) {
    if (c.op != second.op || c.near != calls_near(next) || !is_x(o[1])) continue;
    Fused fused = is_x(o[0]) ? c.x : is_y(o[0]) ? c.y : c.c;
    if (fused == Fused::kCount) break;
    note_lines(at, next);
    put(fused);
    put_operands(o);
    put_operands(p);
    if (c.near) put_near(next);
    return next + 1 - at;
  }
  return 0;
}

// A local call whose target cannot be replaced by native code: functions of modules that never call erlang:load_nif/2, and the function itself.
bool Emitter::calls_near(std::size_t at) const {
  Op op = body_.instructions[at].op;
  if (op != Op::call && op != Op::call_only && op != Op::call_last) return false;
  const auto& f = *reinterpret_cast<const code::Function*>(operands_at(at)[0].word);
  if (&f == body_.function) return true;
  if (near_ == Near::Unknown) {
    near_ = Near::Yes;
    for (const code::Export* e : f.instance->imports)
      if (e && e->mfa.module == atoms::erlang && term::AtomTable::text(e->mfa.function) == "load_nif") near_ = Near::No;
  }
  return near_ == Near::Yes && !f.bif && f.instance == body_.function->instance;
}

// Where the call goes: known for the function itself, else the loop writes it down when the target is decoded.
void Emitter::put_near(std::size_t at) {
  const auto& f = *reinterpret_cast<const code::Function*>(operands_at(at)[0].word);
  if (&f == body_.function) put_label(f.entry_label);
  else put(code::CodeWord{0});
}

std::size_t Emitter::fuse_near_call(std::size_t at) {
  if (!calls_near(at)) return 0;
  Op op = body_.instructions[at].op;
  put(op == Op::call ? Fused::call_near : op == Op::call_only ? Fused::call_only_near : Fused::call_last_near);
  put_operands(operands_at(at));
  put_near(at);
  return 1;
}

std::size_t Emitter::fuse_next_cons(std::size_t at) {
  Operands o = operands_at(at);
  std::size_t next = following(at);
  if (!is_op(next, Op::get_list)) return 0;
  Operands p = operands_at(next);
  if (!same(o[1], p[0])) return 0;
  Fused fused;
  if (fits_all(p, "xxx")) fused = Fused::next_cons_x_xx;
  else if (fits_all(p, "xyx")) fused = Fused::next_cons_x_yx;
  else if (fits_all(p, "xxy")) fused = Fused::next_cons_x_xy;
  else if (fits_all(p, "xyy")) fused = Fused::next_cons_x_yy;
  else if (fits_all(p, "yxx")) fused = Fused::next_cons_y_xx;
  else return 0;
  put(fused);
  put_operands(o);
  put_operands(p.subspan(1));
  return next + 1 - at;
}

// A fun call in tail position drops the frame first, as stock does; the compiler has no instruction for it.
std::size_t Emitter::tail_call_fun(std::size_t at) {
  std::size_t next = following(at);
  std::size_t after = is_op(next, Op::deallocate) ? following(next) : 0;
  if (after == 0 || !is_op(after, Op::return_)) return 0;
  put(body_.instructions[at].op == Op::call_fun ? Fused::call_fun_last : Fused::call_fun2_last);
  put_operands(operands_at(at));
  put_operands(operands_at(next));
  put(code::CodeWord{0});  // a note of where the call went
  return after + 1 - at;
}

// What follows the opening of a frame. Its slots are nil: nobody has to say so again.
std::size_t Emitter::behind_frame(std::size_t at) const {
  std::size_t next = following(at);
  return is_op(next, Op::init_yregs) ? following(next) : next;
}

std::size_t Emitter::fuse_allocate(std::size_t at) {
  std::size_t next = behind_frame(at);
  if (!is_op(at, Op::allocate) || !is_op(next, Op::move) || !fits_all(operands_at(next), "xy")) {
    note_lines(at, next);
    emit_plain(body_.instructions[at]);
    return next - at;
  }
  std::size_t after = following(next);
  bool two = is_op(after, Op::move) && fits_all(operands_at(after), "xy");
  note_lines(at, two ? after : next);
  Operands o = operands_at(at);
  const Word slots = o[0].word;
  if (two)
    put(slots == 2 && !same(operands_at(next)[1], operands_at(after)[1]) ? Fused::allocate_2_move_xy_xy : Fused::allocate_move_xy_xy);
  else put(slots == 1 ? Fused::allocate_1_move_xy : slots == 2 ? Fused::allocate_2_move_xy : Fused::allocate_move_xy);
  put_operands(o);
  put_operands(operands_at(next));
  if (!two) return next + 1 - at;
  put_operands(operands_at(after));
  return after + 1 - at;
}

}  // namespace vm::interp
