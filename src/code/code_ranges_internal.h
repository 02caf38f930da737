// SPDX-License-Identifier: Apache-2.0
//
// From an address inside decoded code to the function it belongs to.
//
// Functions are decoded one at a time, so insertion is what must be cheap; lookups come from stack traces and purging and take no lock. Code
// space is cut into regions of 64 KB, found by hash, each with one list head per 128 bytes: a function hangs in the list of the granule it
// begins in. A function that reaches into further regions is also named there as `spill`. A lookup goes back from the granule of the
// address to the nearest one in which a function begins at or before it.
//
// There is one index for the host program, since code addresses are the host program's.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "code/lock_free_table_internal.h"
#include "code/module.h"

namespace vm::code {

class CodeRanges {
 public:
  void insert(Function* f, CodePtr begin, CodePtr end);
  // Forgets the range that begins here. Readers may still find it until they pass a quiescent point.
  void erase(Function* f, CodePtr begin);
  Function* find(CodePtr pc) const;

 private:
  static constexpr unsigned kRegionBits = 16, kGranuleBits = 7;
  static constexpr std::size_t kGranules = std::size_t{1} << (kRegionBits - kGranuleBits);

  struct Range {
    Word begin, end;
    Function* function;
    std::atomic<Range*> next{nullptr};
  };
  struct Region {
    Word number = 0;
    std::atomic<Range*> spill{nullptr};  // range that covers the first byte but begins before it
    std::array<std::atomic<Range*>, kGranules> heads{};
  };
  struct RegionTraits {
    static std::size_t hash(const Region& r) { return hash_of(r.number); }
    static std::size_t hash_of(Word number) { return static_cast<std::size_t>(number * 0x9E3779B97F4A7C15u >> 20); }
  };

  Region* find_region(Word number) const;
  Region& region_for(Word number);
  static void free_range(void* p) { delete static_cast<Range*>(p); }

  mutable std::mutex lock_;
  LockFreeTable<Region, RegionTraits> regions_;
  std::vector<std::unique_ptr<Region>> owned_;
};

CodeRanges& code_ranges();

}  // namespace vm::code
