// SPDX-License-Identifier: Apache-2.0
//
// The utf8, utf16 and utf32 segment types. A code point is 0..16#D7FF or 16#E000..16#10FFFF; UTF-8 must use its shortest form.
#include "ops/bits.h"
#include "ops/bits_words_internal.h"

namespace vm::ops {

using term::HeapWriter;

namespace {

constexpr Word kMaxCodepoint = 0x10FFFF;

bool is_little(unsigned flags) { return (flags & (kLittle | kNative)) != 0; }
bool is_surrogate(Word c) { return c >= 0xD800 && c <= 0xDFFF; }
bool is_codepoint(Word c) { return c <= kMaxCodepoint && !is_surrogate(c); }

// The code point of a term; false when it is none.
bool codepoint_of(Term t, Word* c) {
  if (!t.is_small()) return false;
  *c = static_cast<Word>(t.small_value());  // a negative one is far too large
  return is_codepoint(*c);
}

Word in_order(Word value, std::size_t bits, unsigned flags) { return is_little(flags) ? big_from_little(value, bits) : value; }

}  // namespace

Term get_utf8(HeapWriter&, Term context) {
  MatchState m = match_state(context);
  std::size_t at = m.offset(), left = m.remaining();
  if (left < 8) return Term::non_value();
  const Byte* p = m.base + (at >> 3);
  unsigned shift = at & 7;
  auto byte = [p, shift](std::size_t i) -> Word { return shift == 0 ? p[i] : (Word{p[i]} << 8 | p[i + 1]) >> (8 - shift) & 0xFF; };
  Word c = byte(0);
  if (c < 0x80) {
    m.set_offset(at + 8);
    return Term::small(static_cast<SWord>(c));
  }
  std::size_t bytes;
  Word lowest;
  if (c >= 0xC2 && c <= 0xDF) bytes = 2, lowest = 0x80, c &= 0x1F;
  else if (c >= 0xE0 && c <= 0xEF) bytes = 3, lowest = 0x800, c &= 0x0F;
  else if (c >= 0xF0 && c <= 0xF4) bytes = 4, lowest = 0x10000, c &= 0x07;
  else return Term::non_value();
  if (left < bytes * 8) return Term::non_value();
  for (std::size_t i = 1; i < bytes; i++) {
    Word next = byte(i);
    if ((next & 0xC0) != 0x80) return Term::non_value();
    c = c << 6 | (next & 0x3F);
  }
  if (c < lowest || !is_codepoint(c)) return Term::non_value();
  m.set_offset(at + bytes * 8);
  return Term::small(static_cast<SWord>(c));
}

Term get_utf16(HeapWriter&, Term context, unsigned flags) {
  MatchState m = match_state(context);
  std::size_t at = m.offset(), left = m.remaining();
  if (left < 16) return Term::non_value();
  Word c = in_order(read_bits(m.base, at, 16), 16, flags);
  std::size_t used = 16;
  if (is_surrogate(c)) {
    if (c > 0xDBFF || left < 32) return Term::non_value();
    Word low = in_order(read_bits(m.base, at + 16, 16), 16, flags);
    if (low < 0xDC00 || low > 0xDFFF) return Term::non_value();
    c = 0x10000 + ((c & 0x3FF) << 10 | (low & 0x3FF));
    used = 32;
  }
  m.set_offset(at + used);
  return Term::small(static_cast<SWord>(c));
}

Term get_utf32(HeapWriter&, Term context, unsigned flags) {
  MatchState m = match_state(context);
  std::size_t at = m.offset();
  if (m.remaining() < 32) return Term::non_value();
  Word c = in_order(read_bits(m.base, at, 32), 32, flags);
  if (!is_codepoint(c)) return Term::non_value();
  m.set_offset(at + 32);
  return Term::small(static_cast<SWord>(c));
}

std::size_t utf8_size(Term codepoint) {
  Word c;
  if (!codepoint_of(codepoint, &c)) return 0;
  return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

std::size_t utf16_size(Term codepoint) {
  Word c;
  if (!codepoint_of(codepoint, &c)) return 0;
  return c < 0x10000 ? 2 : 4;
}

bool put_utf8(Byte* dst, std::size_t at, Term codepoint, std::size_t* bits_written) {
  Word c;
  if (!codepoint_of(codepoint, &c)) return false;
  std::size_t bytes = utf8_size(codepoint);
  Word encoded = c;
  if (bytes == 2) encoded = 0xC080 | (c & 0x7C0) << 2 | (c & 0x3F);
  else if (bytes == 3) encoded = 0xE08080 | (c & 0xF000) << 4 | (c & 0xFC0) << 2 | (c & 0x3F);
  else if (bytes == 4) encoded = 0xF0808080 | (c & 0x1C0000) << 6 | (c & 0x3F000) << 4 | (c & 0xFC0) << 2 | (c & 0x3F);
  *bits_written = bytes * 8;
  write_bits(dst, at, encoded, *bits_written);
  return true;
}

bool put_utf16(Byte* dst, std::size_t at, Term codepoint, unsigned flags, std::size_t* bits_written) {
  Word c;
  if (!codepoint_of(codepoint, &c)) return false;
  if (c < 0x10000) {
    *bits_written = 16;
    write_bits(dst, at, in_order(c, 16, flags), 16);
    return true;
  }
  c -= 0x10000;
  *bits_written = 32;
  write_bits(dst, at, in_order(0xD800 | c >> 10, 16, flags), 16);
  write_bits(dst, at + 16, in_order(0xDC00 | (c & 0x3FF), 16, flags), 16);
  return true;
}

bool put_utf32(Byte* dst, std::size_t at, Term codepoint, unsigned flags) {
  Word c;
  if (!codepoint_of(codepoint, &c)) return false;
  write_bits(dst, at, in_order(c, 32, flags), 32);
  return true;
}

}  // namespace vm::ops
