// SPDX-License-Identifier: Apache-2.0
#include "beamfile/code_reader.h"

namespace vm::beamfile {

namespace {

// What follows an operand with tag Z.
enum class Extended : std::uint8_t { OldFloat = 0, List = 1, FloatRegister = 2, AllocList = 3, Literal = 4, TypedRegister = 5 };

enum class AllocKind : std::uint8_t { Words = 0, Floats = 1, Funs = 2 };

constexpr std::uint64_t kMaxAllocEntries = 3;
constexpr std::uint64_t kMaxAllocCount = (std::uint64_t{1} << 31) - 1;

constexpr std::uint64_t extended(Extended kind) { return static_cast<std::uint64_t>(kind); }

}  // namespace

bool CodeReader::fail(Error error) {
  fault_ = {error, chunk::kCode, offset()};
  failed_ = true;
  return false;
}

bool CodeReader::begin(std::uint8_t& opcode) {
  if (failed_ || ended_) return false;
  if (at_ == end_) return fail(Error::Truncated);
  opcode = *at_;
  if (kOpcodeArity[opcode] == kUnknownOpcode) return fail(Error::UnknownOpcode);
  ++at_;
  ended_ = opcode == kOpcodeEnd;
  return true;
}

void CodeReader::seek(std::uint32_t offset) {
  VM_CHECK(offset <= static_cast<std::size_t>(end_ - start_));
  at_ = start_ + offset;
  ended_ = false;
}

bool CodeReader::read_term(CompactTerm& term) {
  const std::uint8_t* const next = read_compact(at_, end_, term);
  if (VM_UNLIKELY(next == nullptr)) return fail(Error::Truncated);
  at_ = next;
  return true;
}

bool CodeReader::read_index(std::uint64_t limit, std::uint64_t& index) {
  CompactTerm term;
  if (!read_term(term)) return false;
  if (!term.is(CompactTag::U)) return fail(Error::BadTag);
  if (term.value >= limit) return fail(Error::BadIndex);
  index = term.value;
  return true;
}

bool CodeReader::next(Instruction& out) {
  const std::uint8_t* const start = at_;
  if (!begin(out.opcode)) return false;
  out.offset = static_cast<std::uint32_t>(start - start_);
  out.arity = kOpcodeArity[out.opcode];
  out.list.clear();
  for (unsigned i = 0; i < out.arity; ++i) {
    Operand& operand = out.operands[i];
    bool good = read_operand(operand);
    if (good && operand.kind == OperandKind::List) {
      good = i + 1 == out.arity ? read_list(out, operand) : fail(Error::BadTag);
    }
    if (!good) {
      at_ = start;
      return false;
    }
  }
  return true;
}

bool CodeReader::read_operand(Operand& out) {
  CompactTerm term;
  if (!read_term(term)) return false;
  if (VM_UNLIKELY(term.wide_size != 0)) {
    const bool is_integer = term.tag == CompactTag::I;
    if (!is_integer && term.tag != CompactTag::U && term.tag != CompactTag::H) return fail(Error::BadIndex);
    out = Operand(is_integer ? OperandKind::BigInteger : OperandKind::Overflow, 0, term.wide_size);
    out.data = term.wide;
    return true;
  }
  const std::uint64_t value = term.value;
  switch (term.tag) {
    case CompactTag::U: out = Operand(OperandKind::Unsigned, value); return true;
    case CompactTag::I: out = Operand(OperandKind::Integer, value); return true;
    case CompactTag::A:
      if (value >= limits_.atoms && value != 0) return fail(Error::BadIndex);
      out = Operand(value == 0 ? OperandKind::Nil : OperandKind::Atom, value);
      return true;
    case CompactTag::X:
    case CompactTag::Y:
      if (value >= kMaxRegisters) return fail(Error::BadIndex);
      out = Operand(term.tag == CompactTag::X ? OperandKind::XRegister : OperandKind::YRegister, value);
      return true;
    case CompactTag::F:
      if (value >= limits_.labels && value != 0) return fail(Error::BadIndex);
      out = Operand(OperandKind::Label, value);
      return true;
    case CompactTag::H: out = Operand(OperandKind::Character, value); return true;
    case CompactTag::Z: return read_extended(value, out);
  }
  return fail(Error::BadTag);
}

bool CodeReader::read_extended(std::uint64_t kind, Operand& out) {
  std::uint64_t index = 0;
  switch (kind) {
    case extended(Extended::List):
      // Every element takes a byte at least, which bounds the memory a list can ask for.
      if (!read_index(static_cast<std::uint64_t>(end_ - at_), index)) return false;
      out = Operand(OperandKind::List, index);
      return true;
    case extended(Extended::FloatRegister):
      if (!read_index(kMaxRegisters, index)) return false;
      out = Operand(OperandKind::FloatRegister, index);
      return true;
    case extended(Extended::AllocList): return read_alloc_list(out);
    case extended(Extended::Literal):
      if (!read_index(limits_.literals, index)) return false;
      out = Operand(OperandKind::Literal, index);
      return true;
    case extended(Extended::TypedRegister): return read_typed_register(out);
    default: return fail(Error::BadTag);
  }
}

bool CodeReader::read_typed_register(Operand& out) {
  // Not through read_operand: a hint around a hint around a hint would recurse as deep as the input is long.
  CompactTerm term;
  if (!read_term(term)) return false;
  if (!term.is(CompactTag::X) && !term.is(CompactTag::Y)) return fail(Error::BadTag);
  if (term.value >= kMaxRegisters) return fail(Error::BadIndex);
  std::uint64_t type = 0;
  // A stripped module keeps the hints but not the table they index.
  const bool has_table = limits_.types != 0;
  if (!read_index(has_table ? limits_.types : UINT64_MAX, type)) return false;
  out = Operand(term.tag == CompactTag::X ? OperandKind::XRegister : OperandKind::YRegister, term.value,
                has_table ? static_cast<std::uint32_t>(type) : 0);
  return true;
}

bool CodeReader::read_alloc_list(Operand& out) {
  std::uint64_t entries = 0;
  if (!read_index(kMaxAllocEntries + 1, entries)) return false;
  std::array<std::uint64_t, 3> sums{};
  for (std::uint64_t i = 0; i < entries; ++i) {
    std::uint64_t kind = 0;
    std::uint64_t count = 0;
    if (!read_index(sums.size(), kind) || !read_index(kMaxAllocCount, count)) return false;
    sums[kind] += count;
    if (sums[kind] > kMaxAllocCount) return fail(Error::BadValue);
  }
  const auto sum = [&](AllocKind kind) { return sums[static_cast<std::size_t>(kind)]; };
  out = Operand(OperandKind::AllocList, sum(AllocKind::Words) | sum(AllocKind::Floats) << 32,
                static_cast<std::uint32_t>(sum(AllocKind::Funs)));
  return true;
}

bool CodeReader::read_list(Instruction& out, Operand& operand) {
  out.list.resize(operand.value);
  for (Operand& element : out.list) {
    if (!read_operand(element)) return false;
    if (element.kind == OperandKind::List || element.kind == OperandKind::AllocList) return fail(Error::BadTag);
  }
  return true;
}

bool CodeReader::skip(std::uint8_t& opcode) {
  const std::uint8_t* const start = at_;
  if (!begin(opcode)) return false;
  // A list adds its elements to what is left to skip; those are at least one byte each, so the sum cannot run away.
  std::uint64_t left = kOpcodeArity[opcode];
  bool good = true;
  while (left > 0 && good) {
    --left;
    bool is_list = false;
    good = skip_operand(is_list);
    if (good && is_list) {
      std::uint64_t elements = 0;
      good = read_index(static_cast<std::uint64_t>(end_ - at_), elements);
      left += elements;
    }
  }
  if (!good) at_ = start;
  return good;
}

bool CodeReader::skip_operand(bool& is_list) {
  CompactTerm term;
  if (!read_term(term)) return false;
  if (term.tag != CompactTag::Z) return true;
  std::uint64_t index = 0;
  switch (term.value) {
    case extended(Extended::List): is_list = true; return true;
    case extended(Extended::FloatRegister):
    case extended(Extended::Literal): return read_term(term);
    case extended(Extended::TypedRegister): return read_term(term) && read_term(term);
    case extended(Extended::AllocList):
      if (!read_index(kMaxAllocEntries + 1, index)) return false;
      for (std::uint64_t i = 0; i < 2 * index; ++i) {
        if (!read_term(term)) return false;
      }
      return true;
    default: return fail(Error::BadTag);
  }
}

}  // namespace vm::beamfile
