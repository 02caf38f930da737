// SPDX-License-Identifier: Apache-2.0
//
// How many operands each instruction of the .beam format has: all that is needed to walk code. What an instruction means, and which
// releases have it, is in code/generic_ops.tab; a unit test keeps both in
// agreement.
#pragma once

#include <array>
#include <cstdint>

namespace vm::beamfile {

inline constexpr std::uint8_t kUnknownOpcode = 0xff;
inline constexpr unsigned kMaxOpcode = 191;
inline constexpr unsigned kMaxOperands = 8;
inline constexpr std::uint8_t kOpcodeEnd = 3;  // int_code_end, the last instruction of every module

namespace detail {

// Opcodes 1 to 191; the comments give the opcode that starts the line.
inline constexpr std::array<std::uint8_t, kMaxOpcode> kArities = {
    1, 3, 0, 2, 3, 2, 2, 3, 2, 4, 5, 2, 3, 2, 3, 2, 1, 1, 0, 0,  // 1
    0, 0, 2, 1, 1, 2, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 3, 3, 3,  // 21
    3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3,  // 41
    1, 2, 1, 2, 3, 3, 3, 3, 3, 2, 1, 1, 0, 1, 1, 3, 2, 2, 2, 5,  // 61
    5, 5, 4, 2, 1, 1, 2, 2, 5, 5, 5, 2, 1, 0, 1, 2, 2, 4, 4, 4,  // 81
    4, 3, 1, 2, 1, 1, 1, 2, 6, 3, 5, 1, 2, 2, 3, 5, 7, 7, 7, 5,  // 101
    3, 2, 2, 5, 6, 2, 2, 2, 2, 1, 3, 4, 0, 8, 6, 2, 6, 5, 4, 5,  // 121
    4, 5, 4, 3, 3, 3, 3, 3, 0, 1, 1, 7, 1, 5, 5, 2, 3, 3, 4, 0,  // 141
    0, 2, 2, 2, 3, 4, 3, 2, 2, 4, 3, 1, 2, 1, 1, 1, 6, 3, 0, 1,  // 161
    5, 3, 2, 4, 6, 2, 4, 3, 6, 3, 5,                             // 181
};

constexpr std::array<std::uint8_t, 256> make_opcode_arity() {
  std::array<std::uint8_t, 256> table{};
  for (auto& entry : table) entry = kUnknownOpcode;
  for (unsigned opcode = 1; opcode <= kMaxOpcode; ++opcode) table[opcode] = kArities[opcode - 1];
  return table;
}

}  // namespace detail

// Operands of each opcode; kUnknownOpcode where there is no such instruction.
inline constexpr std::array<std::uint8_t, 256> kOpcodeArity = detail::make_opcode_arity();

}  // namespace vm::beamfile
