// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Requests to ports: what processes want of a port, and what descriptors, timers and other threads bring.
//
// If nobody is at the port and nothing waits, a request is done at once on its sender's thread and is never made an object (ask, post). Else it is put
// into the port's queue, and the port gets a turn on a scheduler in which it works the queue off, for a slice at most. So no scheduler waits for a driver
// that takes its time, and whoever sends twice is heard in that order: nothing overtakes what waits.
//
// A process that needs the outcome gets a reference and waits for {Reference, Outcome} as for any message.
//
// Commands are held back in two ways. While the port is busy (the driver says so) they are parked, in order, and with them whatever their senders ask
// after them; the senders are suspended. And while more bytes of commands wait than the port's limit says (busy_limits_msgq), senders of more are
// suspended until less than the lower limit is left.
//
// A closed port works off what waits like any other: each request finds out that it came too late.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "sched/runnable.h"
#include "sync/small_mutex.h"
#include "term/heap_writer.h"
#include "term/term.h"

namespace vm::proc {
class Process;
}

namespace vm::port {

class Port;

struct PortRequest {
  virtual ~PortRequest() = default;
  // With the port's lock held. What the sender gets who waits for it, made on h. The port may be closed.
  virtual Term act(Port& port, term::HeapWriter& h) = 0;

  PortRequest* next = nullptr;
  Term sender = term::kNil;      // nil: nobody's, in no order
  std::uint64_t key = 0;         // of the sender's reference; 0: waits for nothing
  std::size_t counted = 0;       // bytes of a command
  bool is_command = false;       // waits while the port is busy
  bool is_forced = false;        // does not
  bool may_not_suspend = false;  // false instead
  bool holds_sender = false;     // who goes on when it is done
};

template <typename Act>
struct RequestOf final : PortRequest {
  explicit RequestOf(Act a) : does(std::move(a)) {}
  Term act(Port& port, term::HeapWriter& h) override { return does(port, h); }
  Act does;
};

// act(port, h)
template <typename Act>
std::unique_ptr<PortRequest> make_request(Term sender, Act act) {
  auto r = std::make_unique<RequestOf<Act>>(std::move(act));
  r->sender = sender;
  return r;
}

// What waits for a port.
class Requests {
 public:
  Requests(std::size_t low, std::size_t high) : low_(low), high_(high) {}
  ~Requests();
  // held: its sender is suspended until commands are taken again. The port learns of it under the same lock: `added`.
  template <typename Added>
  void add(std::unique_ptr<PortRequest> r, Term held, Added&& added);
  // The next one; `none` is called under the lock when there is none.
  template <typename None>
  std::unique_ptr<PortRequest> take(None&& none);
  // A command is done.
  void done(std::size_t counted);
  // More waits than the limit allows. Any thread.
  bool is_full() const { return full_.load(std::memory_order_relaxed); }
  std::size_t bytes() const;
  // Both or neither; kUnlimited: nothing is too much.
  void set_limits(std::size_t low, std::size_t high);
  void limits(std::size_t* low, std::size_t* high) const;
  // The suspended senders, if commands are taken again.
  std::vector<Term> release();

 private:
  mutable sync::SmallMutex lock_;  // taken under the port's lock or without
  PortRequest* first_ = nullptr;
  PortRequest** last_ = &first_;
  std::size_t bytes_ = 0, low_, high_;
  std::atomic<bool> full_{false};
  std::vector<Term> held_;
};

template <typename Added>
void Requests::add(std::unique_ptr<PortRequest> r, Term held, Added&& added) {
  const std::lock_guard<sync::SmallMutex> hold(lock_);
  bytes_ += r->counted;
  if (r->counted > 0 && bytes_ > high_) full_.store(true, std::memory_order_relaxed);
  if (!held.is_nil()) held_.push_back(held);
  *last_ = r.release();
  last_ = &(*last_)->next;
  added();
}

template <typename None>
std::unique_ptr<PortRequest> Requests::take(None&& none) {
  const std::lock_guard<sync::SmallMutex> hold(lock_);
  if (!first_) {
    none();
    return nullptr;
  }
  std::unique_ptr<PortRequest> r(first_);
  first_ = std::exchange(r->next, nullptr);
  if (!first_) last_ = &first_;
  return r;
}

}  // namespace vm::port
