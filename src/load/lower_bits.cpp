// SPDX-License-Identifier: Apache-2.0
//
// The bit syntax, all four generations of instructions that OTP 22 to 28 emit.
#include <algorithm>

#include "load/lower_internal.h"
#include "term/atoms.h"

namespace vm::load::lower {

using beamfile::OperandKind;
using code::Operand;

namespace {

constexpr Word kMaxUnit = 256;
constexpr Word kMaxSlots = 255;
constexpr Word kMaxAllocation = 1 << 16;  // words of room asked for beside the binary itself

Operand unit(Lowering& l, const Lowering::In& o) {
  const Operand n = l.number(o);
  l.require(n.word >= 1 && n.word <= kMaxUnit);
  return n;
}
Operand unit(Lowering& l, unsigned i) { return unit(l, l.in(i)); }

Operand flags(Lowering& l, unsigned i) {
  const Operand n = l.number(i);
  l.require(n.word <= UINT8_MAX);
  return n;
}

// Sizes of binaries under construction may be plain numbers.
Operand size(Lowering& l, unsigned i) {
  if (l.in(i).kind != OperandKind::Unsigned) return l.source(i);
  l.require(l.in(i).value <= static_cast<Word>(Term::kSmallMax));
  return Lowering::constant(Term::small(static_cast<SWord>(l.in(i).value & UINT32_MAX)));
}

// Words needed besides the binary: a number, or a list when funs or floats are made next.
Operand extra_words(Lowering& l, unsigned i) { return Lowering::plain(std::min(kMaxAllocation, l.heap_need(i))); }

// Code before OTP 22 saves positions in numbered slots of the context; number 0 is ours: the start.
Operand slot(Lowering& l, unsigned i) {
  if (l.in(i).kind == OperandKind::Atom) return Lowering::plain(0);
  l.require(l.number_value(i) <= kMaxSlots);
  return Lowering::plain(l.number_value(i) + 1);
}

// Fail Ctx Live Size Unit Flags Dst
void get_field(Lowering& l, Op op) { l.emit(op, {l.label(0), l.source(1), l.number(2), l.source(3), unit(l, 4), flags(l, 5), l.dest(6)}); }
// Fail Size Unit Flags Src
void put_field(Lowering& l, Op op) { l.emit(op, {l.label(0), l.source(1), unit(l, 2), flags(l, 3), l.source(4)}); }

}  // namespace

// --- matching
void bs_start_match2(Lowering& l) {
  l.require(l.number_value(3) <= kMaxSlots);
  const Operand dst = l.dest(4);
  l.emit(Op::bs_start_match, {l.label(0), l.number(2), l.source(1), dst, Lowering::plain(l.number_value(3) + 1)});
  l.emit(Op::bs_save, {dst, Lowering::plain(0)});
}
void bs_start_match3(Lowering& l) { l.emit(Op::bs_start_match, {l.label(0), l.number(2), l.source(1), l.dest(3), Lowering::plain(0)}); }
void bs_start_match4(Lowering& l) {
  // no_fail and resume: the compiler knows that it is a bit string or a context.
  const Operand fail = l.in(0).kind == OperandKind::Atom ? Lowering::no_label() : l.label(0);
  l.emit(Op::bs_start_match, {fail, l.number(1), l.source(2), l.dest(3), Lowering::plain(0)});
}
void bs_save2(Lowering& l) { l.emit(Op::bs_save, {l.source(0), slot(l, 1)}); }
void bs_restore2(Lowering& l) { l.emit(Op::bs_restore, {l.source(0), slot(l, 1)}); }
void bs_get_position(Lowering& l) { l.emit(Op::bs_get_position, {l.source(0), l.dest(1), l.number(2)}); }
void bs_set_position(Lowering& l) { l.emit(Op::bs_set_position, {l.source(0), l.source(1)}); }
void bs_get_tail(Lowering& l) { l.emit(Op::bs_get_tail, {l.source(0), l.dest(1), l.number(2)}); }
void bs_context_to_binary(Lowering& l) { l.emit(Op::bs_context_to_binary, {l.dest(0)}); }
void bs_get_integer2(Lowering& l) { get_field(l, Op::bs_get_integer); }
void bs_get_float2(Lowering& l) { get_field(l, Op::bs_get_float); }
void bs_get_binary2(Lowering& l) { get_field(l, Op::bs_get_binary); }
void bs_skip_bits2(Lowering& l) { l.emit(Op::bs_skip_bits, {l.label(0), l.source(1), l.source(2), unit(l, 3), flags(l, 4)}); }
void bs_test_tail2(Lowering& l) {
  if (l.in(2).kind == beamfile::OperandKind::Overflow) {  // no bitstring is that long
    l.source(1);
    l.emit(Op::jump, {l.label(0)});
    return;
  }
  l.emit(Op::bs_test_tail, {l.label(0), l.source(1), l.number(2)});
}
void bs_test_unit(Lowering& l) { l.emit(Op::bs_test_unit, {l.label(0), l.source(1), unit(l, 2)}); }
void bs_match_string(Lowering& l) {
  const Word bits = l.number_value(2);
  l.emit(Op::bs_match_string,
         {l.label(0), l.source(1), Lowering::plain(bits), l.string_bytes(l.number_value(3), bits / 8 + (bits % 8 != 0))});
}
void bs_get_utf8(Lowering& l) { l.emit(Op::bs_get_utf8, {l.label(0), l.source(1), l.dest(4)}); }
void bs_get_utf16(Lowering& l) { l.emit(Op::bs_get_utf16, {l.label(0), l.source(1), flags(l, 3), l.dest(4)}); }
void bs_get_utf32(Lowering& l) { l.emit(Op::bs_get_utf32, {l.label(0), l.source(1), flags(l, 3), l.dest(4)}); }
void bs_skip_utf8(Lowering& l) { l.emit(Op::bs_skip_utf8, {l.label(0), l.source(1)}); }
void bs_skip_utf16(Lowering& l) { l.emit(Op::bs_skip_utf16, {l.label(0), l.source(1), flags(l, 3)}); }
void bs_skip_utf32(Lowering& l) { l.emit(Op::bs_skip_utf32, {l.label(0), l.source(1), flags(l, 3)}); }

namespace {

// How the operands of a bs_match command read: u plain number, g flags, n unit, s constant, d destination.
struct MatchCommand {
  Term name;
  std::string_view shape;
};
// Numbers of a command come with or without the tag of an integer; an unused one is nil.
Operand plain_number(Lowering& l, const Lowering::In& o) {
  if (o.kind == OperandKind::Nil) return Lowering::plain(0);
  if (o.kind != OperandKind::Integer) return l.number(o);
  l.require(o.integer >= 0);
  return Lowering::plain(o.value);
}

const MatchCommand kMatchCommands[] = {
    {atoms::ensure_at_least, "un"}, {atoms::ensure_exactly, "u"}, {atoms::integer, "uguns"},   {atoms::binary, "uguns"},
    {atoms::get_tail, "uus"},       {atoms::skip, "u"},           {atoms::op_eq_exact, "uus"},
};

}  // namespace

void bs_match(Lowering& l) {
  l.expect_list(2);
  const std::span<const Lowering::In> in = l.list();
  std::vector<Operand> out;
  for (std::size_t i = 0; i < in.size();) {
    l.require(in[i].kind == OperandKind::Atom);
    const Term name = in[i].kind == OperandKind::Atom ? l.instance().atoms[in[i].value] : term::kNil;
    const MatchCommand* command = nullptr;
    for (const MatchCommand& c : kMatchCommands) {
      if (c.name == name) command = &c;
    }
    l.require(command != nullptr && in.size() - i > command->shape.size());
    if (command == nullptr || in.size() - i <= command->shape.size()) return;
    out.push_back(Lowering::constant(name));
    const bool compares = name == atoms::op_eq_exact;
    for (std::size_t k = 0; k < command->shape.size(); k++) {
      const Lowering::In& o = in[i + 1 + k];
      switch (command->shape[k]) {
        case 'u': out.push_back(plain_number(l, o)); break;
        case 'g': out.push_back(l.field_flags(o)); break;
        case 'n': {
          const Operand n = plain_number(l, o);
          l.require(n.word >= 1 && n.word <= kMaxUnit);
          out.push_back(n);
          break;
        }
        default: out.push_back(compares ? l.source(o) : l.dest(o)); break;
      }
    }
    i += 1 + command->shape.size();
  }
  l.begin(Op::bs_match);
  l.add(l.label(0));
  l.add(l.source(1));
  l.add(Lowering::plain(out.size()));
  for (const Operand& o : out) l.add(o);
  l.end();
}

// --- construction
void bs_init2(Lowering& l) {
  l.emit(Op::bs_init, {l.label(0), size(l, 1), Lowering::plain(0), extra_words(l, 2), l.number(3), flags(l, 4), l.dest(5)});
}
void bs_init_bits(Lowering& l) {
  l.emit(Op::bs_init, {l.label(0), size(l, 1), Lowering::plain(1), extra_words(l, 2), l.number(3), flags(l, 4), l.dest(5)});
}
void bs_append(Lowering& l) {
  l.emit(Op::bs_append, {l.label(0), size(l, 1), extra_words(l, 2), l.number(3), unit(l, 4), l.source(5), flags(l, 6), l.dest(7)});
}
void bs_private_append(Lowering& l) {
  l.emit(Op::bs_private_append, {l.label(0), size(l, 1), unit(l, 2), l.source(3), flags(l, 4), l.dest(5)});
}
void bs_init_writable(Lowering& l) { l.emit(Op::bs_init_writable); }
void bs_put_integer(Lowering& l) { put_field(l, Op::bs_put_integer); }
void bs_put_float(Lowering& l) { put_field(l, Op::bs_put_float); }
void bs_put_binary(Lowering& l) { put_field(l, Op::bs_put_binary); }
void bs_put_string(Lowering& l) { l.emit(Op::bs_put_string, {l.number(0), l.string_bytes(l.number_value(1), l.number_value(0))}); }
void bs_put_utf8(Lowering& l) { l.emit(Op::bs_put_utf8, {l.label(0), flags(l, 1), l.source(2)}); }
void bs_put_utf16(Lowering& l) { l.emit(Op::bs_put_utf16, {l.label(0), flags(l, 1), l.source(2)}); }
void bs_put_utf32(Lowering& l) { l.emit(Op::bs_put_utf32, {l.label(0), flags(l, 1), l.source(2)}); }
void bs_add(Lowering& l) { l.emit(Op::bs_add, {l.label(0), size(l, 1), size(l, 2), unit(l, 3), l.dest(4)}); }
void bs_utf8_size(Lowering& l) { l.emit(Op::bs_utf8_size, {l.label(0), l.source(1), l.dest(2)}); }
void bs_utf16_size(Lowering& l) { l.emit(Op::bs_utf16_size, {l.label(0), l.source(1), l.dest(2)}); }

void bs_create_bin(Lowering& l) {
  constexpr std::size_t kSegmentOperands = 6;
  l.expect_list(5);
  const std::span<const Lowering::In> in = l.list();
  l.require(in.size() % kSegmentOperands == 0);
  l.begin(Op::bs_create_bin);
  l.add(l.label(0));
  l.add(Lowering::plain(std::min(kMaxAllocation, l.heap_need(1))));
  l.add(l.number(2));
  l.add(unit(l, 3));
  l.add(l.dest(4));
  l.add(Lowering::plain(in.size() / kSegmentOperands * kSegmentOperands));
  for (std::size_t i = 0; i + kSegmentOperands <= in.size(); i += kSegmentOperands) {
    l.require(in[i].kind == OperandKind::Atom);
    const Term type = in[i].kind == OperandKind::Atom ? l.instance().atoms[in[i].value] : term::kNil;
    const bool is_utf = type == atoms::utf8 || type == atoms::utf16 || type == atoms::utf32;
    const bool is_field =
        type == atoms::integer || type == atoms::float_ || type == atoms::binary || type == atoms::append || type == atoms::private_append;
    const bool is_string = type == atoms::string;
    l.require(is_utf || is_field || is_string);
    l.add(Lowering::constant(type));
    l.add(l.number(in[i + 1]));
    l.add(is_utf ? l.number(in[i + 2]) : unit(l, in[i + 2]));
    l.add(l.source(in[i + 3]));
    if (is_string) {
      const Operand length = l.source(in[i + 5]);
      const Term bytes = Term::from_bits(length.word);
      l.require(length.kind == code::OperandKind::Constant && bytes.is_small() && bytes.small_value() >= 0);
      l.add(l.string_bytes(l.number(in[i + 4]).word, bytes.is_small() ? static_cast<Word>(bytes.small_value()) : 0));
      l.add(length);
    } else {
      l.add(l.source(in[i + 4]));
      l.add(l.source(in[i + 5]));
    }
  }
  l.end();
}

}  // namespace vm::load::lower
