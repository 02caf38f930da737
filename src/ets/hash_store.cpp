// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Hash store: all rows in one list, sorted by the reversed bits of their hashes ("order"); buckets are places in that list.
//
// A bucket's slot is itself a member of the list: a link whose address, with bit 0 set, is what the link before it holds. Bucket i, of the rows
// whose hashes end in the bits of i, starts at order reverse(i), so a table grows by putting one more slot between two rows, and shrinks by taking one out: no row ever moves. A
// traversal walks the list, whatever the table does meanwhile.
//
// Rules. 1. The list is sorted by order; rows of one key lie next to each other, newest first. 2. A new slot is filled, then counted in
// `state`, then put into the list: a reader that started in the old bucket and meets a slot looks at `state` again (find). 3. Bucket i and the bucket
// it was split from have one stripe, since there are at least as many buckets as stripes. 4. `state` has a counter, so that growing and shrinking
// back does not look like nothing.
#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "ets/store.h"
#include "os/memory.h"
#include "sync/epoch.h"
#include "term/compare.h"
#include "term/hash.h"
#include "term/views.h"

namespace vm::ets {

namespace {

using Slot = std::atomic<Word>;

constexpr std::uint32_t kBase = 64;  // smallest number of buckets
constexpr unsigned kSegments = 27;
constexpr std::size_t kPortion = 128;

std::uint32_t reverse(std::uint32_t h) {
  h = __builtin_bswap32(h);
  h = (h >> 4 & 0x0F0F0F0F) | (h & 0x0F0F0F0F) << 4;
  h = (h >> 2 & 0x33333333) | (h & 0x33333333) << 2;
  return (h >> 1 & 0x55555555) | (h & 0x55555555) << 1;
}
std::uint32_t order_of(const Row* r) { return reverse(r->hash()); }

bool is_slot(Word w) { return w & 1; }
Slot* slot_at(Word w) { return reinterpret_cast<Slot*>(w - 1); }
Word slot_link(Slot* s) { return reinterpret_cast<Word>(s) + 1; }
Row* row_at(Word w) { return reinterpret_cast<Row*>(w); }
Word row_link(Row* r) { return reinterpret_cast<Word>(r); }

// Memory of buckets, zeroed by the system as it is touched: large parts cost nothing at once, and lie in huge pages where there are any.
constexpr std::size_t kHugePage = std::size_t{2} << 20;
Slot* take_slots(std::size_t n) {
  std::size_t bytes = n * sizeof(Slot);
  void* memory = bytes >= kHugePage ? os::try_map_aligned(bytes, kHugePage) : std::calloc(n, sizeof(Slot));
  VM_CHECK(memory != nullptr);
  if (bytes >= kHugePage) os::advise_huge(memory, bytes);
  return static_cast<Slot*>(memory);
}
void free_slots(Slot* slots, std::size_t n) {
  if (n * sizeof(Slot) >= kHugePage) os::release(slots, n * sizeof(Slot));
  else std::free(slots);
}

// The buckets of a table, in segments that double: 64, 64, 128, 256...
class Buckets {
 public:
  Buckets() {
    state_.store(kBase, std::memory_order_relaxed);
    add_segment(0);
    for (std::uint32_t i = 0; i + 1 < kBase; i++) slot(base_order(i)).store(slot_link(&slot(base_order(i + 1))), std::memory_order_relaxed);
    slot(base_order(kBase - 1)).store(0, std::memory_order_relaxed);
  }
  ~Buckets() {
    for (unsigned s = 0; s < kSegments; s++)
      if (Slot* biased = segments_[s].load(std::memory_order_relaxed)) free_slots(first_slot(biased, s), size_of(s));
  }
  Buckets(const Buckets&) = delete;

  static std::uint32_t count_of(std::uint64_t state) { return static_cast<std::uint32_t>(state); }
  std::uint64_t state() const { return state_.load(std::memory_order_acquire); }
  std::uint32_t count() const { return count_of(state()); }
  Slot& slot(std::uint32_t i) const { return segments_[std::bit_width(i >> 6)].load(std::memory_order_relaxed)[i]; }
  static std::uint32_t bucket_of(std::uint32_t hash, std::uint32_t n) {
    std::uint32_t mask = ~0u >> std::countl_zero(n - 1);
    std::uint32_t i = hash & mask;
    return i < n ? i : hash & mask >> 1;
  }
  // Holding the stripe: buckets of it neither come nor go.
  Slot& start(std::uint32_t hash) const { return slot(bucket_of(hash, count())); }
  // For readers. nullptr: the table shrank so much since `state` that the segment is gone.
  Slot* start_of(std::uint32_t hash, std::uint64_t state) const { return slot_or_null(bucket_of(hash, count_of(state))); }
  Slot* slot_or_null(std::uint32_t i) const {
    Slot* biased = segments_[std::bit_width(i >> 6)].load(std::memory_order_acquire);
    return biased ? biased + i : nullptr;
  }
  static std::uint32_t parent_of(std::uint32_t bucket) { return bucket - std::bit_floor(bucket); }

  // Holding the stripe of the bucket. One thread at a time.
  void grow() {
    std::uint64_t now = state_.load(std::memory_order_relaxed);
    std::uint32_t fresh = count_of(now), order = reverse(fresh);
    Slot* at = &slot(parent_of(fresh));
    Word w;
    while ((w = at->load(std::memory_order_relaxed)) && !is_slot(w) && order_of(row_at(w)) < order) at = &row_at(w)->link();
    slot(fresh).store(w, std::memory_order_relaxed);
    state_.store(((now >> 32) + 1) << 32 | (fresh + 1), std::memory_order_release);
    at->store(slot_link(&slot(fresh)), std::memory_order_release);
  }
  void shrink() {
    std::uint64_t now = state_.load(std::memory_order_relaxed);
    std::uint32_t last = count_of(now) - 1;
    state_.store(((now >> 32) + 1) << 32 | last, std::memory_order_release);
    Slot* at = &slot(parent_of(last));
    Word self = slot_link(&slot(last));
    for (Word w; (w = at->load(std::memory_order_relaxed)) != self;) at = is_slot(w) ? slot_at(w) : &row_at(w)->link();
    at->store(slot(last).load(std::memory_order_relaxed), std::memory_order_release);
  }
  // Before `grow`, under the same lock.
  void make_room() {
    unsigned s = static_cast<unsigned>(std::bit_width(count() >> 6));
    if (!segments_[s].load(std::memory_order_relaxed)) add_segment(s);
  }
  // After `shrink`: a segment that has been empty for a while goes.
  void drop_room() {
    std::uint32_t n = count();
    unsigned s = static_cast<unsigned>(std::bit_width((n - 1) >> 6)) + 1;
    if (s >= kSegments || n > first_of(s) - first_of(s) / 4) return;
    Slot* biased = segments_[s].exchange(nullptr, std::memory_order_relaxed);
    if (!biased) return;
    struct Dropped {
      Slot* slots;
      std::size_t n;
    };
    sync::Epoch::defer(new Dropped{first_slot(biased, s), size_of(s)}, [](void* p) {
      auto* d = static_cast<Dropped*>(p);
      free_slots(d->slots, d->n);
      delete d;
    });
  }
  std::size_t bytes() const {
    std::size_t n = sizeof *this;
    for (unsigned s = 0; s < kSegments; s++)
      if (segments_[s].load(std::memory_order_relaxed)) n += size_of(s) * sizeof(Slot);
    return n;
  }

 private:
  static std::uint32_t first_of(unsigned segment) { return segment == 0 ? 0 : kBase << (segment - 1); }
  static std::size_t size_of(unsigned segment) { return segment == 0 ? kBase : kBase << (segment - 1); }
  // The i-th of the first buckets in list order.
  static std::uint32_t base_order(std::uint32_t i) { return reverse(i << 26); }
  // Of a segment whose address was moved as add_segment does. As numbers: to the compiler such a pointer points nowhere.
  static Slot* first_slot(Slot* biased, unsigned s) {
    return reinterpret_cast<Slot*>(reinterpret_cast<Word>(biased) + first_of(s) * sizeof(Slot));
  }
  void add_segment(unsigned s) { segments_[s].store(take_slots(size_of(s)) - first_of(s), std::memory_order_release); }

  std::atomic<std::uint64_t> state_;          // changes << 32 | number of buckets
  std::atomic<Slot*> segments_[kSegments]{};  // address of bucket 0 if it lay in that segment
};

class HashRemains final : public Remains {
 public:
  explicit HashRemains(Buckets* buckets) : buckets_(buckets), at_(slot_link(&buckets->slot(0))) {}
  ~HashRemains() override {
    while (step(1000)) {
    }
  }
  bool step(std::size_t n) override {
    while (n > 0 && at_) {
      if (is_slot(at_)) {
        at_ = slot_at(at_)->load(std::memory_order_relaxed);
        continue;
      }
      Row* r = row_at(at_);
      at_ = r->link().load(std::memory_order_relaxed);
      Row::destroy(r);
      n--;
    }
    return at_ != 0;
  }

 private:
  std::unique_ptr<Buckets> buckets_;
  Word at_;
};

// Eight bytes a step.
Word hash_bytes(const term::Bits& bits) {
  constexpr Word kMultiplier = 0x9E3779B97F4A7C15;
  const Byte* p = bits.bytes();
  std::size_t n = bits.size >> 3;
  Word h = n * kMultiplier, w = 0;
  for (; n >= 8; p += 8, n -= 8) {
    std::memcpy(&w, p, 8);
    h = (h ^ w) * kMultiplier;
    h ^= h >> 32;
  }
  w = 0;
  std::memcpy(&w, p, n);
  h = (h ^ w) * kMultiplier;
  return h ^ h >> 32;
}

// A binary hashes alike however it is kept.
Word hash_other(Term key) {
  if (!key.is_binary()) return Word{term::internal_hash(key)} << 3;
  std::span<const Byte> bytes;
  term::ByteScratch scratch;
  VM_CHECK(term::binary_bytes(key, &bytes, scratch));
  return hash_bytes({bytes.data(), 0, bytes.size() * 8});
}

class HashStore final : public Store {
 public:
  HashStore(Stripes& stripes, Type type, std::size_t position) : Store(stripes), type_(type), position_(position), buckets_(new Buckets) {}
  ~HashStore() override { HashRemains remains(buckets_.load()); }

  bool linked_rows() const override { return true; }

  // Immediates are spread by one multiplication, whose highest bits are the most even: they become the lowest, which choose buckets. Keys in
  // an arithmetic sequence then hardly ever meet in one.
  std::uint32_t hash(Term key) const override {
    constexpr Word kMultiplier = 0x9E3779B97F4A7C15;
    Word w = key.bits();
    if (key.is_pointer()) {
      bool bytes = key.is_kind(term::Kind::HeapBinary) || key.is_kind(term::Kind::RefcBinary);
      w = (bytes ? hash_bytes(term::bits_of(key)) : hash_other(key)) * kMultiplier;
      return static_cast<std::uint32_t>(w >> 32);
    }
    if ((w | 8) == 12) w = 4;  // both zeros of floats
    return reverse(static_cast<std::uint32_t>(w * kMultiplier >> 32));
  }

  Row* find(Term key, std::uint32_t hash) const override {
    Row* r = find_any(key, hash);
    while (r && !r->present()) r = same_key(r->link().load(std::memory_order_acquire), key, hash);
    return r;
  }
  Row* next_of_key(Row* r) const override {
    Term key = r->key(position_);
    std::uint32_t hash = r->hash();
    do r = same_key(r->link().load(std::memory_order_acquire), key, hash);
    while (r && !r->present());
    return r;
  }

  Row* first() const override { return first_present(slot_link(&buckets().slot(0))); }
  Row* last() const override { return first(); }  // no order: stock answers as for first
  bool next(Term key, Row** out) const override {
    Word behind;
    if (!pass_key(key, &behind)) return false;
    *out = first_present(behind);
    if (*out) expect_next(*out);
    return true;
  }
  bool previous(Term key, Row** r) const override { return next(key, r); }
  Row* raw_first() const override {
    Word w = slot_link(&buckets().slot(0));
    return next_row(&w);
  }
  bool raw_next(Term key, Row** out) const override {
    Word behind;
    if (!pass_key(key, &behind)) return false;
    *out = next_row(&behind);
    return true;
  }

  bool portion(Position* position, Direction, std::vector<Row*>* rows) const override {
    const std::size_t before = rows->size();
    const std::uint32_t start = position->start ? 0 : position->order;
    position->start = false;
    for (int attempt = 0; attempt < 2; attempt++) {
      bool more;
      if (bucket_portion(start, position, rows, &more)) return more;
      rows->resize(before);
    }
    return list_portion(start, position, rows);
  }

  std::size_t slots() const override { return buckets().count(); }
  void rows_of_slot(std::size_t slot, std::vector<Row*>* rows) const override {
    Slot* at = buckets().slot_or_null(static_cast<std::uint32_t>(slot));
    if (!at) return;
    for (Word w = at->load(std::memory_order_acquire); w && !is_slot(w);) {
      if (row_at(w)->present()) rows->push_back(row_at(w));
      w = row_at(w)->link().load(std::memory_order_acquire);
    }
  }
  Shape shape() const override {
    Shape s;
    s.outer = slots();
    std::vector<Row*> rows;
    for (std::size_t i = 0; i < s.outer; i++) {
      rows.clear();
      rows_of_slot(i, &rows);
      s.rows += rows.size();
      s.squares += rows.size() * rows.size();
      s.longest = std::max(s.longest, rows.size());
      for (Word w = buckets().slot(static_cast<std::uint32_t>(i)).load(std::memory_order_acquire); w && !is_slot(w);
           w = row_at(w)->link().load(std::memory_order_acquire))
        s.marked += row_at(w)->deleted();
      s.shortest = i == 0 ? rows.size() : std::min(s.shortest, rows.size());
    }
    return s;
  }
  std::size_t bytes() const override { return buckets().bytes(); }

  void add(Row* row, std::uint32_t hash) override {
    row->set_hash(hash);
    Slot* at = place_of(row->key(position_), hash);
    Word behind = at->load(std::memory_order_relaxed);
    // A set has one row of a key, a marked one too.
    Row* marked = type_ == Type::Set ? same_key(behind, row->key(position_), hash) : nullptr;
    row->link().store(marked ? marked->link().load(std::memory_order_relaxed) : behind, std::memory_order_relaxed);
    at->store(row_link(row), std::memory_order_release);
    count_in(row, hash);
    if (marked) retire_mark(marked, hash);
  }
  void replace(Row* old, Row* fresh) override {
    fresh->set_hash(old->hash());
    Slot* at = before(old);
    fresh->link().store(old->link().load(std::memory_order_relaxed), std::memory_order_relaxed);
    at->store(row_link(fresh), std::memory_order_release);
    count_in(fresh, old->hash());
    count_out(old, old->hash());
    old->mark_dead();
    Row::retire(old);
  }
  void erase(Row* row) override {
    if (stripes_.fixed.load(std::memory_order_seq_cst)) return mark(row);
    unlink(before(row), row);
  }
  std::size_t erase_key(Term key, std::uint32_t hash, Term object) override {
    bool mark_only = stripes_.fixed.load(std::memory_order_seq_cst) != 0;
    Slot* at = place_of(key, hash);
    if (!mark_only && !object.is_value()) return erase_run(at, key, hash);
    std::size_t n = 0;
    while (Row* r = same_key(at->load(std::memory_order_relaxed), key, hash)) {
      if (!r->present() || (object.is_value() && !r->equals(object))) {
        at = &r->link();
        continue;
      }
      n++;
      if (mark_only) mark(r), at = &r->link();
      else unlink(at, r);
    }
    return n;
  }

  void settle(std::uint32_t hash) override {
    Stripe& s = stripes_.of(hash);
    std::size_t rows = static_cast<std::size_t>(s.rows.load(std::memory_order_relaxed)) * stripes_.size();
    std::size_t n = buckets().count();
    // While the table is fixed it neither shrinks nor grows for little.
    bool fixed = stripes_.fixed.load(std::memory_order_relaxed);
    if (rows > (fixed ? 2 * n : n) || (n > kBase && rows < n / 4 && !fixed)) resize(rows, 2);
  }

  void settle_held(std::uint32_t hash) override {
    std::size_t rows = static_cast<std::size_t>(stripes_.of(hash).rows.load(std::memory_order_relaxed)) * stripes_.size();
    for (int steps = 2; steps > 0 && rows > buckets().count() && buckets().count() < 1u << 31; steps--) change(true);
  }
  std::unique_ptr<Remains> detach_all() override {
    Buckets* old = buckets_.exchange(new Buckets, std::memory_order_acq_rel);
    for (unsigned i = 0; i < stripes_.size(); i++) {
      stripes_[i].rows.store(0, std::memory_order_relaxed);
      stripes_[i].bytes.store(0, std::memory_order_relaxed);
      stripes_[i].marked.clear();
    }
    return std::make_unique<HashRemains>(old);
  }

  void sweep_marks() override {
    for (unsigned i = 0; i < stripes_.size(); i++) {
      Stripe& s = stripes_[i];
      s.lock.lock();
      if (stripes_.fixed.load(std::memory_order_seq_cst) == 0) {
        for (std::uint32_t hash : s.marked) sweep(hash);
        s.marked = {};
      }
      s.lock.unlock();
    }
  }

 private:
  Buckets& buckets() const { return *buckets_.load(std::memory_order_acquire); }

  bool is(Row* r, Term key) const {
    Term k = r->key(position_);
    if (k.is_boxed() && key.is_boxed()) {
      const Word* a = k.boxed_ptr();
      const Word* b = key.boxed_ptr();
      term::HeaderWord h(*a);
      // Short binaries are the same words, padding included.
      if (h.kind() == term::Kind::HeapBinary && term::HeaderWord(*b).kind() == term::Kind::HeapBinary)
        return std::equal(a, a + 1 + h.words(), b, b + 1 + term::HeaderWord(*b).words());
    }
    return k == key || (k.is_pointer() ? term::equal_exact(k, key) : (k.bits() | 8) == 12 && (key.bits() | 8) == 12);
  }
  // The row at w when it has this key.
  Row* same_key(Word w, Term key, std::uint32_t hash) const {
    if (!w || is_slot(w) || row_at(w)->hash() != hash || !is(row_at(w), key)) return nullptr;
    return row_at(w);
  }

  // The first row of a key, marked or not.
  Row* find_any(Term key, std::uint32_t hash) const {
    Buckets& b = buckets();
    for (;;) {
      std::uint64_t state = b.state();
      Slot* slot = b.start_of(hash, state);
      if (VM_UNLIKELY(!slot)) continue;
      for (Word w = slot->load(std::memory_order_acquire); w && !is_slot(w);) {
        Row* r = row_at(w);
        if (r->hash() == hash && is(r, key)) return r;
        w = r->link().load(std::memory_order_acquire);
      }
      if (b.state() == state) return nullptr;  // rule 2
    }
  }

  // A link to the first row at or behind `order`. Slots are walked through, so growing makes no row missed.
  Word from(std::uint32_t order) const {
    Buckets& b = buckets();
    Slot* slot;
    do slot = b.start_of(reverse(order), b.state());
    while (!slot);
    Word w = slot_link(slot);
    for (Row* r; (r = next_row(&w)) && order_of(r) < order;) w = r->link().load(std::memory_order_acquire);
    return w;
  }
  // The link behind the last row of a key, marked or not. False: the key has none.
  bool pass_key(Term key, Word* behind) const {
    const std::uint32_t h = hash(key);
    Row* r = find_any(key, h);
    if (!r) return false;
    do *behind = r->link().load(std::memory_order_acquire);
    while ((r = same_key(*behind, key, h)));
    return true;
  }
  // The row at or behind the link *w, which moves there.
  static Row* next_row(Word* w) {
    while (is_slot(*w)) *w = slot_at(*w)->load(std::memory_order_acquire);
    return *w ? row_at(*w) : nullptr;
  }
  static Row* first_present(Word w) {
    for (Row* r; (r = next_row(&w)); w = r->link().load(std::memory_order_acquire))
      if (r->present()) return r;
    return nullptr;
  }

  // Whoever asks for one row after the other comes back for the one behind r: rows in order of their hashes lie anywhere in memory.
  static void expect_next(Row* r) {
    Word w = r->link().load(std::memory_order_acquire);
    for (unsigned i = 0; i < 3 && is_slot(w); i++) w = slot_at(w)->load(std::memory_order_acquire);
    __builtin_prefetch(reinterpret_cast<void*>(w & ~Word{1}));
  }

  // Goes bucket by bucket, so that the rows of several buckets are on their way from memory at once. False: the buckets changed. A bucket that is being
  // made or taken away may be counted while its slot is not in the list: then the one before leads into its rows, which must not be taken twice.
  bool bucket_portion(std::uint32_t start, Position* position, std::vector<Row*>* rows, bool* more) const {
    constexpr unsigned kAhead = 8, kRing = 16;
    Buckets& b = buckets();
    const std::uint64_t state = b.state();
    const std::uint32_t n = Buckets::count_of(state);
    const std::uint64_t step = std::uint64_t{1} << std::countl_zero(n - 1);  // orders between two buckets of the finest kind
    // The bucket that begins at an order, if one does.
    auto slot_at_order = [&](std::uint64_t order) -> Slot* {
      std::uint32_t i = reverse(static_cast<std::uint32_t>(order));
      return order >> 32 == 0 && i < n ? b.slot_or_null(i) : nullptr;
    };
    std::uint64_t passed = start;  // what is before that order is done
    auto walk = [&](Slot* slot) {
      const std::uint64_t from = passed;
      for (Word w = slot->load(std::memory_order_acquire); w && !is_slot(w); w = row_at(w)->link().load(std::memory_order_acquire)) {
        const std::uint64_t at = order_of(row_at(w));
        if (at < from) continue;
        passed = at + 1;
        if (position->marked || row_at(w)->present()) rows->push_back(row_at(w));
      }
    };
    Slot* first = b.start_of(reverse(start), state);
    if (!first) return false;
    walk(first);
    std::uint64_t order = (start & ~(step - 1)) + step;
    Slot* ring[kRing];
    for (unsigned i = 0; i < kAhead; i++) ring[i] = slot_at_order(order + i * step);
    const std::size_t enough = rows->size() + kPortion;
    for (unsigned i = 0; order >> 32 == 0 && rows->size() < enough; i++, order += step) {
      Slot* far = ring[(i + kAhead) % kRing] = slot_at_order(order + kAhead * step);
      __builtin_prefetch(far);
      if (Slot* near = ring[(i + kAhead / 2) % kRing])
        __builtin_prefetch(reinterpret_cast<void*>(near->load(std::memory_order_relaxed) & ~Word{1}));
      if (Slot* now = ring[i % kRing]) walk(now);
    }
    // An order in the middle of a bucket that is yet to be split: its rows are done.
    while (order >> 32 == 0 && reverse(static_cast<std::uint32_t>(order)) >= n) order += step;
    order = std::max(order, passed);
    position->order = static_cast<std::uint32_t>(order);
    *more = order >> 32 == 0;
    return b.state() == state;
  }
  // Along the list: for tables that grow or shrink all the time.
  bool list_portion(std::uint32_t start, Position* position, std::vector<Row*>* rows) const {
    Word w = from(start);
    const std::size_t enough = rows->size() + kPortion;
    std::uint32_t hash = 0;
    for (Row* r; (r = next_row(&w)); w = r->link().load(std::memory_order_acquire)) {
      if (rows->size() >= enough && r->hash() != hash) {
        position->order = order_of(r);
        return true;
      }
      hash = r->hash();
      if (position->marked || r->present()) rows->push_back(r);
    }
    return false;
  }

  // --- writers
  // The link that holds the first row of the key, or where such a row belongs.
  Slot* place_of(Term key, std::uint32_t hash) const {
    std::uint32_t order = reverse(hash);
    Slot* at = &buckets().start(hash);
    Word w;
    while ((w = at->load(std::memory_order_relaxed)) && !is_slot(w) && order_of(row_at(w)) < order) at = &row_at(w)->link();
    for (Slot* same = at; (w = same->load(std::memory_order_relaxed)) && !is_slot(w) && row_at(w)->hash() == hash;
         same = &row_at(w)->link())
      if (is(row_at(w), key)) return same;
    return at;
  }
  Slot* before(Row* row) const {
    Slot* at = &buckets().start(row->hash());
    for (Word w; (w = at->load(std::memory_order_relaxed)) != row_link(row);) at = &row_at(w)->link();
    return at;
  }
  void unlink(Slot* at, Row* row) {
    at->store(row->link().load(std::memory_order_relaxed), std::memory_order_release);
    count_out(row, row->hash());
    row->mark_dead();
    Row::retire(row);
  }
  void mark(Row* row) {
    row->mark_deleted();
    count_mark(row->hash());
    stripes_.of(row->hash()).marked.push_back(row->hash());
  }
  void retire_mark(Row* row, std::uint32_t hash) {
    count_mark_out(row, hash);
    row->mark_dead();
    Row::retire(row);
  }
  // Takes out all rows of a key by one store, so that readers see all of them or none.
  std::size_t erase_run(Slot* at, Term key, std::uint32_t hash) {
    Row* first = same_key(at->load(std::memory_order_relaxed), key, hash);
    if (!first) return 0;
    Word behind = row_link(first);
    while (Row* r = same_key(behind, key, hash)) behind = r->link().load(std::memory_order_relaxed);
    at->store(behind, std::memory_order_release);
    std::size_t n = 0;
    for (Word w = row_link(first); w != behind;) {
      Row* r = row_at(w);
      w = r->link().load(std::memory_order_relaxed);
      if (r->deleted()) {
        retire_mark(r, hash);
        continue;
      }
      n++;
      count_out(r, hash);
      r->mark_dead();
      Row::retire(r);
    }
    return n;
  }
  // Takes the marks of one place out; they no longer count.
  void sweep(std::uint32_t hash) {
    Slot* at = &buckets().start(hash);
    for (Word w; (w = at->load(std::memory_order_relaxed)) && !is_slot(w);) {
      Row* r = row_at(w);
      if (!r->deleted()) {
        at = &r->link();
        continue;
      }
      at->store(r->link().load(std::memory_order_relaxed), std::memory_order_release);
      retire_mark(r, hash);
    }
  }

  void change(bool more) {
    Buckets& b = buckets();
    if (more) b.make_room(), b.grow();
    else b.shrink(), b.drop_room();
  }

  // A few steps towards one bucket a row, of which there are about `rows`. Holding no stripe.
  void resize(std::size_t rows, int steps) {
    if (resizing_.exchange(true, std::memory_order_acquire)) return;
    while (steps-- > 0) {
      std::uint32_t n = buckets().count();
      bool more = rows > n;
      if (more ? n >= 1u << 31 : n <= kBase || rows >= n / 4) break;
      Stripe& s = stripes_.of(more ? n : n - 1);
      s.lock.lock();
      // The rows may have been detached meanwhile, with their buckets.
      if (buckets().count() == n) change(more);
      s.lock.unlock();
    }
    resizing_.store(false, std::memory_order_release);
  }

  Type type_;
  std::size_t position_;
  std::atomic<Buckets*> buckets_;
  std::atomic<bool> resizing_{false};
};

}  // namespace

std::unique_ptr<Store> make_hash_store(Stripes& stripes, Type type, std::size_t position) {
  return std::make_unique<HashStore>(stripes, type, position);
}

}  // namespace vm::ets
