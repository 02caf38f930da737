// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Stores: the rows of one table.
//
// HashStore (set, bag, duplicate_bag) and TreeStore (ordered_set). Both may be read by any number of threads without a lock; what a writer takes out
// is freed through sync/epoch.h, so a reader only has to be done before its thread's next quiescent point.
//
// Writers hold the stripe of their key. A table has one stripe when only its owner may write, more when anybody may; writers of different
// stripes work at the same time. Who changes many keys as one step holds all stripes (Stripes::lock_all), and readers that come meanwhile
// wait: the step is over for all or for none.
//
// Order of locks: stripes of one table by index; then the names and owners of tables (tables.cpp). A thread holds stripes of one table only.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "ets/row.h"
#include "sync/small_mutex.h"

namespace vm::ets {

enum class Type : std::uint8_t { Set, OrderedSet, Bag, DuplicateBag };
enum class Direction : std::uint8_t { Forward, Backward };

struct alignas(64) Stripe {
  sync::SmallMutex lock;
  // Written under the lock, read by anybody.
  std::atomic<std::int64_t> rows{0};
  std::atomic<std::int64_t> bytes{0};
  std::vector<std::uint32_t> marked;  // hashes of rows that wait for the end of fixing

  void count(std::int64_t row, std::int64_t byte) {
    rows.store(rows.load(std::memory_order_relaxed) + row, std::memory_order_relaxed);
    bytes.store(bytes.load(std::memory_order_relaxed) + byte, std::memory_order_relaxed);
  }
};

class Stripes {
 public:
  // `n` is a power of two, at most 64.
  explicit Stripes(unsigned n) : n_(n), stripes_(new Stripe[n]) {}
  unsigned size() const { return n_; }
  Stripe& operator[](unsigned i) { return stripes_[i]; }
  // Of the key with this hash (Store::hash).
  Stripe& of(std::uint32_t hash) { return stripes_[hash & (n_ - 1)]; }

  std::size_t rows() const;
  std::size_t row_bytes() const;

  void lock_all();
  void unlock_all();
  // Readers: waits for the end of a step that holds all stripes.
  void wait_for_step() {
    if (VM_UNLIKELY(step_.load(std::memory_order_acquire) & 1)) wait_slow();
  }

  // Rows taken out stay as marks while this is not 0.
  std::atomic<std::uint32_t> fixed{0};

 private:
  void wait_slow();
  unsigned n_;
  std::unique_ptr<Stripe[]> stripes_;
  std::atomic<std::uint32_t> step_{0};  // odd while all stripes are held for a step
};

// Rows that were detached from a table, to be freed bit by bit.
class Remains {
 public:
  virtual ~Remains() = default;  // frees what is left
  // Frees about `n` rows; false: nothing is left.
  virtual bool step(std::size_t n) = 0;
};

// Keys that are tuples of one size with the same first elements: neighbours in an ordered table.
struct Range {
  std::size_t size = 0;
  std::vector<Term> first;
  // Whether a key lies before (negative), in (0) or behind the range.
  int place(Term key) const;
};

// Where a traversal goes on.
struct Position {
  bool marked = false;           // also rows that are only marked as deleted
  const Range* range = nullptr;  // tree stores: where to start
  bool start = true;
  std::uint32_t order = 0;       // hash stores: from this place on
  Term key = Term::non_value();  // tree stores: beyond this key
};

// How rows are spread.
struct Shape {
  std::size_t inner = 0, outer = 0;                              // nodes above; leaves or buckets
  std::size_t rows = 0, shortest = 0, longest = 0, squares = 0;  // of buckets; the sum of the squares of their lengths
  std::size_t marked = 0;
};

class Store {
 public:
  explicit Store(Stripes& stripes) : stripes_(stripes) {}
  virtual ~Store() = default;

  // What stripes and hash chains go by; equal for keys that are one key to this store.
  virtual std::uint32_t hash(Term key) const = 0;

  // --- readers
  // The row with this key that comes first, or nullptr.
  virtual Row* find(Term key, std::uint32_t hash) const = 0;
  // The next one with the key of r; newest first.
  virtual Row* next_of_key(Row* r) const = 0;
  virtual Row* first() const = 0;
  virtual Row* last() const = 0;
  // The row after (before) this key's; false when the key is not there, not even as a mark, and that matters.
  virtual bool next(Term key, Row** r) const = 0;
  virtual bool previous(Term key, Row** r) const = 0;
  // As first and next, marked rows included.
  virtual Row* raw_first() const { return first(); }
  virtual bool raw_next(Term key, Row** r) const { return next(key, r); }
  // Appends some rows from `position` on, at least one unless at the end, and moves the position. False: that was the end.
  virtual bool portion(Position* position, Direction direction, std::vector<Row*>* rows) const = 0;
  // Numbered portions of an unchanging table: 0 .. slots() - 1.
  virtual std::size_t slots() const = 0;
  virtual void rows_of_slot(std::size_t slot, std::vector<Row*>* rows) const = 0;
  virtual Shape shape() const = 0;
  virtual std::size_t bytes() const = 0;  // besides those of the rows

  // --- writers, holding the stripe of the key
  // No row of the key is there (sets); or it comes before those that are (bags).
  virtual void add(Row* row, std::uint32_t hash) = 0;
  virtual void replace(Row* old, Row* fresh) = 0;  // same key
  virtual void erase(Row* row) = 0;
  // All rows of a key, or those equal to `object` when it is a value. How many.
  virtual std::size_t erase_key(Term key, std::uint32_t hash, Term object) = 0;
  // After a writer gave its stripe back.
  virtual void settle(std::uint32_t hash) = 0;
  // As `add` needs them.
  virtual bool linked_rows() const = 0;

  // --- holding all stripes
  virtual void settle_held(std::uint32_t hash) = 0;  // after each row that was added
  virtual std::unique_ptr<Remains> detach_all() = 0;
  // Takes the marks out that were made while the table was fixed. Holding none.
  virtual void sweep_marks() = 0;

 protected:
  void count_in(Row* row, std::uint32_t hash) { stripes_.of(hash).count(1, static_cast<std::int64_t>(row->bytes())); }
  void count_out(Row* row, std::uint32_t hash) { stripes_.of(hash).count(-1, -static_cast<std::int64_t>(row->bytes())); }
  // A row becomes a mark, which still takes memory; the mark goes.
  void count_mark(std::uint32_t hash) { stripes_.of(hash).count(-1, 0); }
  void count_mark_out(Row* row, std::uint32_t hash) { stripes_.of(hash).count(0, -static_cast<std::int64_t>(row->bytes())); }

  Stripes& stripes_;
};

std::unique_ptr<Store> make_hash_store(Stripes& stripes, Type type, std::size_t key_position);
std::unique_ptr<Store> make_tree_store(Stripes& stripes, std::size_t key_position);

}  // namespace vm::ets
