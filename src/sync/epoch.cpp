// SPDX-License-Identifier: Apache-2.0
//
// Rules. 1. `global` moves from e to e+1 only when every active thread has announced e. 2. A thread announces by copying `global` to its record; it
// then holds no pointer from before. 3. So active threads announce global or global-1, and what was unlinked while global was e is
// unreachable once global is e+2. 4. A record of 0 is inactive: asleep, or no thread's.
//
// Everything is sequentially consistent on purpose: the announcements are one store per slice, and rule 3 needs that an advancing thread
// either sees a waking thread's record or that thread sees the unlinked table.
#include "sync/epoch.h"

#include <mutex>
#include <vector>

#include "base/assert.h"

namespace vm::sync {
namespace {

struct Deferred {
  void* object;
  void (*function)(void*);
  std::uint64_t epoch;
};

struct alignas(64) Record {
  std::atomic<std::uint64_t> seen{0};
  std::atomic<bool> taken{false};
  Record* next = nullptr;  // immutable once published
};

std::atomic<std::uint64_t> global{2};
std::atomic<Record*> records{nullptr};

// Work of threads that ended or sleep.
std::mutex orphan_lock;
std::vector<Deferred>* orphans = nullptr;
std::atomic<bool> have_orphans{false};

constexpr std::size_t kMany = 128;

struct ThreadState {
  Record* record = nullptr;  // its own while registered, else while it holds a Guard
  std::vector<Deferred> limbo;
  std::size_t freed = 0;  // limbo[0, freed) is done
  std::uint32_t ticks = 0;
  int depth = 0;
  bool registered = false;
  bool in_callbacks = false;
};
thread_local ThreadState state;

Record* take_record() {
  for (Record* r = records.load(); r; r = r->next) {
    bool expected = false;
    if (!r->taken.load(std::memory_order_relaxed) && r->taken.compare_exchange_strong(expected, true)) return r;
  }
  auto* r = new Record;
  r->taken.store(true);
  Record* head = records.load();
  do r->next = head;
  while (!records.compare_exchange_weak(head, r));
  return r;
}

// Tries to move the global epoch by one (rule 1).
bool try_advance() {
  std::uint64_t now = global.load();
  for (Record* r = records.load(); r; r = r->next) {
    const std::uint64_t seen = r->seen.load();
    if (seen != 0 && seen != now) return false;
  }
  return global.compare_exchange_strong(now, now + 1);
}

// Frees what rule 3 allows.
void run_ripe(ThreadState& s) {
  if (s.in_callbacks) return;
  s.in_callbacks = true;
  const std::uint64_t now = global.load();
  while (s.freed < s.limbo.size() && s.limbo[s.freed].epoch + 2 <= now) {
    const Deferred d = s.limbo[s.freed++];
    d.function(d.object);  // may defer more
  }
  if (s.freed == s.limbo.size()) {
    s.limbo.clear();
    s.freed = 0;
  } else if (s.freed > 1024 && s.freed * 2 > s.limbo.size()) {
    s.limbo.erase(s.limbo.begin(), s.limbo.begin() + static_cast<std::ptrdiff_t>(s.freed));
    s.freed = 0;
  }
  s.in_callbacks = false;
}

void adopt_orphans(ThreadState& s) {
  if (!have_orphans.load(std::memory_order_relaxed)) return;
  std::unique_lock<std::mutex> lock(orphan_lock, std::try_to_lock);
  if (!lock.owns_lock() || !orphans) return;
  const std::uint64_t now = global.load();
  for (Deferred& d : *orphans) {
    d.epoch = now;  // limbo is sorted by epoch; later is always safe
    s.limbo.push_back(d);
  }
  orphans->clear();
  have_orphans.store(false, std::memory_order_relaxed);
}

void give_away(ThreadState& s) {
  if (s.freed == s.limbo.size()) return;
  std::lock_guard<std::mutex> lock(orphan_lock);
  if (!orphans) orphans = new std::vector<Deferred>;
  orphans->insert(orphans->end(), s.limbo.begin() + static_cast<std::ptrdiff_t>(s.freed), s.limbo.end());
  s.limbo.clear();
  s.freed = 0;
  have_orphans.store(true);
}

void announce(ThreadState& s) { s.record->seen.store(global.load()); }

void push_on(ThreadState& s) {
  adopt_orphans(s);
  for (int i = 0; i < 3 && s.freed < s.limbo.size(); i++) {
    const bool moved = try_advance();
    announce(s);
    run_ripe(s);
    if (!moved) break;
  }
}

}  // namespace

void Epoch::register_thread() {
  VM_CHECK(!state.registered);
  state.record = take_record();
  state.registered = true;
  announce(state);
}

void Epoch::unregister_thread() {
  VM_CHECK(state.registered);
  push_on(state);
  give_away(state);
  state.record->seen.store(0);
  state.record->taken.store(false);
  state.record = nullptr;
  state.registered = false;
}

bool Epoch::registered() { return state.registered; }

void Epoch::quiescent() {
  ThreadState& s = state;
  VM_ASSERT(s.registered);
  const std::uint64_t now = global.load(std::memory_order_seq_cst);
  if (s.record->seen.load(std::memory_order_relaxed) != now) {
    s.record->seen.store(now);
    if (s.freed < s.limbo.size()) run_ripe(s);
  }
  // Who defers much looks each time, so that what it takes next is memory that was just freed and not yet cold.
  const std::size_t waiting = s.limbo.size() - s.freed;
  if (((++s.ticks & 15) == 0 || waiting > kMany) && (waiting != 0 || have_orphans.load(std::memory_order_relaxed))) {
    adopt_orphans(s);
    if (try_advance()) {
      announce(s);
      run_ripe(s);
    }
  }
}

void Epoch::enter_sleep() {
  ThreadState& s = state;
  VM_ASSERT(s.registered);
  announce(s);
  if (s.freed < s.limbo.size() || have_orphans.load(std::memory_order_relaxed)) {
    push_on(s);
    give_away(s);
  }
  s.record->seen.store(0);
}

void Epoch::leave_sleep() { announce(state); }

void Epoch::defer(void* p, void (*f)(void*)) {
  ThreadState& s = state;
  const Deferred d{p, f, global.load()};
  if (s.registered && s.record->seen.load(std::memory_order_relaxed) != 0 && s.depth == 0) {
    s.limbo.push_back(d);
    return;
  }
  std::lock_guard<std::mutex> lock(orphan_lock);
  if (!orphans) orphans = new std::vector<Deferred>;
  orphans->push_back(d);
  have_orphans.store(true);
}

std::uint64_t Epoch::current() { return global.load(); }

// A registered thread that sleeps has its record at hand.
Epoch::Guard::Guard() : entered_(!state.registered || state.depth > 0 || state.record->seen.load(std::memory_order_relaxed) == 0) {
  if (!entered_ || state.depth++ > 0) return;
  if (!state.registered) state.record = take_record();
  announce(state);
}

Epoch::Guard::~Guard() {
  if (!entered_ || --state.depth > 0) return;
  state.record->seen.store(0);
  if (state.registered) return;
  state.record->taken.store(false);
  state.record = nullptr;
}

}  // namespace vm::sync
