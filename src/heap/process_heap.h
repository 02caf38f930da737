// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] The heap of one process.
//
// Heap and stack share one block: the heap grows up from `start`, the stack down from `end`. limit_ of the HeapWriter *is* the stack
// pointer, so one compare tests both. Frames hold terms, catch tags, and pairs [kFrameMarker][pc]; a word equal to kFrameMarker is followed by
// a code address and both are skipped by everyone who walks the stack. With native code the marker becomes the address of
// the stub that resumes the interpreter, placed so that its low three bits are 111.
//
// The first block may be a home: memory the owner keeps for it behind itself, which is never freed and taken again by hibernation.
//
// Generations: terms below `mature` (the high-water mark of the last collection) that survive a minor collection move to the old heap;
// a major collection copies everything into a new block. A block is never moved only because it is tight: the next collection takes a larger one.
// Fragments belong to the young generation.
//
// Nobody but the owner's thread writes a heap. The heap of a process that does not run may be moved or collected by whoever
// holds the process (see proc/process.h, state Running).
#pragma once

#include "heap/block_cache.h"
#include "heap/fragment.h"

namespace vm::heap {

// Header-tagged word that opens a return address pair on the stack.
inline constexpr Word kFrameMarker = term::HeaderWord::make(term::Kind::Filler, 0, 0xF5).bits();

// Gives the collector every root of a process that lies outside its stack and heap. visit may be called several times.
class RootSink {
 public:
  virtual void roots(Term* first, std::size_t count) = 0;

 protected:
  ~RootSink() = default;
};
class RootSource {
 public:
  virtual void visit_roots(RootSink& sink) = 0;

 protected:
  ~RootSource() = default;
};

struct HeapLimits {
  std::size_t min_heap_words = 233;       // as process_flag(min_heap_size) rounds it (stock's published sizes)
  std::size_t min_vheap_words = 46422;    // off-heap budget in words
  std::uint32_t fullsweep_after = 65535;  // minor collections between major ones
  std::size_t max_heap_words = 0;         // 0: none
  bool max_heap_kill = true;
  bool max_heap_error_logger = true;
  bool operator==(const HeapLimits&) const = default;
};

// What a collection did.
struct CollectionEffort {
  std::uint64_t words_copied = 0;
  std::uint64_t words_reclaimed = 0;
};

class Collector;
class EvacuationTargets;  // heap/evacuation.h

class ProcessHeap final : public term::HeapWriter {
 public:
  ProcessHeap();
  ~ProcessHeap();  // frees block, old heap and fragments, drops off-heap references

  // First block of at least `words`. Call once.
  void init(std::size_t words);
  // The same when the first block may lie at `home`, which lives as long as this object.
  void init(std::size_t words, Word* home, std::size_t home_words);
  bool is_at_home() const { return start_ == home_; }

  const HeapLimits& limits() const { return *limits_; }
  // `common` outlives the heap: limits equal to it take no memory of their own.
  void set_limits(const HeapLimits& limits, const HeapLimits* common);
  // Minor collections since the last major one.
  std::uint32_t minor_collections() const { return minor_collections_; }

  void release();

  Word* stack_top() const { return limit_; }
  void set_stack_top(Word* sp) { limit_ = sp; }
  Word* stack_end() const { return end_; }  // one past the highest stack word
  Word* start() const { return start_; }
  std::size_t free_words() const { return static_cast<std::size_t>(limit_ - top_); }
  std::size_t block_words() const { return static_cast<std::size_t>(end_ - start_); }
  std::size_t stack_words() const { return static_cast<std::size_t>(end_ - limit_); }
  std::size_t used_words() const { return static_cast<std::size_t>(top_ - start_) + fragment_words_; }
  std::size_t old_words() const { return static_cast<std::size_t>(old_top_ - old_start_); }
  std::size_t old_block_words() const { return static_cast<std::size_t>(old_end_ - old_start_); }
  std::size_t total_words() const { return block_words() + old_block_words() + fragment_capacity_; }

  // True when a collection at the next GC point is wanted: much was allocated in fragments, or off-heap bytes are over budget.
  bool wants_collection() const { return fragment_words_ > block_words() + kFragmentBudget || over_vheap_budget(); }
  // The same for a process that is about to wait: it may keep for long what its last messages came in, and the next ones find no room either.
  bool wants_collection_before_wait() const { return fragment_capacity_ > block_words() / 2 + kWaitingFragments || over_vheap_budget(); }
  bool over_vheap_budget() const { return off_heap_young_.bytes > vheap_budget_bytes_; }

  // Makes a chain of fragments part of the young generation (message received, spawn arguments).
  void adopt(HeapFragment* chain);
  static constexpr std::size_t kFragmentBudget = 512;   // words
  static constexpr std::size_t kWaitingFragments = 96;  // words

  struct Request {
    std::size_t need_words = 0;  // free words wanted afterwards
    bool major = false;
  };
  enum class Outcome { Ok, MaxHeapReached };
  // Collects. Roots: the stack, `registers` (live ones), and what `source` visits. Afterwards free_words() >= need_words + kStackSlack.
  // *effort tells what it took (for reductions). Outcome MaxHeapReached: limits were passed (the process
  // must be killed or reported as its flag says; the heap is valid).
  Outcome collect(const Request& request, Term* registers, std::size_t live, RootSource& source, CollectionEffort* effort);
  // Whether `collect` would look at the old generation, too.
  bool is_major(const Request& request);
  // Tells the heap that a new time slice starts: collections are counted per slice to size the nursery.
  void note_slice() {
    if (collections_in_slice_ == 0 && nursery_tier_ != 0 && ++calm_slices_ >= kCalmSlices) {
      nursery_tier_--;
      calm_slices_ = 0;
    }
    collections_in_slice_ = 0;
  }

  // Shrinks to what is live plus nothing (hibernate): one major collection into an exactly fitting block.
  void collect_for_hibernation(Term* registers, std::size_t live, RootSource& source);

  // Notes which areas on their way out the stack, the heap, `registers` and what `source` visits refer to.
  void find_evacuating(EvacuationTargets& targets, const Term* registers, std::size_t live, RootSource& source) const;
  // A major collection that copies what of those areas is referred to into the heap.
  void evacuate_literals(EvacuationTargets& targets, Term* registers, std::size_t live, RootSource& source);

  // Checks every reachable term (debug, tests): kinds, ranges, alignment. Fatal when broken.
  void verify(Term* registers, std::size_t live, RootSource& source);

  // Whether an address lies in this heap (block, old heap or fragments).
  bool contains(const void* p) const;
  term::OffHeapList& off_heap_young() { return off_heap_young_; }
  term::OffHeapList& off_heap_old() { return off_heap_old_; }
  HeapFragment* fragments() const { return fragments_; }

 private:
  friend class Collector;
  void count_collection();
  void free_young_block();
  std::size_t nursery_words() const;
  bool old_heap_has_room(std::size_t words);
  bool choose_mature();
  void collect_minor(Collector& collector, std::size_t need, Term* registers, std::size_t live, RootSource& source);
  void collect_major(Collector& collector, std::size_t need, Term* registers, std::size_t live, RootSource& source,
                     EvacuationTargets* evacuated = nullptr);
  void judge_block(Collector& collector, std::size_t need, Term* registers, std::size_t live, RootSource& source);
  Word* alloc_slow(std::size_t words) override;
  void trim_slow(Word* used_end, Word* alloc_end) override;

  Word* start_ = nullptr;
  Word* end_ = nullptr;
  Word* mature_ = nullptr;  // high-water mark within [start_, top_]
  Word* old_start_ = nullptr;
  Word* old_top_ = nullptr;
  Word* old_end_ = nullptr;
  HeapFragment* fragments_ = nullptr;  // newest first; the newest takes overflow allocations
  std::size_t fragment_words_ = 0;
  std::size_t fragment_capacity_ = 0;
  term::OffHeapList off_heap_young_;
  term::OffHeapList off_heap_old_;
  std::size_t vheap_budget_bytes_ = 46422 * kWordBytes;
  std::size_t old_vheap_budget_bytes_ = 4 * 46422 * kWordBytes;
  static const HeapLimits kStandardLimits;
  const HeapLimits* limits_ = &kStandardLimits;
  Word* home_ = nullptr;
  std::size_t wanted_block_ = 0;  // words of the next young block
  std::uint32_t minor_collections_ = 0;
  std::uint16_t home_words_ = 0;
  bool own_limits_ = false;
  std::uint8_t collections_in_slice_ = 0;
  std::uint8_t nursery_tier_ = 0;
  std::uint8_t calm_slices_ = 0;
  bool mostly_live_ = false;  // most of the last nursery survived
  static constexpr std::uint8_t kCalmSlices = 64;
};

// Words a collection leaves free for the stack beyond what was asked: pushing a return pair needs no test of its own.
inline constexpr std::size_t kStackSlack = 8;

// Stress modes of the debug binary (flags of boot/). Read often, written once before the first process runs.
struct StressModes {
  bool collect_every_point = false;  // also moves to fresh memory each time
  bool fragments_only = false;       // alloc_slow on every native allocation (builds with assertions; messages in every build)
  bool verify_heap = false;          // after each collection
  bool tiny_tables = false;          // tables start as small as they can be, so that they grow and shrink all the time
};
extern StressModes stress_modes;

// The next size stock publishes (erlang:system_info(heap_sizes)) that is at least `words`.
std::size_t next_heap_size(std::size_t words);
std::size_t heap_size_at(std::size_t index);  // 0 beyond the last

}  // namespace vm::heap
