// SPDX-License-Identifier: Apache-2.0
//
// The compact term: the encoding of every operand in the Code chunk, of line items, and of atom lengths in newer files. The low three
// bits of the first byte are a tag; the rest says how the number follows:
//
//   vvvv 0ttt                    0..15
//   vvv0 1ttt  vvvvvvvv          0..2047
//   nnn1 1ttt  (n + 2 bytes)     2..8 bytes, big-endian, signed for integers
//   1111 1ttt  size  bytes       9 bytes and more; size is a compact term with tag u and counts from 9
#pragma once

#include <cstddef>
#include <cstdint>

namespace vm::beamfile {

enum class CompactTag : std::uint8_t { U = 0, I = 1, A = 2, X = 3, Y = 4, F = 5, H = 6, Z = 7 };

// A decoded compact term. A number that fits 64 bits is in `value` (sign-extended when the tag is I) and `wide_size` is zero; a larger
// one, or a negative one with another tag than I, stays in the input as `wide_size` big-endian two's-complement bytes at `wide`.
struct CompactTerm {
  CompactTag tag = CompactTag::U;
  std::uint32_t wide_size = 0;
  std::uint64_t value = 0;
  const std::uint8_t* wide = nullptr;

  bool is(CompactTag wanted) const { return tag == wanted && wide_size == 0; }
};

// Decodes the long forms (first byte has bits 3 and 4 set). Returns the next position, null when the data ends.
const std::uint8_t* read_compact_long(const std::uint8_t* at, const std::uint8_t* end, CompactTerm& out);

// Decodes one compact term at `at`. Returns the next position, null when the data ends.
inline const std::uint8_t* read_compact(const std::uint8_t* at, const std::uint8_t* end, CompactTerm& out) {
  if (at == end) return nullptr;
  const std::uint8_t first = *at;
  out.tag = static_cast<CompactTag>(first & 7);
  out.wide_size = 0;
  if ((first & 8) == 0) {
    out.value = first >> 4;
    return at + 1;
  }
  if ((first & 16) == 0) {
    if (end - at < 2) return nullptr;
    out.value = static_cast<std::uint64_t>(first >> 5) << 8 | at[1];
    return at + 2;
  }
  return read_compact_long(at, end, out);
}

}  // namespace vm::beamfile
