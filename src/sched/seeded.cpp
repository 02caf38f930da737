// SPDX-License-Identifier: Apache-2.0
#include "sched/seeded.h"

#include <algorithm>
#include <atomic>

namespace vm::sched {
namespace {

constexpr std::int64_t kFirstNs = 1'000'000'000'000'000;
std::atomic<std::int64_t> clock_ns{0};

}  // namespace

constinit thread_local std::uint64_t choices_state = 0;

// Neighbouring seeds must differ at once.
void seed_choices(std::uint64_t seed) {
  std::uint64_t x = seed + 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  choices_state = (x ^ (x >> 31)) | 1;
  constexpr std::int64_t kTickNs = 1'000'000;  // of the timers: what is left of it must not decide
  if (const std::int64_t now = virtual_ns()) advance_virtual_clock(kTickNs - now % kTickNs);
}

std::uint64_t choose(std::uint64_t below) {
  choices_state ^= choices_state << 13;
  choices_state ^= choices_state >> 7;
  choices_state ^= choices_state << 17;
  return below ? (choices_state >> 16) % below : 0;
}

std::uint32_t choose_reductions(std::uint32_t most) {
  constexpr std::uint32_t kFew = 24;
  const std::uint32_t limit = choose(4) != 0 ? std::min(kFew, most) : most;
  return 1 + static_cast<std::uint32_t>(choose(limit));
}

std::int64_t virtual_ns() { return clock_ns.load(std::memory_order_relaxed); }
void start_virtual_clock() { clock_ns.store(kFirstNs, std::memory_order_relaxed); }
void advance_virtual_clock(std::int64_t ns) { clock_ns.fetch_add(ns, std::memory_order_relaxed); }

}  // namespace vm::sched
