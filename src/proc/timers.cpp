// SPDX-License-Identifier: Apache-2.0
//
// A timer is known to the wheel (sched/), to the shard that finds it by reference, and to its destination process. Who removes it from the shard
// owns its message: that is either the wheel's callback (it fires) or a cancellation. Memory goes when both the wheel and the remover are done:
// a cancellation that comes too late for the wheel leaves the freeing to the callback.
#include "proc/timers.h"

#include "proc/id_table.h"
#include "proc/process_cold.h"
#include "proc/process_table.h"
#include "proc/references.h"
#include "proc/registry.h"
#include "proc/send.h"
#include "proc/time.h"
#include "sync/epoch.h"
#include "sync/slab.h"
#include "term/atoms.h"

namespace vm::proc {

struct BifTimer : sched::Timer, sync::SlabObject<BifTimer> {
  Runtime* runtime;
  std::uint64_t key;
  Term destination;
  heap::OwnedTerm message;
  std::int64_t due_ns;  // Erlang monotonic
  // List of the destination process, under its timers_lock.
  BifTimer* before = nullptr;
  BifTimer* after = nullptr;
  bool listed = false;
};

namespace {

constexpr std::size_t kShards = 64;

struct TimerEntry {
  std::uint64_t key;
  BifTimer* timer;
};

struct alignas(64) Shard {
  mutable sync::Spinlock lock;
  IdTable<TimerEntry> table;
};

}  // namespace

struct BifTimers::Impl {
  Shard shards[kShards];
};

BifTimers::BifTimers() : impl_(new Impl) {}
BifTimers::~BifTimers() = default;

std::size_t BifTimers::count() const {
  std::size_t n = 0;
  for (const Shard& s : impl_->shards) {
    sync::SpinGuard guard(s.lock);
    n += s.table.size();
  }
  return n;
}

struct BifTimerAccess {
  static Shard& shard(Runtime& rt, std::uint64_t key) {
    std::atomic_ref<BifTimers*> cell(rt.bif_timers);
    BifTimers* timers = cell.load(std::memory_order_acquire);
    if (VM_UNLIKELY(!timers)) {
      auto* made = new BifTimers;
      if (cell.compare_exchange_strong(timers, made)) timers = made;
      else delete made;
    }
    return timers->impl_->shards[(key * 0x9E3779B97F4A7C15) >> 58];
  }
};

namespace {

// Takes the timer out of its shard: the caller owns the message. nullptr: fired or cancelled.
BifTimer* claim(Runtime& rt, std::uint64_t key) {
  Shard& s = BifTimerAccess::shard(rt, key);
  sync::SpinGuard guard(s.lock);
  TimerEntry e{};
  return s.table.remove(key, &e) ? e.timer : nullptr;
}

void unlist(BifTimer& t) {
  if (!t.destination.is_local_pid()) return;
  Process* p = t.runtime->processes->lookup(t.destination);
  if (!p) return;
  sync::SpinGuard guard(p->timers_lock);
  if (!t.listed) return;
  t.listed = false;
  if (t.before) t.before->after = t.after;
  else p->first_timer = t.after;
  if (t.after) t.after->before = t.before;
}

void fire_bif_timer(sched::Timer* raw) {
  auto* t = static_cast<BifTimer*>(raw);
  Runtime& rt = *t->runtime;
  const bool mine = claim(rt, t->key) != nullptr;
  unlist(*t);
  if (mine) {
    const Term to = t->destination.is_atom() ? rt.registry->lookup(t->destination) : t->destination;
    if (to.is_value() && to.is_local_pid()) send_owned(rt, to, std::move(t->message));
    else heap::release(t->message);
  }
  delete t;
}

}  // namespace

Term start_timer(Process& self, const TimerRequest& request, term::HeapWriter& h) {
  Runtime& rt = *self.runtime;
  const std::uint64_t key = next_ref_key();
  auto* t = new BifTimer;
  t->fire = fire_bif_timer;
  t->runtime = &rt;
  t->key = key;
  t->destination = request.destination;
  t->due_ns = request.due_ns;
  heap::FragmentWriter w(request.message.is_pointer() ? 16 : 8);
  const Term message = heap::copy_with_literals(request.message, w);
  t->message.term = request.wrap ? term::Tuple::make(w, atoms::timeout, make_key_ref(w, key), message) : message;
  t->message.fragments = w.take();
  const Term ref = make_key_ref(h, key);

  if (request.destination.is_local_pid()) {
    Process* to = request.destination == self.pid ? &self : rt.processes->lookup(request.destination);
    bool gone = to == nullptr;
    if (to) {
      sync::SpinGuard guard(to->timers_lock);
      gone = to->timers_closed;
      if (!gone) {
        t->after = to->first_timer;
        if (t->after) t->after->before = t;
        to->first_timer = t;
        t->listed = true;
      }
    }
    if (gone) {  // nobody will ever hear of it
      heap::release(t->message);
      delete t;
      return ref;
    }
  }
  {
    Shard& s = BifTimerAccess::shard(rt, key);
    sync::SpinGuard guard(s.lock);
    s.table.insert({key, t});
  }
  rt.timers->set(*t, raw_of_monotonic_ns(request.due_ns));
  if (!sched::Scheduler::current()) rt.schedulers->nudge();
  return ref;
}

static std::int64_t milliseconds_left(std::int64_t due_ns) {
  const std::int64_t left = due_ns - monotonic_ns();
  return left <= 0 ? 0 : (left + 999'999) / 1'000'000;
}

std::int64_t cancel_timer(Runtime& rt, Term ref) {
  const std::uint64_t key = ref_key(ref);
  if (key == 0) return -1;
  BifTimer* t = claim(rt, key);
  if (!t) return -1;
  const std::int64_t left = milliseconds_left(t->due_ns);
  unlist(*t);
  heap::release(t->message);
  t->message = {};
  if (rt.timers->cancel(*t)) delete t;  // else the callback is about to
  return left;
}

std::int64_t read_timer(Runtime& rt, Term ref) {
  const std::uint64_t key = ref_key(ref);
  if (key == 0) return -1;
  Shard& s = BifTimerAccess::shard(rt, key);
  sync::SpinGuard guard(s.lock);
  TimerEntry* e = s.table.find(key);
  return e ? milliseconds_left(e->timer->due_ns) : -1;
}

void cancel_all_timers(Process& p) {
  for (;;) {
    std::uint64_t key;
    {
      sync::SpinGuard guard(p.timers_lock);
      p.timers_closed = true;
      BifTimer* t = p.first_timer;
      if (!t) return;
      key = t->key;
      p.first_timer = t->after;
      if (t->after) t->after->before = nullptr;
      t->before = t->after = nullptr;
      t->listed = false;
    }
    BifTimer* t = claim(*p.runtime, key);
    if (!t) continue;  // firing
    heap::release(t->message);
    t->message = {};
    if (p.runtime->timers->cancel(*t)) delete t;
  }
}

// ------------------------------------------------------------------------------------------------------------ receive time-outs

// Shared by the process and, while set, the wheel.
struct ReceiveTimer : sched::Timer, sync::SlabObject<ReceiveTimer> {
  Runtime* runtime;
  Term pid;
  std::uint64_t number;
  std::atomic<int> refs{2};
  void release() {
    if (refs.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
};

static void fire_receive_timer(sched::Timer* raw) {
  auto* t = static_cast<ReceiveTimer*>(raw);
  if (Process* p = t->runtime->processes->lookup(t->pid)) {
    Signal* s = Signal::create(SignalKind::ReceiveTimeout);
    s->id = t->number;
    if (!p->deliver(s)) Signal::destroy(s);
  }
  t->release();
}

void set_receive_timer(Process& p, std::int64_t milliseconds) {
  cancel_receive_timer(p);
  ColdPart& c = p.cold_part();
  auto* t = new ReceiveTimer;
  t->fire = fire_receive_timer;
  t->runtime = p.runtime;
  t->pid = p.pid;
  t->number = ++c.receive_timer_number;
  c.receive_timer = t;
  p.flags |= Process::kUsingTimer;
  p.runtime->timers->set(*t, raw_monotonic_ns() + milliseconds * 1'000'000);
  if (!sched::Scheduler::current()) p.runtime->schedulers->nudge();
}

void note_endless_wait(Process& p) {
  p.flags |= Process::kUsingTimer;
  if (p.cold) p.cold->receive_timer_number++;  // a time-out of an earlier receive may still come
}

void cancel_receive_timer(Process& p) {
  p.flags &= ~std::uint32_t{Process::kUsingTimer | Process::kTimedOut};
  if (!p.cold || !p.cold->receive_timer) return;
  ReceiveTimer* t = p.cold->receive_timer;
  p.cold->receive_timer = nullptr;
  if (p.runtime->timers->cancel(*t)) t->release();
  t->release();
}

}  // namespace vm::proc
