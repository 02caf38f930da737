// SPDX-License-Identifier: Apache-2.0
//
// Module binary, but for searching (binary_find.cpp).
#include <algorithm>

#include "bif/bif_decls.gen.h"
#include "bif/binary_part.h"
#include "bif/long_work.h"
#include "num/digits.h"
#include "ops/bits.h"
#include "ops/iolist.h"

namespace vm::bif {

namespace {

constexpr std::size_t kBytesPerReduction = 512;

// Bytes of a binary wherever its bits lie.
class BytesOf {
 public:
  bool set(Term t) { return term::binary_bytes(t, &bytes_, scratch_); }
  const Byte& operator[](std::size_t i) const { return bytes_[i]; }
  std::size_t size() const { return bytes_.size(); }
  std::span<const Byte> span() const { return bytes_; }

 private:
  term::ByteScratch scratch_;
  std::span<const Byte> bytes_;
};

Byte byte_of(const term::Bits& b, std::size_t i) {
  Byte byte;
  ops::copy_bits(&byte, 0, b.base, b.offset + i * 8, 8);
  return byte;
}

bool is_endianness(Term t) { return t == atoms::big || t == atoms::little; }

BifResult decode_unsigned(BifContext& cx, Term binary, bool little) {
  BytesOf bytes;
  if (!bytes.set(binary)) return cx.badarg();
  std::size_t n = bytes.size();
  std::size_t skip = 0;  // leading zeros of a big-endian number
  if (little) {
    while (n > 0 && bytes[n - 1] == 0) n--;
  } else {
    while (skip < n && bytes[skip] == 0) skip++;
  }
  std::size_t used = n - skip;
  std::vector<Word> digits((used + 7) / 8, 0);
  if (digits.size() > num::kMaxDigits) return cx.system_limit();
  for (std::size_t i = 0; i < used; i++) digits[i / 8] |= Word{little ? bytes[i] : bytes[n - 1 - i]} << (i % 8 * 8);
  return term::make_big(cx.heap(), digits, false);
}

BifResult encode_unsigned(BifContext& cx, Term integer, bool little) {
  Word small;
  std::span<const Word> limbs;
  if (integer.is_small()) {
    if (integer.small_value() < 0) return cx.badarg();
    small = static_cast<Word>(integer.small_value());
    limbs = {&small, 1};
  } else if (term::BigInt big = term::BigInt::try_from(integer); big && !big.negative()) {
    limbs = big.limbs();
  } else {
    return cx.badarg();
  }
  std::size_t n = std::max<std::size_t>(1, (num::bit_length(num::normalised(limbs)) + 7) / 8);
  Byte* data;
  Term result = term::make_binary(cx.heap(), n, &data);
  for (std::size_t i = 0; i < n; i++) data[little ? i : n - 1 - i] = static_cast<Byte>(limbs[i / 8] >> (i % 8 * 8));
  return result;
}

BifResult copy_times(BifContext& cx, Term binary, Word times) {
  constexpr std::size_t kMaxBytes = std::size_t{1} << 56;
  BytesOf bytes;
  if (times == 0 && binary.is_bitstring()) return term::make_binary(cx.heap(), std::span<const Byte>());
  if (!bytes.set(binary)) return cx.badarg();
  std::size_t total;
  if (__builtin_mul_overflow(bytes.size(), times, &total) || total > kMaxBytes) return cx.system_limit();
  cx.bump(total / kBytesPerReduction);
  Byte* data;
  Term result = term::make_binary(cx.heap(), total, &data);
  if (total == 0) return result;
  // What is there is doubled until it fits.
  std::memcpy(data, bytes.span().data(), bytes.size());
  for (std::size_t have = bytes.size(); have < total;) {
    std::size_t n = std::min(have, total - have);
    std::memcpy(data + have, data, n);
    have += n;
  }
  return result;
}

// Length of the common part of all binaries of a list. False when it is no non-empty proper list of binaries.
bool common_length(BifContext& cx, Term list, bool from_end, std::size_t* length) {
  BytesOf first;
  if (!list.is_cons() || !first.set(list.head())) return false;
  std::size_t common = first.size();
  for (list = list.tail(); list.is_cons(); list = list.tail()) {
    BytesOf other;
    if (!other.set(list.head())) return false;
    std::size_t limit = std::min(common, other.size()), n = 0;
    if (from_end) {
      while (n < limit && first[first.size() - 1 - n] == other[other.size() - 1 - n]) n++;
    } else {
      while (n < limit && first[n] == other[n]) n++;
    }
    cx.bump(1 + n / kBytesPerReduction);
    common = n;
  }
  *length = common;
  return list.is_nil();
}

BifResult common(BifContext& cx, Term list, bool from_end) {
  std::size_t length;
  if (!common_length(cx, list, from_end, &length)) return cx.badarg();
  return Term::small(static_cast<SWord>(length));
}

}  // namespace

BifResult binary_at_2(BifContext& cx, Term binary, Term position) {
  Word at;
  if (!binary.is_binary() || !term::to_uint64(position, &at)) return cx.badarg();
  term::Bits b = term::bits_of(binary);
  if (at >= b.size >> 3) return cx.badarg();
  return Term::small(byte_of(b, at));
}

BifResult binary_first_1(BifContext& cx, Term binary) {
  if (!binary.is_binary()) return cx.badarg();
  term::Bits b = term::bits_of(binary);
  if (b.size == 0) return cx.badarg();
  return Term::small(byte_of(b, 0));
}

BifResult binary_last_1(BifContext& cx, Term binary) {
  if (!binary.is_binary()) return cx.badarg();
  term::Bits b = term::bits_of(binary);
  if (b.size == 0) return cx.badarg();
  return Term::small(byte_of(b, (b.size >> 3) - 1));
}

BifResult binary_copy_1(BifContext& cx, Term binary) { return copy_times(cx, binary, 1); }

BifResult binary_copy_2(YieldContext& cx, Term binary, Term times) {
  Word n;
  if (!binary.is_bitstring() || !term::to_uint64(times, &n)) return cx.badarg();
  std::size_t total;
  const bool fits = !__builtin_mul_overflow(term::bits_of(binary).size >> 3, n, &total);
  if (fits && is_long(total, 4 * kLongBytes)) return on_dirty<binary_copy_2>(cx, binary, times);
  return copy_times(cx, binary, n);
}

BifResult binary_decode_unsigned_1(BifContext& cx, Term binary) { return decode_unsigned(cx, binary, false); }

BifResult binary_decode_unsigned_2(BifContext& cx, Term binary, Term endianness) {
  if (!is_endianness(endianness)) return cx.badarg();
  return decode_unsigned(cx, binary, endianness == atoms::little);
}

BifResult binary_encode_unsigned_1(BifContext& cx, Term integer) { return encode_unsigned(cx, integer, false); }

BifResult binary_encode_unsigned_2(BifContext& cx, Term integer, Term endianness) {
  if (!is_endianness(endianness)) return cx.badarg();
  return encode_unsigned(cx, integer, endianness == atoms::little);
}

BifResult binary_list_to_bin_1(YieldContext& cx, Term list) { return erlang_list_to_binary_1(cx, list); }

BifResult binary_longest_common_prefix_1(YieldContext& cx, Term list) { return common(cx, list, false); }
BifResult binary_longest_common_suffix_1(YieldContext& cx, Term list) { return common(cx, list, true); }

BifResult binary_part_2(BifContext& cx, Term binary, Term range) {
  if (!range.is_tuple_of(2)) return cx.badarg();
  term::Tuple r = term::Tuple::from(range);
  return binary_part_of(cx, binary, r[0], r[1]);
}

BifResult binary_part_3(BifContext& cx, Term binary, Term start, Term length) { return binary_part_of(cx, binary, start, length); }

BifResult binary_referenced_byte_size_1(BifContext& cx, Term binary) {
  if (!binary.is_bitstring()) return cx.badarg();
  if (binary.is_kind(term::Kind::SubBits)) binary = Term::from_bits(binary.boxed_ptr()[term::SubBitsWords::kOriginal]);
  std::size_t bytes = term::bits_of(binary).size >> 3;
  if (binary.is_kind(term::Kind::RefcBinary))
    bytes = reinterpret_cast<const term::BinaryData*>(binary.boxed_ptr()[term::RefcBinaryWords::kData])->capacity;
  return term::make_unsigned(cx.heap(), bytes);
}

}  // namespace vm::bif
