// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Tree store of ordered_set: a B+ tree ordered by ==, so 1 and 1.0 are one key.
//
// Leaves hold (key, row) pairs in order, inner nodes separators: child i has the keys from separator i-1 up to, not including, separator i. A
// key is a word beside the row's address, so that comparing small integers touches no row.
//
// Each node has a version: odd while locked. Readers lock nothing: they read, and look whether the version stayed; if not, they start over. A
// writer goes down as a reader, then locks the leaf (and the parent, when the leaf splits) provided the version stayed. Nodes that are full are split
// on the way down, so a split never climbs. Leaves that run empty are merged by one who locks the whole path from the root (thin_out).
//
// Rules. 1. A lock is waited for only by thin_out, from the top down; everybody else gives up all locks and starts over. 2. Words that
// readers may see are atomics; a term read from a node is safe to look at until the next quiescent point even if the version did change. 3. Separators that
// are no immediates are copies, owned by the node.
#include <algorithm>
#include <bit>

#include "ets/store.h"
#include "os/thread.h"
#include "sync/epoch.h"
#include "term/compare.h"
#include "term/hash.h"
#include "term/views.h"

namespace vm::ets {

namespace {

constexpr unsigned kFanout = 32;  // rows of a leaf, children of an inner node
constexpr unsigned kThin = kFanout / 4;
constexpr unsigned kDeepest = 24;

constexpr auto kRelaxed = std::memory_order_relaxed;
// Addresses in nodes, which readers follow before they know whether the version stayed.
constexpr auto kAcquire = std::memory_order_acquire, kRelease = std::memory_order_release;

struct Node {
  explicit Node(bool is_leaf) : leaf(is_leaf) {}
  static constexpr std::uint64_t kLocked = 1, kGone = 2, kStep = 4;

  std::atomic<std::uint64_t> version{0};
  std::atomic<std::uint32_t> count{0};  // rows, or separators
  std::atomic<bool> small{true};        // all keys so far were small integers
  const bool leaf;

  // Waits while somebody writes. False: the node is no longer in the tree.
  bool begin_read(std::uint64_t* v) const {
    for (unsigned spins = 0;; spins++) {
      *v = version.load(std::memory_order_acquire);
      if (VM_LIKELY(!(*v & kLocked))) return !(*v & kGone);
      if (spins < 100) os::cpu_relax();
      else os::yield_thread();
    }
  }
  bool unchanged(std::uint64_t v) const {
    std::atomic_thread_fence(std::memory_order_acquire);
    return version.load(kRelaxed) == v;
  }
  bool lock_if(std::uint64_t v) {
    if (!version.compare_exchange_strong(v, v | kLocked, std::memory_order_acquire, kRelaxed)) return false;
    std::atomic_thread_fence(std::memory_order_release);
    return true;
  }
  bool lock() {
    for (std::uint64_t v; begin_read(&v);)
      if (lock_if(v)) return true;
    return false;
  }
  void unlock() { version.store((version.load(kRelaxed) & ~kLocked) + kStep, std::memory_order_release); }
  void unlock_gone() { version.store(((version.load(kRelaxed) & ~kLocked) + kStep) | kGone, std::memory_order_release); }
  void note_key(Term key) {
    if (!key.is_small()) small.store(false, kRelaxed);
  }
};

using Keys = std::atomic<Word>;
constexpr Word kPadding = Word{Term::kSmallMax} << 3;  // no small integer is above it

void pad(Keys* keys, unsigned from) {
  for (unsigned i = from; i < kFanout; i++) keys[i].store(kPadding, kRelaxed);
}

struct Leaf final : Node {
  Leaf() : Node(true) { pad(keys, 0); }
  Keys keys[kFanout];
  std::atomic<Row*> rows[kFanout];

  void set(unsigned i, Term key, Row* row) {
    note_key(key);
    keys[i].store(key.bits(), kRelease);
    rows[i].store(row, kRelease);
  }
  void copy_from(unsigned to, const Leaf& from, unsigned i) {
    set(to, Term::from_bits(from.keys[i].load(kAcquire)), from.rows[i].load(kAcquire));
  }
};

// A separator: the key, and its copy when it is no immediate.
struct Separator {
  Term key;
  Row* owner = nullptr;
};

Separator make_separator(Term key) {
  if (!key.is_pointer()) return {key, nullptr};
  Word tuple[2] = {term::HeaderWord::make(term::Kind::Tuple, 1).bits(), key.bits()};
  Row* owner = Row::create(Term::boxed(tuple), false);
  return {owner->key(1), owner};
}

struct Inner final : Node {
  Inner() : Node(false) { pad(keys, 0); }
  Keys keys[kFanout];  // the last one is padding
  std::atomic<Node*> children[kFanout];
  Row* owners[kFanout - 1] = {};  // writers only

  Node* child(unsigned i) const { return children[i].load(kAcquire); }
  void set_key(unsigned i, Separator s) {
    note_key(s.key);
    keys[i].store(s.key.bits(), kRelease);
    owners[i] = s.owner;
  }
  Separator separator(unsigned i) const { return {Term::from_bits(keys[i].load(kAcquire)), owners[i]}; }
  // Locked. Puts `right` behind child i.
  void insert(unsigned i, Separator s, Node* right) {
    unsigned n = count.load(kRelaxed);
    for (unsigned j = n; j > i; j--) {
      set_key(j, separator(j - 1));
      children[j + 1].store(child(j), kRelease);
    }
    set_key(i, s);
    children[i + 1].store(right, kRelease);
    count.store(n + 1, kRelaxed);
  }
  // Locked. Its range goes to the neighbour. Not the only child.
  void remove(unsigned i) {
    unsigned n = count.load(kRelaxed);
    unsigned k = i > 0 ? i - 1 : 0;
    if (owners[k]) Row::retire(owners[k]);
    for (unsigned j = k; j + 1 < n; j++) set_key(j, separator(j + 1));
    for (unsigned j = i; j < n; j++) children[j].store(child(j + 1), kRelease);
    owners[n - 1] = nullptr;
    keys[n - 1].store(kPadding, kRelaxed);
    count.store(n - 1, kRelaxed);
  }
};

void retire(Node* n) {
  if (n->leaf) sync::Epoch::defer(n, [](void* p) { delete static_cast<Leaf*>(static_cast<Node*>(p)); });
  else sync::Epoch::defer(n, [](void* p) { delete static_cast<Inner*>(static_cast<Node*>(p)); });
}

// How many of the first n keys are below `key` (or not above it). Small integers compare as words.
template <bool kOrEqual>
unsigned rank(const Node& node, const Keys* keys, unsigned n, Term key) {
  if (key.is_small() && node.small.load(kRelaxed)) {
    // Blocks of eight, then the eight of one: independent compares, no branch on a key. Words behind the last key are kPadding.
    SWord k = static_cast<SWord>(key.bits());
    auto below = [&](unsigned i) {
      SWord at = static_cast<SWord>(keys[i].load(kRelaxed));
      return static_cast<unsigned>(kOrEqual ? at <= k : at < k);
    };
    unsigned at = 8 * (below(7) + below(15) + below(23));
    at += below(at) + below(at + 1) + below(at + 2) + below(at + 3) + below(at + 4) + below(at + 5) + below(at + 6) + below(at + 7);
    return std::min(at, n);
  }
  unsigned low = 0;
  while (low < n) {
    unsigned middle = (low + n) / 2;
    int order = term::compare(Term::from_bits(keys[middle].load(kAcquire)), key);
    if (kOrEqual ? order <= 0 : order < 0) low = middle + 1;
    else n = middle;
  }
  return low;
}

// As rank, for the place of a range instead of a key.
template <bool kOrEqual>
unsigned rank_of_range(const Keys* keys, unsigned n, const Range& range) {
  unsigned low = 0;
  while (low < n) {
    unsigned middle = (low + n) / 2;
    int place = range.place(Term::from_bits(keys[middle].load(kAcquire)));
    if (kOrEqual ? place <= 0 : place < 0) low = middle + 1;
    else n = middle;
  }
  return low;
}

unsigned count_of(const Node& n, unsigned most) { return std::min(n.count.load(kRelaxed), most); }

class TreeRemains final : public Remains {
 public:
  explicit TreeRemains(Node* root) { open_.push_back({root, 0}); }
  ~TreeRemains() override {
    while (step(1000)) {
    }
  }
  bool step(std::size_t n) override {
    std::size_t done = 0;
    while (done < n && !open_.empty()) {
      auto& [node, next] = open_.back();
      unsigned count = node->count.load(kRelaxed);
      if (node->leaf) {
        auto* leaf = static_cast<Leaf*>(node);
        for (unsigned i = 0; i < count; i++) Row::destroy(leaf->rows[i].load(kAcquire));
        done += count + 1;
        delete leaf;
        open_.pop_back();
      } else if (next <= count) {
        Node* child = static_cast<Inner*>(node)->child(next++);
        open_.push_back({child, 0});
      } else {
        auto* inner = static_cast<Inner*>(node);
        for (unsigned i = 0; i < count; i++)
          if (inner->owners[i]) Row::destroy(inner->owners[i]);
        delete inner;
        open_.pop_back();
      }
    }
    return !open_.empty();
  }

 private:
  std::vector<std::pair<Node*, unsigned>> open_;
};

// Number that is equal for keys that compare equal: integers and floats by value. Looks two levels deep.
std::uint32_t ordered_hash(Term key, int depth) {
  auto mix = [](Word w) {
    w *= 0x9E3779B97F4A7C15;
    return static_cast<std::uint32_t>((w ^ w >> 29) >> 32);
  };
  if (key.is_number()) {
    if (key.is_big()) return 0;
    double d = key.is_small() ? static_cast<double>(key.small_value()) : term::float_value(key);
    return d > 1e18 || d < -1e18 ? 0 : mix(std::bit_cast<Word>(d + 0.0));
  }
  if (key.is_tuple()) {
    term::Tuple t = term::Tuple::from(key);
    std::uint32_t h = static_cast<std::uint32_t>(t.size());
    for (std::size_t i = 0; depth > 0 && i < std::min<std::size_t>(t.size(), 4); i++)
      h = mix(Word{h} << 32 | ordered_hash(t[i], depth - 1));
    return h;
  }
  if (key.is_cons()) {
    std::uint32_t h = 1;
    for (int i = 0; depth > 0 && i < 8 && key.is_cons(); i++, key = key.tail())
      h = mix(Word{h} << 32 | ordered_hash(key.head(), depth - 1));
    return h;
  }
  if (key.is_bitstring() || key.is_ref() || key.is_external()) return term::internal_hash(key);
  return key.is_pointer() ? 1 : mix(key.bits());
}

class TreeStore final : public Store {
 public:
  TreeStore(Stripes& stripes, std::size_t position) : Store(stripes), position_(position), root_(new Leaf) {}
  ~TreeStore() override { TreeRemains remains(root_.load()); }

  bool linked_rows() const override { return false; }
  std::uint32_t hash(Term key) const override { return stripes_.size() == 1 ? 0 : ordered_hash(key, 2); }

  Row* find(Term key, std::uint32_t) const override {
    for (;;) {
      std::uint64_t v;
      const Leaf* leaf = descend(key, &v);
      if (!leaf) continue;
      unsigned n = count_of(*leaf, kFanout);
      unsigned i = rank<false>(*leaf, leaf->keys, n, key);
      Row* r = nullptr;
      if (i < n) {
        Term found = Term::from_bits(leaf->keys[i].load(kAcquire));
        if (found == key || term::compare(found, key) == 0) r = leaf->rows[i].load(kAcquire);
      }
      if (VM_LIKELY(leaf->unchanged(v))) return r;
    }
  }
  Row* next_of_key(Row*) const override { return nullptr; }
  Row* first() const override { return one(Term::non_value(), Direction::Forward); }
  Row* last() const override { return one(Term::non_value(), Direction::Backward); }
  bool next(Term key, Row** r) const override { return *r = one(key, Direction::Forward), true; }
  bool previous(Term key, Row** r) const override { return *r = one(key, Direction::Backward), true; }

  bool portion(Position* position, Direction direction, std::vector<Row*>* rows) const override {
    Row* found[kFanout];
    const Range* range = position->start ? position->range : nullptr;
    unsigned n = collect(position->start ? Term::non_value() : position->key, direction, found, kFanout, range);
    if (n == 0) return false;
    rows->insert(rows->end(), found, found + n);
    position->start = false;
    position->key = found[n - 1]->key(position_);
    return true;
  }

  std::size_t slots() const override { return stripes_.rows(); }
  void rows_of_slot(std::size_t slot, std::vector<Row*>* rows) const override {
    Position at;
    for (std::vector<Row*> some; portion(&at, Direction::Forward, &some); some.clear()) {
      if (slot < some.size()) return rows->push_back(some[slot]);
      slot -= some.size();
    }
  }
  Shape shape() const override {
    Shape s;
    s.inner = inners_.load(kRelaxed);
    s.outer = leaves_.load(kRelaxed);
    return s;
  }
  std::size_t bytes() const override {
    return leaves_.load(kRelaxed) * sizeof(Leaf) + inners_.load(kRelaxed) * sizeof(Inner) + sizeof *this;
  }

  void add(Row* row, std::uint32_t hash) override {
    while (!try_add(row)) {
    }
    count_in(row, hash);
  }
  void replace(Row* old, Row* fresh) override {
    Leaf* leaf;
    unsigned i = lock_leaf(old->key(position_), &leaf);
    leaf->set(i, fresh->key(position_), fresh);
    leaf->unlock();
    std::uint32_t h = hash(old->key(position_));
    count_in(fresh, h);
    count_out(old, h);
    old->mark_dead();
    Row::retire(old);
  }
  void erase(Row* row) override {
    Term key = row->key(position_);
    Leaf* leaf;
    unsigned i = lock_leaf(key, &leaf);
    unsigned n = leaf->count.load(kRelaxed) - 1;
    for (unsigned j = i; j < n; j++) leaf->copy_from(j, *leaf, j + 1);
    leaf->keys[n].store(kPadding, kRelaxed);
    leaf->count.store(n, kRelaxed);
    leaf->unlock();
    count_out(row, hash(key));
    row->mark_dead();
    if (n == 0 || n == kThin) thin_out(key);
    Row::retire(row);
  }
  std::size_t erase_key(Term key, std::uint32_t hash, Term object) override {
    Row* r = find(key, hash);
    if (!r || (object.is_value() && !r->equals(object))) return 0;
    erase(r);
    return 1;
  }
  void settle(std::uint32_t) override {}
  void settle_held(std::uint32_t) override {}

  std::unique_ptr<Remains> detach_all() override {
    Node* old = root_.exchange(new Leaf, std::memory_order_acq_rel);
    for (unsigned i = 0; i < stripes_.size(); i++) {
      stripes_[i].rows.store(0, kRelaxed);
      stripes_[i].bytes.store(0, kRelaxed);
    }
    leaves_.store(1, kRelaxed);
    inners_.store(0, kRelaxed);
    return std::make_unique<TreeRemains>(old);
  }
  void sweep_marks() override {}

 private:
  // The leaf for this key and its version; nullptr: start over.
  Leaf* descend(Term key, std::uint64_t* v) const {
    Node* node = root_.load(std::memory_order_acquire);
    if (!node->begin_read(v) || node != root_.load(std::memory_order_acquire)) return nullptr;
    while (!node->leaf) {
      auto* inner = static_cast<Inner*>(node);
      Node* child = inner->child(rank<true>(*inner, inner->keys, count_of(*inner, kFanout - 1), key));
      if (!inner->unchanged(*v)) return nullptr;
      std::uint64_t parent_version = *v;
      if (!child->begin_read(v) || !inner->unchanged(parent_version)) return nullptr;
      node = child;
    }
    return static_cast<Leaf*>(node);
  }

  // Up to `most` rows beyond `key` (the non-value: from the end of the tree) in one leaf.
  unsigned collect(Term key, Direction direction, Row** rows, unsigned most, const Range* range = nullptr) const {
    bool inclusive = false;  // forward: also the key itself, which is then a separator
    for (;;) {
      Term fence = Term::non_value();
      std::uint64_t v;
      const Leaf* leaf = descend_beside(key, range, direction, &v, &fence);
      if (!leaf) continue;
      unsigned n = count_of(*leaf, kFanout), found = 0;
      if (direction == Direction::Forward) {
        unsigned i = range             ? rank_of_range<false>(leaf->keys, n, *range)
                     : !key.is_value() ? 0
                     : inclusive       ? rank<false>(*leaf, leaf->keys, n, key)
                                       : rank<true>(*leaf, leaf->keys, n, key);
        for (; i < n && found < most; i++) rows[found++] = leaf->rows[i].load(kAcquire);
      } else {
        unsigned i = range ? rank_of_range<true>(leaf->keys, n, *range) : !key.is_value() ? n : rank<false>(*leaf, leaf->keys, n, key);
        for (; i > 0 && found < most; i--) rows[found++] = leaf->rows[i - 1].load(kAcquire);
      }
      if (!leaf->unchanged(v)) continue;
      if (found || !fence.is_value()) return found;
      key = fence;
      range = nullptr;
      inclusive = true;
    }
  }
  // As descend, to the leaf where the rows beyond `key` begin; *fence: where the leaf's range ends on that side, the non-value at the tree's end.
  const Leaf* descend_beside(Term key, const Range* range, Direction direction, std::uint64_t* v, Term* fence) const {
    bool forward = direction == Direction::Forward;
    const Node* node = root_.load(std::memory_order_acquire);
    if (!node->begin_read(v) || node != root_.load(std::memory_order_acquire)) return nullptr;
    while (!node->leaf) {
      auto* inner = static_cast<const Inner*>(node);
      unsigned n = count_of(*inner, kFanout - 1);
      unsigned i = range ? (forward ? rank_of_range<false>(inner->keys, n, *range) : rank_of_range<true>(inner->keys, n, *range))
                   : !key.is_value() ? (forward ? 0 : n)
                   : forward         ? rank<true>(*inner, inner->keys, n, key)
                                     : rank<false>(*inner, inner->keys, n, key);
      if (forward ? i < n : i > 0) *fence = Term::from_bits(inner->keys[forward ? i : i - 1].load(kAcquire));
      const Node* child = inner->child(i);
      if (!inner->unchanged(*v)) return nullptr;
      std::uint64_t parent_version = *v;
      if (!child->begin_read(v) || !inner->unchanged(parent_version)) return nullptr;
      node = child;
    }
    return static_cast<const Leaf*>(node);
  }
  Row* one(Term key, Direction direction) const {
    Row* r;
    return collect(key, direction, &r, 1) ? r : nullptr;
  }

  // --- writers
  // Locks the leaf that has this key, which is there; answers its index.
  unsigned lock_leaf(Term key, Leaf** out) {
    for (;;) {
      std::uint64_t v;
      Leaf* leaf = descend(key, &v);
      if (!leaf || !leaf->lock_if(v)) continue;
      *out = leaf;
      return rank<false>(*leaf, leaf->keys, leaf->count.load(kRelaxed), key);
    }
  }

  // One attempt; false: start over.
  bool try_add(Row* row) {
    Term key = row->key(position_);
    Inner* parent = nullptr;
    std::uint64_t parent_version = 0, v;
    unsigned index = 0;
    Node* node = root_.load(std::memory_order_acquire);
    if (!node->begin_read(&v) || node != root_.load(std::memory_order_acquire)) return false;
    while (!node->leaf) {
      auto* inner = static_cast<Inner*>(node);
      if (inner->count.load(kRelaxed) == kFanout - 1) {
        split(parent, parent_version, index, inner, v, nullptr);
        return false;
      }
      unsigned i = rank<true>(*inner, inner->keys, count_of(*inner, kFanout - 1), key);
      Node* child = inner->child(i);
      if (!inner->unchanged(v)) return false;
      parent = inner, parent_version = v, index = i;
      if (!child->begin_read(&v) || !parent->unchanged(parent_version)) return false;
      node = child;
    }
    auto* leaf = static_cast<Leaf*>(node);
    if (leaf->count.load(kRelaxed) == kFanout) return split(parent, parent_version, index, leaf, v, row);
    if (!leaf->lock_if(v)) return false;
    unsigned n = leaf->count.load(kRelaxed);
    unsigned i = rank<false>(*leaf, leaf->keys, n, key);
    for (unsigned j = n; j > i; j--) leaf->copy_from(j, *leaf, j - 1);
    leaf->set(i, key, row);
    leaf->count.store(n + 1, kRelaxed);
    leaf->unlock();
    return true;
  }

  // Splits a full node below `parent` (nullptr: it is the root). A row that belongs behind or before all of a leaf's gets a leaf of its own at
  // once (true), so that rows that come in order fill their leaves.
  bool split(Inner* parent, std::uint64_t parent_version, unsigned index, Node* node, std::uint64_t v, Row* row) {
    if (parent && !parent->lock_if(parent_version)) return false;
    if (!node->lock_if(v)) {
      if (parent) parent->unlock();
      return false;
    }
    if (!parent && node != root_.load(std::memory_order_acquire)) {
      node->unlock();
      return false;
    }
    // Only the path down was checked to have room: a parent filled up meanwhile has another version.
    Separator s;
    Node* right;
    bool added =
        node->leaf ? split_leaf(static_cast<Leaf*>(node), row, &s, &right) : (split_inner(static_cast<Inner*>(node), &s, &right), false);
    if (parent) {
      parent->insert(index, s, right);
      parent->unlock();
    } else {
      auto* top = new Inner;
      inners_.fetch_add(1, kRelaxed);
      top->children[0].store(node, kRelease);
      top->insert(0, s, right);
      root_.store(top, std::memory_order_release);
    }
    node->unlock();
    return added;
  }
  bool split_leaf(Leaf* leaf, Row* row, Separator* s, Node** out) {
    auto* right = new Leaf;
    leaves_.fetch_add(1, kRelaxed);
    *out = right;
    Term key = row->key(position_);
    if (term::compare(Term::from_bits(leaf->keys[kFanout - 1].load(kAcquire)), key) < 0) {
      *s = make_separator(key);
      right->set(0, key, row);
      right->count.store(1, kRelaxed);
      return true;
    }
    // The same for rows that come in falling order.
    if (term::compare(key, Term::from_bits(leaf->keys[0].load(kAcquire))) < 0) {
      for (unsigned i = 0; i < kFanout; i++) right->copy_from(i, *leaf, i);
      right->count.store(kFanout, kRelaxed);
      *s = make_separator(Term::from_bits(right->keys[0].load(kAcquire)));
      leaf->set(0, key, row);
      leaf->count.store(1, kRelaxed);
      pad(leaf->keys, 1);
      return true;
    }
    constexpr unsigned kHalf = kFanout / 2;
    for (unsigned i = kHalf; i < kFanout; i++) right->copy_from(i - kHalf, *leaf, i);
    right->count.store(kFanout - kHalf, kRelaxed);
    leaf->count.store(kHalf, kRelaxed);
    pad(leaf->keys, kHalf);
    *s = make_separator(Term::from_bits(right->keys[0].load(kAcquire)));
    return false;
  }
  void split_inner(Inner* inner, Separator* s, Node** out) {
    auto* right = new Inner;
    inners_.fetch_add(1, kRelaxed);
    *out = right;
    // Ascending keys split their path again and again at the right end: leave the left side nearly full.
    constexpr unsigned kKeep = kFanout / 2 + kFanout / 4;
    *s = inner->separator(kKeep);
    unsigned n = kFanout - 1;
    for (unsigned i = kKeep + 1; i < n; i++) right->set_key(i - kKeep - 1, inner->separator(i));
    for (unsigned i = kKeep + 1; i <= n; i++) right->children[i - kKeep - 1].store(inner->child(i), kRelease);
    right->count.store(n - kKeep - 1, kRelaxed);
    for (unsigned i = kKeep; i < n; i++) inner->owners[i] = nullptr;
    inner->count.store(kKeep, kRelaxed);
    pad(inner->keys, kKeep);
  }

  // Merges the leaf of `key` with a neighbour when both are thin, or drops it when it is empty.
  void thin_out(Term key) {
    Node* path[kDeepest];
    unsigned index[kDeepest];
    unsigned depth = 0;
    Node* node;
    do {
      node = root_.load(std::memory_order_acquire);
    } while (!node->lock() || (node != root_.load(std::memory_order_acquire) && (node->unlock(), true)));
    path[0] = node;
    while (!node->leaf) {
      auto* inner = static_cast<Inner*>(node);
      index[depth] = rank<true>(*inner, inner->keys, inner->count.load(kRelaxed), key);
      node = inner->child(index[depth]);
      VM_CHECK(node->lock() && depth + 1 < kDeepest);
      path[++depth] = node;
    }
    if (depth > 0) merge(path, index, &depth);
    for (unsigned i = 0; i <= depth; i++) path[i]->unlock();
    drop_thin_root();
  }
  // path[0..*depth] are locked; those taken out of the tree leave the path.
  void merge(Node** path, unsigned* index, unsigned* depth) {
    auto* leaf = static_cast<Leaf*>(path[*depth]);
    unsigned n = leaf->count.load(kRelaxed);
    auto* parent = static_cast<Inner*>(path[*depth - 1]);
    unsigned i = index[*depth - 1];
    if (n == 0) return drop_empty(path, index, depth);
    if (n > kThin || parent->count.load(kRelaxed) == 0) return;
    // The right one of the two is emptied into the left one.
    bool last = i == parent->count.load(kRelaxed);
    auto* beside = static_cast<Leaf*>(parent->child(last ? i - 1 : i + 1));
    VM_CHECK(beside->lock());
    unsigned m = beside->count.load(kRelaxed);
    if (n + m > kFanout * 3 / 4) return beside->unlock();
    Leaf* left = last ? beside : leaf;
    Leaf* right = last ? leaf : beside;
    unsigned at = left->count.load(kRelaxed), more = right->count.load(kRelaxed);
    for (unsigned j = 0; j < more; j++) left->copy_from(at + j, *right, j);
    left->count.store(at + more, kRelaxed);
    parent->remove(last ? i : i + 1);
    leaves_.fetch_sub(1, kRelaxed);
    right->unlock_gone();
    retire(right);
    path[*depth] = left;
  }
  // Takes the empty leaf out, and inner nodes that have no other child.
  void drop_empty(Node** path, unsigned* index, unsigned* depth) {
    unsigned top = *depth - 1;
    while (top > 0 && path[top]->count.load(kRelaxed) == 0) top--;
    if (path[top]->count.load(kRelaxed) == 0) return;  // the tree is one empty path
    static_cast<Inner*>(path[top])->remove(index[top]);
    for (unsigned i = top + 1; i <= *depth; i++) {
      (path[i]->leaf ? leaves_ : inners_).fetch_sub(1, kRelaxed);
      path[i]->unlock_gone();
      retire(path[i]);
    }
    *depth = top;
  }
  void drop_thin_root() {
    for (;;) {
      Node* node = root_.load(std::memory_order_acquire);
      std::uint64_t v;
      if (!node->begin_read(&v) || node->leaf || node->count.load(kRelaxed) != 0) return;
      if (!node->lock_if(v)) return;
      if (node != root_.load(std::memory_order_acquire)) return node->unlock();
      root_.store(static_cast<Inner*>(node)->child(0), std::memory_order_release);
      inners_.fetch_sub(1, kRelaxed);
      node->unlock_gone();
      retire(node);
    }
  }

  std::size_t position_;
  std::atomic<Node*> root_;
  std::atomic<std::size_t> leaves_{1}, inners_{0};
};

}  // namespace

std::unique_ptr<Store> make_tree_store(Stripes& stripes, std::size_t position) { return std::make_unique<TreeStore>(stripes, position); }

}  // namespace vm::ets
