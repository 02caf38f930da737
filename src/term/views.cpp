// SPDX-License-Identifier: Apache-2.0
#include "term/views.h"

#include <cstdlib>
#include <cstring>

#include "num/digits.h"
#include "term/bit_order.h"

namespace vm::term {

// --- integers ---------------------------------------------------------------------------------------------------------

Term make_big(HeapWriter& h, std::span<const Word> limbs, bool negative) {
  std::size_t n = num::normalised_size(limbs);
  if (n == 0) return Term::small(0);
  if (n == 1) {
    constexpr Word kMax = static_cast<Word>(Term::kSmallMax);
    if (limbs[0] <= kMax + (negative ? 1 : 0)) {
      return Term::small(negative ? static_cast<SWord>(Word{0} - limbs[0]) : static_cast<SWord>(limbs[0]));
    }
  }
  Word* p = h.alloc(1 + n);
  p[0] = HeaderWord::make(Kind::BigInt, n, negative).bits();
  std::memcpy(p + 1, limbs.data(), n * kWordBytes);
  return Term::boxed(p);
}

bool to_int64(Term t, SWord* out) {
  if (t.is_small()) {
    *out = t.small_value();
    return true;
  }
  BigInt big = BigInt::try_from(t);
  if (!big || big.limbs().size() != 1) return false;
  Word magnitude = big.limbs()[0];
  constexpr Word kLimit = Word{1} << 63;
  if (big.negative() ? magnitude > kLimit : magnitude >= kLimit) return false;
  *out = static_cast<SWord>(big.negative() ? Word{0} - magnitude : magnitude);
  return true;
}

bool to_uint64(Term t, Word* out) {
  if (t.is_small()) {
    if (t.small_value() < 0) return false;
    *out = static_cast<Word>(t.small_value());
    return true;
  }
  BigInt big = BigInt::try_from(t);
  if (!big || big.negative() || big.limbs().size() != 1) return false;
  *out = big.limbs()[0];
  return true;
}

// --- bitstrings -------------------------------------------------------------------------------------------------------

namespace {

const Byte* bytes_of_whole(const Word* p) {
  return HeaderWord(*p).kind() == Kind::HeapBinary ? reinterpret_cast<const Byte*>(p + 2)
                                                   : reinterpret_cast<const Byte*>(p[RefcBinaryWords::kBytes]);
}

Term make_slice(HeapWriter& h, Term original, std::size_t offset, std::size_t size) {
  Word* p = h.alloc(1 + SubBitsWords::kWords);
  p[0] = HeaderWord::make(Kind::SubBits, SubBitsWords::kWords).bits();
  p[SubBitsWords::kOriginal] = original.bits();
  p[SubBitsWords::kOffset] = offset;
  p[SubBitsWords::kSize] = size;
  return Term::boxed(p);
}

}  // namespace

void copy_to_bytes(Byte* to, const Bits& b) {
  std::size_t bytes = b.byte_size();
  if (bytes == 0) return;
  const Byte* from = b.base + (b.offset >> 3);
  unsigned shift = b.offset & 7;
  if (shift == 0) {
    std::memcpy(to, from, bytes);
    if ((b.size & 7) != 0) to[bytes - 1] &= static_cast<Byte>(0xFF00u >> (b.size & 7));
    return;
  }
  for (std::size_t i = 0; i + 1 < bytes; i++) to[i] = static_cast<Byte>(from[i] << shift | from[i + 1] >> (8 - shift));
  to[bytes - 1] = byte_at(b, bytes - 1);
}

int compare_bits_prefix(const Bits& a, const Bits& b, std::size_t bits) {
  std::size_t whole = bits >> 3;
  if (a.byte_aligned() && b.byte_aligned()) {
    int c = whole == 0 ? 0 : std::memcmp(a.bytes(), b.bytes(), whole);
    if (c != 0) return c;
  } else {
    for (std::size_t i = 0; i < whole; i++) {
      int c = int{byte_at(a, i)} - int{byte_at(b, i)};
      if (c != 0) return c;
    }
  }
  unsigned rest = bits & 7;
  if (rest == 0) return 0;
  unsigned mask = 0xFF00u >> rest & 0xFF;
  return static_cast<int>(byte_at(a, whole) & mask) - static_cast<int>(byte_at(b, whole) & mask);
}

Bits bits_of(Term t) {
  const Word* p = t.boxed_ptr();
  switch (HeaderWord(*p).kind()) {
    case Kind::HeapBinary: return {reinterpret_cast<const Byte*>(p + 2), 0, p[1] * 8};
    case Kind::RefcBinary: return {reinterpret_cast<const Byte*>(p[RefcBinaryWords::kBytes]), 0, p[RefcBinaryWords::kSize] * 8};
    case Kind::SubBits:
      return {bytes_of_whole(Term::from_bits(p[SubBitsWords::kOriginal]).boxed_ptr()), p[SubBitsWords::kOffset], p[SubBitsWords::kSize]};
    case Kind::MatchContext:
      return {bytes_of_whole(Term::from_bits(p[MatchContextWords::kOriginal]).boxed_ptr()), p[MatchContextWords::kOffset],
              p[MatchContextWords::kEnd] - p[MatchContextWords::kOffset]};
    default: VM_UNREACHABLE("bits_of: no bitstring");
  }
}

ByteScratch::~ByteScratch() { std::free(data); }

bool binary_bytes(Term t, std::span<const Byte>* out, ByteScratch& scratch) {
  if (!t.is_binary()) return false;
  Bits b = bits_of(t);
  if (b.byte_aligned()) {
    *out = {b.bytes(), b.byte_size()};
    return true;
  }
  void* copy = std::realloc(scratch.data, b.byte_size() + 1);
  VM_CHECK(copy != nullptr);
  scratch.data = static_cast<Byte*>(copy);
  copy_to_bytes(scratch.data, b);
  *out = {scratch.data, b.byte_size()};
  return true;
}

Term make_binary(HeapWriter& h, std::size_t n, Byte** data) {
  if (n <= kHeapBinaryLimit) {
    std::size_t words = words_for_bytes(n);
    Word* p = h.alloc(2 + words);
    p[0] = HeaderWord::make(Kind::HeapBinary, 1 + words).bits();
    p[1] = n;
    if (words != 0) p[1 + words] = 0;  // padding
    *data = reinterpret_cast<Byte*>(p + 2);
    return Term::boxed(p);
  }
  BinaryData* bytes = BinaryData::create(n);
  *data = bytes->bytes;
  return make_refc_binary(h, bytes, bytes->bytes, n);
}

namespace {

// Most binaries that are copied are short: two words that may overlap take less time than finding out what memcpy should do.
inline void copy_bytes(Byte* to, const Byte* from, std::size_t n) {
  if (n > 16) {
    std::memcpy(to, from, n);
  } else if (n >= 8) {
    Word first, last;
    std::memcpy(&first, from, 8);
    std::memcpy(&last, from + n - 8, 8);
    std::memcpy(to, &first, 8);
    std::memcpy(to + n - 8, &last, 8);
  } else {
    for (std::size_t i = 0; i < n; i++) to[i] = from[i];
  }
}

}  // namespace

Term make_binary(HeapWriter& h, std::span<const Byte> bytes) {
  Byte* data;
  Term t = make_binary(h, bytes.size(), &data);
  copy_bytes(data, bytes.data(), bytes.size());
  return t;
}

Term make_bitstring(HeapWriter& h, Bits src) {
  Byte* data;
  Term whole = make_binary(h, src.byte_size(), &data);
  copy_to_bytes(data, src);
  return (src.size & 7) == 0 ? whole : make_slice(h, whole, 0, src.size);
}

Term make_sub_bits(HeapWriter& h, Term t, std::size_t bit_offset, std::size_t bit_size) {
  const Word* p = t.boxed_ptr();
  switch (HeaderWord(*p).kind()) {
    case Kind::HeapBinary:
    case Kind::RefcBinary:
      if (bit_offset == 0 && bit_size == bits_of(t).size) return t;
      return make_slice(h, t, bit_offset, bit_size);
    case Kind::SubBits:
      if (bit_offset == 0 && bit_size == p[SubBitsWords::kSize]) return t;
      return make_slice(h, Term::from_bits(p[SubBitsWords::kOriginal]), p[SubBitsWords::kOffset] + bit_offset, bit_size);
    case Kind::MatchContext: {
      Term original = Term::from_bits(p[MatchContextWords::kOriginal]);
      std::size_t offset = p[MatchContextWords::kOffset] + bit_offset;
      if (offset == 0 && bit_size == bits_of(original).size) return original;
      return make_slice(h, original, offset, bit_size);
    }
    default: VM_UNREACHABLE("make_sub_bits: no bitstring");
  }
}

Term make_refc_binary(HeapWriter& h, BinaryData* data, const Byte* bytes, std::size_t size) {
  Word* p = h.alloc(1 + RefcBinaryWords::kWords);
  p[0] = HeaderWord::make(Kind::RefcBinary, RefcBinaryWords::kWords).bits();
  p[RefcBinaryWords::kData] = reinterpret_cast<Word>(data);
  p[RefcBinaryWords::kBytes] = reinterpret_cast<Word>(bytes);
  p[RefcBinaryWords::kSize] = size;
  h.off_heap().link(p, data->capacity);
  return Term::boxed(p);
}

// --- references, pids, ports ------------------------------------------------------------------------------------------

namespace {

Word pack(std::uint32_t low, std::uint32_t high) { return Word{high} << 32 | low; }

// Header, [next], node; the caller fills the rest.
Word* alloc_external(HeapWriter& h, Kind kind, const NodeEntry* node, std::size_t payload_words, unsigned data) {
  Word* p = h.alloc(3 + payload_words);
  p[0] = HeaderWord::make(kind, 2 + payload_words, data).bits();
  p[2] = reinterpret_cast<Word>(node);
  h.off_heap().link(p, 0);
  return p;
}

}  // namespace

Term make_ref(HeapWriter& h, const std::uint32_t numbers[3]) {
  Word* p = h.alloc(3);
  p[0] = HeaderWord::make(Kind::Ref, 2).bits();
  p[1] = pack(numbers[0], numbers[1]);
  p[2] = numbers[2];
  return Term::boxed(p);
}

Term make_pid_ref(HeapWriter& h, const std::uint32_t numbers[3], Term local_pid) {
  Word* p = h.alloc(4);
  p[0] = HeaderWord::make(Kind::Ref, 3, 1).bits();
  p[1] = pack(numbers[0], numbers[1]);
  p[2] = numbers[2];
  p[3] = local_pid.bits();
  return Term::boxed(p);
}

Term make_magic_ref(HeapWriter& h, MagicData* data) {
  Word* p = h.alloc(5);
  p[0] = HeaderWord::make(Kind::MagicRef, 4).bits();
  p[2] = pack(data->numbers[0], data->numbers[1]);
  p[3] = data->numbers[2];
  p[4] = reinterpret_cast<Word>(data);
  data->add_ref();
  h.off_heap().link(p, 0);
  return Term::boxed(p);
}

RefNumbers ref_numbers(Term ref) {
  const Word* p = ref.boxed_ptr();
  HeaderWord header(*p);
  RefNumbers r{};
  const Word* numbers;
  switch (header.kind()) {
    case Kind::Ref:
      r.count = 3;
      numbers = p + 1;
      break;
    case Kind::MagicRef:
      r.count = 3;
      numbers = p + 2;
      break;
    case Kind::ExternalRef:
      r.count = header.data();
      numbers = p + 3;
      break;
    default: VM_UNREACHABLE("ref_numbers: no reference");
  }
  for (unsigned i = 0; i < r.count; i++) r.n[i] = static_cast<std::uint32_t>(numbers[i / 2] >> (i % 2 * 32));
  return r;
}

MagicData* magic_of(Term t, const void* type) {
  if (!t.is_kind(Kind::MagicRef)) return nullptr;
  MagicData* data = reinterpret_cast<MagicData*>(t.boxed_ptr()[4]);
  return data->type == type ? data : nullptr;
}

bool is_pid_ref(Term t, Term* pid) {
  if (!t.is_kind(Kind::Ref) || header_of(t).data() != 1) return false;
  *pid = Term::from_bits(t.boxed_ptr()[3]);
  return true;
}

Term make_external_pid(HeapWriter& h, const NodeEntry* node, std::uint32_t number, std::uint32_t serial) {
  Word* p = alloc_external(h, Kind::ExternalPid, node, 1, 0);
  p[3] = pack(number, serial);
  return Term::boxed(p);
}

Term make_external_port(HeapWriter& h, const NodeEntry* node, Word number) {
  Word* p = alloc_external(h, Kind::ExternalPort, node, 1, 0);
  p[3] = number;
  return Term::boxed(p);
}

Term make_external_ref(HeapWriter& h, const NodeEntry* node, std::span<const std::uint32_t> numbers) {
  VM_CHECK(!numbers.empty() && numbers.size() <= 5);
  Word* p = alloc_external(h, Kind::ExternalRef, node, (numbers.size() + 1) / 2, static_cast<unsigned>(numbers.size()));
  for (std::size_t i = 0; i < numbers.size(); i += 2) p[3 + i / 2] = pack(numbers[i], i + 1 < numbers.size() ? numbers[i + 1] : 0);
  return Term::boxed(p);
}

const NodeEntry* external_node(Term t) {
  VM_ASSERT(t.is_external());
  return reinterpret_cast<const NodeEntry*>(t.boxed_ptr()[2]);
}

// --- lists ------------------------------------------------------------------------------------------------------------

SWord list_length(Term list) {
  SWord n = 0;
  for (; list.is_cons(); list = list.tail()) n++;
  return list.is_nil() ? n : -1;
}

Term list_from(HeapWriter& h, std::span<const Term> elements, Term tail) {
  if (elements.empty()) return tail;
  Word* p = h.alloc(2 * elements.size());
  for (std::size_t i = 0; i < elements.size(); i++) {
    p[2 * i] = elements[i].bits();
    p[2 * i + 1] = i + 1 < elements.size() ? Term::cons(p + 2 * i + 2).bits() : tail.bits();
  }
  return Term::cons(p);
}

}  // namespace vm::term
