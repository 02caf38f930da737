// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Term: one 64-bit word that is any Erlang value.
//
// This header alone owns the layout; everyone else uses the predicates here and the views of term/views.h. Raw words
// (Term::bits) are for term/, heap/, interp/ and jit/ only.
//
//   low bits   meaning
//   ...000     small integer: signed 61-bit value in bits 63..3
//   ...001     boxed pointer (8-byte aligned address + 1) to a header word
//   ...010     cons pointer (address + 2): head word, tail word
//   ...10x     float immediate: test (w & 6) == 4
//   ...110     other immediates; bits 5..3: 000 atom, 001 nil, 010 local pid, 011 local port, 100 catch tag
//   ...111     header word, never a term; bits 7..3 kind, 15..8 kind data, 63..16 words that follow the header.
//              0x7 is the non-value (kNonValue)
//   ...011     reserved: the alias of small 0 at the NIF boundary
//
// Small integers have tag 0, so add, subtract, compare, and/or/xor work on tagged words. Zeroed memory holds valid terms
// (integer 0), so a frame or tuple that is only partly built is safe to collect. A float whose exponent lies within 2^-255 ..
// 2^257, and both zeros, is an immediate; each float has exactly one form, so identity of words decides =:= (except 0.0 against -0.0
// for libraries before OTP 27, see term/compare.h).
#pragma once

#include <bit>
#include <cstring>

#include "base/assert.h"
#include "base/word.h"

namespace vm::term {

// Kinds of boxed objects, in the header word's bits 7..3.
enum class Kind : std::uint8_t {
  NonValue = 0,
  Tuple = 1,          // elements
  Float = 2,          // one word: the IEEE double; only for values outside the immediate range
  BigInt = 3,         // limbs, least significant first, top limb not 0; kind data 1 = negative
  FlatMap = 4,        // [keys tuple][value...]: keys sorted in term order, at most 32
  HashMap = 5,        // HAMT root: [size][bitmap][children...]
  HashNode = 6,       // HAMT inner node: [bitmap][children...]
  Fun = 7,            // local fun: [FunEntry*][creator][captured...]; kind data = arity
  ExportFun = 8,      // external fun: [Export*]; kind data = arity
  HeapBinary = 9,     // [byte size][bytes, zero padded]
  RefcBinary = 10,    // off-heap: [next][BinaryData*][bytes pointer][byte size]
  SubBits = 11,       // [original][bit offset][bit size]: slice of a HeapBinary or RefcBinary; data bit 0 = writable tail
  MatchContext = 12,  // [original][bit offset][bit end][saved offsets...]
  Ref = 13,           // [n0 | n1 << 32][n2], and the pid as third word when kind data is 1 (process alias)
  MagicRef = 14,      // off-heap: [next][n0 | n1 << 32][n2][MagicData*]
  ExternalPid = 15,   // off-heap: [next][NodeEntry*][number | serial << 32]
  ExternalPort = 16,  // off-heap: [next][NodeEntry*][number]
  ExternalRef = 17,   // off-heap: [next][NodeEntry*][n0|n1<<32][n2|n3<<32]...; kind data = how many 32-bit numbers
  Filler = 18,        // unused heap words
};

class Term {
 public:
  Term() = default;  // small integer 0 when zero-initialised
  static constexpr Term from_bits(Word w) { return Term(w); }
  constexpr Word bits() const { return w_; }

  // Identity of words. Decides =:= for immediates only; see term/compare.h for Erlang equality.
  friend constexpr bool operator==(Term a, Term b) { return a.w_ == b.w_; }
  friend constexpr bool operator!=(Term a, Term b) { return a.w_ != b.w_; }

  // --- immediates -------------------------------------------------------------------------------------------------
  static constexpr SWord kSmallMax = (SWord{1} << 60) - 1;
  static constexpr SWord kSmallMin = -(SWord{1} << 60);
  static constexpr bool fits_small(SWord v) { return v >= kSmallMin && v <= kSmallMax; }
  static constexpr Term small(SWord v) { return Term(static_cast<Word>(v) << 3); }  // v must fit
  constexpr bool is_small() const { return (w_ & 7) == 0; }
  constexpr SWord small_value() const { return static_cast<SWord>(w_) >> 3; }

  static constexpr Term atom(std::uint32_t index) { return Term(Word{index} << 6 | kAtomTag); }
  constexpr bool is_atom() const { return (w_ & 63) == kAtomTag; }
  constexpr std::uint32_t atom_index() const { return static_cast<std::uint32_t>(w_ >> 6); }

  static constexpr Term nil() { return Term(kNilTag); }
  constexpr bool is_nil() const { return w_ == kNilTag; }

  // Local pid and port: 58 bits of data. A pid's data is number (28 bits) | serial << 28.
  static constexpr Term local_pid(Word data) { return Term(data << 6 | kPidTag); }
  static constexpr Term local_port(Word data) { return Term(data << 6 | kPortTag); }
  constexpr bool is_local_pid() const { return (w_ & 63) == kPidTag; }
  constexpr bool is_local_port() const { return (w_ & 63) == kPortTag; }
  constexpr Word id_data() const { return w_ >> 6; }

  // Catch tag in a frame slot: index of a catch entry.
  static constexpr Term catch_tag(Word index) { return Term(index << 6 | kCatchTag); }
  constexpr bool is_catch_tag() const { return (w_ & 63) == kCatchTag; }
  constexpr Word catch_index() const { return w_ >> 6; }

  constexpr bool is_float_immediate() const { return (w_ & 6) == 4; }
  constexpr bool is_immediate() const { return ((w_ - 1) & 6) != 0 && (w_ & 7) != 3; }

  // The one word that is no term. A built-in returns it for "raised" (proc/bif_context.h).
  static constexpr Term non_value() { return Term(kNonValue); }
  constexpr bool is_value() const { return w_ != kNonValue; }

  // --- pointers ---------------------------------------------------------------------------------------------------
  static Term boxed(const Word* header) { return Term(reinterpret_cast<Word>(header) + 1); }
  static Term cons(const Word* cell) { return Term(reinterpret_cast<Word>(cell) + 2); }
  constexpr bool is_cons() const { return (w_ & 7) == 2; }
  constexpr bool is_boxed() const { return (w_ & 7) == 1; }
  constexpr bool is_pointer() const { return ((w_ - 1) & 6) == 0; }  // cons or boxed
  Word* cons_cell() const {
    VM_ASSERT(is_cons());
    return reinterpret_cast<Word*>(w_ - 2);
  }
  Word* boxed_ptr() const {
    VM_ASSERT(is_boxed());
    return reinterpret_cast<Word*>(w_ - 1);
  }
  Term head() const { return Term(cons_cell()[0]); }  // of a cons
  Term tail() const { return Term(cons_cell()[1]); }

  // Kind of a boxed object; Kind::NonValue for anything else.
  inline Kind kind() const;
  inline bool is_kind(Kind k) const;

  constexpr bool is_list() const { return is_cons() || is_nil(); }
  inline bool is_tuple() const;
  inline bool is_tuple_of(std::size_t arity) const;
  inline bool is_float() const;
  inline bool is_big() const;
  inline bool is_integer() const;
  inline bool is_number() const;
  inline bool is_map() const;
  inline bool is_fun() const;
  inline bool is_bitstring() const;  // also a binary; never a match context
  inline bool is_binary() const;     // a bitstring of whole bytes
  inline bool is_ref() const;
  inline bool is_pid() const;
  inline bool is_port() const;
  inline bool is_external() const;  // pid, port or reference of another node (or incarnation)
  constexpr bool is_boolean() const { return w_ == (Word{0} << 6 | kAtomTag) || w_ == (Word{1} << 6 | kAtomTag); }

  static constexpr Word kAtomTag = 0x06;
  static constexpr Word kNilTag = 0x0E;
  static constexpr Word kPidTag = 0x16;
  static constexpr Word kPortTag = 0x1E;
  static constexpr Word kCatchTag = 0x26;
  static constexpr Word kNonValue = 0x7;

 private:
  constexpr explicit Term(Word w) : w_(w) {}
  Word w_;
};
static_assert(sizeof(Term) == 8 && std::is_trivially_copyable_v<Term>);

inline constexpr Term kNil = Term::nil();

// First word of every boxed object.
class HeaderWord {
 public:
  constexpr explicit HeaderWord(Word w) : w_(w) {}
  static constexpr HeaderWord make(Kind k, std::size_t words, unsigned data = 0) {
    return HeaderWord(Word{words} << 16 | Word{data & 0xFF} << 8 | static_cast<Word>(k) << 3 | 7);
  }
  constexpr Word bits() const { return w_; }
  constexpr bool is_header() const { return (w_ & 7) == 7; }
  constexpr Kind kind() const { return static_cast<Kind>(w_ >> 3 & 31); }
  constexpr unsigned data() const { return static_cast<unsigned>(w_ >> 8 & 0xFF); }
  constexpr std::size_t words() const { return w_ >> 16; }  // that follow the header

 private:
  Word w_;
};

inline HeaderWord header_of(Term t) { return HeaderWord(*t.boxed_ptr()); }

inline Kind Term::kind() const { return is_boxed() ? header_of(*this).kind() : Kind::NonValue; }
inline bool Term::is_kind(Kind k) const { return is_boxed() && header_of(*this).kind() == k; }
inline bool Term::is_tuple() const { return is_kind(Kind::Tuple); }
inline bool Term::is_tuple_of(std::size_t arity) const { return is_boxed() && *boxed_ptr() == HeaderWord::make(Kind::Tuple, arity).bits(); }
inline bool Term::is_float() const { return is_float_immediate() || is_kind(Kind::Float); }
inline bool Term::is_big() const { return is_kind(Kind::BigInt); }
inline bool Term::is_integer() const { return is_small() || is_big(); }
inline bool Term::is_number() const { return is_integer() || is_float(); }
inline bool Term::is_map() const {
  Kind k = kind();
  return k == Kind::FlatMap || k == Kind::HashMap;
}
inline bool Term::is_fun() const {
  Kind k = kind();
  return k == Kind::Fun || k == Kind::ExportFun;
}
inline bool Term::is_bitstring() const {
  Kind k = kind();
  return k >= Kind::HeapBinary && k <= Kind::SubBits;
}
inline bool Term::is_binary() const {
  Kind k = kind();
  if (k == Kind::SubBits) return (boxed_ptr()[3] & 7) == 0;
  return k == Kind::HeapBinary || k == Kind::RefcBinary;
}
inline bool Term::is_ref() const {
  Kind k = kind();
  return k == Kind::Ref || k == Kind::MagicRef || k == Kind::ExternalRef;
}
inline bool Term::is_pid() const { return is_local_pid() || is_kind(Kind::ExternalPid); }
inline bool Term::is_port() const { return is_local_port() || is_kind(Kind::ExternalPort); }
inline bool Term::is_external() const {
  Kind k = kind();
  return k >= Kind::ExternalPid && k <= Kind::ExternalRef;
}

// --- floats ---------------------------------------------------------------------------------------------------------
// Code of an immediate: rotl64(bits + 2^60, 4) where that gives the tag; +0.0 = 4 and -0.0 = 12.
namespace detail {
inline constexpr Word kFloatBias = Word{1} << 60;
}

// The immediate for d, or the non-value when d needs a box.
inline Term float_immediate(double d) {
  Word b = std::bit_cast<Word>(d);
  if ((b << 1) == 0) return Term::from_bits(b ? 12 : 4);
  Word w = std::rotl(b + detail::kFloatBias, 4);
  if ((w & 6) == 4 && (w >> 4) != 0) return Term::from_bits(w);
  return Term::non_value();
}

inline double float_value_immediate(Term t) {
  Word w = t.bits();
  if ((w >> 4) == 0) return std::bit_cast<double>((w & 8) ? Word{1} << 63 : Word{0});
  return std::bit_cast<double>(std::rotr(w, 4) - detail::kFloatBias);
}

// Value of any float term.
inline double float_value(Term t) {
  if (t.is_float_immediate()) return float_value_immediate(t);
  return std::bit_cast<double>(t.boxed_ptr()[1]);
}

}  // namespace vm::term

namespace vm {
using term::Term;
}
