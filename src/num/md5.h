// SPDX-License-Identifier: Apache-2.0
//
// MD5 (RFC 1321) with a context that programs can hold as bytes: erlang:md5_init/0 hands the context out as an 88-byte binary, and
// md5_update and md5_final take it back. The bytes are: state (four little-endian 32-bit words), number of bits hashed so far
// (little-endian, 64 bits), pending input (64 bytes, only the first `bits / 8 mod 64` of them matter).
//
// Threading: a context belongs to one caller.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace vm::num {

using Md5Digest = std::array<std::uint8_t, 16>;

class Md5 {
 public:
  static constexpr std::size_t kContextBytes = 88;

  Md5();

  // Takes up a context that store() wrote. Any 88 bytes are a valid context.
  explicit Md5(std::span<const std::uint8_t, kContextBytes> context);

  void update(std::span<const std::uint8_t> bytes);
  void store(std::span<std::uint8_t, kContextBytes> out) const;

  // Pads and returns the digest. The context is used up.
  Md5Digest finish();

  // Digest of one piece of input.
  static Md5Digest of(std::span<const std::uint8_t> bytes);

 private:
  static constexpr std::size_t kBlockBytes = 64;

  std::size_t pending_bytes() const { return static_cast<std::size_t>(bits_ / 8 % kBlockBytes); }
  void transform(const std::uint8_t* block);

  std::array<std::uint32_t, 4> state_;
  std::uint64_t bits_ = 0;
  std::array<std::uint8_t, kBlockBytes> pending_{};
};

}  // namespace vm::num
