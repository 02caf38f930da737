// SPDX-License-Identifier: Apache-2.0
#include "beamfile/compact_term.h"

namespace vm::beamfile {

namespace {
constexpr std::size_t kWordBytes = 8;
constexpr std::size_t kShortestLong = 2;
constexpr std::size_t kShortestWide = 9;
constexpr unsigned kSizeFollows = 7;
constexpr std::uint64_t kMaxWideBytes = std::uint64_t{1} << 31;
}  // namespace

const std::uint8_t* read_compact_long(const std::uint8_t* at, const std::uint8_t* end, CompactTerm& out) {
  const unsigned code = *at++ >> 5;
  std::size_t count = code + kShortestLong;
  if (code == kSizeFollows) {
    // The size of a size is never wide: refusing that also bounds the recursion.
    CompactTerm size;
    if (at == end || (*at & 0xf8) == 0xf8) return nullptr;
    at = read_compact(at, end, size);
    if (at == nullptr || !size.is(CompactTag::U) || size.value > kMaxWideBytes) return nullptr;
    count = static_cast<std::size_t>(size.value) + kShortestWide;
  }
  if (static_cast<std::size_t>(end - at) < count) return nullptr;
  if (count <= kWordBytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value << 8 | at[i];
    if (out.tag == CompactTag::I) {
      const auto shift = static_cast<unsigned>(8 * (kWordBytes - count));
      out.value = static_cast<std::uint64_t>(static_cast<std::int64_t>(value << shift) >> shift);
      return at + count;
    }
    if ((value >> 63) == 0) {
      out.value = value;
      return at + count;
    }
  }
  out.value = 0;
  out.wide = at;
  out.wide_size = static_cast<std::uint32_t>(count);
  return at + count;
}

}  // namespace vm::beamfile
