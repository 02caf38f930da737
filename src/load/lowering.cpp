// SPDX-License-Identifier: Apache-2.0
#include "load/lowering_internal.h"

#include <algorithm>

#include "heap/copy.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::load {

using beamfile::OperandKind;
using code::Operand;

namespace {
// A larger request is cut: room is a hint, memory that was not asked for comes from fragments.
constexpr Word kMaxHeapNeed = 1 << 16;
constexpr Word kFloatWords = 2;
constexpr Word kFunWords = 3;
}  // namespace

Operators::Operators(code::CodeStore& store) {
  const auto add = [&](Term name, unsigned arity, Op op) { rows.push_back({store.export_for(atoms::erlang, name, arity), op, arity}); };
  add(atoms::op_plus, 2, Op::add);
  add(atoms::op_minus, 2, Op::subtract);
  add(atoms::op_times, 2, Op::multiply);
  add(atoms::op_div, 2, Op::int_div);
  add(atoms::op_rem, 2, Op::rem);
  add(atoms::op_band, 2, Op::band);
  add(atoms::op_bor, 2, Op::bor);
  add(atoms::op_bxor, 2, Op::bxor);
  add(atoms::op_bsl, 2, Op::bsl);
  add(atoms::op_bsr, 2, Op::bsr);
  add(atoms::op_bnot, 1, Op::bnot);
  add(atoms::op_minus, 1, Op::negate);
  unary_plus = store.export_for(atoms::erlang, atoms::op_plus, 1);
  const std::pair<Term, unsigned> ending[] = {{atoms::error, 1},  {atoms::error, 2},     {atoms::error, 3},    {atoms::exit, 1},
                                              {atoms::throw_, 1}, {atoms::nif_error, 1}, {atoms::nif_error, 2}};
  for (const auto& [name, arity] : ending) never_return.push_back(store.export_for(atoms::erlang, name, arity));
}

const Operators::Row* Operators::find(const code::Export* e) const {
  for (const Row& row : rows) {
    if (row.built_in == e) return &row;
  }
  return nullptr;
}

bool Operators::ends(const code::Export* e) const {
  return e->mfa.module == atoms::erlang && std::find(never_return.begin(), never_return.end(), e) != never_return.end();
}

Lowering::Lowering(code::Function& function, Loader& loader)
    : function_(function), loader_(loader), extra_(LoadExtra::of(*function.instance)) {
  body_.function = &function;
}

bool Lowering::run() {
  extra_.unpack_lines(instance());
  beamfile::OperandLimits limits;
  limits.atoms = extra_.atom_count;
  limits.labels = extra_.label_count;
  limits.literals = extra_.has_literals ? UINT32_MAX : 0;
  beamfile::CodeReader reader(beamfile::Bytes(instance().code), limits);
  reader.seek(function_.code_begin);
  const std::size_t bytes = function_.code_end - function_.code_begin;
  body_.instructions.reserve(bytes / 4 + 4);
  body_.operands.reserve(bytes / 2 + 8);
  while (!bad_ && reader.offset() < function_.code_end && reader.next(current_)) {
    // Between put_tuple and its last put nothing else may stand.
    const bool is_put = static_cast<code::GenericOp>(current_.opcode) == code::GenericOp::put;
    require(is_put == pending_tuple.open);
    if (!bad_) lowering_of(current_.opcode)(*this);
  }
  return !bad_ && !pending_tuple.open && reader.offset() >= function_.code_end;
}

void Lowering::begin(Op op) { body_.instructions.push_back({op, static_cast<std::uint32_t>(body_.operands.size()), 0}); }

Term Lowering::big_integer(std::span<const Byte> bytes) {
  if (bytes.empty() || bytes.size() > (std::size_t{1} << 23)) return Term::non_value();
  const bool negative = (bytes[0] & 0x80) != 0;
  std::vector<Word> limbs((bytes.size() + kWordBytes - 1) / kWordBytes, 0);
  for (std::size_t i = 0; i < bytes.size(); i++) {
    const Byte b = bytes[bytes.size() - 1 - i];
    limbs[i / kWordBytes] |= Word{negative ? static_cast<Byte>(~b) : b} << (8 * (i % kWordBytes));
  }
  for (std::size_t i = 0; negative && i < limbs.size(); i++) {
    if (++limbs[i] != 0) break;
    if (i + 1 == limbs.size()) {
      limbs.push_back(1);
      break;
    }
  }
  heap::FragmentWriter writer(limbs.size() + 1);
  const heap::LiteralTerm literal = heap::make_literal(term::make_big(writer, limbs, negative));
  if (literal.area != nullptr) extra_.number_areas.push_back(literal.area);
  return literal.term;
}

Operand Lowering::source(const In& o) {
  switch (o.kind) {
    case OperandKind::XRegister: return {code::OperandKind::XReg, o.value};
    case OperandKind::YRegister: return {code::OperandKind::YReg, o.value};
    case OperandKind::Nil: return constant(term::kNil);
    case OperandKind::Atom: return constant(instance().atoms[o.value]);
    case OperandKind::Character:
      require(o.value <= static_cast<Word>(Term::kSmallMax));
      return constant(Term::small(bad_ ? 0 : static_cast<SWord>(o.value)));
    case OperandKind::Integer: {
      if (Term::fits_small(o.integer)) return constant(Term::small(o.integer));
      Byte bytes[kWordBytes];
      for (std::size_t i = 0; i < kWordBytes; i++) bytes[i] = static_cast<Byte>(o.value >> (8 * (kWordBytes - 1 - i)));
      return constant(big_integer(bytes));
    }
    case OperandKind::BigInteger: {
      const Term big = big_integer(o.bytes());
      require(big.is_value());
      return constant(big);
    }
    case OperandKind::Literal: {
      const Term t = extra_.literal(instance(), o.value);
      require(t.is_value());
      return constant(t.is_value() ? t : term::kNil);
    }
    default: require(false); return constant(term::kNil);
  }
}

Operand Lowering::dest(const In& o) {
  require(o.is_register());
  return {o.kind == OperandKind::YRegister ? code::OperandKind::YReg : code::OperandKind::XReg, o.value};
}

Operand Lowering::y_slot(unsigned i) {
  require(in(i).kind == OperandKind::YRegister);
  return {code::OperandKind::YReg, in(i).value};
}

Operand Lowering::float_reg(unsigned i) {
  require(in(i).kind == OperandKind::FloatRegister);
  return {code::OperandKind::FloatReg, in(i).value};
}

Operand Lowering::source_or_float(unsigned i) { return in(i).kind == OperandKind::FloatRegister ? float_reg(i) : source(i); }
Operand Lowering::dest_or_float(unsigned i) { return in(i).kind == OperandKind::FloatRegister ? float_reg(i) : dest(i); }

Operand Lowering::label(const In& o) {
  require(o.kind == OperandKind::Label);
  if (bad_ || o.value == 0) return no_label();
  const std::uint32_t offset = instance().label_offsets[o.value];
  require(offset >= function_.code_begin && offset < function_.code_end);
  return {code::OperandKind::Label, o.value};
}

Operand Lowering::number(const In& o) {
  require(o.kind == OperandKind::Unsigned);
  return plain(o.kind == OperandKind::Unsigned ? o.value : 0);
}

Operand Lowering::field_flags(const In& o) {
  constexpr Word kLittle = 2, kSigned = 4, kNative = 16;
  if (o.kind == OperandKind::Unsigned) return plain(o.value & UINT8_MAX);
  Word bits = 0;
  for (Term t = Term::from_bits(source(o).word); t.is_cons(); t = t.tail()) {
    const Term flag = t.head();
    if (flag == atoms::little) bits |= kLittle;
    else if (flag == atoms::signed_) bits |= kSigned;
    else if (flag == atoms::native) bits |= kNative;
  }
  return plain(bits);
}

Operand Lowering::atom(unsigned i) {
  require(in(i).kind == OperandKind::Atom);
  return bad_ ? constant(term::kNil) : constant(instance().atoms[in(i).value]);
}

Word Lowering::heap_need(unsigned i) {
  const In& o = in(i);
  if (o.kind == OperandKind::AllocList) {
    return std::min(kMaxHeapNeed, o.alloc_words() + o.alloc_floats() * kFloatWords + o.alloc_funs() * kFunWords);
  }
  return std::min(kMaxHeapNeed, number_value(i));
}

Operand Lowering::local_function(unsigned i) {
  require(in(i).kind == OperandKind::Label);
  code::Function* f = bad_ ? nullptr : function_of_label(instance(), in(i).value);
  require(f != nullptr);
  return {code::OperandKind::FunctionRef, reinterpret_cast<Word>(f)};
}

code::Export* Lowering::import(unsigned i) {
  require(in(i).kind == OperandKind::Unsigned && in(i).value < instance().imports.size());
  return bad_ ? nullptr : instance().imports[in(i).value];
}

code::FunEntry* Lowering::lambda(unsigned i) {
  require(in(i).kind == OperandKind::Unsigned && in(i).value < instance().lambdas.size());
  return bad_ ? nullptr : instance().lambdas[in(i).value];
}

Operand Lowering::string_bytes(Word offset, Word length) {
  const std::vector<Byte>& table = instance().strings;
  require(offset <= table.size() && length <= table.size() - offset);
  return {code::OperandKind::Bytes, bad_ ? 0 : reinterpret_cast<Word>(table.data() + offset)};
}

}  // namespace vm::load
