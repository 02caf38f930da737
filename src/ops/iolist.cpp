// SPDX-License-Identifier: Apache-2.0
#include "ops/iolist.h"

#include <cstring>

#include "ops/bits.h"

namespace vm::ops {

namespace {

constexpr std::size_t kMaxBits = std::size_t{1} << 59;  // a binary of more could not be made
constexpr std::size_t kOwnPartBytes = 256;              // off-heap binaries from here on are elements of their own

// Most parts are short binaries.
inline term::Bits bits_of_part(Term t) {
  const Word* p = t.boxed_ptr();
  if (term::HeaderWord(*p).kind() == term::Kind::HeapBinary) return {reinterpret_cast<const Byte*>(p + 2), 0, p[1] * 8};
  return term::bits_of(t);
}

IolistFault measure(Term t, bool whole_bytes, std::size_t* result) {
  std::size_t total = 0;
  bool ok = walk_iolist(
      t, [&](Byte) { total += 8; },
      [&](Term b) {
        std::size_t n = bits_of_part(b).size;
        if (whole_bytes && (n & 7) != 0) return false;
        total = total > kMaxBits ? total : total + n;  // the same binary may occur very often
        return true;
      });
  *result = total;
  if (!ok) return IolistFault::BadType;
  return total > kMaxBits ? IolistFault::TooLong : IolistFault::None;
}

// A list element counts as sixteen bytes, as much work as copying these. What is in front goes to `buffer` on the way, as far as it has room.
IolistFault measure_within(Term t, bool whole_bytes, std::size_t limit, std::size_t* result, std::span<Byte> buffer) {
  constexpr std::size_t kPart = 16;
  std::size_t total = 0, work = 0;
  bool past = false;
  bool ok = walk_iolist(
      t,
      [&](Byte b) {
        if ((total >> 3) < buffer.size()) buffer[total >> 3] = b;
        total += 8;
        work += kPart;
        past = work > limit;
        return !past;
      },
      [&](Term b) {
        term::Bits part = bits_of_part(b);
        std::size_t n = part.size;
        if (whole_bytes && (n & 7) != 0) return false;
        if (!buffer.empty() && (total + n) >> 3 <= buffer.size()) {
          if ((part.offset & 7) == 0) std::memcpy(buffer.data() + (total >> 3), part.bytes(), n >> 3);
          else copy_bits(buffer.data(), total, part.base, part.offset, n);
        }
        total += n;
        work += kPart + (n >> 3);
        past = work > limit;
        return !past;
      });
  *result = total;
  if (past) return IolistFault::PastLimit;
  return ok ? IolistFault::None : IolistFault::BadType;
}

constexpr std::uint64_t kMaxLength = std::uint64_t{1} << 63;

}  // namespace

IolistFault iolist_length(Term t, std::uint64_t* bytes) {
  std::uint64_t total = 0;
  const bool ok = walk_iolist(
      t, [&](Byte) { total += total < kMaxLength; },
      [&](Term b) {
        const std::size_t n = bits_of_part(b).size;
        if (total < kMaxLength) total += n >> 3;
        return (n & 7) == 0;
      });
  *bytes = total;
  if (!ok) return IolistFault::BadType;
  return total < kMaxLength ? IolistFault::None : IolistFault::TooLong;
}

IolistFault iolist_size_within(Term t, std::size_t limit, std::size_t* bytes) { return iolist_gather_within(t, limit, {}, bytes); }

IolistFault iolist_gather_within(Term t, std::size_t limit, std::span<Byte> buffer, std::size_t* bytes) {
  IolistFault fault = measure_within(t, true, limit, bytes, buffer);
  *bytes >>= 3;
  return fault;
}

IolistFault iolist_bits_within(Term t, std::size_t limit_bytes, std::size_t* bits) {
  return measure_within(t, false, limit_bytes, bits, {});
}

IolistFault iolist_size(Term t, std::size_t* bytes) {
  IolistFault fault = measure(t, true, bytes);
  *bytes >>= 3;
  return fault;
}

IolistFault iolist_bits(Term t, std::size_t* bits) { return measure(t, false, bits); }

void copy_iolist(Term t, Byte* to) {
  std::size_t at = 0;
  walk_iolist(
      t,
      [&](Byte b) {
        if ((at & 7) == 0) to[at >> 3] = b;
        else copy_bits(to, at, &b, 0, 8);
        at += 8;
      },
      [&](Term part) {
        term::Bits b = bits_of_part(part);
        if (b.size == 0) return true;  // `to` may be null when all parts are
        if (((at | b.offset | b.size) & 7) == 0) std::memcpy(to + (at >> 3), b.bytes(), b.size >> 3);
        else copy_bits(to, at, b.base, b.offset, b.size);
        at += b.size;
        return true;
      });
}

IolistFault append_iolist(Term t, std::vector<Byte>* out) {
  std::size_t bytes;
  IolistFault fault = iolist_size(t, &bytes);
  if (fault != IolistFault::None) return fault;
  std::size_t start = out->size();
  out->resize(start + bytes);
  copy_iolist(t, out->data() + start);
  return IolistFault::None;
}

Term iolist_to_vector(term::HeapWriter& h, Term t) {
  term::ListBuilder list(h);
  std::vector<Byte> gathered;
  auto flush = [&] {
    if (gathered.empty()) return;
    list.add(term::make_binary(h, gathered));
    gathered.clear();
  };
  walk_iolist(
      t, [&](Byte b) { gathered.push_back(b); },
      [&](Term part) {
        term::Bits b = term::bits_of(part);
        std::size_t bytes = b.size >> 3;
        if (bytes >= kOwnPartBytes && (gathered.empty() || gathered.size() >= kOwnPartBytes)) {
          flush();
          list.add(part);
          return true;
        }
        // A small piece in front takes as much of the next part as makes it large, or all of it when no large rest would be left.
        const bool split = bytes >= kOwnPartBytes && gathered.size() + bytes >= 2 * kOwnPartBytes;
        const std::size_t take = split ? kOwnPartBytes - gathered.size() : bytes;
        std::size_t start = gathered.size();
        gathered.resize(start + take);
        copy_bits(gathered.data() + start, 0, b.base, b.offset, take * 8);
        if (split) {
          flush();
          list.add(term::make_sub_bits(h, part, take * 8, (bytes - take) * 8));
        }
        return true;
      });
  flush();
  return list.finish();
}

}  // namespace vm::ops
