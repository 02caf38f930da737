// SPDX-License-Identifier: Apache-2.0
//
// Feeds arbitrary bytes to the .beam reader: container, every table, every instruction, decoded and skipped. Both walks must agree
// on where instructions start, and indexes that the reader let through must be in range.
#include <cstddef>
#include <cstdint>

#include "beamfile/module_file.h"

namespace {

using namespace vm::beamfile;

void check_operand(const ModuleFile& file, const Operand& operand) {
  switch (operand.kind) {
    case OperandKind::Atom: VM_CHECK(operand.value != 0 && operand.value < file.atoms.names.size()); break;
    case OperandKind::Literal: VM_CHECK(operand.value < file.literals.terms.size()); break;
    case OperandKind::Label: VM_CHECK(operand.value == 0 || operand.value < file.code.label_count); break;
    case OperandKind::XRegister:
    case OperandKind::YRegister: VM_CHECK(operand.value < kMaxRegisters && operand.type < file.types.types.size()); break;
    case OperandKind::BigInteger:
    case OperandKind::Overflow: VM_CHECK(!operand.bytes().empty() && operand.bytes()[0] + operand.bytes().back() >= 0); break;
    default: break;
  }
}

void walk(const ModuleFile& file) {
  CodeReader decoding(file.code.code, file.limits());
  CodeReader skipping(file.code.code, file.limits());
  Instruction instruction;
  while (decoding.next(instruction)) {
    for (unsigned i = 0; i < instruction.arity; ++i) check_operand(file, instruction.operand(i));
    for (const Operand& element : instruction.list) check_operand(file, element);
    std::uint8_t opcode = 0;
    VM_CHECK(skipping.skip(opcode));
    VM_CHECK(opcode == instruction.opcode && skipping.offset() == decoding.offset());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input(data, size);
  if (is_gzip(input)) {
    constexpr std::size_t kLimit = std::size_t{1} << 20;
    (void)gunzip(input, kLimit).has_value();
  }
  std::size_t checksum_bytes = 0;
  if (const auto file = ModuleFile::read(input); file.has_value()) {
    walk(file.value());
    visit_checksum(file.value(), [&](Bytes piece) { checksum_bytes += piece.size(); });
    VM_CHECK(checksum_bytes <= size);
  }
  // The chunk readers again without the rest of a module around them.
  (void)read_literals(input).has_value();
  (void)read_lines(input).has_value();
  (void)read_types(input).has_value();
  (void)read_atoms(input, TextEncoding::Utf8).has_value();
  return 0;
}
