// SPDX-License-Identifier: Apache-2.0
//
// Structure, frames, calls, tests, data, messages, exceptions. Functions carry the name of the generic opcode they lower.
#include <algorithm>

#include "load/lower_internal.h"
#include "load/module_extra_internal.h"
#include "term/atoms.h"
#include "term/compare.h"

namespace vm::load::lower {

using beamfile::OperandKind;
using code::Operand;

namespace {

bool is_live_bif(const code::Bif* bif) { return bif != nullptr && bif->kind != code::BifKind::Native; }
Operand export_ref(const code::Export* e) { return {code::OperandKind::ExportRef, reinterpret_cast<Word>(e)}; }
Operand bif_ref(const code::Bif* b) { return {code::OperandKind::BifRef, reinterpret_cast<Word>(b)}; }

// A tail call to code never shows the caller, so stock drops the line in front of it when the call's first argument is moved just before;
// what follows without a line of its own then takes an earlier one.
void drop_line_of_tail_call(Lowering& l) {
  std::vector<code::Instruction>& done = l.body().instructions;
  if (done.size() < 2 || done.back().op != Op::line || done[done.size() - 2].op != Op::move) return;
  const Operand to = l.body().operands_of(done[done.size() - 2])[1];
  if (to.kind != code::OperandKind::XReg || to.word != 0) return;
  l.body().operands.resize(done.back().first);
  done.pop_back();
}

// A call of an imported function: to a built-in directly, else through the export. The stated arity must be the import's.
void lower_external(Lowering& l, Op as_bif, Op as_export, const Operand* stack) {
  const code::Export* e = l.import(1);
  if (e == nullptr) return;
  l.require(l.number_value(0) == e->mfa.arity);
  const bool bif = is_live_bif(e->bif);
  if (l.operators().ends(e)) {
    // Never returns: the frame stays for the stack trace, and its stated size need not be right (the compiler merges such tails).
    as_bif = Op::call_bif;
    as_export = Op::call_ext;
    stack = nullptr;
  }
  if (!bif && as_export != Op::call_ext) drop_line_of_tail_call(l);
  l.begin(bif ? as_bif : as_export);
  l.add(bif ? bif_ref(e->bif) : export_ref(e));
  if (stack != nullptr) l.add(*stack);
  l.end();
}

// A call of a guard built-in. first: index of the first argument.
void lower_guard_bif(Lowering& l, bool has_live, unsigned import, unsigned first, unsigned count) {
  const code::Export* e = l.import(import);
  if (e == nullptr) return;
  l.require(e->mfa.arity == count);
  const Operand fail = count == 0 ? Lowering::no_label() : l.label(0);
  const Operand dst = l.dest(first + count);
  const Operators::Row* row = has_live ? l.operators().find(e) : nullptr;
  if (has_live && e == l.operators().unary_plus) {  // 0 + X: -0.0 becomes 0.0, and a failure shows no entry for erlang:'+'/1
    l.emit(Op::add, {fail, l.number(1), dst, Lowering::constant(Term::small(0)), l.source(first)});
    return;
  }
  if (row != nullptr) {
    l.begin(row->op);
    l.add(fail);
    l.add(l.number(1));
    l.add(dst);
  } else if (!is_live_bif(e->bif)) {
    l.begin(Op::raise_undef);
    l.add(export_ref(e));
    l.add(Lowering::plain(count));
  } else {
    l.begin(has_live ? Op::gc_bif : Op::bif);
    l.add(fail);
    if (has_live) l.add(l.number(1));
    l.add(bif_ref(e->bif));
    l.add(dst);
    l.add(Lowering::plain(count));
  }
  for (unsigned i = 0; i < count; i++) l.add(l.source(first + i));
  l.end();
}

}  // namespace

void nothing(Lowering&) {}

// --- structure
void label(Lowering& l) {
  l.emit(Op::label, {l.number(0)});
  if (l.number_value(0) == l.function().entry_label) l.emit(Op::function_entry);
}
void line(Lowering& l) {
  const Word index = l.number_value(0);
  if (index != 0 && index < l.instance().lines.size()) l.emit(Op::line, {Lowering::plain(index)});
}
void func_info(Lowering& l) { l.emit(Op::func_info, {l.atom(0), l.atom(1), l.number(2)}); }

// --- frames
void allocate(Lowering& l) { l.emit(Op::allocate, {l.number(0), l.number(1)}); }
void allocate_heap(Lowering& l) { l.emit(Op::allocate_heap, {l.number(0), Lowering::plain(l.heap_need(1)), l.number(2)}); }
namespace {
// Slots nobody has written may be read: they hold [].
void clear_frame(Lowering& l) {
  const Word slots = std::min<Word>(l.number_value(0), beamfile::kMaxRegisters);  // more are refused by the verifier
  if (slots == 0) return;
  l.begin(Op::init_yregs);
  l.add(Lowering::plain(slots));
  for (Word i = 0; i < slots; i++) l.add({code::OperandKind::YReg, i});
  l.end();
}
}  // namespace
void allocate_zero(Lowering& l) {
  allocate(l);
  clear_frame(l);
}
void allocate_heap_zero(Lowering& l) {
  allocate_heap(l);
  clear_frame(l);
}
void test_heap(Lowering& l) { l.emit(Op::test_heap, {Lowering::plain(l.heap_need(0)), l.number(1)}); }
void deallocate(Lowering& l) { l.emit(Op::deallocate, {l.number(0)}); }
void trim(Lowering& l) { l.emit(Op::trim, {l.number(0), l.number(1)}); }
void init(Lowering& l) { l.emit(Op::init_yregs, {Lowering::plain(1), l.y_slot(0)}); }
void init_yregs(Lowering& l) {
  l.expect_list(0);
  l.begin(Op::init_yregs);
  l.add(Lowering::plain(l.list().size()));
  for (const auto& o : l.list()) {
    l.require(o.kind == OperandKind::YRegister);
    l.add(l.dest(o));
  }
  l.end();
}
void move(Lowering& l) { l.emit(Op::move, {l.source(0), l.dest(1)}); }
void swap(Lowering& l) { l.emit(Op::swap, {l.dest(0), l.dest(1)}); }

// --- calls
namespace {
void lower_local(Lowering& l, Op op, const Operand* stack) {
  const Operand f = l.local_function(1);
  if (f.word == 0) return;
  l.require(reinterpret_cast<const code::Function*>(f.word)->mfa.arity == l.number_value(0));
  if (op != Op::call) drop_line_of_tail_call(l);
  l.begin(op);
  l.add(f);
  if (stack != nullptr) l.add(*stack);
  l.end();
}
}  // namespace
void call(Lowering& l) { lower_local(l, Op::call, nullptr); }
void call_only(Lowering& l) { lower_local(l, Op::call_only, nullptr); }
void call_last(Lowering& l) {
  const Operand stack = l.number(2);
  lower_local(l, Op::call_last, &stack);
}
void call_ext(Lowering& l) { lower_external(l, Op::call_bif, Op::call_ext, nullptr); }
void call_ext_only(Lowering& l) { lower_external(l, Op::call_bif_only, Op::call_ext_only, nullptr); }
void call_ext_last(Lowering& l) {
  const Operand stack = l.number(2);
  lower_external(l, Op::call_bif_last, Op::call_ext_last, &stack);
}
void call_fun(Lowering& l) { l.emit(Op::call_fun, {l.number(0)}); }
void call_fun2(Lowering& l) {
  // A number instead of an atom names the lambda that the fun was seen to be: a hint we do not need.
  const Operand tag = l.in(0).kind == OperandKind::Atom ? l.atom(0) : Lowering::constant(atoms::unsafe);
  l.emit(Op::call_fun2, {tag, l.number(1), l.source(2)});
}
void apply(Lowering& l) { l.emit(Op::apply, {l.number(0)}); }
void apply_last(Lowering& l) { l.emit(Op::apply_last, {l.number(0), l.number(1)}); }
void return_(Lowering& l) { l.emit(Op::return_); }

void make_fun2(Lowering& l) {
  const code::FunEntry* f = l.lambda(0);
  if (f == nullptr) return;
  l.begin(Op::make_fun);
  l.add({code::OperandKind::FunRef, reinterpret_cast<Word>(f)});
  l.add(Lowering::x_reg(0));
  l.add(Lowering::plain(f->num_free));
  for (std::uint32_t i = 0; i < f->num_free; i++) l.add(Lowering::x_reg(i));
  l.end();
}
void make_fun3(Lowering& l) {
  const code::FunEntry* f = l.lambda(0);
  if (f == nullptr) return;
  l.expect_list(2);
  l.require(l.list().size() == f->num_free);
  l.begin(Op::make_fun);
  l.add({code::OperandKind::FunRef, reinterpret_cast<Word>(f)});
  l.add(l.dest(1));
  l.add(Lowering::plain(l.list().size()));
  for (const auto& o : l.list()) l.add(l.source(o));
  l.end();
}

// --- guard built-ins
void bif0(Lowering& l) { lower_guard_bif(l, false, 0, 1, 0); }
void bif1(Lowering& l) { lower_guard_bif(l, false, 1, 2, 1); }
void bif2(Lowering& l) { lower_guard_bif(l, false, 1, 2, 2); }
void bif3(Lowering& l) { lower_guard_bif(l, false, 1, 2, 3); }
void gc_bif1(Lowering& l) { lower_guard_bif(l, true, 2, 3, 1); }
void gc_bif2(Lowering& l) { lower_guard_bif(l, true, 2, 3, 2); }
void gc_bif3(Lowering& l) { lower_guard_bif(l, true, 2, 3, 3); }

// --- floats
void fmove(Lowering& l) { l.emit(Op::float_move, {l.source_or_float(0), l.dest_or_float(1)}); }
void fconv(Lowering& l) { l.emit(Op::float_from, {l.source_or_float(0), l.float_reg(1)}); }
void fadd(Lowering& l) { l.emit(Op::float_add, {l.label(0), l.float_reg(1), l.float_reg(2), l.float_reg(3)}); }
void fsub(Lowering& l) { l.emit(Op::float_sub, {l.label(0), l.float_reg(1), l.float_reg(2), l.float_reg(3)}); }
void fmul(Lowering& l) { l.emit(Op::float_mul, {l.label(0), l.float_reg(1), l.float_reg(2), l.float_reg(3)}); }
void fdiv(Lowering& l) { l.emit(Op::float_div, {l.label(0), l.float_reg(1), l.float_reg(2), l.float_reg(3)}); }
void fnegate(Lowering& l) { l.emit(Op::float_negate, {l.label(0), l.float_reg(1), l.float_reg(2)}); }

// --- tests
namespace {
void test1(Lowering& l, Op op) { l.emit(op, {l.label(0), l.source(1)}); }
void test2(Lowering& l, Op op) { l.emit(op, {l.label(0), l.source(1), l.source(2)}); }
}  // namespace
void is_lt(Lowering& l) { test2(l, Op::is_lt); }
void is_ge(Lowering& l) { test2(l, Op::is_ge); }
void is_eq(Lowering& l) { test2(l, Op::is_eq); }
void is_ne(Lowering& l) { test2(l, Op::is_ne); }
void is_eq_exact(Lowering& l) { test2(l, Op::is_eq_exact); }
void is_ne_exact(Lowering& l) { test2(l, Op::is_ne_exact); }
void is_integer(Lowering& l) { test1(l, Op::is_integer); }
void is_float(Lowering& l) { test1(l, Op::is_float); }
void is_number(Lowering& l) { test1(l, Op::is_number); }
void is_atom(Lowering& l) { test1(l, Op::is_atom); }
void is_pid(Lowering& l) { test1(l, Op::is_pid); }
void is_reference(Lowering& l) { test1(l, Op::is_reference); }
void is_port(Lowering& l) { test1(l, Op::is_port); }
void is_nil(Lowering& l) { test1(l, Op::is_nil); }
void is_binary(Lowering& l) { test1(l, Op::is_binary); }
void is_bitstr(Lowering& l) { test1(l, Op::is_bitstr); }
void is_list(Lowering& l) { test1(l, Op::is_list); }
void is_nonempty_list(Lowering& l) { test1(l, Op::is_nonempty_list); }
void is_tuple(Lowering& l) { test1(l, Op::is_tuple); }
void is_map(Lowering& l) { test1(l, Op::is_map); }
void is_boolean(Lowering& l) { test1(l, Op::is_boolean); }
void is_function(Lowering& l) { test1(l, Op::is_function); }
void is_function2(Lowering& l) {
  // Old compilers give the arity as a plain number.
  const Operand arity =
      l.in(2).kind == OperandKind::Unsigned ? Lowering::constant(Term::small(static_cast<SWord>(l.number_value(2) & 0xFFFF))) : l.source(2);
  l.emit(Op::is_function2, {l.label(0), l.source(1), arity});
}
void test_arity(Lowering& l) { l.emit(Op::test_arity, {l.label(0), l.source(1), l.number(2)}); }
void is_tagged_tuple(Lowering& l) { l.emit(Op::is_tagged_tuple, {l.label(0), l.source(1), l.number(2), l.atom(3)}); }

// --- selection
void select_val(Lowering& l) {
  l.expect_list(2);
  const std::span<const Lowering::In> pairs = l.list();
  l.require(pairs.size() % 2 == 0);
  const Operand src = l.source(0);
  const Operand fail = l.label(1);
  const std::size_t count = pairs.size() & ~std::size_t{1};
  bool plain = true;
  for (std::size_t i = 0; i < count; i += 2) {
    const Term t = Term::from_bits(l.source(pairs[i]).word);
    l.require(!pairs[i].is_register());
    plain &= t.is_small() || t.is_atom() || t.is_nil();
  }
  if (plain) {
    l.begin(Op::select_val);
    l.add(src);
    l.add(fail);
    l.add(Lowering::plain(count));
    for (std::size_t i = 0; i < count; i += 2) {
      l.add(l.source(pairs[i]));
      l.add(l.label(pairs[i + 1]));
    }
    l.end();
    return;
  }
  // Words do not decide equality of floats and big integers: "not different" goes to the pair's label.
  for (std::size_t i = 0; i < count; i += 2) l.emit(Op::is_ne_exact, {l.label(pairs[i + 1]), src, l.source(pairs[i])});
  l.emit(Op::jump, {fail});
}
void select_tuple_arity(Lowering& l) {
  l.expect_list(2);
  const std::span<const Lowering::In> pairs = l.list();
  l.require(pairs.size() % 2 == 0);
  l.begin(Op::select_tuple_arity);
  l.add(l.source(0));
  l.add(l.label(1));
  l.add(Lowering::plain(pairs.size() & ~std::size_t{1}));
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    l.add(l.number(pairs[i]));
    l.add(l.label(pairs[i + 1]));
  }
  l.end();
}
void jump(Lowering& l) { l.emit(Op::jump, {l.label(0)}); }

// --- data
void get_list(Lowering& l) { l.emit(Op::get_list, {l.source(0), l.dest(1), l.dest(2)}); }
void get_hd(Lowering& l) { l.emit(Op::get_hd, {l.source(0), l.dest(1)}); }
void get_tl(Lowering& l) { l.emit(Op::get_tl, {l.source(0), l.dest(1)}); }
void get_tuple_element(Lowering& l) { l.emit(Op::get_tuple_element, {l.source(0), l.number(1), l.dest(2)}); }
void set_tuple_element(Lowering& l) { l.emit(Op::set_tuple_element, {l.source(0), l.source(1), l.number(2)}); }
void put_list(Lowering& l) { l.emit(Op::put_list, {l.source(0), l.source(1), l.dest(2)}); }
void put_tuple2(Lowering& l) {
  l.expect_list(1);
  l.begin(Op::put_tuple);
  l.add(l.dest(0));
  l.add(Lowering::plain(l.list().size()));
  for (const auto& o : l.list()) l.add(l.source(o));
  l.end();
}
namespace {
void finish_tuple(Lowering& l) {
  auto& tuple = l.pending_tuple;
  if (tuple.missing > 0) return;
  l.begin(Op::put_tuple);
  l.add(tuple.parts[0]);
  l.add(Lowering::plain(tuple.parts.size() - 1));
  for (std::size_t i = 1; i < tuple.parts.size(); i++) l.add(tuple.parts[i]);
  l.end();
  tuple = {};
}
}  // namespace
void put_tuple(Lowering& l) {
  l.require(l.number_value(0) <= l.instance().code.size());
  l.pending_tuple.open = true;
  l.pending_tuple.missing = l.number_value(0);
  l.pending_tuple.parts.assign(1, l.dest(1));
  finish_tuple(l);
}
void put(Lowering& l) {
  l.pending_tuple.parts.push_back(l.source(0));
  l.pending_tuple.missing--;
  finish_tuple(l);
}
void update_record(Lowering& l) {
  l.expect_list(4);
  l.require(l.list().size() % 2 == 0);
  l.begin(Op::update_record);
  l.add(l.atom(0));
  l.add(l.number(1));
  l.add(l.source(2));
  l.add(l.dest(3));
  l.add(Lowering::plain(l.list().size() & ~std::size_t{1}));
  for (std::size_t i = 0; i + 1 < l.list().size(); i += 2) {
    const Operand position = l.number(l.list()[i]);
    l.require(position.word >= 1 && position.word <= l.number_value(1));
    l.add(position);
    l.add(l.source(l.list()[i + 1]));
  }
  l.end();
}
namespace {
void put_map(Lowering& l, Op op) {
  l.expect_list(4);
  l.require(l.list().size() % 2 == 0);
  l.begin(op);
  l.add(l.label(0));
  l.add(l.source(1));
  l.add(l.dest(2));
  l.add(l.number(3));
  l.add(Lowering::plain(l.list().size()));
  // Constant keys are updated in their order: of several that a map does not have, the error names the first.
  std::vector<std::pair<Operand, Operand>> pairs;
  bool constant = true;
  for (std::size_t i = 0; i + 1 < l.list().size(); i += 2) {
    pairs.emplace_back(l.source(l.list()[i]), l.source(l.list()[i + 1]));
    constant &= pairs.back().first.kind == code::OperandKind::Constant;
  }
  if (constant) {
    std::stable_sort(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) {
      return term::compare_total(term::Term::from_bits(a.first.word), term::Term::from_bits(b.first.word)) < 0;
    });
  }
  for (const auto& [key, value] : pairs) {
    l.add(key);
    l.add(value);
  }
  l.end();
}
}  // namespace
void put_map_assoc(Lowering& l) { put_map(l, Op::put_map_assoc); }
void put_map_exact(Lowering& l) { put_map(l, Op::put_map_exact); }
void has_map_fields(Lowering& l) {
  l.expect_list(2);
  l.begin(Op::has_map_fields);
  l.add(l.label(0));
  l.add(l.source(1));
  l.add(Lowering::plain(l.list().size()));
  for (const auto& o : l.list()) l.add(l.source(o));
  l.end();
}
void get_map_elements(Lowering& l) {
  l.expect_list(2);
  l.require(l.list().size() % 2 == 0);
  l.begin(Op::get_map_elements);
  l.add(l.label(0));
  l.add(l.source(1));
  l.add(Lowering::plain(l.list().size() & ~std::size_t{1}));
  for (std::size_t i = 0; i + 1 < l.list().size(); i += 2) {
    l.add(l.source(l.list()[i]));
    l.add(l.dest(l.list()[i + 1]));
  }
  l.end();
}

// --- messages
void send(Lowering& l) { l.emit(Op::send); }
void remove_message(Lowering& l) { l.emit(Op::remove_message); }
void timeout(Lowering& l) { l.emit(Op::timeout); }
void loop_rec(Lowering& l) { l.emit(Op::loop_rec, {l.label(0), l.dest(1), Lowering::plain(0)}); }
void loop_rec_end(Lowering& l) { l.emit(Op::loop_rec_end, {l.label(0)}); }
void wait(Lowering& l) { l.emit(Op::wait, {l.label(0)}); }
void wait_timeout(Lowering& l) { l.emit(Op::wait_timeout, {l.label(0), l.source(1)}); }
void recv_marker_reserve(Lowering& l) { l.emit(Op::recv_marker_reserve, {l.dest(0)}); }
void recv_marker_bind(Lowering& l) { l.emit(Op::recv_marker_bind, {l.source(0), l.source(1)}); }
void recv_marker_clear(Lowering& l) { l.emit(Op::recv_marker_clear, {l.source(0)}); }
void recv_marker_use(Lowering& l) { l.emit(Op::recv_marker_use, {l.source(0)}); }

// --- exceptions
void catch_(Lowering& l) { l.emit(Op::catch_, {l.y_slot(0), l.label(1)}); }
void catch_end(Lowering& l) { l.emit(Op::catch_end, {l.y_slot(0)}); }
void try_(Lowering& l) { l.emit(Op::try_, {l.y_slot(0), l.label(1)}); }
void try_end(Lowering& l) { l.emit(Op::try_end, {l.y_slot(0)}); }
void try_case(Lowering& l) { l.emit(Op::try_case, {l.y_slot(0)}); }
void try_case_end(Lowering& l) { l.emit(Op::try_case_end, {l.source(0)}); }
void badmatch(Lowering& l) { l.emit(Op::badmatch, {l.source(0)}); }
void case_end(Lowering& l) { l.emit(Op::case_end, {l.source(0)}); }
void if_end(Lowering& l) { l.emit(Op::if_end); }
void badrecord(Lowering& l) { l.emit(Op::badrecord, {l.source(0)}); }
void raise(Lowering& l) { l.emit(Op::raise, {l.source(0), l.source(1)}); }
void build_stacktrace(Lowering& l) { l.emit(Op::build_stacktrace); }
void raw_raise(Lowering& l) { l.emit(Op::raw_raise); }

}  // namespace vm::load::lower
