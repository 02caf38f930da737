// SPDX-License-Identifier: Apache-2.0
#include "code/code_ranges_internal.h"

#include "sync/epoch.h"

namespace vm::code {

CodeRanges& code_ranges() {
  static CodeRanges* const ranges = new CodeRanges;  // never destroyed: exit handlers may still print a stack
  return *ranges;
}

CodeRanges::Region* CodeRanges::find_region(Word number) const {
  return regions_.find(RegionTraits::hash_of(number), [&](const Region& r) { return r.number == number; });
}

CodeRanges::Region& CodeRanges::region_for(Word number) {
  if (Region* r = find_region(number)) return *r;
  owned_.push_back(std::make_unique<Region>());
  Region& r = *owned_.back();
  r.number = number;
  regions_.insert(&r);
  return r;
}

void CodeRanges::insert(Function* f, CodePtr begin, CodePtr end) {
  const Word first = reinterpret_cast<Word>(begin);
  const Word last = reinterpret_cast<Word>(end);
  if (first >= last) return;
  std::lock_guard guard(lock_);
  auto* range = new Range{first, last, f};
  Region& home = region_for(first >> kRegionBits);
  std::atomic<Range*>& head = home.heads[first >> kGranuleBits & (kGranules - 1)];
  range->next.store(head.load(std::memory_order_relaxed), std::memory_order_relaxed);
  head.store(range, std::memory_order_release);
  for (Word number = (first >> kRegionBits) + 1; number <= (last - 1) >> kRegionBits; number++) {
    region_for(number).spill.store(range, std::memory_order_release);
  }
}

void CodeRanges::erase(Function* f, CodePtr begin) {
  const Word first = reinterpret_cast<Word>(begin);
  std::lock_guard guard(lock_);
  Region* home = find_region(first >> kRegionBits);
  if (home == nullptr) return;
  std::atomic<Range*>* link = &home->heads[first >> kGranuleBits & (kGranules - 1)];
  for (Range* r = link->load(); r != nullptr; link = &r->next, r = r->next.load()) {
    if (r->begin != first || r->function != f) continue;
    link->store(r->next.load(), std::memory_order_release);
    for (Word number = (r->begin >> kRegionBits) + 1; number <= (r->end - 1) >> kRegionBits; number++) {
      Region* further = find_region(number);
      if (further != nullptr && further->spill.load() == r) further->spill.store(nullptr, std::memory_order_release);
    }
    sync::Epoch::defer(r, &free_range);
    return;
  }
}

Function* CodeRanges::find(CodePtr pc) const {
  const Word address = reinterpret_cast<Word>(pc);
  const Region* region = find_region(address >> kRegionBits);
  if (region == nullptr) return nullptr;
  for (std::size_t i = (address >> kGranuleBits & (kGranules - 1)) + 1; i-- > 0;) {
    bool begins_before = false;
    for (const Range* r = region->heads[i].load(std::memory_order_acquire); r != nullptr; r = r->next.load(std::memory_order_acquire)) {
      if (address >= r->begin && address < r->end) return r->function;
      begins_before |= r->begin <= address;
    }
    // Ranges do not overlap: one that begins at or before the address and ends before it hides all earlier ones.
    if (begins_before) return nullptr;
  }
  const Range* spill = region->spill.load(std::memory_order_acquire);
  return spill != nullptr && address < spill->end ? spill->function : nullptr;
}

Function* find_function(CodePtr pc) { return code_ranges().find(pc); }

}  // namespace vm::code
