// SPDX-License-Identifier: Apache-2.0
//
// A set of wheels per scheduler, and one for threads that are no scheduler. Each has four levels of 256 slots: 1 ms, 256 ms, 65 s, 4.6 h per slot;
// what is due later waits in an overflow list that is looked at when the largest level turns. A timer of a larger level moves down when its slot
// comes up. Each level has a bitmap of used slots, so that an idle service finds its next due time in a few instructions.
//
// Every worker that looks around fires what is due in all sets, the earliest first: a scheduler that is busy with one long slice delays nobody. What
// is in one set fires in order; so does what one process sets while it stays on a scheduler, as on stock.
#include "sched/timer_wheel.h"

#include <algorithm>
#include <bit>

#include "os/clock.h"
#include "sched/scheduler.h"
#include "sched/seeded.h"
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

// One thread runs a set at a time (running); the lock is for a change of its lists.
struct alignas(64) TimerService::Wheels {
  sync::Spinlock lock;
  std::atomic<bool> running{false};
  std::int64_t tick = 0;  // everything due at or before this tick has fired
  std::size_t count = 0;
  alignas(64) std::atomic<std::int64_t> earliest{kNever};  // lower bound of the next due tick; only lowered outside run
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
    std::uint16_t slot = kOverflowSlot;
    for (int level = 0; level < kLevels; level++) {
      if (ahead < (std::uint64_t{1} << (8 * (level + 1)))) {
        slot =
            static_cast<std::uint16_t>(static_cast<std::uint32_t>(level) * kSlots + static_cast<std::uint32_t>(due >> (8 * level) & 255));
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

  Timer* take_due(std::int64_t now);

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

TimerService::TimerService(unsigned schedulers) : count_(schedulers + 1), wheels_(new Wheels[count_]) {
  for (unsigned i = 0; i < count_; i++) wheels_[i].tick = (virtual_ns() ? virtual_ns() : os::monotonic_ns()) / kTickNs;
}
TimerService::~TimerService() = default;

void TimerService::set(Timer& t, std::int64_t due_ns) {
  const Scheduler* here = Scheduler::current();
  const unsigned index = here && !here->dirty() && here->id() < count_ ? here->id() : 0;
  Wheels& m = wheels_[index];
  sync::SpinGuard guard(m.lock);
  t.due_ns = due_ns;
  t.wheels.store(static_cast<std::uint16_t>(index), std::memory_order_relaxed);
  t.state.store(kSet, std::memory_order_release);
  m.insert(t, m.tick + 1);
  m.count++;
  const std::int64_t due = std::max(Wheels::tick_of(due_ns), m.tick + 1);
  if (due < m.earliest.load(std::memory_order_relaxed)) m.earliest.store(due, std::memory_order_seq_cst);
}

bool TimerService::cancel(Timer& t) {
  for (;;) {
    const unsigned index = t.wheels.load(std::memory_order_relaxed);
    Wheels& m = wheels_[index];
    sync::SpinGuard guard(m.lock);
    if (t.state.load(std::memory_order_acquire) != kSet) return false;
    if (t.wheels.load(std::memory_order_relaxed) != index) continue;  // it was being set when we looked
    m.unlink(t);
    m.count--;
    t.state.store(kIdle, std::memory_order_relaxed);
    return true;
  }
}

// Takes what is due out of the wheels: a list in the order of firing.
Timer* TimerService::Wheels::take_due(std::int64_t now) {
  Timer* due = nullptr;
  Timer** due_end = &due;
  sync::SpinGuard guard(lock);
  while (tick < now) {
    const std::int64_t event = next_event();
    if (event > now) {
      tick = now;
      break;
    }
    tick = event;
    if ((tick & 0xFFFFFF) == 0 && slots[kOverflowSlot]) cascade(kOverflowSlot);
    for (int level = kLevels - 1; level > 0; level--)
      if ((tick & ((std::int64_t{1} << (8 * level)) - 1)) == 0)
        cascade(static_cast<std::uint32_t>(level) * kSlots + static_cast<std::uint32_t>(tick >> (8 * level) & 255));
    Timer* list = take_slot(static_cast<std::uint32_t>(tick & 255));
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
      count--;
      *due_end = t;
      t->next = nullptr;
      due_end = &t->next;
    }
  }
  earliest.store(next_event(), std::memory_order_seq_cst);
  return due;
}

std::int64_t TimerService::run(std::int64_t now_ns) {
  const std::int64_t now = now_ns / kTickNs;
  std::uint64_t seen_busy = 0;  // sets that another thread runs just now, who will look again; beyond 64 of them one bit stands for several
  for (;;) {
    Wheels* first = nullptr;
    std::int64_t first_due = kNever;
    unsigned first_index = 0;
    for (unsigned i = 0; i < count_; i++) {
      const std::int64_t due = wheels_[i].earliest.load(std::memory_order_seq_cst);
      if (due >= first_due || (due <= now && (seen_busy >> (i & 63) & 1))) continue;
      first = &wheels_[i];
      first_due = due;
      first_index = i;
    }
    if (first_due == kNever) return kNever;
    if (first_due > now) return first_due * kTickNs - now_ns;
    if (first->running.exchange(true, std::memory_order_acquire)) {
      seen_busy |= std::uint64_t{1} << (first_index & 63);
      continue;
    }
    for (Timer* due = first->take_due(now); due;) {
      Timer* t = due;
      due = t->next;
      t->fire(t);  // may free t
    }
    first->running.store(false, std::memory_order_release);
  }
}

std::int64_t TimerService::next_due_in(std::int64_t now_ns) const {
  std::int64_t hint = kNever;
  for (unsigned i = 0; i < count_; i++) hint = std::min(hint, wheels_[i].earliest.load(std::memory_order_seq_cst));
  if (hint == kNever) return kNever;
  return std::max<std::int64_t>(0, hint * kTickNs - now_ns);
}

}  // namespace vm::sched
