// SPDX-License-Identifier: Apache-2.0
//
// Building bitstrings.
//
// Appending in place. `start_append` makes a RefcBinary with spare room and a slice of it whose header says "live end" (data bit 0). A later
// append to such a slice writes behind its last bit, moves the mark to the slice it answers, and so leaves exactly one appender at
// any time. Earlier slices stay valid: they never see more than their own bits. Copies (messages, tables, literals) lose the mark
// in heap::copy, and while other heaps refer to the same bytes, what outgrows the room is copied instead of reallocated.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "num/digits.h"
#include "num/float_conv.h"
#include "ops/bits.h"
#include "ops/bits_build_internal.h"
#include "ops/bits_float_internal.h"
#include "ops/bits_words_internal.h"

namespace vm::ops {

using term::BinaryData;
using term::HeaderWord;
using term::HeapWriter;
using term::Kind;
using term::RefcBinaryWords;
using term::SubBitsWords;

namespace {

constexpr std::size_t kMinWritableBytes = 256;
constexpr std::size_t kDoublingLimit = std::size_t{1} << 24;  // larger ones grow by a fifth

std::size_t grown(std::size_t bytes) { return bytes > kDoublingLimit ? bytes + bytes / 5 : 2 * bytes; }

bool is_little(unsigned flags) { return (flags & (kLittle | kNative)) != 0; }

Term make_live_end(HeapWriter& h, Term original, std::size_t bits) {
  Word* p = h.alloc(1 + SubBitsWords::kWords);
  p[0] = HeaderWord::make(Kind::SubBits, SubBitsWords::kWords, 1).bits();
  p[SubBitsWords::kOriginal] = original.bits();
  p[SubBitsWords::kOffset] = 0;
  p[SubBitsWords::kSize] = bits;
  return Term::boxed(p);
}

// Makes room for `bytes` bytes in the storage of a live end. False when others share it and it is full.
bool make_room(HeapWriter& h, Word* refc, std::size_t bytes) {
  auto* data = reinterpret_cast<BinaryData*>(refc[RefcBinaryWords::kData]);
  if (data->capacity < bytes) {
    if (data->refs.load(std::memory_order_acquire) != 1) return false;
    std::size_t before = data->capacity;
    data = BinaryData::grow(data, grown(bytes));
    h.off_heap().bytes += data->capacity - before;
    refc[RefcBinaryWords::kData] = reinterpret_cast<Word>(data);
    refc[RefcBinaryWords::kBytes] = reinterpret_cast<Word>(data->bytes);
  }
  // While others hold the bytes the size is theirs to read; what matters here is the size on this heap.
  if (data->refs.load(std::memory_order_acquire) == 1) data->size = bytes;
  refc[RefcBinaryWords::kSize] = bytes;
  return true;
}

Term make_storage(HeapWriter& h, std::size_t bytes, std::size_t capacity) {
  BinaryData* data = BinaryData::create(bytes, capacity);
  data->flags |= BinaryData::kWritable;
  return term::make_refc_binary(h, data, data->bytes, bytes);
}

// Two's complement digits of any integer, from the least significant one on.
class IntegerDigits {
 public:
  explicit IntegerDigits(Term value) : small_(value.is_small() ? value.small_value() : 0) {
    if (value.is_small()) {
      value_ = small_.view();
    } else {
      term::BigInt big = term::BigInt::from(value);
      value_ = {big.limbs(), big.negative() ? num::Sign::Negative : num::Sign::Positive};
    }
  }
  Word next() { return num::twos_complement_digit(value_, index_++, carry_); }
  // Bits from which on all are the sign's.
  std::size_t bits() const { return value_.magnitude.size() * 64; }
  Word sign() const { return value_.sign == num::Sign::Negative ? ~Word{0} : 0; }

 private:
  num::SmallDigits small_;
  num::SignedDigits value_;
  std::size_t index_ = 0;
  num::Digit carry_ = 1;
};

// Writes `bits` bits that are all as those of `sign`, 0 or ~0.
void fill_bits(Byte* dst, std::size_t at, std::size_t bits, Word sign) {
  const std::size_t first = std::min(bits, -at & 7), whole = (bits - first) / 8;
  write_bits(dst, at, sign & low_mask(first), first);
  std::memset(dst + (at + first) / 8, static_cast<int>(sign & 0xFF), whole);
  const std::size_t rest = bits - first - whole * 8;
  write_bits(dst, at + bits - rest, sign & low_mask(rest), rest);
}

bool value_as_double(Term value, double* out) {
  if (value.is_float()) {
    *out = term::float_value(value);
    return true;
  }
  if (value.is_small()) {
    *out = static_cast<double>(value.small_value());
    return true;
  }
  if (!value.is_big()) return false;
  term::BigInt big = term::BigInt::from(value);
  auto d = num::to_double({big.limbs(), big.negative() ? num::Sign::Negative : num::Sign::Positive});
  if (d) *out = *d;
  return d.has_value();
}

}  // namespace

bool put_integer(Byte* dst, std::size_t at, Term value, std::size_t bits, unsigned flags) {
  if (VM_LIKELY(value.is_small() && bits <= 64)) {
    Word w = static_cast<Word>(value.small_value()) & low_mask(bits);
    write_bits(dst, at, is_little(flags) ? big_from_little(w, bits) : w, bits);
    return true;
  }
  if (!value.is_integer()) return false;
  IntegerDigits digits(value);
  const bool little = is_little(flags);
  const std::size_t told = std::min(bits, digits.bits());
  for (std::size_t done = 0; done < told;) {
    const std::size_t n = std::min<std::size_t>(bits - done, 64);
    const Word digit = digits.next() & low_mask(n);
    if (little) write_bits(dst, at + done, big_from_little(digit, n), n);
    else write_bits(dst, at + bits - done - n, digit, n);
    done += n;
  }
  if (bits > told) fill_bits(dst, little ? at + told : at, bits - told, digits.sign());
  return true;
}

bool put_float(Byte* dst, std::size_t at, Term value, std::size_t bits, unsigned flags) {
  double d;
  if (!value_as_double(value, &d)) return false;
  Word w;
  if (bits == 64) w = std::bit_cast<Word>(d);
  else if (bits == 32) w = std::bit_cast<std::uint32_t>(static_cast<float>(d));
  else if (bits == 16) w = double_to_half(d);
  else return false;
  write_bits(dst, at, is_little(flags) ? big_from_little(w, bits) : w, bits);
  return true;
}

bool put_bits(Byte* dst, std::size_t at, Term bitstring, std::size_t bits) {
  if (!bitstring.is_bitstring()) return false;
  term::Bits b = term::bits_of(bitstring);
  if (b.size < bits) return false;
  copy_bits(dst, at, b.base, b.offset, bits);
  return true;
}

Term start_build(HeapWriter& h, std::size_t bits, Byte** bytes) {
  std::size_t n = (bits + 7) >> 3;
  Term whole = term::make_binary(h, n, bytes);
  if ((bits & 7) == 0) return whole;
  (*bytes)[n - 1] = 0;  // the bits behind the last one are the same every time
  return term::make_sub_bits(h, whole, 0, bits);
}

Term append_room(HeapWriter& h, Term src, std::size_t extra, Byte** bytes, std::size_t* at) {
  term::Bits b = term::bits_of(src);
  *at = b.size;
  if (extra == 0) {
    *bytes = const_cast<Byte*>(b.base);  // nothing will be written
    return src;
  }
  std::size_t total = b.size + extra;
  std::size_t total_bytes = (total + 7) >> 3;
  Word* p = src.boxed_ptr();
  if (header_of(src).kind() == Kind::SubBits && (header_of(src).data() & 1) != 0) {
    Term original = Term::from_bits(p[SubBitsWords::kOriginal]);
    Word* refc = original.boxed_ptr();
    if (make_room(h, refc, total_bytes)) {
      p[0] = HeaderWord::make(Kind::SubBits, SubBitsWords::kWords).bits();  // src is no longer the end
      *bytes = reinterpret_cast<Byte*>(refc[RefcBinaryWords::kBytes]);
      if (total_bytes > ((b.size + 7) >> 3)) (*bytes)[total_bytes - 1] = 0;
      return make_live_end(h, original, total);
    }
  }
  std::size_t capacity = grown(total_bytes);
  Term original = make_storage(h, total_bytes, capacity < kMinWritableBytes ? kMinWritableBytes : capacity);
  *bytes = reinterpret_cast<Byte*>(original.boxed_ptr()[RefcBinaryWords::kBytes]);
  (*bytes)[total_bytes - 1] = 0;
  copy_bits(*bytes, 0, b.base, b.offset, b.size);
  return make_live_end(h, original, total);
}

Term start_append(GuardContext& cx, Term src, std::size_t extra, std::size_t unit, Byte** bytes, std::size_t* at) {
  constexpr std::size_t kMaxBits = std::size_t{1} << 59;
  if (!src.is_bitstring()) return cx.badarg().value();
  std::size_t size = term::bits_of(src).size;
  if (!is_multiple(size, unit)) return cx.badarg().value();
  if (extra > kMaxBits || size + extra > kMaxBits) return cx.system_limit().value();
  bool copies = extra != 0 && !(src.is_kind(Kind::SubBits) && (header_of(src).data() & 1) != 0);
  if (copies) cx.process().reductions_left -= static_cast<SWord>(size / kBitsPerReduction);
  return append_room(cx.heap(), src, extra, bytes, at);
}

bool extend_private(HeapWriter& h, Term src, std::size_t extra, Byte** bytes, std::size_t* at) {
  constexpr std::size_t kMaxBits = std::size_t{1} << 59;
  if (!src.is_kind(Kind::SubBits) || (header_of(src).data() & 1) == 0) return false;
  Word* p = src.boxed_ptr();
  std::size_t size = p[SubBitsWords::kSize];
  if (extra > kMaxBits || size + extra > kMaxBits) return false;
  std::size_t before = (size + 7) >> 3, after = (size + extra + 7) >> 3;
  Word* refc = Term::from_bits(p[SubBitsWords::kOriginal]).boxed_ptr();
  if (!make_room(h, refc, after)) return false;
  p[SubBitsWords::kSize] = size + extra;
  *bytes = reinterpret_cast<Byte*>(refc[RefcBinaryWords::kBytes]);
  *at = size;
  if (after > before) (*bytes)[after - 1] = 0;
  return true;
}

Term make_writable(HeapWriter& h, std::size_t hint) { return make_live_end(h, make_storage(h, 0, hint), 0); }

}  // namespace vm::ops
