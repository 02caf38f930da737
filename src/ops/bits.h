// SPDX-License-Identifier: Apache-2.0
//
// Bit syntax: extracting from and building bitstrings. All positions and sizes are in bits.
//
// Field flags as in the BEAM file: 1 aligned (ignored), 2 little, 4 signed, 8 exact (ignored), 16 native.
#pragma once

#include "proc/bif_context.h"

namespace vm::ops {

using proc::BifResult;
using proc::GuardContext;

// Copying this much costs a reduction.
inline constexpr std::size_t kBitsPerReduction = 8 * 1024;

enum FieldFlag : unsigned { kLittle = 2, kSigned = 4, kNative = 16 };

// Copies `bits` bits from src (offset src_offset) to dst (offset dst_offset); no overlap. Bits of dst around the range are kept.
void copy_bits(Byte* dst, std::size_t dst_offset, const Byte* src, std::size_t src_offset, std::size_t bits);
int compare_bits(const Byte* a, std::size_t a_offset, const Byte* b, std::size_t b_offset, std::size_t bits);

// --- match contexts (Kind::MatchContext, term/views.h MatchContextWords) -------------------------------------------------
// From a bitstring (or returns a fresh copy of position for a context): slots = room for bs_save.
Term start_match(term::HeapWriter& h, Term bits, std::size_t slots);
struct MatchState {  // view of a context
  Word* words;
  const Byte* base;
  std::size_t offset() const { return words[term::MatchContextWords::kOffset]; }
  std::size_t end() const { return words[term::MatchContextWords::kEnd]; }
  std::size_t remaining() const { return end() - offset(); }
  void set_offset(std::size_t o) { words[term::MatchContextWords::kOffset] = o; }
};
MatchState match_state(Term context);

// Each reads at the context's position and moves it on success. Non-value: no match (position unchanged).
Term get_integer(term::HeapWriter& h, Term context, std::size_t bits, unsigned flags);
Term get_float(term::HeapWriter& h, Term context, std::size_t bits, unsigned flags);  // 16, 32 or 64 bits
Term get_bits(term::HeapWriter& h, Term context, std::size_t bits);                   // sub-binary
Term get_rest(term::HeapWriter& h, Term context);                                     // everything left, position unchanged
// Part of a bitstring (or context, from its position on) as programs get it: up to 64 whole bytes are copied, so that small parts do not keep
// large binaries alive; anything else is a slice.
Term extract_bits(term::HeapWriter& h, Term bits, std::size_t bit_offset, std::size_t bit_size);
Term get_utf8(term::HeapWriter& h, Term context);
Term get_utf16(term::HeapWriter& h, Term context, unsigned flags);
Term get_utf32(term::HeapWriter& h, Term context, unsigned flags);
bool match_bytes(Term context, const Byte* bytes, std::size_t bits);  // bs_match_string

// Whether a size fits a unit; 0 counts as 1. Units are mostly powers of two, and a division would cost more than what is around it.
inline bool is_multiple(std::size_t bits, std::size_t unit) {
  if (unit <= 1) return true;
  return (unit & (unit - 1)) == 0 ? (bits & (unit - 1)) == 0 : bits % unit == 0;
}
// Field size of an Erlang size term times unit, in bits. False: no small non-negative integer, or too large.
bool field_bits(Term size, std::size_t unit, std::size_t* bits);

// --- construction ---------------------------------------------------------------------------------------------------------
// Puts values at bit position `at` of dst; dst is large enough and zeroed beyond `at`. False: the value does not fit the type (badarg).
bool put_integer(Byte* dst, std::size_t at, Term value, std::size_t bits, unsigned flags);
bool put_float(Byte* dst, std::size_t at, Term value, std::size_t bits, unsigned flags);
bool put_bits(Byte* dst, std::size_t at, Term bitstring, std::size_t bits);
bool put_utf8(Byte* dst, std::size_t at, Term codepoint, std::size_t* bits_written);
bool put_utf16(Byte* dst, std::size_t at, Term codepoint, unsigned flags, std::size_t* bits_written);
bool put_utf32(Byte* dst, std::size_t at, Term codepoint, unsigned flags);
// Bytes a code point takes; 0 when it is none.
std::size_t utf8_size(Term codepoint);
std::size_t utf16_size(Term codepoint);

// A fresh bitstring of `bits` bits under construction: *bytes may be filled until the next GC point.
Term start_build(term::HeapWriter& h, std::size_t bits, Byte** bytes);
// Appending: a bitstring that begins with `src` and has `extra` more bits, whose storage is shared with src when src is the live end of a writable
// binary (in-place append as stock), with room for growth. *bytes / *at: where the new bits go. Non-value: raised through cx, badarg when src is no
// bitstring or no multiple of `unit`, system_limit when the sum is too large.
Term start_append(GuardContext& cx, Term src, std::size_t extra, std::size_t unit, Byte** bytes, std::size_t* at);
// Appending to a bitstring that nobody else can see: when it is the live end of a writable binary it grows where it is. False: it is not, or its
// storage is shared and full; start_append then.
bool extend_private(term::HeapWriter& h, Term src, std::size_t extra, Byte** bytes, std::size_t* at);
// bs_init_writable: an empty writable binary with room for `hint` bytes.
Term make_writable(term::HeapWriter& h, std::size_t hint);

}  // namespace vm::ops
