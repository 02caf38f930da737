// SPDX-License-Identifier: Apache-2.0
#include "heap/process_heap.h"

#include <algorithm>

#include "heap/block_cache.h"
#include "heap/collector.h"
#include "heap/object_layout.h"

namespace vm::heap {

StressModes stress_modes;

namespace {

// Nursery sizes by how often a process collects within one time slice: short-lived garbage then costs one collection per 32 K words
// (about a second-level cache) instead of one per couple of hundred.
constexpr std::size_t kNurseryWords[] = {0, 1024, 4096, 32 * 1024};
constexpr std::uint8_t kTiers = 4;
constexpr std::uint8_t kBusyCollections = 4;

// A block is shrunk after a collection that left it this many times too large.
constexpr std::size_t kShrinkFactor = 8;
constexpr std::size_t kSmallBlock = 1024;  // words; smaller ones are not worth a second move

}  // namespace

ProcessHeap::ProcessHeap() : HeapWriter(nullptr, nullptr, &off_heap_young_) {}

ProcessHeap::~ProcessHeap() { release(); }

void ProcessHeap::init(std::size_t words) {
  VM_ASSERT(!start_);
  start_ = allocate_block(words + kStackSlack);
  end_ = start_ + block_capacity(words + kStackSlack);
  top_ = mature_ = start_;
  limit_ = end_;
  vheap_budget_bytes_ = limits.min_vheap_words * kWordBytes;
}

void ProcessHeap::release() {
  release_off_heap(off_heap_young_);
  release_off_heap(off_heap_old_);
  while (HeapFragment* f = fragments_) {
    fragments_ = f->next;
    HeapFragment::release(f, HeapFragment::OffHeap::Keep);
  }
  if (start_) free_block(start_, block_words());
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
    while (Word* p = f->off_heap.first) {
      f->off_heap.first = term::OffHeapList::next(p);
      off_heap_young_.link(p, 0);
    }
    off_heap_young_.bytes += f->off_heap.bytes;
    f->off_heap = term::OffHeapList{};
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

// Moves the terms of one fragment as a block: its pointers lead into itself or to literals, so a constant distance corrects them.
Term ProcessHeap::take_in(Term t, HeapFragment* chain) {
  if (!chain) return t;
  if (chain->next || chain->used > kTakeInWords || free_words() < chain->used + kStackSlack) {
    adopt(chain);
    return t;
  }
  Word* to = top_;
  Word begin = reinterpret_cast<Word>(chain->data);
  Word bytes = chain->used * kWordBytes;
  Word distance = reinterpret_cast<Word>(to) - begin;
  auto corrected = [&](Word w) { return Term::from_bits(w).is_pointer() && w - begin < bytes ? w + distance : w; };
  top_ += chain->used;
  for (std::size_t i = 0; i < chain->used;) {
    Word w = chain->data[i];
    to[i] = corrected(w);
    if ((w & 7) != 7 || w == Term::kNonValue) {
      i++;
      continue;
    }
    term::HeaderWord h(w);
    ObjectShape shape = shape_of(h);
    for (std::size_t k = 1; k <= h.words(); k++) {
      Word v = chain->data[i + k];
      to[i + k] = k >= shape.first_term && k < shape.end_terms ? corrected(v) : v;
    }
    if (is_off_heap_kind(h.kind())) off_heap_young_.link(to + i, 0);
    i += h.words() + 1;
  }
  off_heap_young_.bytes += chain->off_heap.bytes;
  HeapFragment::release(chain, HeapFragment::OffHeap::Keep);
  return Term::from_bits(corrected(t.bits()));
}

void ProcessHeap::count_collection() {
  if (collections_in_slice_ < 255) collections_in_slice_++;
  if (collections_in_slice_ > kBusyCollections && nursery_tier_ + 1 < kTiers) {
    nursery_tier_++;
    calm_slices_ = 0;
    collections_in_slice_ = 1;
  }
}

// Whether survivors that reached the age for the old heap have room there; makes the first old heap.
bool ProcessHeap::old_heap_has_room() {
  std::size_t mature = static_cast<std::size_t>(mature_ - start_);
  if (mature == 0 || static_cast<std::size_t>(old_end_ - old_top_) >= mature) return true;
  if (old_start_) return false;
  std::size_t words = block_capacity(next_heap_size(mature * 3));
  old_start_ = old_top_ = allocate_block(words);
  old_end_ = old_start_ + words;
  return true;
}

ProcessHeap::Outcome ProcessHeap::collect(const Request& request, Term* registers, std::size_t live, RootSource& source,
                                          std::uint64_t* work) {
  count_collection();
  std::size_t before = used_words() + old_words();
  std::size_t nursery = kNurseryWords[nursery_tier_];
  // The new block must hold everything, should all of it survive; that it usually does not is what makes room.
  std::size_t block = std::max({used_words() + stack_words() + request.need_words + kStackSlack, block_words(), nursery});
  bool major = request.major || stats.minor_collections >= limits.fullsweep_after || off_heap_old_.bytes > old_vheap_budget_bytes_ ||
               !old_heap_has_room();
  Collector collector(*this);
  if (major) {
    // With room beyond the worst case, or a large live heap would have to be moved twice.
    collector.major(block + old_words() + (used_words() + old_words()) / 2, registers, live, source);
    stats.minor_collections = 0;
    old_vheap_budget_bytes_ = std::max(4 * limits.min_vheap_words * kWordBytes, 2 * off_heap_young_.bytes);
  } else {
    collector.minor(block, registers, live, source);
    stats.minor_collections++;
  }
  stats.total_collections++;

  std::size_t used = static_cast<std::size_t>(top_ - start_) + stack_words();
  std::size_t wanted = request.need_words + kStackSlack;
  std::size_t fits = next_heap_size(2 * used + wanted + nursery);
  bool tight = free_words() < wanted + used / 4;
  bool loose = block_words() > kShrinkFactor * fits && block_words() > kSmallBlock;
  if (tight || loose) collector.resize(std::max(fits, limits.min_heap_words), registers, live, source);
  vheap_budget_bytes_ = std::max(limits.min_vheap_words * kWordBytes, 2 * off_heap_young_.bytes);

  std::size_t after = used_words() + old_words();
  stats.words_reclaimed += before > after ? before - after : 0;
  *work += after + stack_words();
  if (stress_modes.verify_heap) verify(registers, live, source);
  VM_CHECK(free_words() >= request.need_words);
  if (limits.max_heap_words && total_words() > limits.max_heap_words) return Outcome::MaxHeapReached;
  return Outcome::Ok;
}

void ProcessHeap::collect_for_hibernation(Term* registers, std::size_t live, RootSource& source) {
  Collector collector(*this);
  collector.major(used_words() + old_words() + stack_words() + kStackSlack, registers, live, source);
  std::size_t used = static_cast<std::size_t>(top_ - start_) + stack_words();
  if (block_capacity(used + kStackSlack) < block_words()) collector.resize(used + kStackSlack, registers, live, source);
  nursery_tier_ = 0;
  stats.minor_collections = 0;
  stats.total_collections++;
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
