// SPDX-License-Identifier: Apache-2.0
//
// Binaries, bitstrings and iolists. Work on large ones is charged (kBytesPerReduction) so that the caller loses its slice afterwards.
#include <zlib.h>

#include "bif/bif_decls.gen.h"
#include "bif/binary_part.h"
#include "bif/long_work.h"
#include "num/md5.h"
#include "ops/bits.h"
#include "ops/iolist.h"

namespace vm::bif {

using ops::IolistFault;

namespace {

constexpr std::size_t kBytesPerReduction = 512;
constexpr std::size_t kElementsPerReduction = 32;

BifResult iolist_error(BifContext& cx, IolistFault fault) { return fault == IolistFault::TooLong ? cx.system_limit() : cx.badarg(); }

// How much an iolist may hold to be dealt with here.
constexpr std::size_t kLongIolist = 2 * kLongBytes;
constexpr std::size_t kGathered = 16384;  // so many bytes are looked at once only

IolistFault size_of_iolist(Term t, std::size_t* bytes) {
  return runs_dirty() ? ops::iolist_size(t, bytes) : ops::iolist_size_within(t, kLongIolist, bytes);
}

template <typename Later>
BifResult binary_from_iolist(BifContext& cx, Term t, Later&& later) {
  std::size_t bytes;
  Byte front[kGathered];
  const bool dirty = runs_dirty();
  IolistFault fault = dirty ? ops::iolist_size(t, &bytes) : ops::iolist_gather_within(t, kLongIolist, front, &bytes);
  if (fault == IolistFault::PastLimit) return later();
  if (fault != IolistFault::None) return iolist_error(cx, fault);
  cx.bump(bytes / kBytesPerReduction);
  if (!dirty && bytes <= kGathered) return term::make_binary(cx.heap(), {front, bytes});
  Byte* data;
  Term result = term::make_binary(cx.heap(), bytes, &data);
  ops::copy_iolist(t, data);
  return result;
}

// Bytes first..first+count-1 of a bitstring as a list in front of tail.
Term bytes_to_list(term::HeapWriter& h, const term::Bits& b, std::size_t first, std::size_t count, Term tail) {
  if (count == 0) return tail;
  Word* p = h.alloc(2 * count);
  if ((b.offset & 7) == 0) {
    Term list = Term::cons(p);
    for (const Byte *at = b.base + b.offset / 8 + first, *end = at + count; at != end; at++, p += 2) {
      p[0] = Term::small(*at).bits();
      p[1] = Term::cons(p + 2).bits();
    }
    p[-1] = tail.bits();
    return list;
  }
  Byte buffer[256];
  for (std::size_t i = 0; i < count; i++) {
    std::size_t k = i % sizeof(buffer);
    if (k == 0) ops::copy_bits(buffer, 0, b.base, b.offset + (first + i) * 8, std::min(sizeof(buffer), count - i) * 8);
    p[2 * i] = Term::small(buffer[k]).bits();
    p[2 * i + 1] = i + 1 < count ? Term::cons(p + 2 * i + 2).bits() : tail.bits();
  }
  return Term::cons(p);
}

// Feeds the bytes of iodata to `update`. False when it is none.
template <typename F>
bool each_chunk(Term data, F&& update) {
  std::vector<Byte> gathered;
  auto flush = [&] {
    if (!gathered.empty()) update(std::span<const Byte>(gathered));
    gathered.clear();
  };
  bool ok = ops::walk_iolist(
      data,
      [&](Byte b) {
        gathered.push_back(b);
        if (gathered.size() == 4096) flush();
      },
      [&](Term part) {
        if (!part.is_binary()) return false;
        flush();
        term::ByteScratch scratch;
        std::span<const Byte> bytes;
        term::binary_bytes(part, &bytes, scratch);
        update(bytes);
        return true;
      });
  flush();
  return ok;
}

using Checksum = uLong (*)(uLong, const Bytef*, z_size_t);

// Whether iodata is too much for a checksum here. Wrong iodata is not.
bool is_long_data(Term data, std::size_t limit) {
  std::size_t bytes;
  return !runs_dirty() && ops::iolist_size_within(data, limit, &bytes) == IolistFault::PastLimit;
}
constexpr std::size_t kLongChecksum = 4 * kLongBytes, kLongDigest = kLongBytes / 2;

BifResult checksum(BifContext& cx, Checksum function, Word start, Term data) {
  uLong sum = start;
  std::size_t total = 0;
  bool ok = each_chunk(data, [&](std::span<const Byte> bytes) {
    sum = function(sum, bytes.data(), bytes.size());
    total += bytes.size();
  });
  cx.bump(total / kBytesPerReduction);
  if (!ok) return cx.badarg();
  return term::make_unsigned(cx.heap(), sum);
}

bool checksum_argument(Term t, Word* out) { return term::to_uint64(t, out) && *out <= 0xFFFFFFFF; }

BifResult combine(BifContext& cx, uLong (*function)(uLong, uLong, z_off64_t), Term first, Term second, Term size) {
  Word a, b, n;
  if (!checksum_argument(first, &a) || !checksum_argument(second, &b) || !checksum_argument(size, &n)) return cx.badarg();
  return term::make_unsigned(cx.heap(), function(a, b, static_cast<z_off64_t>(n)));
}

uLong combine_crc(uLong a, uLong b, z_off64_t n) { return crc32_combine(a, b, n); }
uLong combine_adler(uLong a, uLong b, z_off64_t n) { return n == 0 ? a : adler32_combine(a, b, n); }

}  // namespace

bool binary_part_range(std::size_t size, Term start, Term length, std::size_t* first, std::size_t* count) {
  Word at;
  SWord n;
  if (!term::to_uint64(start, &at) || !term::to_int64(length, &n) || at > size) return false;
  if (n < 0) {
    Word back = Word{0} - static_cast<Word>(n);
    if (back > at) return false;
    *first = at - back;
    *count = back;
    return true;
  }
  if (static_cast<Word>(n) > size - at) return false;
  *first = at;
  *count = static_cast<Word>(n);
  return true;
}

BifResult binary_part_of(GuardContext& cx, Term binary, Term start, Term length) {
  std::size_t first, count;
  if (!binary.is_bitstring() || !binary_part_range(term::bits_of(binary).size >> 3, start, length, &first, &count)) return cx.badarg();
  return ops::extract_bits(cx.heap(), binary, first * 8, count * 8);
}

BifResult erlang_byte_size_1(GuardContext& cx, Term t) {
  if (!t.is_bitstring()) return cx.badarg();
  return Term::small(static_cast<SWord>(term::bits_of(t).byte_size()));
}

BifResult erlang_bit_size_1(GuardContext& cx, Term t) {
  if (!t.is_bitstring()) return cx.badarg();
  return Term::small(static_cast<SWord>(term::bits_of(t).size));
}

BifResult erlang_size_1(GuardContext& cx, Term t) {
  if (t.is_tuple()) return Term::small(static_cast<SWord>(term::Tuple::from(t).size()));
  if (!t.is_bitstring()) return cx.badarg();
  return Term::small(static_cast<SWord>(term::bits_of(t).size >> 3));
}

BifResult erlang_binary_part_2(GuardContext& cx, Term binary, Term range) {
  if (!range.is_tuple_of(2)) return cx.badarg();
  term::Tuple r = term::Tuple::from(range);
  return binary_part_of(cx, binary, r[0], r[1]);
}

BifResult erlang_binary_part_3(GuardContext& cx, Term binary, Term start, Term length) { return binary_part_of(cx, binary, start, length); }

BifResult erlang_iolist_size_1(YieldContext& cx, Term t) {
  if (t.is_cons() && is_long_list(t, kLongElements)) return on_dirty<erlang_iolist_size_1>(cx, t);
  std::uint64_t bytes;
  if (IolistFault fault = ops::iolist_length(t, &bytes); fault != IolistFault::None) return iolist_error(cx, fault);
  return term::make_unsigned(cx.heap(), bytes);
}

BifResult erlang_iolist_to_binary_1(YieldContext& cx, Term t) {
  if (t.is_binary()) return t;
  return binary_from_iolist(cx, t, [&] { return on_dirty<erlang_iolist_to_binary_1>(cx, t); });
}

BifResult erlang_iolist_to_iovec_1(YieldContext& cx, Term t) {
  std::size_t bytes;
  IolistFault fault = t.is_bitstring() ? ops::iolist_size(t, &bytes) : size_of_iolist(t, &bytes);
  if (fault == IolistFault::PastLimit) return on_dirty<erlang_iolist_to_iovec_1>(cx, t);
  if (fault != IolistFault::None) return iolist_error(cx, fault);
  cx.bump(bytes / kBytesPerReduction);
  if (bytes == 0) return term::kNil;
  if (t.is_bitstring()) return cx.heap().cons(t, term::kNil);
  return ops::iolist_to_vector(cx.heap(), t);
}

BifResult erlang_list_to_binary_1(YieldContext& cx, Term t) {
  if (!t.is_list()) return cx.badarg();
  return binary_from_iolist(cx, t, [&] { return on_dirty<erlang_list_to_binary_1>(cx, t); });
}

BifResult erlang_list_to_bitstring_1(YieldContext& cx, Term t) {
  std::size_t bits;
  if (!t.is_list()) return cx.badarg();
  IolistFault fault = runs_dirty() ? ops::iolist_bits(t, &bits) : ops::iolist_bits_within(t, kLongIolist, &bits);
  if (fault == IolistFault::PastLimit) return on_dirty<erlang_list_to_bitstring_1>(cx, t);
  if (fault != IolistFault::None) return iolist_error(cx, fault);
  cx.bump(bits / 8 / kBytesPerReduction);
  Byte* data;
  Term result = ops::start_build(cx.heap(), bits, &data);
  ops::copy_iolist(t, data);
  return result;
}

BifResult erlang_binary_to_list_1(YieldContext& cx, Term t) {
  if (!t.is_binary()) return cx.badarg();
  term::Bits b = term::bits_of(t);
  if (is_long(b.size >> 3, kLongElements)) return on_dirty<erlang_binary_to_list_1>(cx, t);
  cx.bump((b.size >> 3) / kElementsPerReduction);
  return bytes_to_list(cx.heap(), b, 0, b.size >> 3, term::kNil);
}

BifResult erlang_binary_to_list_3(YieldContext& cx, Term t, Term from, Term to) {
  Word first, last;
  if (!t.is_bitstring() || !term::to_uint64(from, &first) || !term::to_uint64(to, &last)) return cx.badarg();
  term::Bits b = term::bits_of(t);
  if (first < 1 || first > last || last > b.size >> 3) return cx.badarg();
  if (is_long(last - first, kLongElements)) return on_dirty<erlang_binary_to_list_3>(cx, t, from, to);
  cx.bump((last - first) / kElementsPerReduction);
  return bytes_to_list(cx.heap(), b, first - 1, last - first + 1, term::kNil);
}

BifResult erlang_bitstring_to_list_1(YieldContext& cx, Term t) {
  if (!t.is_bitstring()) return cx.badarg();
  term::Bits b = term::bits_of(t);
  std::size_t whole = b.size >> 3;
  if (is_long(whole, kLongElements)) return on_dirty<erlang_bitstring_to_list_1>(cx, t);
  cx.bump(whole / kElementsPerReduction);
  Term tail = term::kNil;
  if ((b.size & 7) != 0) tail = cx.heap().cons(ops::extract_bits(cx.heap(), t, whole * 8, b.size & 7), term::kNil);
  return bytes_to_list(cx.heap(), b, 0, whole, tail);
}

BifResult erlang_split_binary_2(BifContext& cx, Term t, Term position) {
  Word at;
  if (!t.is_bitstring() || !term::to_uint64(position, &at)) return cx.badarg();
  std::size_t bits = term::bits_of(t).size;
  if (at > bits >> 3) return cx.badarg();
  term::HeapWriter& h = cx.heap();
  Term left = ops::extract_bits(h, t, 0, at * 8);
  return term::Tuple::make(h, left, ops::extract_bits(h, t, at * 8, bits - at * 8));
}

// --- checksums --------------------------------------------------------------------------------------------------------

BifResult erlang_md5_1(YieldContext& cx, Term data) {
  if (is_long_data(data, kLongDigest)) return on_dirty<erlang_md5_1>(cx, data);
  num::Md5 md5;
  std::size_t total = 0;
  if (!each_chunk(data, [&](std::span<const Byte> bytes) {
        md5.update(bytes);
        total += bytes.size();
      }))
    return cx.badarg();
  cx.bump(total / (kBytesPerReduction / 8));
  num::Md5Digest digest = md5.finish();
  return term::make_binary(cx.heap(), std::span<const Byte>(digest));
}

BifResult erlang_md5_init_0(BifContext& cx) {
  Byte* data;
  Term context = term::make_binary(cx.heap(), num::Md5::kContextBytes, &data);
  num::Md5().store(std::span<Byte, num::Md5::kContextBytes>(data, num::Md5::kContextBytes));
  return context;
}

namespace {

// The context in a binary; false when it is none.
bool md5_context(Term t, num::Md5* md5) {
  term::ByteScratch scratch;
  std::span<const Byte> bytes;
  if (!term::binary_bytes(t, &bytes, scratch) || bytes.size() != num::Md5::kContextBytes) return false;
  *md5 = num::Md5(bytes.first<num::Md5::kContextBytes>());
  return true;
}

}  // namespace

BifResult erlang_md5_update_2(YieldContext& cx, Term context, Term data) {
  if (is_long_data(data, kLongDigest)) return on_dirty<erlang_md5_update_2>(cx, context, data);
  num::Md5 md5;
  if (!md5_context(context, &md5)) return cx.badarg();
  std::size_t total = 0;
  if (!each_chunk(data, [&](std::span<const Byte> bytes) {
        md5.update(bytes);
        total += bytes.size();
      }))
    return cx.badarg();
  cx.bump(total / (kBytesPerReduction / 8));
  Byte* out;
  Term result = term::make_binary(cx.heap(), num::Md5::kContextBytes, &out);
  md5.store(std::span<Byte, num::Md5::kContextBytes>(out, num::Md5::kContextBytes));
  return result;
}

BifResult erlang_md5_final_1(BifContext& cx, Term context) {
  num::Md5 md5;
  if (!md5_context(context, &md5)) return cx.badarg();
  num::Md5Digest digest = md5.finish();
  return term::make_binary(cx.heap(), std::span<const Byte>(digest));
}

BifResult erlang_crc32_1(YieldContext& cx, Term data) {
  if (is_long_data(data, kLongChecksum)) return on_dirty<erlang_crc32_1>(cx, data);
  return checksum(cx, crc32_z, 0, data);
}
BifResult erlang_adler32_1(YieldContext& cx, Term data) {
  if (is_long_data(data, kLongChecksum)) return on_dirty<erlang_adler32_1>(cx, data);
  return checksum(cx, adler32_z, 1, data);
}

BifResult erlang_crc32_2(YieldContext& cx, Term old, Term data) {
  Word start;
  if (!checksum_argument(old, &start)) return cx.badarg();
  if (is_long_data(data, kLongChecksum)) return on_dirty<erlang_crc32_2>(cx, old, data);
  return checksum(cx, crc32_z, start, data);
}

BifResult erlang_adler32_2(YieldContext& cx, Term old, Term data) {
  Word start;
  if (!checksum_argument(old, &start)) return cx.badarg();
  if (is_long_data(data, kLongChecksum)) return on_dirty<erlang_adler32_2>(cx, old, data);
  return checksum(cx, adler32_z, start, data);
}

BifResult erlang_crc32_combine_3(BifContext& cx, Term first, Term second, Term size) {
  return combine(cx, combine_crc, first, second, size);
}
BifResult erlang_adler32_combine_3(BifContext& cx, Term first, Term second, Term size) {
  return combine(cx, combine_adler, first, second, size);
}

}  // namespace vm::bif
