// SPDX-License-Identifier: Apache-2.0
//
// A cursor over one chunk. Every read is bounds-checked; the first failure sticks, so that a parser reads a whole record and asks
// once. After a failure reads return zeros and empty spans.
#pragma once

#include <string_view>

#include "beamfile/compact_term.h"
#include "beamfile/fault.h"

namespace vm::beamfile {

class ByteReader {
 public:
  ByteReader(Bytes data, ChunkId chunk) : start_(data.data()), at_(data.data()), end_(data.data() + data.size()), chunk_(chunk) {}

  bool ok() const { return !failed_; }
  std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
  std::size_t offset() const { return static_cast<std::size_t>(at_ - start_); }
  Bytes rest() const { return {at_, end_}; }

  std::uint8_t u8() {
    if (!has(1)) return 0;
    return *at_++;
  }

  std::uint16_t u16() {
    if (!has(2)) return 0;
    const auto value = static_cast<std::uint16_t>(at_[0] << 8 | at_[1]);
    at_ += 2;
    return value;
  }

  std::uint32_t u32() {
    if (!has(4)) return 0;
    const std::uint32_t value = static_cast<std::uint32_t>(at_[0]) << 24 | static_cast<std::uint32_t>(at_[1]) << 16 |
                                static_cast<std::uint32_t>(at_[2]) << 8 | at_[3];
    at_ += 4;
    return value;
  }

  std::int64_t i64() {
    const std::uint64_t high = u32();
    return static_cast<std::int64_t>(high << 32 | u32());
  }

  Bytes bytes(std::size_t count) {
    if (!has(count)) return {};
    const Bytes taken(at_, count);
    at_ += count;
    return taken;
  }

  std::string_view text(std::size_t count) {
    const Bytes taken = bytes(count);
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }

  CompactTerm compact() {
    CompactTerm term;
    if (!failed_) {
      const std::uint8_t* next = read_compact(at_, end_, term);
      if (next == nullptr) {
        fail(Error::Truncated);
      } else {
        at_ = next;
      }
    }
    return term;
  }

  // A count of items of at least `item_bytes` each: fails before anyone reserves memory for more than the data can hold.
  std::uint32_t count(std::size_t item_bytes) {
    const std::uint32_t value = u32();
    if (value > remaining() / item_bytes) {
      fail(Error::BadCount);
      return 0;
    }
    return value;
  }

  void check(bool condition, Error error) {
    if (!condition) fail(error);
  }

  void fail(Error error) {
    if (failed_) return;
    failed_ = true;
    fault_ = {error, chunk_, offset()};
  }

  base::Failure<Fault> failure() const { return base::fail(fault_); }

 private:
  bool has(std::size_t count) {
    if (failed_) return false;
    if (count <= remaining()) return true;
    fail(Error::Truncated);
    return false;
  }

  const std::uint8_t* start_;
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  ChunkId chunk_;
  bool failed_ = false;
  Fault fault_;
};

}  // namespace vm::beamfile
