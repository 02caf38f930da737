// SPDX-License-Identifier: Apache-2.0
//
// Run queue of one scheduler: a FIFO per priority under one spinlock, and the run-next slot.
//
// Order of service: max, then high, then normal and low together. Who is of low priority gets a turn each time those of normal priority had eight, be
// they few or many: time is counted in rounds, of which one is over when everybody of normal priority had a turn. The run-next slot holds
// what the running process made runnable first, if it woke it; it is taken before the queues, but not more than kRunNextLimit times in a row while
// others wait. It stays empty while somebody new waits: who was spawned begins before those run that are woken later.
//
// `length` is readable without the lock: thieves and wakers only need a hint. The slot is an atomic of its own, so that the
// owner's wake-and-run costs two exchanges and no lock.
//
// `in_hand` counts what the owner took and has not let go: it grows before the queue shrinks, and what goes back is queued before it shrinks, so that
// whoever reads first the lengths and then the hands misses nothing that waits or runs.
//
// What is at home here (Runnable::home) is in lists of its own that only the owner takes from: thieves need not step over it, and `length` does not
// count it. Where both kinds wait at one priority the owner serves each as often as its share of what waits.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "base/assert.h"
#include "sched/runnable.h"
#include "sync/spinlock.h"

namespace vm::sched {

class alignas(64) RunQueue {
 public:
  static constexpr unsigned kRunNextLimit = 64;
  static constexpr unsigned kLowEvery = 8;

  std::size_t length() const { return length_.load(std::memory_order_relaxed); }
  bool empty() const { return !has_movable() && at_home_.load(std::memory_order_seq_cst) == 0; }
  // Whether something waits that others may take.
  bool has_movable() const { return length_.load(std::memory_order_seq_cst) != 0 || next_.load(std::memory_order_seq_cst) != nullptr; }
  // How much waits that nobody else may take.
  std::size_t at_home() const { return at_home_.load(std::memory_order_relaxed); }
  bool has_new() const { return new_.load(std::memory_order_relaxed) != 0; }
  bool has_next() const { return next_.load(std::memory_order_relaxed) != nullptr; }
  // How much the owner took of any queue, until it asks for more.
  std::size_t in_hand() const { return in_hand_.load(std::memory_order_acquire); }
  // How much was taken by `take` and is not in another queue yet.
  std::size_t leaving() const { return leaving_.load(std::memory_order_acquire); }

  // Moved: it comes from another queue, by take(), and waits no longer than it would have there.
  enum class How { AtEnd, AtFront, Moved };
  // Returns the length afterwards.
  std::size_t push(Runnable& r, How how = How::AtEnd) {
    sync::SpinGuard guard(lock_);
    lists_.push(r, how);
    note_pushed_locked(r);
    const std::size_t n = length_.load(std::memory_order_relaxed) + 1;
    length_.store(n, std::memory_order_seq_cst);
    return n;
  }

  // The same for what is at home here.
  void push_home(Runnable& r) {
    sync::SpinGuard guard(lock_);
    home_lists_.push(r, How::AtEnd);
    note_pushed_locked(r);
    at_home_.store(at_home() + 1, std::memory_order_seq_cst);
  }

  // Puts r into the slot, if that is empty.
  bool offer_next(Runnable& r) {
    Runnable* nothing = nullptr;
    return next_.compare_exchange_strong(nothing, &r, std::memory_order_seq_cst);
  }
  Runnable* take_next() { return next_.exchange(nullptr, std::memory_order_seq_cst); }

  // The owner's next runnable, or nullptr.
  Runnable* pop() {
    if (next_.load(std::memory_order_relaxed)) {
      hold(1);
      const std::size_t waiting = length();
      if (waiting == 0 || (next_streak_ < kRunNextLimit && !urgent_waiting())) {
        if (Runnable* r = take_next()) {
          next_streak_++;
          return r;
        }
      } else if (Runnable* r = take_next()) {
        push(*r);
      }
    }
    next_streak_ = 0;
    if (length() == 0 && at_home() == 0) {
      hold(0);
      return nullptr;
    }
    hold(1);
    sync::SpinGuard guard(lock_);
    if (VM_LIKELY(at_home() == 0) || (length() != 0 && !home_comes_next())) return pop_locked();
    return pop_home_locked();
  }

  // What the owner must give away when it is not to run: anything but what is at home here.
  Runnable* pop_movable() {
    hold(has_movable());
    if (Runnable* r = take_next()) return r;
    if (length() == 0) return nullptr;
    sync::SpinGuard guard(lock_);
    return pop_locked();
  }

  // Seeded mode: any of those that pop may choose from; `choose` answers a number below what it is given.
  template <typename Choose>
  Runnable* pop_any(Choose&& choose) {
    sync::SpinGuard guard(lock_);
    auto& of = lists_.of;
    List* list = of[3].head ? &of[3] : of[2].head ? &of[2] : nullptr;
    if (!list) list = of[0].head && (!of[1].head || choose(kLowEvery) == 0) ? &of[0] : &of[1];
    hold(list->size != 0);
    if (list->size == 0) return nullptr;
    Runnable* taken = list->take(choose(list->size));
    count_taken_locked(*taken);
    note_urgent_locked();
    return taken;
  }

  // Moves up to half of what waits (at least one if `single_too`) to `to`, and answers one of them to run at once.
  Runnable* steal(RunQueue& to, bool single_too) {
    Runnable* taken = nullptr;
    {
      if (!lock_.try_lock()) return nullptr;
      const std::size_t have = length_.load(std::memory_order_relaxed);
      std::size_t want = have >= 2 ? have / 2 : (single_too ? have : 0);
      if (want > 64) want = 64;
      to.hold(want);
      Runnable** end = &taken;
      for (; want > 0; want--) {
        Runnable* r = pop_locked();
        if (!r) break;
        *end = r;
        r->next = nullptr;
        end = &r->next;
      }
      lock_.unlock();
    }
    if (!taken && single_too) {
      to.hold(1);
      taken = take_next();
    }
    if (!taken) {
      to.hold(0);
      return nullptr;
    }
    Runnable* first = taken;
    for (Runnable* r = taken->next; r;) {
      Runnable* following = r->next;
      to.push(*r);
      r = following;
    }
    first->next = nullptr;
    to.hold(1);
    return first;
  }

  // How often something was taken of what is ordinary (normal and low), high, max: whoever takes only urgent things keeps the others waiting.
  static constexpr unsigned kLevels = 3;
  static constexpr unsigned level_of(Priority p) { return p == Priority::Max ? 2 : p == Priority::High ? 1 : 0; }
  std::uint32_t pops(unsigned level) const { return pops_[level].load(std::memory_order_relaxed); }

  // How many of a priority wait that others may take.
  std::size_t waiting(Priority priority) {
    sync::SpinGuard guard(lock_);
    return lists_.of[static_cast<unsigned>(priority)].size;
  }

  // Takes up to n of them, oldest first: a list, linked through `next`. They count as leaving until `arrived`; one thread at a time.
  Runnable* take(Priority priority, std::size_t n) {
    sync::SpinGuard guard(lock_);
    leaving_.store(std::min(n, lists_.of[static_cast<unsigned>(priority)].size), std::memory_order_release);
    Runnable* taken = nullptr;
    Runnable** end = &taken;
    for (; n > 0; n--) {
      Runnable* r = lists_.of[static_cast<unsigned>(priority)].pop();
      if (!r) break;
      r->due -= lists_.now;
      *end = r;
      end = &r->next;
      count_taken_locked(*r);
    }
    note_urgent_locked();
    return taken;
  }
  void arrived() { leaving_.store(0, std::memory_order_release); }

 private:
  struct List {
    Runnable* head = nullptr;
    Runnable* tail = nullptr;
    std::size_t size = 0;
    void push_back(Runnable& r) {
      size++;
      r.next = nullptr;
      if (tail) tail->next = &r;
      else head = &r;
      tail = &r;
    }
    void push_front(Runnable& r) {
      size++;
      r.next = head;
      head = &r;
      if (!tail) tail = &r;
    }
    Runnable* take(std::uint64_t index) {
      if (index == 0) return pop();
      Runnable* before = head;
      while (--index > 0) before = before->next;
      Runnable* r = before->next;
      size--;
      before->next = r->next;
      if (tail == r) tail = before;
      r->next = nullptr;
      return r;
    }
    Runnable* pop() {
      Runnable* r = head;
      if (r) {
        size--;
        head = r->next;
        if (!head) tail = nullptr;
        r->next = nullptr;
      }
      return r;
    }
  };

  // What waits, by priority.
  struct Lists {
    static constexpr std::uint32_t kRound = 1 << 16;
    List of[4];
    std::uint32_t now = 0;  // rounds * kRound; goes on with every turn of normal priority

    void push(Runnable& r, How how) {
      List& list = of[static_cast<unsigned>(r.priority.load(std::memory_order_relaxed))];
      if (how == How::Moved) r.due += now;
      else r.due = how == How::AtFront || r.is_new ? now : now + kLowEvery * kRound;
      const bool is_first = how == How::Moved && list.head && static_cast<std::int32_t>(list.head->due - r.due) > 0;
      if (how == How::AtFront || is_first) list.push_front(r);
      else list.push_back(r);
    }
    Runnable* pop_ordinary() {
      List& normal = of[1];
      List& low = of[0];
      if (low.head && (!normal.head || static_cast<std::int32_t>(now - low.head->due) >= 0)) return low.pop();
      if (normal.head) now += std::max<std::uint32_t>(1, static_cast<std::uint32_t>(kRound / normal.size));
      return normal.pop();
    }
    Runnable* pop_urgent() {
      Runnable* r = of[3].pop();
      return r ? r : of[2].pop();
    }
    // How pressing what waits is: max, high, the rest.
    unsigned pressing() const { return of[3].head ? 2 : of[2].head ? 1 : 0; }
  };

  void hold(std::size_t n) { in_hand_.store(n, std::memory_order_release); }
  bool urgent_waiting() const { return urgent_.load(std::memory_order_relaxed); }
  void note_urgent_locked() { urgent_.store(lists_.pressing() + home_lists_.pressing() != 0, std::memory_order_relaxed); }

  // Both kinds wait.
  bool home_comes_next() {
    const unsigned here = home_lists_.pressing(), movable = lists_.pressing();
    if (here != movable) return here > movable;
    home_share_ += at_home();
    if (home_share_ < at_home() + length()) return false;
    home_share_ = 0;
    return true;
  }

  Runnable* pop_home_locked() {
    Runnable* r = home_lists_.pop_urgent();
    if (!r) r = home_lists_.pop_ordinary();
    if (r) at_home_.store(at_home() - 1, std::memory_order_seq_cst);
    if (r && r->is_new) count_new_locked(-1);
    note_urgent_locked();
    return r;
  }

  Runnable* pop_locked() {
    Runnable* r = lists_.pop_urgent();
    if (!r) r = lists_.pop_ordinary();
    if (r) {
      std::atomic<std::uint32_t>& pops = pops_[level_of(r->priority.load(std::memory_order_relaxed))];
      pops.store(pops.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      count_taken_locked(*r);
    }
    note_urgent_locked();
    return r;
  }

  void note_pushed_locked(const Runnable& r) {
    if (r.is_new) count_new_locked(1);
    if (level_of(r.priority.load(std::memory_order_relaxed)) != 0) urgent_.store(true, std::memory_order_relaxed);
  }

  void count_taken_locked(const Runnable& r) {
    length_.store(length_.load(std::memory_order_relaxed) - 1, std::memory_order_seq_cst);
    if (r.is_new) count_new_locked(-1);
  }

  void count_new_locked(int more) {
    new_.store(new_.load(std::memory_order_relaxed) + static_cast<std::uint32_t>(more), std::memory_order_relaxed);
  }

  sync::Spinlock lock_;
  std::atomic<std::size_t> length_{0};
  std::atomic<std::size_t> at_home_{0};
  std::atomic<Runnable*> next_{nullptr};
  std::atomic<std::size_t> in_hand_{0};
  std::atomic<std::size_t> leaving_{0};
  std::atomic<bool> urgent_{false};
  std::atomic<std::uint32_t> new_{0};  // of those in lists
  std::atomic<std::uint32_t> pops_[kLevels] = {};
  Lists lists_;
  Lists home_lists_;
  std::size_t home_share_ = 0;  // grows until it is their turn
  unsigned next_streak_ = 0;    // owner only
};

}  // namespace vm::sched
