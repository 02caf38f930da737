// SPDX-License-Identifier: Apache-2.0
//
// Four wheels of 256 slots: 1 ms, 256 ms, 65 s, 4.6 h per slot; what is due later waits in an overflow list that is looked at when the
// largest wheel turns. A timer of a larger wheel moves down when its slot comes up. Each wheel has a bitmap of used slots, so that an idle
// service finds its next due time in a few instructions.
#include "sched/timer_wheel.h"

#include <algorithm>
#include <bit>

#include "os/clock.h"
#include "sync/spinlock.h"

namespace vm::sched {
namespace {

constexpr std::int64_t kTickNs = 1'000'000;
constexpr int kLevels = 4;
constexpr std::uint32_t kSlots = 256;
constexpr std::uint32_t kOverflowSlot = kLevels * kSlots;
constexpr std::int64_t kNever = INT64_MAX;

enum State : std::uint8_t { kIdle = 0, kSet = 1, kFiring = 2 };

}  // namespace

struct TimerService::Impl {
  mutable sync::Spinlock lock;
  std::int64_t tick = 0;  // everything due at or before this tick has fired
  std::size_t count = 0;
  std::atomic<std::int64_t> earliest{kNever};  // lower bound of the next due tick; only lowered outside run
  Timer* slots[kOverflowSlot + 1] = {};
  std::uint64_t used[kLevels][kSlots / 64] = {};

  static std::int64_t tick_of(std::int64_t due_ns) {  // never early: round up
    if (due_ns > INT64_MAX - kTickNs) return INT64_MAX / kTickNs;
    return (due_ns + kTickNs - 1) / kTickNs;
  }

  // soonest: tick + 1, or tick while that tick's own slot is about to be taken.
  void insert(Timer& t, std::int64_t soonest) {
    const std::int64_t due = std::max(tick_of(t.due_ns), soonest);
    const auto ahead = static_cast<std::uint64_t>(due - tick);
    std::uint32_t slot = kOverflowSlot;
    for (int level = 0; level < kLevels; level++) {
      if (ahead < (std::uint64_t{1} << (8 * (level + 1)))) {
        slot = static_cast<std::uint32_t>(level) * kSlots + static_cast<std::uint32_t>(due >> (8 * level) & 255);
        used[level][(slot & 255) / 64] |= std::uint64_t{1} << (slot & 63);
        break;
      }
    }
    t.slot = slot;
    t.prev = nullptr;
    t.next = slots[slot];
    if (t.next) t.next->prev = &t;
    slots[slot] = &t;
  }

  void unlink(Timer& t) {
    if (t.next) t.next->prev = t.prev;
    if (t.prev) {
      t.prev->next = t.next;
      return;
    }
    slots[t.slot] = t.next;
    if (!t.next && t.slot != kOverflowSlot) used[t.slot / kSlots][(t.slot & 255) / 64] &= ~(std::uint64_t{1} << (t.slot & 63));
  }

  Timer* take_slot(std::uint32_t slot) {
    Timer* list = slots[slot];
    slots[slot] = nullptr;
    if (slot != kOverflowSlot) used[slot / kSlots][(slot & 255) / 64] &= ~(std::uint64_t{1} << (slot & 63));
    return list;
  }

  void cascade(std::uint32_t slot) {
    for (Timer* t = take_slot(slot); t;) {
      Timer* next = t->next;
      insert(*t, tick);
      t = next;
    }
  }

  // First used slot of a level at or after `from` + 1 in turning order: distance in slots, or 0 when none.
  std::uint32_t next_used(int level, std::uint32_t from) const {
    for (std::uint32_t d = 1; d <= kSlots;) {
      const std::uint32_t i = (from + d) & 255;
      const std::uint64_t bits = used[level][i / 64] >> (i & 63);
      if (bits) {
        const auto skip = static_cast<std::uint32_t>(std::countr_zero(bits));
        return d + skip <= kSlots ? d + skip : 0;
      }
      d += 64 - (i & 63);
    }
    return 0;
  }

  // Lower bound of the next tick at which something is to do.
  std::int64_t next_event() const {
    if (count == 0) return kNever;
    std::int64_t best = kNever;
    for (int level = 0; level < kLevels; level++) {
      const std::int64_t position = tick >> (8 * level);
      const std::uint32_t d = next_used(level, static_cast<std::uint32_t>(position & 255));
      if (d) best = std::min(best, (position + d) << (8 * level));
    }
    if (slots[kOverflowSlot]) best = std::min(best, ((tick >> 24) + 1) << 24);
    return best;
  }
};

TimerService::TimerService() : impl_(new Impl) { impl_->tick = os::monotonic_ns() / kTickNs; }
TimerService::~TimerService() = default;

void TimerService::set(Timer& t, std::int64_t due_ns) {
  Impl& m = *impl_;
  sync::SpinGuard guard(m.lock);
  t.due_ns = due_ns;
  t.state.store(kSet, std::memory_order_relaxed);
  m.insert(t, m.tick + 1);
  m.count++;
  const std::int64_t due = std::max(Impl::tick_of(due_ns), m.tick + 1);
  if (due < m.earliest.load(std::memory_order_relaxed)) m.earliest.store(due, std::memory_order_seq_cst);
}

bool TimerService::cancel(Timer& t) {
  Impl& m = *impl_;
  sync::SpinGuard guard(m.lock);
  if (t.state.load(std::memory_order_relaxed) != kSet) return false;
  m.unlink(t);
  m.count--;
  t.state.store(kIdle, std::memory_order_relaxed);
  return true;
}

std::int64_t TimerService::run(std::int64_t now_ns) {
  Impl& m = *impl_;
  const std::int64_t now = now_ns / kTickNs;
  const std::int64_t hint = m.earliest.load(std::memory_order_seq_cst);
  if (hint > now) return hint == kNever ? kNever : hint * kTickNs - now_ns;
  Timer* due = nullptr;
  Timer** due_end = &due;
  m.lock.lock();
  while (m.tick < now) {
    const std::int64_t event = m.next_event();
    if (event > now) {
      m.tick = now;
      break;
    }
    m.tick = event;
    if ((m.tick & 0xFFFFFF) == 0 && m.slots[kOverflowSlot]) m.cascade(kOverflowSlot);
    for (int level = kLevels - 1; level > 0; level--)
      if ((m.tick & ((std::int64_t{1} << (8 * level)) - 1)) == 0)
        m.cascade(static_cast<std::uint32_t>(level) * kSlots + static_cast<std::uint32_t>(m.tick >> (8 * level) & 255));
    Timer* list = m.take_slot(static_cast<std::uint32_t>(m.tick & 255));
    Timer* ordered = nullptr;  // slots are filled at the head; fire in order of setting
    while (list) {
      Timer* t = list;
      list = t->next;
      t->next = ordered;
      ordered = t;
    }
    while (ordered) {
      Timer* t = ordered;
      ordered = t->next;
      t->state.store(kFiring, std::memory_order_relaxed);
      m.count--;
      *due_end = t;
      t->next = nullptr;
      due_end = &t->next;
    }
  }
  const std::int64_t event = m.next_event();
  m.earliest.store(event, std::memory_order_seq_cst);
  m.lock.unlock();
  while (due) {
    Timer* t = due;
    due = t->next;
    t->fire(t);  // may free t
  }
  return event == kNever ? kNever : std::max<std::int64_t>(0, event * kTickNs - now_ns);
}

std::int64_t TimerService::next_due_in(std::int64_t now_ns) const {
  const std::int64_t hint = impl_->earliest.load(std::memory_order_seq_cst);
  if (hint == kNever) return kNever;
  return std::max<std::int64_t>(0, hint * kTickNs - now_ns);
}

}  // namespace vm::sched
