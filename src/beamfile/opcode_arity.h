// SPDX-License-Identifier: Apache-2.0
//
// How many operands each instruction of the .beam format has: all that is needed to walk code. The numbers are generated from
// code/generic_ops.tab, which also says what an instruction means and which releases have it.
#pragma once

#include <array>
#include <cstdint>
#include <iterator>

#include "beamfile/opcode_arity.gen.h"

namespace vm::beamfile {

inline constexpr std::uint8_t kUnknownOpcode = 0xff;
inline constexpr unsigned kMaxOpcode = std::size(kOpcodeArities) - 1;
inline constexpr unsigned kMaxOperands = 8;
inline constexpr std::uint8_t kOpcodeEnd = 3;  // int_code_end, the last instruction of every module

namespace detail {

constexpr std::array<std::uint8_t, 256> make_opcode_arity() {
  std::array<std::uint8_t, 256> table{};
  for (auto& entry : table) entry = kUnknownOpcode;
  for (unsigned opcode = 1; opcode <= kMaxOpcode; ++opcode) table[opcode] = kOpcodeArities[opcode];
  return table;
}

}  // namespace detail

// Operands of each opcode; kUnknownOpcode where there is no such instruction.
inline constexpr std::array<std::uint8_t, 256> kOpcodeArity = detail::make_opcode_arity();

}  // namespace vm::beamfile
