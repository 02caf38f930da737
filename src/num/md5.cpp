// SPDX-License-Identifier: Apache-2.0
#include "num/md5.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace vm::num {

namespace {

// RFC 1321, section 3.4: the i-th constant is the integer part of 2^32 times abs(sin(i + 1)).
constexpr std::array<std::uint32_t, 64> kSines = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1,
    0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453,
    0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942,
    0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05,
    0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d,
    0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};

// Rotations: four per round, used in turn.
constexpr std::array<std::array<int, 4>, 4> kRotations = {{{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};

static_assert(std::endian::native == std::endian::little, "words are copied as they lie");

struct State {
  std::uint32_t a, b, c, d;
};

// Which word of the block a step takes.
constexpr std::size_t word_of(std::size_t step) {
  constexpr std::array<std::size_t, 4> kFactor = {1, 5, 3, 7};
  constexpr std::array<std::size_t, 4> kOffset = {0, 1, 5, 0};
  return (kFactor[step / 16] * step + kOffset[step / 16]) % 16;
}

// One step whose number the compiler knows, so that all its tables become constants. `b` was made by the step before and everything waits for it:
// what doesn't need it is summed first, and the second round adds its two halves, which never have a bit in common.
template <std::size_t I>
[[gnu::always_inline]] inline void step(State& s, const std::array<std::uint32_t, 16>& words) {
  constexpr std::size_t kRound = I / 16;
  std::uint32_t sum = s.a + kSines[I] + words[word_of(I)];
  if constexpr (kRound == 0) sum += s.d ^ (s.b & (s.c ^ s.d));
  if constexpr (kRound == 1) sum = sum + (~s.d & s.c) + (s.d & s.b);
  if constexpr (kRound == 2) sum += s.b ^ (s.c ^ s.d);
  if constexpr (kRound == 3) sum += s.c ^ (s.b | ~s.d);
  s = {s.d, s.b + std::rotl(sum, kRotations[kRound][I % 4]), s.b, s.c};
}

template <std::size_t... I>
[[gnu::always_inline]] inline void four_rounds(State& s, const std::array<std::uint32_t, 16>& words, std::index_sequence<I...>) {
  (step<I>(s, words), ...);
  (step<16 + I>(s, words), ...);
  (step<32 + I>(s, words), ...);
  (step<48 + I>(s, words), ...);
}

}  // namespace

Md5::Md5() : state_{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476} {}

Md5::Md5(std::span<const std::uint8_t, kContextBytes> context) {
  std::memcpy(state_.data(), context.data(), 16);
  std::memcpy(&bits_, context.data() + 16, 8);
  std::memcpy(pending_.data(), context.data() + 24, kBlockBytes);
}

void Md5::store(std::span<std::uint8_t, kContextBytes> out) const {
  std::memcpy(out.data(), state_.data(), 16);
  std::memcpy(out.data() + 16, &bits_, 8);
  std::memcpy(out.data() + 24, pending_.data(), kBlockBytes);
}

void Md5::transform(const std::uint8_t* block) {
  std::array<std::uint32_t, 16> words;
  std::memcpy(words.data(), block, kBlockBytes);
  State s{state_[0], state_[1], state_[2], state_[3]};
  four_rounds(s, words, std::make_index_sequence<16>());
  state_[0] += s.a;
  state_[1] += s.b;
  state_[2] += s.c;
  state_[3] += s.d;
}

void Md5::update(std::span<const std::uint8_t> bytes) {
  std::size_t pending = pending_bytes();
  bits_ += static_cast<std::uint64_t>(bytes.size()) * 8;
  if (pending != 0) {
    const std::size_t take = std::min(kBlockBytes - pending, bytes.size());
    std::copy_n(bytes.data(), take, pending_.data() + pending);
    bytes = bytes.subspan(take);
    pending += take;
    if (pending < kBlockBytes) return;
    transform(pending_.data());
  }
  while (bytes.size() >= kBlockBytes) {
    transform(bytes.data());
    bytes = bytes.subspan(kBlockBytes);
  }
  std::copy_n(bytes.data(), bytes.size(), pending_.data());
}

Md5Digest Md5::finish() {
  const std::uint64_t bits = bits_;
  static constexpr std::array<std::uint8_t, kBlockBytes> kPadding = {0x80};
  const std::size_t pending = pending_bytes();
  const std::size_t padding = (pending < 56 ? 56 : 120) - pending;
  update(std::span(kPadding).first(padding));
  std::array<std::uint8_t, 8> length;
  std::memcpy(length.data(), &bits, 8);
  update(length);
  Md5Digest digest;
  std::memcpy(digest.data(), state_.data(), digest.size());
  return digest;
}

Md5Digest Md5::of(std::span<const std::uint8_t> bytes) {
  Md5 md5;
  md5.update(bytes);
  return md5.finish();
}

}  // namespace vm::num
