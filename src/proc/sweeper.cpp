// SPDX-License-Identifier: Apache-2.0
#include "proc/sweeper.h"

#include <algorithm>

#include "heap/block_cache.h"
#include "os/clock.h"
#include "os/memory.h"
#include "proc/process.h"
#include "proc/process_table.h"
#include "proc/runtime.h"
#include "sync/slab_pool.h"
#include "term/binary_data.h"

namespace vm::proc {
namespace {

constexpr std::int64_t kPassNs = 250'000'000;
constexpr std::int64_t kShare = 100;  // a pass of t is followed by a pause of kShare * t
constexpr std::int64_t kCollectingShare = 3;
constexpr std::size_t kSlotsPerSlice = 2048;
constexpr std::size_t kWorthWords = 2048;  // heaps below are left alone
constexpr std::size_t kWorthOffHeapBytes = 16 * 1024;
constexpr std::uint8_t kFirstAge = 3;         // passes without work before the first sweep
constexpr std::uint8_t kLongestPatience = 6;  // doublings
constexpr std::uint8_t kSwept = 255;          // age of a process that did nothing since it was swept
constexpr unsigned kCalmPasses = 12;          // passes after the last activity
constexpr std::size_t kTrimBytes = std::size_t{16} << 20;
constexpr std::size_t kTrimSlabBytes = std::size_t{1} << 20;
constexpr std::int64_t kTrimNs = 2'000'000'000;

std::size_t off_heap_bytes(Process& p) { return p.heap.off_heap_young().bytes + p.heap.off_heap_old().bytes; }

}  // namespace

bool Sweeper::tick() {
  if (queued_.load(std::memory_order_acquire)) return true;
  const std::int64_t now = os::monotonic_ns();
  const std::size_t in_use = heap::block_bytes_in_use() + term::BinaryData::total_bytes();
  peak_bytes_ = std::max(peak_bytes_, in_use);
  const bool much_went = peak_bytes_ - in_use > kTrimBytes || slots_went_;
  if ((much_went || again_) && now - trimmed_at_ns_ > kTrimNs && !asked_) {
    again_ = much_went;
    asked_ = true;  // and come back soon
    heap::ask_threads_to_trim();
    runtime_.schedulers->nudge_all();
  } else if (asked_) {
    asked_ = false;
    heap::give_back_unused();
    peak_bytes_ = in_use;
    slots_went_ = false;
    trimmed_at_ns_ = now;
  }
  if (now - slabs_looked_at_ns_ > kTrimNs) {
    slabs_looked_at_ns_ = now;
    const std::size_t idle = sync::SlabPool::idle_bytes();
    slabs_idle_ = idle > kTrimSlabBytes;
    slots_went_ = slots_went_ || idle > idle_bytes_ + kTrimBytes;
    idle_bytes_ = idle;
    if (slabs_idle_) sync::SlabPool::give_back_unused();
  }
  if (now - ended_ns_ < std::max({kPassNs, kShare * work_ns_, kCollectingShare * collecting_ns_}))
    return calm_passes_ < kCalmPasses || asked_ || again_;
  const std::uint64_t slices = runtime_.schedulers->slices() - own_slices_.load(std::memory_order_relaxed);
  calm_passes_ = slices != seen_slices_ ? 0 : calm_passes_ + 1;
  seen_slices_ = slices;
  if (calm_passes_ >= kCalmPasses) return much_went || slots_went_ || slabs_idle_ || asked_ || again_;
  work_ns_ = collecting_ns_ = 0;
  queued_.store(true, std::memory_order_release);
  runtime_.schedulers->enqueue(*this);
  return true;
}

sched::After Sweeper::run(sched::Scheduler&) {
  own_slices_.fetch_add(1, std::memory_order_relaxed);
  const std::int64_t started = os::monotonic_ns(), collecting = collecting_ns_;
  const std::size_t end = std::min(cursor_ + kSlotsPerSlice, runtime_.processes->slot_count());
  for (; cursor_ < end; cursor_++)
    if (Process* p = runtime_.processes->slot(cursor_)) visit(*p);
  ended_ns_ = os::monotonic_ns();
  work_ns_ += ended_ns_ - started - (collecting_ns_ - collecting);
  if (cursor_ < runtime_.processes->slot_count()) return sched::After::Requeue;
  cursor_ = 0;
  queued_.store(false, std::memory_order_release);
  return sched::After::Parked;
}

void Sweeper::visit(Process& p) {
  if (!p.hold_waiting()) return;
  const auto mark = static_cast<std::uint32_t>(p.reductions_done);
  if (p.sweep_mark != mark) {
    p.sweep_mark = mark;
    p.sweep_age = 0;
  } else if (p.sweep_age < kSwept - 1) {
    p.sweep_age++;
  }
  const std::size_t words = p.heap.total_words();
  const std::size_t off_heap = off_heap_bytes(p);
  const bool worth = words > std::max(kWorthWords, p.heap.limits().min_heap_words) || off_heap > kWorthOffHeapBytes;
  if (worth && p.sweep_age != kSwept && p.sweep_age >= (kFirstAge << std::min(p.sweep_patience, kLongestPatience)) &&
      !(p.flags & (Process::kDisableGc | Process::kHibernated))) {
    const std::int64_t started = os::monotonic_ns();
    p.collect_waiting();
    swept_.fetch_add(1, std::memory_order_relaxed);
    const std::size_t bytes = words * kWordBytes + off_heap, left = p.heap.total_words() * kWordBytes + off_heap_bytes(p);
    collecting_ns_ += os::monotonic_ns() - started;
    if (left < bytes - bytes / 4) p.sweep_patience = 0;
    else if (p.sweep_patience < kLongestPatience) p.sweep_patience++;
    p.sweep_age = kSwept;
  }
  p.release_waiting();
}

}  // namespace vm::proc
