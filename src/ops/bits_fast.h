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

// An unsigned big-endian field of at most kFastIntegerBits bits; moves the position. The non-value: too few bits are left.
inline constexpr std::size_t kFastIntegerBits = 56;
inline Term get_small_integer(Term context, std::size_t bits) {
  using Words = term::MatchContextWords;
  Word* w = context.boxed_ptr();
  Word at = w[Words::kOffset];
  if (VM_UNLIKELY(w[Words::kEnd] - at < bits)) return Term::non_value();
  const Word* whole = Term::from_bits(w[Words::kOriginal]).boxed_ptr();
  const Byte* base = term::HeaderWord(*whole).kind() == term::Kind::HeapBinary
                         ? reinterpret_cast<const Byte*>(whole + 2)
                         : reinterpret_cast<const Byte*>(whole[term::RefcBinaryWords::kBytes]);
  w[Words::kOffset] = at + bits;
  return Term::small(static_cast<SWord>(read_bits(base, at, bits)));
}

// A character of one byte in UTF-8. The non-value: it is none, or damaged, or there is none; the position is unchanged.
inline Term get_ascii(Term context) {
  Term byte = get_small_integer(context, 8);
  if (!byte.is_value() || byte.small_value() < 0x80) return byte;
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
