// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Tables.
//
// A Table is found by its reference (a magic reference whose payload is the table) or its name. Its rows live outside every heap, each in one
// block with its terms. Readers hold the table's lock shared, writers exclusively; lookups copy rows to the caller's heap before they let go.
//
// Two stores behind one interface: HashStore (set, bag, duplicate_bag) and TreeStore (ordered_set). While a table is fixed, a deleted row of
// a hash store stays as a mark, so that iteration can go on from its key; the last unfixing removes the marks.
//
// Life: made by ets:new, owned by a process; at the owner's end given to the heir or deleted. A deleted table is empty and marked; the struct goes with
// the last reference.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "heap/copy.h"
#include "proc/runtime.h"
#include "term/binary_data.h"

namespace vm::ets {

enum class Type : std::uint8_t { Set, OrderedSet, Bag, DuplicateBag };
enum class Protection : std::uint8_t { Public, Protected, Private };

// One row: header and the words of its tuple in one block.
struct Row {
  Row* next = nullptr;        // hash chain
  std::uint32_t hash = 0;
  bool deleted = false;       // mark in a fixed hash table
  std::uint32_t words = 0;
  term::OffHeapList off_heap;
  Term tuple;

  Term key(std::size_t position) const { return Term::from_bits(tuple.boxed_ptr()[position]); }
  static Row* create(Term tuple);
  static void destroy(Row* row);
};

// Rows of one table. Callers hold the table's lock as each function says (S shared, X exclusive).
class Store {
 public:
  virtual ~Store() = default;
  virtual std::size_t size() const = 0;                                      // S
  // Rows with this key, in the order lookup shows them.
  virtual void find(Term key, std::vector<Row*>* rows) const = 0;            // S
  virtual Row* find_one(Term key) const = 0;                                 // S
  // Takes the row over. Set types replace; bags keep one of each.
  virtual void insert(Row* row) = 0;                                         // X
  virtual std::size_t erase(Term key) = 0;                                   // X
  virtual void erase_row(Row* row) = 0;                                      // X: a row found under the same lock
  virtual void replace_row(Row* old, Row* fresh) = 0;                        // X: same key
  virtual void clear() = 0;                                                  // X
  // Iteration by key. The non-value: end. *known false: the key to go on from is not there (and not marked).
  virtual Term first() const = 0;                                            // S
  virtual Term last() const = 0;                                             // S
  virtual Term next(Term key, bool* known) const = 0;                        // S
  virtual Term previous(Term key, bool* known) const = 0;                    // S
  virtual void set_fixed(bool fixed) = 0;                                    // X
  // Rows in order, in units that a continuation can name: buckets of a hash store, single rows of a tree.
  // Calls f on each row until it answers false.
  virtual void each(const std::function<bool(Row*)>& f) const = 0;           // S
  virtual std::size_t buckets() const = 0;
  virtual void rows_of_bucket(std::size_t bucket, std::vector<Row*>* rows) const = 0;
  virtual std::size_t memory_bytes() const = 0;
};
std::unique_ptr<Store> make_hash_store(Type type, std::size_t key_position);
std::unique_ptr<Store> make_tree_store(std::size_t key_position);

// Fixing by one process: how often it did.
struct Fixation {
  Term pid;
  std::uint64_t count;
};

extern const char kTableType;

class Table : public term::MagicData {
 public:
  Table(Type t, std::size_t position);
  static void drop(term::MagicData* m);

  mutable std::shared_mutex lock;
  Type type;
  std::size_t key_position;       // 1-based
  Protection protection = Protection::Protected;
  bool named = false, compressed = false, read_concurrency = false, write_concurrency = false, decentralized_counters = false;
  bool write_concurrency_auto = false;
  bool deleted = false;
  Term name = term::kNil;
  Term owner = term::kNil;
  Term heir = term::kNil;         // pid, or nil for none
  heap::OwnedTerm heir_data;
  bool transferring = false;
  std::vector<Fixation> fixations;
  std::int64_t fixed_since_ns = 0;        // monotonic, 0: not fixed
  std::unique_ptr<Store> store;
  std::atomic<std::size_t> row_words{0};  // words of all rows as stock counts them

  bool ordered() const { return type == Type::OrderedSet; }
  bool is_bag() const { return type == Type::Bag || type == Type::DuplicateBag; }
  Term reference(term::HeapWriter& h) { return term_of(h); }
  std::size_t memory_words() const;

 private:
  Term term_of(term::HeapWriter& h);
};

// Counted reference to a table.
class TableRef {
 public:
  TableRef() = default;
  explicit TableRef(Table* t) : t_(t) { if (t_) t_->add_ref(); }
  TableRef(const TableRef& o) : TableRef(o.t_) {}
  TableRef(TableRef&& o) noexcept : t_(o.t_) { o.t_ = nullptr; }
  TableRef& operator=(TableRef o) { std::swap(t_, o.t_); return *this; }
  ~TableRef() { if (t_) t_->release(); }
  Table* operator->() const { return t_; }
  Table& operator*() const { return *t_; }
  Table* get() const { return t_; }
  explicit operator bool() const { return t_ != nullptr; }

 private:
  Table* t_ = nullptr;
};

class Tables {
 public:
  explicit Tables(proc::Runtime& runtime);
  ~Tables();
  // By reference or name; empty when there is none or it was deleted.
  TableRef find(Term t) const;
  TableRef find_by_name(Term name) const;
  // Enters a new table. False: the name is taken, or the limit is reached (*full).
  bool add(TableRef table, bool* full);
  bool rename(Table& table, Term name);  // X; false: taken
  void remove(Table& table);             // X held; empties the table and forgets it
  void change_owner(Table& table, Term owner);  // X held
  std::vector<TableRef> all() const;
  std::vector<TableRef> owned_by(Term pid) const;
  std::size_t count() const;
  // The process ends: tables go to their heirs or are deleted, its fixations end.
  void owner_ended(proc::Process& p);
  void note_fixation(Term pid, Table& table);
  proc::Runtime& runtime() { return runtime_; }

 private:
  proc::Runtime& runtime_;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vm::ets
