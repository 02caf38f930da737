// SPDX-License-Identifier: Apache-2.0
//
// The common fields of the bit syntax inline, for engines: what does not allocate and needs no more than a machine word.
#pragma once

#include "ops/bits_words_internal.h"
#include "term/views.h"

namespace vm::ops {

inline std::size_t remaining_bits(Term context) {
  const Word* w = context.boxed_ptr();
  return w[term::MatchContextWords::kEnd] - w[term::MatchContextWords::kOffset];
}

// Where the bits of a match context begin.
inline const Byte* context_base(const Word* context) {
  const Word* whole = Term::from_bits(context[term::MatchContextWords::kOriginal]).boxed_ptr();
  return term::HeaderWord(*whole).kind() == term::Kind::HeapBinary ? reinterpret_cast<const Byte*>(whole + 2)
                                                                   : reinterpret_cast<const Byte*>(whole[term::RefcBinaryWords::kBytes]);
}

// The `bits` (1..56) bits at `at` of a context that ends at `end`. Eight bytes at once where that many belong to the context.
inline Word read_field(const Byte* base, Word at, Word end, Word bits) {
  const Byte* p = base + (at >> 3);
  if (VM_LIKELY((at | 7) + 57 <= end)) return load_big64(p) << (at & 7) >> (64 - bits);
  Word span = (at & 7) + bits;
  Word w = *p;
  Word have = 8;
  for (; have < span; have += 8) w = w << 8 | *++p;
  return w >> (have - span) & low_mask(bits);
}

// An unsigned big-endian field of kBits (8, 16, 32) bits into *out; moves the position. False: too few bits are left.
template <Word kBits>
inline bool get_whole(Term context, Word* out) {
  using Words = term::MatchContextWords;
  Word* w = context.boxed_ptr();
  Word at = w[Words::kOffset], end = w[Words::kEnd];
  if (VM_UNLIKELY(end - at < kBits)) return false;
  const Byte* base = context_base(w);
  w[Words::kOffset] = at + kBits;
  if (VM_UNLIKELY((at & 7) != 0)) {
    *out = read_field(base, at, end, kBits);
    return true;
  }
  const Byte* p = base + (at >> 3);
  if constexpr (kBits == 8) {
    *out = *p;
  } else if constexpr (kBits == 16) {
    std::uint16_t v;
    std::memcpy(&v, p, 2);
    *out = __builtin_bswap16(v);
  } else {
    std::uint32_t v;
    std::memcpy(&v, p, 4);
    *out = __builtin_bswap32(v);
  }
  return true;
}

// An unsigned big-endian field of at most kFastIntegerBits bits; moves the position. The non-value: too few bits are left.
inline constexpr std::size_t kFastIntegerBits = 56;
inline Term get_small_integer(Term context, std::size_t bits) {
  using Words = term::MatchContextWords;
  Word* w = context.boxed_ptr();
  Word at = w[Words::kOffset];
  if (VM_UNLIKELY(w[Words::kEnd] - at < bits)) return Term::non_value();
  const Byte* base = context_base(w);
  w[Words::kOffset] = at + bits;
  return Term::small(static_cast<SWord>(bits == 0 ? 0 : read_field(base, at, w[Words::kEnd], bits)));
}

// A character of one byte in UTF-8. The non-value: it is none, or damaged, or there is none; the position is unchanged.
inline Term get_ascii(Term context) {
  Word byte;
  if (!get_whole<8>(context, &byte)) return Term::non_value();
  if (VM_LIKELY(byte < 0x80)) return Term::small(static_cast<SWord>(byte));
  context.boxed_ptr()[term::MatchContextWords::kOffset] -= 8;
  return Term::non_value();
}

// Skips `bits` bits. False: too few are left.
inline bool skip_bits(Term context, std::size_t bits) {
  if (remaining_bits(context) < bits) return false;
  context.boxed_ptr()[term::MatchContextWords::kOffset] += bits;
  return true;
}

}  // namespace vm::ops
