// SPDX-License-Identifier: Apache-2.0
#include "heap/process_heap.h"

#include <algorithm>

#include "heap/block_cache.h"
#include "heap/collector.h"
#include "heap/evacuation.h"
#include "heap/object_layout.h"

namespace vm::heap {

StressModes stress_modes;
const HeapLimits ProcessHeap::kStandardLimits;

namespace {

// Nursery sizes by how often a process collects within one time slice: short-lived garbage then costs one collection per 32 K words
// (about a second-level cache) instead of one per couple of hundred.
constexpr std::size_t kNurseryWords[] = {0, 1024, 4096, 32 * 1024};
constexpr std::uint8_t kTiers = 4;
constexpr std::uint8_t kBusyCollections = 4;

// A block is shrunk after a collection that left it this many times too large.
constexpr std::size_t kShrinkFactor = 8;
constexpr std::size_t kLeastBlock = 32;    // words; a few more than fit leave room for what comes next
constexpr std::size_t kSmallBlock = 1024;  // words; smaller ones are not worth a second move
// What survives a major collection becomes the old heap from this many words on.
constexpr std::size_t kOldFrom = 16 * 1024;
// Where more than this part of a nursery survives, it isn't worth the second copy that ageing costs: all is promoted at once.
constexpr std::size_t kMostlyLivePercent = 60;
constexpr std::size_t kMostlyLiveFrom = 4 * 1024;  // words of a nursery that is judged

Block young_block(std::size_t words) { return allocate_block(std::max(words, kLeastBlock)); }

}  // namespace

ProcessHeap::ProcessHeap() : HeapWriter(nullptr, nullptr, &off_heap_young_) {}

ProcessHeap::~ProcessHeap() {
  release();
  if (own_limits_) delete limits_;
}

void ProcessHeap::init(std::size_t words) { init(words, nullptr, 0); }

void ProcessHeap::init(std::size_t words, Word* home, std::size_t home_words) {
  VM_ASSERT(!start_);
  home_ = home;
  home_words_ = static_cast<std::uint16_t>(home_words);
  const Block block = words + kStackSlack <= home_words ? Block{home, home_words} : young_block(words + kStackSlack);
  start_ = block.start;
  end_ = start_ + block.words;
  top_ = mature_ = start_;
  limit_ = end_;
#ifdef VM_DEBUG
  slow_only_ = stress_modes.fragments_only;
#endif
  vheap_budget_bytes_ = limits().min_vheap_words * kWordBytes;
}

void ProcessHeap::set_limits(const HeapLimits& limits, const HeapLimits* common) {
  const HeapLimits* const before = own_limits_ ? limits_ : nullptr;
  own_limits_ = limits != *common;
  limits_ = own_limits_ ? new HeapLimits(limits) : common;
  delete before;
}

void ProcessHeap::free_young_block() {
  if (start_ && !is_at_home()) free_block(start_, block_words());
}

void ProcessHeap::release() {
  release_off_heap(off_heap_young_);
  release_off_heap(off_heap_old_);
  while (HeapFragment* f = fragments_) {
    fragments_ = f->next;
    HeapFragment::release(f, HeapFragment::OffHeap::Keep);
  }
  free_young_block();
  if (old_start_) free_block(old_start_, old_block_words());
  start_ = end_ = mature_ = top_ = limit_ = nullptr;
  old_start_ = old_top_ = old_end_ = nullptr;
  fragment_words_ = fragment_capacity_ = 0;
}

Word* ProcessHeap::alloc_slow(std::size_t words) {
  HeapFragment* f = fragments_;
  if (!f || f->capacity - f->used < words) {
    std::size_t grow = f ? std::min<std::size_t>(f->capacity * 2, 8192) : 64;
    f = HeapFragment::allocate(std::max(words, grow));
    f->next = fragments_;
    fragments_ = f;
    fragment_capacity_ += f->capacity;
  }
  Word* p = f->data + f->used;
  f->used += words;
  fragment_words_ += words;
  return p;
}

void ProcessHeap::trim_slow(Word* used_end, Word* alloc_end) {
  HeapFragment* f = fragments_;
  if (!f || f->data + f->used != alloc_end) return;
  std::size_t back = static_cast<std::size_t>(alloc_end - used_end);
  f->used -= back;
  fragment_words_ -= back;
}

void ProcessHeap::adopt(HeapFragment* chain) {
  while (HeapFragment* f = chain) {
    chain = f->next;
    off_heap_young_.take(f->off_heap);
    fragment_words_ += f->used;
    fragment_capacity_ += f->capacity;
    // Behind the newest, which may still be taking allocations.
    if (fragments_) {
      f->next = fragments_->next;
      fragments_->next = f;
    } else {
      f->next = nullptr;
      fragments_ = f;
      f->used = f->capacity;  // a message's fragment takes no allocations of ours
    }
  }
}

void ProcessHeap::count_collection() {
  if (collections_in_slice_ < 255) collections_in_slice_++;
  if (!stress_modes.collect_every_point && collections_in_slice_ > kBusyCollections && nursery_tier_ + 1 < kTiers) {
    nursery_tier_++;
    calm_slices_ = 0;
    collections_in_slice_ = 1;
  }
}

// Words for new data after a collection.
std::size_t ProcessHeap::nursery_words() const {
  std::size_t words = kNurseryWords[nursery_tier_];
  // Beside much live data a small nursery would only make old what dies soon.
  if (old_words() >= kOldFrom) words = std::max(words, std::min(old_words() / 4, kNurseryWords[kTiers - 1]));
  return limits().max_heap_words ? std::min(words, limits().max_heap_words / 8) : words;
}

// Whether the old heap has room for so many words; makes the first one.
bool ProcessHeap::old_heap_has_room(std::size_t words) {
  if (words == 0 || static_cast<std::size_t>(old_end_ - old_top_) >= words) return true;
  if (old_start_) return false;
  const Block block = allocate_block(next_heap_size(words * 3));
  old_start_ = old_top_ = block.start;
  old_end_ = old_start_ + block.words;
  return true;
}

// What is mature is promoted. Answers false when the old heap is too small for it. Terms in fragments stay young, and new terms of the block may
// refer to them: then the block is not promoted as a whole, for nothing old refers to what is young.
bool ProcessHeap::choose_mature() {
  if (mostly_live_ && old_start_ && !fragments_ && old_heap_has_room(static_cast<std::size_t>(top_ - start_))) mature_ = top_;
  return old_heap_has_room(static_cast<std::size_t>(mature_ - start_));
}

void ProcessHeap::collect_minor(Collector& collector, std::size_t need, Term* registers, std::size_t live, RootSource& source) {
  const auto mature = static_cast<std::size_t>(mature_ - start_);
  const std::size_t young = used_words() - mature;
  const bool all_promoted = mature_ == top_;
  const std::size_t before = used_words();
  // A smaller block than anybody is told of grows; that is no collection to count.
  const bool counts = block_words() >= limits().min_heap_words;
  // Room for everything, should all of it survive; that it usually does not is what makes room.
  const std::size_t all = young + stack_words() + need;
  collector.minor(young_block(std::max({all, wanted_block_, nursery_words()})), registers, live, source);
  const std::size_t judged = all_promoted ? before : young;
  const std::size_t survived = all_promoted ? collector.survivors() : static_cast<std::size_t>(top_ - start_);
  mostly_live_ = judged >= kMostlyLiveFrom && survived > judged / 100 * kMostlyLivePercent;
  if (counts) minor_collections_++;
}

void ProcessHeap::collect_major(Collector& collector, std::size_t need, Term* registers, std::size_t live, RootSource& source,
                                EvacuationTargets* evacuated) {
  const std::size_t all = used_words() + old_words();
  // Room to grow beyond the worst case, or a large live heap would soon be moved again. It costs address space until it is used.
  const std::size_t room = limits().max_heap_words ? all / 8 : all / 2;
  const std::size_t nursery = std::max({kNurseryWords[nursery_tier_], std::min(all / 4, kNurseryWords[kTiers - 1]), 2 * need});
  const Block block = young_block(std::max(all + room + stack_words() + need, wanted_block_));
  if (evacuated) collector.evacuate_literals(block, kOldFrom, nursery, registers, live, source, *evacuated);
  else collector.major(block, kOldFrom, nursery, registers, live, source);
  minor_collections_ = 0;
  old_vheap_budget_bytes_ = std::max(4 * limits().min_vheap_words * kWordBytes, 2 * (off_heap_young_.bytes + off_heap_old_.bytes));
  mostly_live_ = false;
}

// What the next block should have: more when little is free, less (at once) when it is far too large.
void ProcessHeap::judge_block(Collector& collector, std::size_t need, Term* registers, std::size_t live, RootSource& source) {
  const std::size_t used = static_cast<std::size_t>(top_ - start_) + stack_words();
  const std::size_t fits = std::max({next_heap_size(2 * used + need), nursery_words(), limits().min_heap_words});
  if (block_words() > kShrinkFactor * fits && block_words() > kSmallBlock) collector.resize(young_block(fits), registers, live, source);
  wanted_block_ = free_words() < need + used / 2 ? fits : block_words();
}

bool ProcessHeap::is_major(const Request& request) {
  return request.major || minor_collections_ >= limits().fullsweep_after || off_heap_old_.bytes > old_vheap_budget_bytes_ ||
         !choose_mature();
}

ProcessHeap::Outcome ProcessHeap::collect(const Request& request, Term* registers, std::size_t live, RootSource& source,
                                          CollectionEffort* effort) {
  count_collection();
  const std::size_t before = used_words() + old_words();
  const std::size_t need = request.need_words + kStackSlack;
  const bool major = is_major(request);
  Collector collector(*this);
  if (major) collect_major(collector, need, registers, live, source);
  else collect_minor(collector, need, registers, live, source);
  judge_block(collector, need, registers, live, source);
  vheap_budget_bytes_ = std::max(limits().min_vheap_words * kWordBytes, 2 * off_heap_young_.bytes);

  const std::size_t after = used_words() + old_words();
  effort->words_reclaimed = before > after ? before - after : 0;
  effort->words_copied = (major ? after : collector.survivors()) + stack_words();
  if (stress_modes.verify_heap) verify(registers, live, source);
  VM_CHECK(free_words() >= request.need_words);
  if (limits().max_heap_words && total_words() > limits().max_heap_words) return Outcome::MaxHeapReached;
  return Outcome::Ok;
}

namespace {

class RootSearch final : public RootSink {
 public:
  explicit RootSearch(EvacuationTargets& targets) : targets_(targets) {}
  void roots(Term* first, std::size_t count) override {
    for (std::size_t i = 0; i < count; i++) targets_.look_at(first[i].bits());
  }

 private:
  EvacuationTargets& targets_;
};

}  // namespace

void ProcessHeap::find_evacuating(EvacuationTargets& targets, const Term* registers, std::size_t live, RootSource& source) const {
  RootSearch search(targets);
  for (std::size_t i = 0; i < live; i++) targets.look_at(registers[i].bits());
  targets.look_at(limit_, end_);
  source.visit_roots(search);
  targets.look_at(start_, top_);
  targets.look_at(old_start_, old_top_);
  for (const HeapFragment* f = fragments_; f; f = f->next) targets.look_at(f->data, f->data + f->used);
}

void ProcessHeap::evacuate_literals(EvacuationTargets& targets, Term* registers, std::size_t live, RootSource& source) {
  Collector collector(*this);
  const std::size_t need = targets.words() + kStackSlack;
  collect_major(collector, need, registers, live, source, &targets);
  judge_block(collector, kStackSlack, registers, live, source);
  vheap_budget_bytes_ = std::max(limits().min_vheap_words * kWordBytes, 2 * off_heap_young_.bytes);
  if (stress_modes.verify_heap) verify(registers, live, source);
}

void ProcessHeap::collect_for_hibernation(Term* registers, std::size_t live, RootSource& source) {
  Collector collector(*this);
  collector.major(young_block(used_words() + old_words() + stack_words() + kStackSlack), 0, 0, registers, live, source);
  std::size_t used = static_cast<std::size_t>(top_ - start_) + stack_words();
  const bool fits_home = !is_at_home() && used + kStackSlack <= home_words_;
  if (fits_home) collector.resize(Block{home_, home_words_}, registers, live, source);
  else if (block_capacity(std::max(used + kStackSlack, kLeastBlock)) < block_words())
    collector.resize(young_block(used + kStackSlack), registers, live, source);
  nursery_tier_ = 0;
  mostly_live_ = false;
  wanted_block_ = block_words();
  minor_collections_ = 0;
}

bool ProcessHeap::contains(const void* address) const {
  auto* p = static_cast<const Word*>(address);
  if (p >= start_ && p < end_) return true;
  if (p >= old_start_ && p < old_end_) return true;
  for (HeapFragment* f = fragments_; f; f = f->next)
    if (p >= f->data && p < f->data + f->capacity) return true;
  return false;
}

}  // namespace vm::heap
