// SPDX-License-Identifier: Apache-2.0
//
// Persistent terms: literals found by key, read without a lock and without copying.
//
// A table of pointers with open addressing. Readers take no lock; writers take turns. A key is added, replaced or erased by one store into a slot;
// an erased one leaves a mark that lookups pass by. A table that is half full of keys and marks is followed by a fresh one, as is one
// that is three quarters empty. What readers may still look at, tables and entries, is freed after a grace period. A term that was replaced or erased
// may still be referred to by any heap, so its literal area goes the way of all literals (proc/literal_release.h).
#include <algorithm>
#include <atomic>
#include <bit>
#include <mutex>
#include <vector>

#include "bif/bif_decls.gen.h"
#include "bif/long_work.h"
#include "bif/persistent_term.h"
#include "heap/copy.h"
#include "ops/maps.h"
#include "proc/literal_release.h"
#include "proc/runtime.h"
#include "sync/epoch.h"
#include "term/compare.h"
#include "term/hash.h"

namespace vm::bif {

namespace {

struct Entry {
  Term key = Term::non_value();
  Term value;
  std::uint64_t hash = 0;
  heap::LiteralArea* area = nullptr;  // holds both, unless they are immediates

  std::size_t bytes() const { return sizeof(Entry) + (area ? static_cast<std::size_t>(area->end() - area->begin()) * kWordBytes : 0); }
};

constexpr std::size_t kSmallest = 64;
const Entry kErased{};

// Half full at most. Slots change under readers; the rest is the writers'.
class Table {
 public:
  explicit Table(std::size_t n) : slots_(n) {}

  std::size_t size() const { return slots_.size(); }
  bool has_room() const { return (used_ + 1) * 2 <= slots_.size(); }

  // Each slot is looked at once: it may change meanwhile.
  const Entry* find(Term key, std::uint64_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
      const Entry* e = slots_[i].load(std::memory_order_acquire);
      if (!e || is(e, key, hash)) return e;
    }
  }
  // What was there before, or nullptr.
  const Entry* put(const Entry* e) {
    Slot* slot = slot_of(e->key, e->hash);
    const Entry* old = slot->exchange(e, std::memory_order_acq_rel);
    if (!old) used_++;
    return old;
  }
  void erase(Term key, std::uint64_t hash) { slot_of(key, hash)->store(&kErased, std::memory_order_release); }

  template <typename F>
  void each(F&& f) const {
    for (const Slot& slot : slots_) {
      const Entry* e = slot.load(std::memory_order_acquire);
      if (e && e != &kErased) f(e);
    }
  }

 private:
  using Slot = std::atomic<const Entry*>;

  static bool is(const Entry* e, Term key, std::uint64_t hash) {
    return e->hash == hash && e != &kErased && term::equal_exact(e->key, key);
  }

  // The key's slot, or the free one where its probes end. For writers.
  Slot* slot_of(Term key, std::uint64_t hash) {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
      const Entry* e = slots_[i].load(std::memory_order_acquire);
      if (!e || is(e, key, hash)) return &slots_[i];
    }
  }

  std::vector<Slot> slots_;  // a power of two
  std::size_t used_ = 0;     // with erased ones
};

template <typename T>
void free_later(const T* p) {
  sync::Epoch::defer(const_cast<T*>(p), [](void* q) { delete static_cast<T*>(q); });
}

// The writers' side, under the lock.
struct Store {
  std::atomic<Table*> table{new Table(kSmallest)};
  std::atomic<std::size_t> count{0};
  std::atomic<std::size_t> bytes{0};  // of entries and their terms
  std::mutex lock;

  void publish(Table* next) { free_later(table.exchange(next, std::memory_order_acq_rel)); }
  // A table of the right size for n keys that holds the present ones.
  void rebuild(std::size_t n) {
    auto* next = new Table(std::max(kSmallest, std::bit_ceil(n * 2)));
    table.load(std::memory_order_relaxed)->each([&](const Entry* e) { next->put(e); });
    publish(next);
  }
  void add(const Entry* e) {
    if (!table.load(std::memory_order_relaxed)->has_room()) rebuild(count + 1);
    count++;
    bytes += e->bytes();
    table.load(std::memory_order_relaxed)->put(e);
  }
  void replace(const Entry* old, const Entry* e) {
    bytes += e->bytes() - old->bytes();
    table.load(std::memory_order_relaxed)->put(e);
  }
  void erase(const Entry* old) {
    count--;
    bytes -= old->bytes();
    Table* t = table.load(std::memory_order_relaxed);
    t->erase(old->key, old->hash);
    if (t->size() > kSmallest && count * 4 < t->size()) rebuild(count);
  }
};

Store& store() {
  static Store* s = new Store;  // readers may outlive every orderly end
  return *s;
}

const Table& current() { return *store().table.load(std::memory_order_acquire); }

const Entry* find(Term key) { return current().find(key, term::internal_hash(key)); }

void retire(BifContext& cx, const Entry* e) {
  cx.runtime().literals->retire(e->area);
  free_later(e);
}

// Of a value only what is at hand.
bool is_long_to_keep(Term t) { return t.is_cons() && is_long_list(t, kLongElements / 4); }

}  // namespace

BifResult persistent_term_put_2(BifContext& cx, Term key, Term value) {
  if (is_long_to_keep(value)) return on_dirty<persistent_term_put_2>(cx, key, value);
  if (const Entry* old = find(key); old && term::equal_exact(old->value, value)) return atoms::ok;
  Term both[] = {key, value};
  heap::LiteralArea* area = heap::make_literals_sharing_all(both, 2);
  const auto* entry = new Entry{both[0], both[1], term::internal_hash(key), area};
  Store& s = store();
  std::lock_guard<std::mutex> hold(s.lock);
  const Entry* old = find(key);
  if (!old) {
    s.add(entry);
  } else {
    s.replace(old, entry);
    retire(cx, old);
  }
  return atoms::ok;
}

BifResult persistent_term_get_1(BifContext& cx, Term key) {
  const Entry* e = find(key);
  return e ? BifResult(e->value) : cx.badarg();
}

BifResult persistent_term_get_2(BifContext&, Term key, Term otherwise) {
  const Entry* e = find(key);
  return e ? e->value : otherwise;
}

BifResult persistent_term_get_0(BifContext& cx) {
  if (is_long(current().size(), kLongElements)) return on_dirty<persistent_term_get_0>(cx);
  Term list = term::kNil;
  current().each([&](const Entry* e) { list = cx.heap().cons(term::Tuple::make(cx.heap(), e->key, e->value), list); });
  return list;
}

BifResult persistent_term_erase_1(BifContext& cx, Term key) {
  Store& s = store();
  std::lock_guard<std::mutex> hold(s.lock);
  const Entry* old = find(key);
  if (!old) return atoms::false_;
  s.erase(old);
  retire(cx, old);
  return atoms::true_;
}

BifResult erts_internal_erase_persistent_terms_0(BifContext& cx) {
  Store& s = store();
  std::lock_guard<std::mutex> hold(s.lock);
  std::vector<const Entry*> all;
  current().each([&](const Entry* e) { all.push_back(e); });
  s.publish(new Table(kSmallest));
  s.count = s.bytes = 0;
  for (const Entry* e : all) retire(cx, e);
  return atoms::true_;
}

BifResult persistent_term_info_0(BifContext& cx) {
  const Store& s = store();
  const std::size_t memory = s.bytes + current().size() * sizeof(Entry*);
  term::HeapWriter& h = cx.heap();
  Term pairs[] = {atoms::count, term::make_unsigned(h, s.count), atoms::memory, term::make_unsigned(h, memory)};
  return ops::map_from_pairs(h, pairs);
}

Term persistent_term_value(Term key) {
  const Entry* e = find(key);
  return e ? e->value : Term::non_value();
}

std::size_t persistent_term_slots() { return current().size(); }

}  // namespace vm::bif
