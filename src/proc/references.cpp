// SPDX-License-Identifier: Apache-2.0
#include "proc/references.h"

#include "proc/time.h"

#include <atomic>

#include "os/clock.h"
#include "proc/send.h"

namespace vm::proc {
namespace {

constexpr std::uint64_t kBlock = 4096;

// Starts at a number that differs between runs, so that references of an earlier run do not look like ours.
std::uint64_t first_key() {
  const auto t = static_cast<std::uint64_t>(os::realtime_ns());
  std::uint64_t x = t * 0x9E3779B97F4A7C15;
  x ^= x >> 29;
  return (x & 0x7FFFFFFFFFFFFFFF) | kBlock;
}

std::atomic<std::uint64_t>& ref_source() {
  static std::atomic<std::uint64_t> source{first_key()};
  return source;
}
struct RefBlock {
  std::uint64_t next = 0, end = 0;
};
thread_local RefBlock ref_block;

struct UniqueBlock {
  std::uint64_t next = 0, end = 0;
};
std::atomic<std::uint64_t> unique_source{1};
thread_local UniqueBlock unique_block;
std::atomic<std::uint64_t> monotonic_unique{0};
constexpr std::uint64_t kBelowZero = std::uint64_t{1} << 59;

}  // namespace

std::uint64_t next_ref_key() {
  RefBlock& b = ref_block;
  if (VM_UNLIKELY(b.next == b.end)) {
    b.next = ref_source().fetch_add(kBlock, std::memory_order_relaxed);
    b.end = b.next + kBlock;
  }
  const std::uint64_t key = b.next++;
  return VM_LIKELY(key != 0) ? key : next_ref_key();
}

void ref_numbers_of_key(std::uint64_t key, std::uint32_t out[3]) {
  out[0] = static_cast<std::uint32_t>(key & 0x3FFFF);
  out[1] = static_cast<std::uint32_t>(key >> 18);
  out[2] = static_cast<std::uint32_t>(key >> 50) | 0xA0000000;
}

std::uint64_t ref_key_of_numbers(const std::uint32_t n[3]) {
  if ((n[2] & ~std::uint32_t{0x3FFF}) != 0xA0000000 || n[0] > 0x3FFFF) return 0;
  return std::uint64_t{n[0]} | std::uint64_t{n[1]} << 18 | std::uint64_t{n[2] & 0x3FFF} << 50;
}

std::uint64_t ref_key(Term ref) {
  const Word* words = ref.is_boxed() ? term::local_ref_words(ref) : nullptr;
  if (words == nullptr) return 0;
  const std::uint32_t n[3] = {static_cast<std::uint32_t>(words[0]), static_cast<std::uint32_t>(words[0] >> 32),
                              static_cast<std::uint32_t>(words[1])};
  return ref_key_of_numbers(n);
}

Term make_key_ref(term::HeapWriter& h, std::uint64_t key) {
  std::uint32_t n[3];
  ref_numbers_of_key(key, n);
  return term::make_ref(h, n);
}

Term make_key_pid_ref(term::HeapWriter& h, std::uint64_t key, Term pid) {
  std::uint32_t n[3];
  ref_numbers_of_key(key, n);
  return term::make_pid_ref(h, n, pid);
}

Term make_ref(Runtime&, term::HeapWriter& h) { return make_key_ref(h, next_ref_key()); }

void next_ref_numbers(std::uint32_t out[3]) { ref_numbers_of_key(next_ref_key(), out); }

std::uint64_t next_unique_integer() {
  UniqueBlock& b = unique_block;
  if (VM_UNLIKELY(b.next == b.end)) {
    b.next = unique_source.fetch_add(64, std::memory_order_relaxed);
    b.end = b.next + 64;
  }
  return b.next++;
}

std::int64_t next_monotonic_unique() {
  return static_cast<std::int64_t>(monotonic_unique.fetch_add(1, std::memory_order_relaxed) - kBelowZero);
}

std::uint64_t monotonic_count() { return monotonic_unique.load(std::memory_order_relaxed); }
void set_monotonic_count(std::uint64_t n) { monotonic_unique.store(n, std::memory_order_relaxed); }

Term make_unique_integer(term::HeapWriter& h, bool monotonic, bool positive) {
  const std::uint64_t n = monotonic ? monotonic_unique.fetch_add(1, std::memory_order_relaxed) : next_unique_integer();
  if (positive) return term::make_unsigned(h, monotonic ? n + 1 : n);
  // The last of 2^64 numbers lie beyond a signed word.
  return n < kBelowZero ? term::make_integer(h, static_cast<std::int64_t>(n - kBelowZero)) : term::make_unsigned(h, n - kBelowZero);
}

std::int64_t next_now_us() {
  static std::atomic<std::int64_t> last_now{0};
  std::int64_t us = system_time_ns() / 1000;
  std::int64_t last = last_now.load(std::memory_order_relaxed);
  do {
    if (us <= last) us = last + 1;
  } while (!last_now.compare_exchange_weak(last, us, std::memory_order_relaxed));
  return us;
}

}  // namespace vm::proc
