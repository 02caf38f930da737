// SPDX-License-Identifier: Apache-2.0
//
// Typed views: one word each, like the Term they wrap. X::from(t) asserts, X::try_from(t) answers a view that is false when
// t is something else. Builders (make) take a HeapWriter and never collect.
#pragma once

#include <span>

#include "term/binary_data.h"
#include "term/heap_writer.h"
#include "term/term.h"

namespace vm::term {

class View {
 public:
  explicit operator bool() const { return p_ != nullptr; }
  Term term() const { return Term::boxed(p_); }
  Word* ptr() const { return p_; }

 protected:
  explicit View(Word* p) : p_(p) {}
  Word* p_;
};

class Tuple : public View {
 public:
  static Tuple try_from(Term t) { return Tuple(t.is_tuple() ? t.boxed_ptr() : nullptr); }
  static Tuple from(Term t) {
    VM_ASSERT(t.is_tuple());
    return Tuple(t.boxed_ptr());
  }
  std::size_t size() const { return HeaderWord(*p_).words(); }
  Term operator[](std::size_t i) const { return Term::from_bits(p_[1 + i]); }  // 0-based
  void set(std::size_t i, Term t) { p_[1 + i] = t.bits(); }                    // only while building
  // Elements uninitialised (the caller sets all of them before a GC point).
  static Tuple alloc(HeapWriter& h, std::size_t arity) {
    Word* p = h.alloc(1 + arity);
    *p = HeaderWord::make(Kind::Tuple, arity).bits();
    return Tuple(p);
  }
  template <typename... T>
  static Term make(HeapWriter& h, T... elements) {
    Tuple t = alloc(h, sizeof...(elements));
    std::size_t i = 0;
    (t.set(i++, elements), ...);
    return t.term();
  }

 private:
  using View::View;
};

class BigInt : public View {
 public:
  static BigInt try_from(Term t) { return BigInt(t.is_big() ? t.boxed_ptr() : nullptr); }
  static BigInt from(Term t) {
    VM_ASSERT(t.is_big());
    return BigInt(t.boxed_ptr());
  }
  bool negative() const { return HeaderWord(*p_).data() != 0; }
  std::span<const Word> limbs() const { return {p_ + 1, HeaderWord(*p_).words()}; }

 private:
  using View::View;
};

// Any integer from a machine word; a big integer when it does not fit a small one.
inline Term make_integer(HeapWriter& h, SWord v) {
  if (Term::fits_small(v)) return Term::small(v);
  Word* p = h.alloc(2);
  p[0] = HeaderWord::make(Kind::BigInt, 1, v < 0).bits();
  p[1] = v < 0 ? Word{0} - static_cast<Word>(v) : static_cast<Word>(v);
  return Term::boxed(p);
}
inline Term make_unsigned(HeapWriter& h, Word v) {
  if (v <= static_cast<Word>(Term::kSmallMax)) return Term::small(static_cast<SWord>(v));
  Word* p = h.alloc(2);
  p[0] = HeaderWord::make(Kind::BigInt, 1, 0).bits();
  p[1] = v;
  return Term::boxed(p);
}
// Normalises: strips zero limbs, gives a small integer when it fits.
Term make_big(HeapWriter& h, std::span<const Word> limbs, bool negative);
// Value of an integer that fits int64; false when it does not or t is no integer.
bool to_int64(Term t, SWord* out);
bool to_uint64(Term t, Word* out);

inline Term make_float(HeapWriter& h, double d) {
  Term t = float_immediate(d);
  if (VM_LIKELY(t.is_value())) return t;
  Word* p = h.alloc(2);
  p[0] = HeaderWord::make(Kind::Float, 1).bits();
  p[1] = std::bit_cast<Word>(d);
  return Term::boxed(p);
}

// --- bitstrings -------------------------------------------------------------------------------------------------------
// Bits of any bitstring or match context: bytes from a byte-aligned base, then offset and size in bits.
struct Bits {
  const Byte* base;
  std::size_t offset;  // bits from base
  std::size_t size;    // bits
  bool byte_aligned() const { return (offset & 7) == 0; }
  const Byte* bytes() const { return base + (offset >> 3); }  // only if byte_aligned
  std::size_t byte_size() const { return (size + 7) >> 3; }
};

// t must be a bitstring.
Bits bits_of(Term t);
// The whole bytes of t when it is a binary and byte aligned; otherwise copies into `scratch` (resized). False when t is no binary.
struct ByteScratch {
  Byte* data = nullptr;
  ~ByteScratch();
};
bool binary_bytes(Term t, std::span<const Byte>* out, ByteScratch& scratch);

inline constexpr std::size_t kHeapBinaryLimit = 64;  // bytes; larger ones are reference counted, as on stock

// A new binary of n bytes (heap or off-heap by size) whose bytes the caller fills through *data at once.
Term make_binary(HeapWriter& h, std::size_t n, Byte** data);
Term make_binary(HeapWriter& h, std::span<const Byte> bytes);
// A bitstring of `bits` bits copied from bits `src`.
Term make_bitstring(HeapWriter& h, Bits src);
// Slice of a bitstring without copying. `t` may itself be a slice. bit_offset is relative to t's start.
Term make_sub_bits(HeapWriter& h, Term t, std::size_t bit_offset, std::size_t bit_size);
// Term for refcounted bytes; takes over one reference.
Term make_refc_binary(HeapWriter& h, BinaryData* data, const Byte* bytes, std::size_t size);

// RefcBinary object words after the header.
struct RefcBinaryWords {
  static constexpr std::size_t kNext = 1, kData = 2, kBytes = 3, kSize = 4, kWords = 4;
};
struct SubBitsWords {
  static constexpr std::size_t kOriginal = 1, kOffset = 2, kSize = 3, kWords = 3;
};
struct MatchContextWords {
  static constexpr std::size_t kOriginal = 1, kOffset = 2, kEnd = 3, kFirstSlot = 4, kMinWords = 3;
};

// --- references, pids, ports --------------------------------------------------------------------------------------------
struct RefNumbers {
  std::uint32_t n[5];  // n[0] is 18 bits for local references
  unsigned count;
};
Term make_ref(HeapWriter& h, const std::uint32_t numbers[3]);
Term make_pid_ref(HeapWriter& h, const std::uint32_t numbers[3], Term local_pid);
// Adds a reference count for the new term. Takes the numbers from data->numbers.
Term make_magic_ref(HeapWriter& h, MagicData* data);
RefNumbers ref_numbers(Term ref);  // of any reference
// The numbers of a local reference in two words, two in the first, one in the second; nullptr for another node's.
inline const Word* local_ref_words(Term ref) {
  const Word* p = ref.boxed_ptr();
  const Kind kind = HeaderWord(*p).kind();
  return kind == Kind::Ref ? p + 1 : kind == Kind::MagicRef ? p + 2 : nullptr;
}
MagicData* magic_of(Term t, const void* type);  // nullptr unless t is a live magic reference of that type
bool is_pid_ref(Term t, Term* pid);             // process alias references

// Node of external terms: interned (name, creation); lives as long as the VM (see term/nodes.h).
struct NodeEntry {
  Term name;
  std::uint32_t creation;
};
Term make_external_pid(HeapWriter& h, const NodeEntry* node, std::uint32_t number, std::uint32_t serial);
Term make_external_port(HeapWriter& h, const NodeEntry* node, Word number);
Term make_external_ref(HeapWriter& h, const NodeEntry* node, std::span<const std::uint32_t> numbers);
const NodeEntry* external_node(Term t);  // t is external

inline std::uint32_t pid_number(Term pid) { return static_cast<std::uint32_t>(pid.id_data() & 0xFFFFFFF); }  // local
inline std::uint32_t pid_serial(Term pid) { return static_cast<std::uint32_t>(pid.id_data() >> 28); }

// --- lists ------------------------------------------------------------------------------------------------------------
// Length of a proper list, or -1.
SWord list_length(Term list);
Term list_from(HeapWriter& h, std::span<const Term> elements, Term tail = kNil);

// Appends in order without a second pass.
class ListBuilder {
 public:
  explicit ListBuilder(HeapWriter& h) : h_(h) {}
  void add(Term t) {
    Word* p = h_.alloc(2);
    p[0] = t.bits();
    p[1] = kNil.bits();
    if (last_) last_[1] = Term::cons(p).bits();
    else first_ = Term::cons(p);
    last_ = p;
  }
  Term finish(Term tail = kNil) {
    if (!last_) return tail;
    last_[1] = tail.bits();
    return first_;
  }

 private:
  HeapWriter& h_;
  Word* last_ = nullptr;
  Term first_ = kNil;
};

}  // namespace vm::term
