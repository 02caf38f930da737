// SPDX-License-Identifier: Apache-2.0
#include "heap/evacuation.h"

#include <algorithm>
#include <mutex>

#include "os/memory.h"

namespace vm::heap {

std::atomic<unsigned> announced_evacuations{0};
const std::uint8_t* evacuation_bits = nullptr;

namespace {

constexpr Word kLine = 64;

// Areas of two machines in one program may be on their way out at the same time.
std::mutex& bits_lock() {
  static auto* lock = new std::mutex;
  return *lock;
}

}  // namespace

Evacuation::Evacuation(std::vector<LiteralArea*> areas) : areas_(std::move(areas)) {
  std::sort(areas_.begin(), areas_.end(), [](auto* a, auto* b) { return a->begin() < b->begin(); });
}

Evacuation::~Evacuation() {
  for (LiteralArea* area : areas_) {
    mark(*area, false);
    LiteralArea::destroy(area);
  }
}

void Evacuation::mark(const LiteralArea& area, bool on) {
  const std::lock_guard<std::mutex> hold(bits_lock());
  auto* bits = const_cast<std::uint8_t*>(evacuation_bits);
  const Word first = (reinterpret_cast<Word>(area.begin()) - literal_range_begin) / kLine;
  const Word last = (reinterpret_cast<Word>(area.end()) - literal_range_begin + kLine - 1) / kLine;
  for (Word line = first; line < last; line++) {
    const auto bit = static_cast<std::uint8_t>(1U << (line % 8));
    std::uint8_t& byte = bits[line / 8];
    // Neighbours in the byte may be read at any time.
    __atomic_store_n(&byte, static_cast<std::uint8_t>(on ? byte | bit : byte & ~bit), __ATOMIC_RELAXED);
  }
}

void Evacuation::announce() {
  {
    const std::lock_guard<std::mutex> hold(bits_lock());
    if (evacuation_bits == nullptr) evacuation_bits = static_cast<const std::uint8_t*>(os::map_lazy(literal_range_bytes / kLine / 8 + 1));
  }
  for (const LiteralArea* area : areas_) mark(*area, true);
  announced_evacuations.fetch_add(1, std::memory_order_acq_rel);
}

void Evacuation::withdraw() { announced_evacuations.fetch_sub(1, std::memory_order_acq_rel); }

std::size_t Evacuation::index_of(const Word* p) const {
  const auto behind = std::upper_bound(areas_.begin(), areas_.end(), p, [](const Word* a, auto* area) { return a < area->begin(); });
  if (behind == areas_.begin() || p >= behind[-1]->end()) return areas_.size();
  return static_cast<std::size_t>(behind - areas_.begin()) - 1;
}

void EvacuationTargets::found(const Word* p) {
  if (!is_evacuating(p)) return;
  const std::size_t i = evacuation_.index_of(p);
  if (i == evacuation_.count()) return;
  if (copies_.empty()) copies_.resize(evacuation_.count());
  if (copies_[i]) return;
  const auto words = static_cast<std::size_t>(evacuation_[i].end() - evacuation_[i].begin());
  copies_[i] = std::make_unique<Word[]>(words);
  words_ += words;
}

}  // namespace vm::heap
