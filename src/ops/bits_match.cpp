// SPDX-License-Identifier: Apache-2.0
//
// Extracting fields. A match context holds positions, never addresses, so nothing here minds a collection between two calls.
#include "num/digits.h"
#include "ops/bits.h"
#include "ops/bits_float_internal.h"
#include "ops/bits_words_internal.h"

namespace vm::ops {

using term::HeaderWord;
using term::HeapWriter;
using term::Kind;
using term::MatchContextWords;
using term::SubBitsWords;

namespace {

bool is_little(unsigned flags) { return (flags & (kLittle | kNative)) != 0; }

// An integer of more than 64 bits.
Term get_big(HeapWriter& h, const MatchState& m, std::size_t bits, unsigned flags) {
  std::size_t digits = (bits + 63) / 64;
  Word* p = h.alloc(1 + digits);
  Word* out = p + 1;
  std::size_t at = m.offset();
  if (is_little(flags)) {
    for (std::size_t i = 0; i < digits; i++) {
      std::size_t n = i + 1 < digits ? 64 : bits - 64 * i;
      out[i] = little_from_big(read_bits(m.base, at + 64 * i, n), n);
    }
  } else {
    std::size_t left = bits;
    for (std::size_t i = 0; i < digits; i++) {
      std::size_t n = left < 64 ? left : 64;
      left -= n;
      out[i] = read_bits(m.base, at + left, n);
    }
  }
  std::size_t top_bits = bits - 64 * (digits - 1);
  bool negative = false;
  if ((flags & kSigned) != 0 && (out[digits - 1] >> (top_bits - 1) & 1) != 0) {
    negative = true;
    out[digits - 1] |= ~low_mask(top_bits);
    bool carry = true;
    for (std::size_t i = 0; i < digits; i++) {
      out[i] = ~out[i] + (carry ? 1 : 0);
      carry = carry && out[i] == 0;
    }
  }
  std::size_t used = num::normalised_size({out, digits});
  constexpr Word kMax = static_cast<Word>(Term::kSmallMax);
  if (used == 0 || (used == 1 && out[0] <= kMax + (negative ? 1 : 0))) {
    SWord small = used == 0 ? 0 : static_cast<SWord>(negative ? Word{0} - out[0] : out[0]);
    h.trim(p, p + 1 + digits);
    return Term::small(small);
  }
  if (used > num::kMaxDigits) {  // the field may be longer than any integer, its value may not
    h.trim(p, p + 1 + digits);
    return Term::non_value();
  }
  p[0] = HeaderWord::make(Kind::BigInt, used, negative).bits();
  h.trim(p + 1 + used, p + 1 + digits);
  return Term::boxed(p);
}

}  // namespace

MatchState match_state(Term context) {
  VM_ASSERT(context.is_kind(Kind::MatchContext));
  Word* p = context.boxed_ptr();
  return {p, term::bits_of(Term::from_bits(p[MatchContextWords::kOriginal])).base};
}

Term start_match(HeapWriter& h, Term bits, std::size_t slots) {
  Word original, offset, end;
  const Word* p = bits.is_boxed() ? bits.boxed_ptr() : nullptr;
  switch (bits.kind()) {
    case Kind::HeapBinary:
    case Kind::RefcBinary:
      original = bits.bits();
      offset = 0;
      end = term::bits_of(bits).size;
      break;
    case Kind::SubBits:
      original = p[SubBitsWords::kOriginal];
      offset = p[SubBitsWords::kOffset];
      end = offset + p[SubBitsWords::kSize];
      break;
    case Kind::MatchContext:
      original = p[MatchContextWords::kOriginal];
      offset = p[MatchContextWords::kOffset];
      end = p[MatchContextWords::kEnd];
      break;
    default: return Term::non_value();
  }
  Word* context = h.alloc(1 + MatchContextWords::kMinWords + slots);
  context[0] = HeaderWord::make(Kind::MatchContext, MatchContextWords::kMinWords + slots).bits();
  context[MatchContextWords::kOriginal] = original;
  context[MatchContextWords::kOffset] = offset;
  context[MatchContextWords::kEnd] = end;
  for (std::size_t i = 0; i < slots; i++) context[MatchContextWords::kFirstSlot + i] = offset;
  return Term::boxed(context);
}

Term get_integer(HeapWriter& h, Term context, std::size_t bits, unsigned flags) {
  if (bits == 0) return Term::small(0);
  MatchState m = match_state(context);
  std::size_t at = m.offset();
  if (m.end() - at < bits) return Term::non_value();
  if (VM_UNLIKELY(bits > 64)) {
    Term big = get_big(h, m, bits, flags);
    if (big.is_value()) m.set_offset(at + bits);
    return big;
  }
  Word w = read_bits(m.base, at, bits);
  m.set_offset(at + bits);
  if (is_little(flags)) w = little_from_big(w, bits);
  if ((flags & kSigned) == 0) return term::make_unsigned(h, w);
  unsigned unused = static_cast<unsigned>(64 - bits);
  return term::make_integer(h, static_cast<SWord>(w << unused) >> unused);
}

Term get_float(HeapWriter& h, Term context, std::size_t bits, unsigned flags) {
  if (bits == 0) return term::make_float(h, 0.0);
  MatchState m = match_state(context);
  std::size_t at = m.offset();
  if ((bits != 16 && bits != 32 && bits != 64) || m.end() - at < bits) return Term::non_value();
  Word w = read_bits(m.base, at, bits);
  if (is_little(flags)) w = little_from_big(w, bits);
  double d;
  if (bits == 64) d = std::bit_cast<double>(w);
  else if (bits == 32) d = static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(w)));
  else d = half_to_double(static_cast<std::uint16_t>(w));
  if (!std::isfinite(d)) return Term::non_value();
  m.set_offset(at + bits);
  return term::make_float(h, d);
}

Term extract_bits(HeapWriter& h, Term bits, std::size_t bit_offset, std::size_t bit_size) {
  if ((bit_size & 7) != 0 || bit_size > term::kHeapBinaryLimit * 8) return term::make_sub_bits(h, bits, bit_offset, bit_size);
  term::Bits b = term::bits_of(bits);
  Byte* data;
  Term copy = term::make_binary(h, bit_size >> 3, &data);
  copy_bits(data, 0, b.base, b.offset + bit_offset, bit_size);
  return copy;
}

Term get_bits(HeapWriter& h, Term context, std::size_t bits) {
  MatchState m = match_state(context);
  std::size_t at = m.offset();
  if (m.end() - at < bits) return Term::non_value();
  Term slice = extract_bits(h, context, 0, bits);
  m.set_offset(at + bits);
  return slice;
}

Term get_rest(HeapWriter& h, Term context) { return extract_bits(h, context, 0, match_state(context).remaining()); }

bool match_bytes(Term context, const Byte* bytes, std::size_t bits) {
  MatchState m = match_state(context);
  std::size_t at = m.offset();
  if (m.end() - at < bits || compare_bits(m.base, at, bytes, 0, bits) != 0) return false;
  m.set_offset(at + bits);
  return true;
}

}  // namespace vm::ops
