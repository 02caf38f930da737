// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ops/bits.h"
#include "ops/bits_words_internal.h"

namespace vm::ops {

void copy_bits(Byte* dst, std::size_t dst_offset, const Byte* src, std::size_t src_offset, std::size_t bits) {
  if (bits == 0) return;
  // Up to the destination's first byte boundary, so that the loop below stores whole bytes.
  if (std::size_t lead = dst_offset & 7; lead != 0) {
    std::size_t n = std::min(bits, 8 - lead);
    write_bits(dst, dst_offset, read_bits(src, src_offset, n), n);
    dst_offset += n;
    src_offset += n;
    bits -= n;
    if (bits == 0) return;
  }
  Byte* to = dst + (dst_offset >> 3);
  const Byte* from = src + (src_offset >> 3);
  unsigned shift = src_offset & 7;
  std::size_t bytes = bits >> 3;
  unsigned rest = bits & 7;
  if (shift == 0) {
    std::memcpy(to, from, bytes);
  } else {
    std::size_t i = 0;
    // Eight destination bytes come from nine source bytes, all of which hold bits of the range.
    for (; i + 8 <= bytes; i += 8) store_big64(to + i, load_big64(from + i) << shift | from[i + 8] >> (8 - shift));
    for (; i < bytes; i++) to[i] = static_cast<Byte>(from[i] << shift | from[i + 1] >> (8 - shift));
  }
  if (rest != 0) write_bits(to, bytes * 8, read_bits(from, shift + bytes * 8, rest), rest);
}

int compare_bits(const Byte* a, std::size_t a_offset, const Byte* b, std::size_t b_offset, std::size_t bits) {
  if (((a_offset | b_offset) & 7) == 0) {
    std::size_t bytes = bits >> 3;
    if (int c = bytes == 0 ? 0 : std::memcmp(a + (a_offset >> 3), b + (b_offset >> 3), bytes); c != 0) return c;
    a_offset += bytes * 8;
    b_offset += bytes * 8;
    bits &= 7;
  }
  while (bits != 0) {
    std::size_t n = std::min<std::size_t>(bits, 64);
    Word x = read_bits(a, a_offset, n), y = read_bits(b, b_offset, n);
    if (x != y) return x < y ? -1 : 1;
    a_offset += n;
    b_offset += n;
    bits -= n;
  }
  return 0;
}

bool field_bits(Term size, std::size_t unit, std::size_t* bits) {
  constexpr std::size_t kMaxFieldBits = std::size_t{1} << 59;  // beyond any address space
  if (!size.is_small() || size.small_value() < 0) return false;
  return !__builtin_mul_overflow(static_cast<std::size_t>(size.small_value()), unit, bits) && *bits <= kMaxFieldBits;
}

}  // namespace vm::ops
