// SPDX-License-Identifier: Apache-2.0
//
// Literal areas: one reserved address range, cut into areas by a first-fit list of free ranges.
#include <map>
#include <mutex>

#include "heap/copy.h"
#include "os/memory.h"

namespace vm::heap {

Word literal_range_begin = 0;
Word literal_range_bytes = 0;

namespace {

// Address space only; pages appear as they are used. Less is taken where the process may not have that much (ulimit -v).
constexpr std::size_t kReservedBytes = std::size_t{64} << 30;
constexpr std::size_t kLeastReservedBytes = std::size_t{256} << 20;
constexpr std::size_t kAlign = 64;

// Free ranges by begin address. Guarded by its lock; literal areas are made by loading and persistent_term only.
struct Range {
  std::mutex lock;
  std::map<Word, std::size_t> free;

  Range() {
    std::size_t bytes = kReservedBytes;
    void* p = nullptr;
    for (; bytes >= kLeastReservedBytes && !p; bytes /= 4) p = os::try_map_aligned(bytes, 0);
    bytes *= 4;
    if (!p) base::fatal("no address space for literals", __FILE__, __LINE__);
    literal_range_begin = reinterpret_cast<Word>(p);
    literal_range_bytes = bytes;
    free.emplace(literal_range_begin, bytes);
  }

  Word take(std::size_t bytes) {
    std::lock_guard<std::mutex> hold(lock);
    for (auto it = free.begin(); it != free.end(); ++it) {
      if (it->second < bytes) continue;
      Word at = it->first;
      std::size_t left = it->second - bytes;
      free.erase(it);
      if (left) free.emplace(at + bytes, left);
      return at;
    }
    base::fatal("literal address space is used up", __FILE__, __LINE__);
  }

  void give(Word at, std::size_t bytes) {
    constexpr std::size_t kPage = 4096;
    Word first = (at + kPage - 1) & ~Word{kPage - 1};
    Word last = (at + bytes) & ~Word{kPage - 1};
    if (last > first) os::discard(reinterpret_cast<void*>(first), last - first);
    std::lock_guard<std::mutex> hold(lock);
    auto next = free.lower_bound(at);
    if (next != free.end() && at + bytes == next->first) {
      bytes += next->second;
      next = free.erase(next);
    }
    if (next != free.begin()) {
      auto before = std::prev(next);
      if (before->first + before->second == at) {
        before->second += bytes;
        return;
      }
    }
    free.emplace(at, bytes);
  }
};

Range& range() {
  static Range* r = new Range;  // outlives every runtime: literals are referred to without counting
  return *r;
}

std::size_t area_bytes(std::size_t words) { return (words * kWordBytes + kAlign - 1) / kAlign * kAlign; }

// Fills an area that was measured beforehand.
class AreaWriter final : public term::HeapWriter {
 public:
  explicit AreaWriter(LiteralArea& area) : HeapWriter(area.begin(), area.end(), &area.off_heap) {}

 private:
  Word* alloc_slow(std::size_t) override { VM_UNREACHABLE("a literal area was measured too small"); }
  void trim_slow(Word*, Word*) override {}
};

}  // namespace

LiteralArea* LiteralArea::create(std::size_t words) {
  auto* area = new LiteralArea;
  area->begin_ = reinterpret_cast<Word*>(range().take(area_bytes(words)));
  area->end_ = area->begin_ + words;
  return area;
}

void LiteralArea::destroy(LiteralArea* area) {
  release_off_heap(area->off_heap);
  range().give(reinterpret_cast<Word>(area->begin_), area_bytes(static_cast<std::size_t>(area->end_ - area->begin_)));
  delete area;
}

namespace {

LiteralArea* fill_area(Term* terms, std::size_t n, std::size_t (*measure)(Term), Term (*copy)(Term, term::HeapWriter&)) {
  std::size_t words = 0;
  for (std::size_t i = 0; i < n; i++) words += measure(terms[i]);
  if (!words) return nullptr;
  LiteralArea* area = LiteralArea::create(words);
  AreaWriter writer(*area);
  for (std::size_t i = 0; i < n; i++) terms[i] = copy(terms[i], writer);
  return area;
}

}  // namespace

LiteralArea* make_literals(Term* terms, std::size_t n) { return fill_area(terms, n, copied_words_with_literals, copy_with_literals); }
LiteralArea* make_literals_sharing_all(Term* terms, std::size_t n) {
  return fill_area(terms, n, copied_words_sharing_all, copy_sharing_all);
}

LiteralTerm make_literal(Term t) {
  LiteralTerm result{t, nullptr};
  result.area = make_literals(&result.term, 1);
  return result;
}

}  // namespace vm::heap
