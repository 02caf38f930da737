// SPDX-License-Identifier: Apache-2.0
//
// Run queue of one scheduler: a FIFO per priority under one spinlock, and the run-next slot.
//
// Order of service: max, then high, then normal and low together, of which low gets one turn in eight while both wait. The run-next slot holds
// what the running process woke last; it is taken before the queues, but not more than kRunNextLimit times in a row while others wait.
//
// `length` is readable without the lock: thieves and wakers only need a hint. The slot is an atomic of its own, so that the
// owner's wake-and-run costs two exchanges and no lock.
//
// What is at home here (Runnable::home) is in lists of its own that only the owner takes from: thieves need not step over it, and `length` does not
// count it. Where both kinds wait at one priority the owner serves each as often as its share of what waits.
#pragma once

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
  bool has_next() const { return next_.load(std::memory_order_relaxed) != nullptr; }

  // Returns the length afterwards.
  std::size_t push(Runnable& r, bool at_front = false) {
    sync::SpinGuard guard(lock_);
    List& list = lists_[static_cast<unsigned>(r.priority.load(std::memory_order_relaxed))];
    if (at_front) list.push_front(r);
    else list.push_back(r);
    const std::size_t n = length_.load(std::memory_order_relaxed) + 1;
    length_.store(n, std::memory_order_seq_cst);
    return n;
  }

  // The same for what is at home here.
  void push_home(Runnable& r) {
    sync::SpinGuard guard(lock_);
    home_lists_[static_cast<unsigned>(r.priority.load(std::memory_order_relaxed))].push_back(r);
    at_home_.store(at_home() + 1, std::memory_order_seq_cst);
  }

  // Puts r into the slot; answers what was there before.
  Runnable* exchange_next(Runnable* r) { return next_.exchange(r, std::memory_order_seq_cst); }

  // The owner's next runnable, or nullptr.
  Runnable* pop() {
    if (next_.load(std::memory_order_relaxed)) {
      const std::size_t waiting = length();
      if (waiting == 0 || (next_streak_ < kRunNextLimit && !urgent_waiting())) {
        if (Runnable* r = exchange_next(nullptr)) {
          next_streak_++;
          return r;
        }
      } else if (Runnable* r = exchange_next(nullptr)) {
        push(*r);
      }
    }
    next_streak_ = 0;
    if (length() == 0 && at_home() == 0) return nullptr;
    sync::SpinGuard guard(lock_);
    if (VM_LIKELY(at_home() == 0) || (length() != 0 && !home_comes_next())) return pop_locked();
    return pop_home_locked();
  }

  // What the owner must give away when it is not to run: anything but what is at home here.
  Runnable* pop_movable() {
    if (Runnable* r = exchange_next(nullptr)) return r;
    if (length() == 0) return nullptr;
    sync::SpinGuard guard(lock_);
    return pop_locked();
  }

  // Seeded mode: any of those that pop may choose from; `choose` answers a number below what it is given.
  template <typename Choose>
  Runnable* pop_any(Choose&& choose) {
    sync::SpinGuard guard(lock_);
    List* list = lists_[3].head ? &lists_[3] : lists_[2].head ? &lists_[2] : nullptr;
    if (!list) list = lists_[0].head && (!lists_[1].head || choose(kLowEvery) == 0) ? &lists_[0] : &lists_[1];
    std::uint64_t n = 0;
    for (Runnable* r = list->head; r; r = r->next) n++;
    if (n == 0) return nullptr;
    Runnable* taken = list->take(choose(n));
    length_.store(length_.load(std::memory_order_relaxed) - 1, std::memory_order_seq_cst);
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
    if (!taken && single_too) return exchange_next(nullptr);
    if (!taken) return nullptr;
    Runnable* first = taken;
    for (Runnable* r = taken->next; r;) {
      Runnable* following = r->next;
      to.push(*r);
      r = following;
    }
    first->next = nullptr;
    return first;
  }

  // How often something of normal or low priority was taken: who does not move while work waits is kept busy by urgent work.
  std::uint32_t ordinary_pops() const { return ordinary_pops_.load(std::memory_order_relaxed); }

  // Takes up to n of normal and low priority, oldest first: a list, linked through `next`.
  Runnable* take_ordinary(std::size_t n) {
    sync::SpinGuard guard(lock_);
    Runnable* taken = nullptr;
    Runnable** end = &taken;
    for (; n > 0; n--) {
      Runnable* r = pop_ordinary_locked();
      if (!r) break;
      *end = r;
      end = &r->next;
      length_.store(length_.load(std::memory_order_relaxed) - 1, std::memory_order_seq_cst);
    }
    return taken;
  }

 private:
  struct List {
    Runnable* head = nullptr;
    Runnable* tail = nullptr;
    void push_back(Runnable& r) {
      r.next = nullptr;
      if (tail) tail->next = &r;
      else head = &r;
      tail = &r;
    }
    void push_front(Runnable& r) {
      r.next = head;
      head = &r;
      if (!tail) tail = &r;
    }
    Runnable* take(std::uint64_t index) {
      if (index == 0) return pop();
      Runnable* before = head;
      while (--index > 0) before = before->next;
      Runnable* r = before->next;
      before->next = r->next;
      if (tail == r) tail = before;
      r->next = nullptr;
      return r;
    }
    Runnable* pop() {
      Runnable* r = head;
      if (r) {
        head = r->next;
        if (!head) tail = nullptr;
        r->next = nullptr;
      }
      return r;
    }
  };

  bool urgent_waiting() const { return urgent_.load(std::memory_order_relaxed); }
  void note_urgent_locked() {
    urgent_.store(lists_[3].head || lists_[2].head || home_lists_[3].head || home_lists_[2].head, std::memory_order_relaxed);
  }

  // How pressing what waits is: max, high, the rest.
  static unsigned pressing(const List (&lists)[4]) { return lists[3].head ? 2 : lists[2].head ? 1 : 0; }

  // Both kinds wait.
  bool home_comes_next() {
    const unsigned here = pressing(home_lists_), movable = pressing(lists_);
    if (here != movable) return here > movable;
    home_share_ += at_home();
    if (home_share_ < at_home() + length()) return false;
    home_share_ = 0;
    return true;
  }

  Runnable* pop_home_locked() {
    Runnable* r = nullptr;
    for (unsigned priority = 3; !r && priority > 1; priority--) r = home_lists_[priority].pop();
    if (!r) r = pop_ordinary_of(home_lists_);
    if (r) at_home_.store(at_home() - 1, std::memory_order_seq_cst);
    note_urgent_locked();
    return r;
  }

  Runnable* pop_ordinary_of(List (&lists)[4]) {
    List& normal = lists[1];
    List& low = lists[0];
    if (!low.head || (normal.head && ++low_turn_ < kLowEvery)) return normal.pop();
    low_turn_ = 0;
    return low.pop();
  }
  Runnable* pop_ordinary_locked() { return pop_ordinary_of(lists_); }

  Runnable* pop_locked() {
    Runnable* r = lists_[3].pop();
    if (!r) r = lists_[2].pop();
    if (!r) {
      r = pop_ordinary_locked();
      ordinary_pops_.store(ordinary_pops_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
    if (r) length_.store(length_.load(std::memory_order_relaxed) - 1, std::memory_order_seq_cst);
    note_urgent_locked();
    return r;
  }

  sync::Spinlock lock_;
  std::atomic<std::size_t> length_{0};
  std::atomic<std::size_t> at_home_{0};
  std::atomic<Runnable*> next_{nullptr};
  std::atomic<bool> urgent_{false};
  std::atomic<std::uint32_t> ordinary_pops_{0};
  List lists_[4];
  List home_lists_[4];
  std::size_t home_share_ = 0;  // grows until it is their turn
  unsigned low_turn_ = 0;
  unsigned next_streak_ = 0;  // owner only
};

}  // namespace vm::sched
