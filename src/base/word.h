// SPDX-License-Identifier: Apache-2.0
//
// The machine's units. A Word is one 64-bit heap cell; every size of heap data in Girder is counted in words unless the name
// of the quantity says bytes or bits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vm {

using Word = std::uint64_t;
using SWord = std::int64_t;
using Byte = std::uint8_t;

inline constexpr std::size_t kWordBytes = sizeof(Word);
static_assert(kWordBytes == 8, "Girder is a 64-bit machine");

// Words needed to hold `bytes` bytes.
constexpr std::size_t words_for_bytes(std::size_t bytes) { return (bytes + kWordBytes - 1) / kWordBytes; }

}  // namespace vm
