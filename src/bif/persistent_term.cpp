// SPDX-License-Identifier: Apache-2.0
//
// Persistent terms: literals found by key, read without a lock and without copying.
//
// The table is a snapshot: a writer builds the next one under the lock and publishes it; the old one goes through the epoch. A term that
// was replaced or erased may still be referred to by any heap, so its literal area goes the way of all literals (proc/literal_release.h).
#include <algorithm>
#include <atomic>
#include <bit>
#include <mutex>
#include <vector>

#include "bif/bif_decls.gen.h"
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
  Term key = Term::non_value();  // non-value: free slot
  Term value;
  heap::LiteralArea* area = nullptr;  // holds both, unless they are immediates

  std::size_t words() const { return area ? static_cast<std::size_t>(area->end() - area->begin()) : 0; }
};

constexpr std::size_t kSmallest = 64;

struct Table {
  std::vector<Entry> slots;  // open addressing; size is a power of two, at most half full
  std::size_t count = 0;
  explicit Table(std::size_t n) : slots(n) {}

  std::size_t slot_of(Term key) const {
    std::size_t mask = slots.size() - 1;
    std::size_t i = term::internal_hash(key) & mask;
    while (slots[i].key.is_value() && !term::equal_exact(slots[i].key, key)) i = (i + 1) & mask;
    return i;
  }
  const Entry* find(Term key) const {
    const Entry& e = slots[slot_of(key)];
    return e.key.is_value() ? &e : nullptr;
  }
  void add(const Entry& e) {
    slots[slot_of(e.key)] = e;
    count++;
  }
};

struct Store {
  std::atomic<Table*> table{new Table(kSmallest)};
  std::mutex lock;  // one writer at a time

  // A copy of the current table without `without`, with room for one more.
  Table* next_table(Term without) {
    const Table* now = table.load(std::memory_order_acquire);
    auto* next = new Table(std::max(kSmallest, std::bit_ceil((now->count + 1) * 2)));
    for (const Entry& e : now->slots)
      if (e.key.is_value() && !(without.is_value() && term::equal_exact(e.key, without))) next->add(e);
    return next;
  }
  void publish(Table* next) {
    Table* old = table.exchange(next, std::memory_order_acq_rel);
    sync::Epoch::defer(old, [](void* p) { delete static_cast<Table*>(p); });
  }
};

Store& store() {
  static Store* s = new Store;  // readers may outlive every orderly end
  return *s;
}

const Table& current() { return *store().table.load(std::memory_order_acquire); }

}  // namespace

BifResult persistent_term_put_2(BifContext& cx, Term key, Term value) {
  Store& s = store();
  std::lock_guard<std::mutex> hold(s.lock);
  const Entry* old = current().find(key);
  if (old && term::equal_exact(old->value, value)) return atoms::ok;
  heap::LiteralArea* replaced = old ? old->area : nullptr;
  Term both[] = {key, value};
  heap::LiteralArea* area = heap::make_literals(both, 2);
  Entry entry{both[0], both[1], area};
  Table* next = s.next_table(key);
  next->add(entry);
  s.publish(next);
  cx.runtime().literals->retire(replaced);
  cx.bump(next->slots.size() / 16);
  return atoms::ok;
}

BifResult persistent_term_get_1(BifContext& cx, Term key) {
  const Entry* e = current().find(key);
  return e ? BifResult(e->value) : cx.badarg();
}

BifResult persistent_term_get_2(BifContext&, Term key, Term otherwise) {
  const Entry* e = current().find(key);
  return e ? e->value : otherwise;
}

BifResult persistent_term_get_0(BifContext& cx) {
  Term list = term::kNil;
  for (const Entry& e : current().slots)
    if (e.key.is_value()) list = cx.heap().cons(term::Tuple::make(cx.heap(), e.key, e.value), list);
  return list;
}

BifResult persistent_term_erase_1(BifContext& cx, Term key) {
  Store& s = store();
  std::lock_guard<std::mutex> hold(s.lock);
  const Entry* old = current().find(key);
  if (!old) return atoms::false_;
  heap::LiteralArea* area = old->area;
  s.publish(s.next_table(key));
  cx.runtime().literals->retire(area);
  return atoms::true_;
}

BifResult erts_internal_erase_persistent_terms_0(BifContext& cx) {
  Store& s = store();
  std::lock_guard<std::mutex> hold(s.lock);
  std::vector<heap::LiteralArea*> areas;
  for (const Entry& e : current().slots) areas.push_back(e.area);
  s.publish(new Table(kSmallest));
  for (heap::LiteralArea* area : areas) cx.runtime().literals->retire(area);
  return atoms::true_;
}

BifResult persistent_term_info_0(BifContext& cx) {
  const Table& t = current();
  std::size_t words = 0;
  for (const Entry& e : t.slots) words += e.words();
  std::size_t memory = words * kWordBytes + t.slots.size() * sizeof(Entry);
  term::HeapWriter& h = cx.heap();
  Term pairs[] = {atoms::count, term::make_unsigned(h, t.count), atoms::memory, term::make_unsigned(h, memory)};
  return ops::map_from_pairs(h, pairs);
}

Term persistent_term_value(Term key) {
  const Entry* e = current().find(key);
  return e ? e->value : Term::non_value();
}

std::size_t persistent_term_slots() { return current().slots.size(); }

}  // namespace vm::bif
