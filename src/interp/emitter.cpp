// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "heap/process_heap.h"
#include "interp/emitter_internal.h"
#include "interp/slow.h"
#include "ops/bits.h"

namespace vm::interp {

using code::Op;
using code::Operand;
using code::OperandKind;

void Emitter::emit() {
  stress_ = heap::stress_modes.collect_every_point;
  Word low = ~Word{0}, high = 0;
  for (const code::Instruction& i : body_.instructions) {
    if (i.op != Op::label) continue;
    Word label = body_.operands[i.first].word;
    low = std::min(low, label);
    high = std::max(high, label);
  }
  if (low <= high) {
    label_base_ = low;
    label_offsets_.assign(high - low + 1, kNoOffset);
  }
  cells.reserve(body_.operands.size() + body_.instructions.size());
  for (std::size_t at = 0; at < body_.instructions.size();) {
    Op op = body_.instructions[at].op;
    std::size_t taken = !stress_ ? fuse(at) : op == Op::call_fun || op == Op::call_fun2 ? tail_call_fun(at) : 0;
    if (taken == 0) {
      emit_one(body_.instructions[at]);
      taken = 1;
    }
    for (std::size_t end = at + taken; at < end; at++) follow_tuple(body_.instructions[at]);
  }
  // Control that runs off the end, or jumps to a label that is not there, raises.
  bad_code_ = static_cast<std::uint32_t>(cells.size());
  put(Op::bad_code);
  if (!stress_) join();
}

std::size_t Emitter::offset_of(Word label) const {
  if (label < label_base_ || label - label_base_ >= label_offsets_.size()) return bad_code_;
  std::uint32_t offset = label_offsets_[label - label_base_];
  return offset == kNoOffset ? bad_code_ : offset;
}

std::size_t Emitter::entry_offset() const { return offset_of(body_.function->entry_label); }

void Emitter::define_label(Word label) { label_offsets_[label - label_base_] = static_cast<std::uint32_t>(cells.size()); }

void Emitter::note_line(Word index) {
  auto cell = static_cast<std::uint32_t>(cells.size());
  if (!lines.empty() && lines.back().cell == cell) lines.pop_back();
  lines.push_back({cell, static_cast<std::uint32_t>(index)});
}

CodeWord Emitter::encode(const Operand& o) {
  switch (o.kind) {
    case OperandKind::XReg: return register_cell(o.word, true);
    case OperandKind::YReg: return register_cell(o.word, false);
    default: return o.word;
  }
}

void Emitter::put_label(Word label) {
  if (label != 0) label_fixups.push_back({cells.size(), label});
  put(CodeWord{0});
}

void Emitter::put_operand(const Operand& o) {
  if (o.kind == OperandKind::Label) put_label(o.word);
  else put(encode(o));
}

void Emitter::emit_one(const code::Instruction& i) {
  if (stress_ && (code::kOps[static_cast<unsigned>(i.op)].attrs & code::kOpAttrGc) != 0) {
    // The operand called live is the last Number of allocate, allocate_heap, test_heap; others collect at these.
    if (i.op == Op::allocate || i.op == Op::allocate_heap || i.op == Op::test_heap) {
      put(Fused::stress_collect);
      put(body_.operands_of(i).back().word);
    }
  }
  if (!emit_special(i)) emit_plain(i);
}

void Emitter::emit_plain(const code::Instruction& i) {
  put(i.op);
  for (const Operand& o : body_.operands_of(i)) put_operand(o);
}

bool Emitter::emit_special(const code::Instruction& i) {
  Operands o = body_.operands_of(i);
  switch (i.op) {
    case Op::func_info:
      emit_plain(i);
      put(reinterpret_cast<CodeWord>(body_.function));  // found in front of the entry by a breakpoint there
      return true;
    case Op::label:
      define_label(o[0].word);
      if (body_.native_form && o[0].word == body_.function->entry_label) {
        put(Fused::native_form);
        put(reinterpret_cast<CodeWord>(body_.native_form));
      }
      return true;
    case Op::line: note_line(o[0].word); return true;
    case Op::function_entry:
    case Op::on_load_end:
    case Op::nif_start:
    case Op::executable_line:
    case Op::debug_line: return true;
    case Op::call_bif:
    case Op::call_bif_only:
    case Op::call_bif_last: emit_call_bif(i); return true;
    case Op::call_fun:
    case Op::call_fun2:
      emit_plain(i);
      put(CodeWord{0});  // a note of where the call went
      return true;
    case Op::float_move: emit_float_move(o); return true;
    case Op::float_from:
      if (o[0].kind == OperandKind::FloatReg) put(Fused::float_copy);
      else put(Op::float_from);
      put_operand(o[0]);
      put_operand(o[1]);
      return true;
    case Op::select_val: emit_select(o); return true;
    case Op::catch_:
    case Op::try_:
      put(i.op);
      put_operand(o[0]);
      catch_fixups.push_back({cells.size(), o[1].word});
      put(CodeWord{0});
      return true;
    case Op::bs_create_bin: emit_create_bin(o); return true;
    case Op::bs_match: emit_bs_match(o); return true;
    default: return false;
  }
}

void Emitter::emit_enter_dirty(const code::Bif& bif) {
  if (!may_last(bif.kind)) return;
  put(Fused::enter_dirty);
  put(reinterpret_cast<CodeWord>(&bif));
}

// A call in tail position is followed by where the process goes on when the built-in traps.
void Emitter::emit_call_bif(const code::Instruction& i) {
  Operands o = body_.operands_of(i);
  emit_enter_dirty(*reinterpret_cast<const code::Bif*>(o[0].word));
  emit_plain(i);
  if (i.op == Op::call_bif_only) put(Op::return_);
  if (i.op == Op::call_bif_last) {
    put(Fused::deallocate_return);
    put_operand(o[1]);
  }
}

void Emitter::emit_float_move(Operands o) {
  bool from_float = o[0].kind == OperandKind::FloatReg;
  bool to_float = o[1].kind == OperandKind::FloatReg;
  bool x = !stress_ && o[from_float ? 1 : 0].kind == OperandKind::XReg;
  if (from_float) put(to_float ? Fused::float_copy : x ? Fused::float_store_x : Fused::float_store);
  else put(x ? Fused::float_load_x : Fused::float_load);
  put_operand(o[0]);
  put_operand(o[1]);
}

namespace {

struct Case {
  Word value;
  Word label;
};

// A step in which all cases lie densely: 3 for small integers, 6 for atoms; -1: they do not.
int dense_shift(const std::vector<Case>& sorted) {
  if (sorted.size() < 4) return -1;
  Term first = Term::from_bits(sorted.front().value);
  bool small = first.is_small();
  if (!small && !first.is_atom()) return -1;
  for (const Case& c : sorted)
    if (small ? !Term::from_bits(c.value).is_small() : !Term::from_bits(c.value).is_atom()) return -1;
  int shift = small ? 3 : 6;
  Word range = (sorted.back().value - sorted.front().value) >> shift;
  return range < 4 * sorted.size() ? shift : -1;
}

}  // namespace

void Emitter::emit_select(Operands o) {
  std::vector<Case> all;
  for (std::size_t k = 3; k + 1 < o.size(); k += 2) all.push_back({o[k].word, o[k + 1].word});
  // Words compare unsigned; a table of small integers is shifted so that negative ones come first.
  bool small = !all.empty() && std::all_of(all.begin(), all.end(), [](const Case& c) { return Term::from_bits(c.value).is_small(); });
  std::stable_sort(all.begin(), all.end(), [small](const Case& a, const Case& b) {
    return small ? static_cast<SWord>(a.value) < static_cast<SWord>(b.value) : a.value < b.value;
  });
  int shift = dense_shift(all);
  if (shift > 0) {
    Word low = all.front().value;
    Word range = ((all.back().value - low) >> shift) + 1;
    put(o[0].kind == OperandKind::XReg ? Fused::select_dense_x : Fused::select_dense);
    put_operand(o[0]);
    put_label(o[1].word);
    put(range);
    put(low);
    put(static_cast<CodeWord>(shift));
    std::size_t next = 0;
    for (Word k = 0; k < range; k++) {
      if (next < all.size() && (all[next].value - low) >> shift == k) {
        put_label(all[next].label);
        while (next < all.size() && (all[next].value - low) >> shift == k) next++;
      } else {
        put_label(o[1].word);
      }
    }
    return;
  }
  if (small) std::stable_sort(all.begin(), all.end(), [](const Case& a, const Case& b) { return a.value < b.value; });
  put(all.size() > 8 ? Fused::select_sorted : o[0].kind == OperandKind::XReg ? Fused::select_linear_x : Fused::select_linear);
  put_operand(o[0]);
  put_label(o[1].word);
  put(all.size());
  for (const Case& c : all) {
    put(c.value);
    put_label(c.label);
  }
}

namespace {

Segment segment_type(Term t) {
  if (t == atoms::integer) return Segment::Integer;
  if (t == atoms::float_) return Segment::Float;
  if (t == atoms::append) return Segment::Append;
  if (t == atoms::private_append) return Segment::PrivateAppend;
  if (t == atoms::utf8) return Segment::Utf8;
  if (t == atoms::utf16) return Segment::Utf16;
  if (t == atoms::utf32) return Segment::Utf32;
  if (t == atoms::string) return Segment::String;
  return Segment::Binary;
}

// Field flags as ops/bits.h has them from a list of atoms (or the number older instructions use).
Word field_flags(Term list) {
  if (list.is_small()) return static_cast<Word>(list.small_value());
  Word flags = 0;
  for (; list.is_cons(); list = list.tail()) {
    if (list.head() == atoms::little) flags |= ops::kLittle;
    if (list.head() == atoms::signed_) flags |= ops::kSigned;
    if (list.head() == atoms::native) flags |= ops::kNative;
  }
  return flags;
}

}  // namespace

namespace {

// Size of a segment where it is a constant; what is wrong with others turns out when they are built.
Word segment_bits(Segment type, const Operand& size, Word unit) {
  if (type == Segment::Append || type == Segment::PrivateAppend) return 0;
  if (type == Segment::String) unit = 8;
  if (type == Segment::Utf8 || type == Segment::Utf16 || type == Segment::Utf32 || size.kind != OperandKind::Constant) return kBitsOpen;
  std::size_t bits;
  return ops::field_bits(Term::from_bits(size.word), unit, &bits) && bits < kMaxBuildBits >> 8 ? bits : kBitsOpen;
}

}  // namespace

// fail alloc live unit dst n segments... → CreateCell and SegmentCell
void Emitter::emit_create_bin(Operands o) {
  std::size_t n = (o.size() - 6) / 6;
  put(Op::bs_create_bin);
  put_operand(o[0]);
  put(o[1].word);
  put(o[2].word);
  put_operand(o[4]);
  put(n);
  std::size_t sums = cells.size();
  put(Word{0});
  put(Word{0});
  Word fixed = 0, open = 0;
  for (std::size_t k = 0; k < n; k++) {
    Operands s = o.subspan(6 + 6 * k, 6);
    Segment type = segment_type(Term::from_bits(s[0].word));
    put(static_cast<CodeWord>(type));
    put(s[1].word);
    put(s[2].word);
    put(field_flags(Term::from_bits(s[3].word)));
    put_operand(s[4]);
    put_operand(s[5]);
    Word bits = segment_bits(type, s[5], s[2].word);
    put(bits);
    if (bits == kBitsOpen) open++;
    else fixed += bits;
  }
  cells[sums] = fixed;
  cells[sums + 1] = open;
}

// fail ctx n commands... → [label][fail][ctx][cells] and per command its number and numbers or registers.
void Emitter::emit_bs_match(Operands o) {
  put(Op::bs_match);
  put_operand(o[0]);
  put_operand(o[1]);
  std::size_t count_cell = cells.size();
  put(CodeWord{0});
  std::size_t k = 3;
  auto number = [&] {
    const Operand& v = o[k++];
    put(v.kind == OperandKind::Constant && Term::from_bits(v.word).is_small() ? static_cast<CodeWord>(Term::from_bits(v.word).small_value())
                                                                              : v.word);
  };
  while (k < o.size()) {
    Term name = Term::from_bits(o[k++].word);
    std::size_t left = o.size() - k;
    auto command = [&](MatchCommand c) { put(static_cast<CodeWord>(c)); };
    if (name == atoms::ensure_at_least && left >= 2) {
      command(MatchCommand::EnsureAtLeast);
      number(), number();
    } else if (name == atoms::ensure_exactly && left >= 1) {
      command(MatchCommand::EnsureExactly);
      number();
    } else if ((name == atoms::integer || name == atoms::binary) && left >= 5) {
      command(name == atoms::integer ? MatchCommand::Integer : MatchCommand::Binary);
      k++;  // live
      put(field_flags(o[k].kind == OperandKind::Constant ? Term::from_bits(o[k].word) : Term::small(static_cast<SWord>(o[k].word))));
      k++;
      number(), number();
      put_operand(o[k++]);
    } else if (name == atoms::get_tail && left >= 3) {
      command(MatchCommand::GetTail);
      k++;
      number();
      put_operand(o[k++]);
    } else if (name == atoms::equal_exactly && left >= 3) {
      command(MatchCommand::Equal);
      k++;
      number();
      put(o[k].kind == OperandKind::Number ? Term::small(static_cast<SWord>(o[k].word)).bits() : o[k].word);
      k++;
    } else if (name == atoms::skip && left >= 1) {
      command(MatchCommand::Skip);
      number();
    } else {
      break;
    }
  }
  cells[count_cell] = cells.size() - count_cell - 1;
}

}  // namespace vm::interp
