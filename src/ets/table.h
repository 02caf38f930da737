// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Tables.
//
// A Table is found by its reference (a magic reference whose payload is the table) or its name, without a lock and without counting: whoever looks
// one up on a scheduler's thread may use it until that thread's next quiescent point (sync/epoch.h). Its rows: ets/store.h.
//
// Life: made by ets:new, owned by a process; at the owner's end given to the heir or deleted. Deleting marks the table, takes its rows away and
// frees them in slices on the run queues, so that a table of any size is deleted at once and nobody waits. The struct goes with the last
// reference.
//
// Locks: the stripes of the table (writers of rows; all of them for deleting it), then `meta` (owner, heir, name, fixations), then the locks of
// the registry in tables.cpp.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "ets/store.h"
#include "heap/copy.h"
#include "proc/runtime.h"
#include "term/views.h"

namespace vm::ets {

enum class Protection : std::uint8_t { Public, Protected, Private };

// Fixing by one process: how often it did.
struct Fixation {
  Term pid;
  std::uint64_t count;
};

struct TableOptions {
  Type type = Type::Set;
  Protection protection = Protection::Protected;
  std::size_t key_position = 1;  // 1-based
  bool named = false, compressed = false, read_concurrency = false, write_concurrency = false, write_concurrency_auto = false;
  bool decentralized_counters = false;
  std::uint32_t lock_count = 0;  // what a test asked for; only shown
};

extern const char kTableType;

class Table : public term::MagicData {
 public:
  Table(const TableOptions& options, Term name, Term owner);
  static void drop(term::MagicData* m);
  static void look_again(void* table);

  const TableOptions options;
  std::atomic<Protection> protection;
  Stripes stripes;
  const std::unique_ptr<Store> store;

  sync::SmallMutex meta;
  Term heir = term::kNil;                  // pid, or nil for none; meta
  heap::OwnedTerm heir_data;               // meta
  std::vector<Fixation> fixations;         // meta
  std::atomic<bool> split_by_test{false};  // shown as one more inner node, as stock's trees have then
  std::int64_t fixed_since_ns = 0;         // monotonic, 0: not fixed; meta

  bool deleted() const { return deleted_.load(std::memory_order_acquire); }
  Term owner() const { return Term::from_bits(owner_.load(std::memory_order_acquire)); }
  Term name() const { return Term::from_bits(name_.load(std::memory_order_acquire)); }

  std::size_t key_position() const { return options.key_position; }
  bool ordered() const { return options.type == Type::OrderedSet; }
  bool is_bag() const { return options.type == Type::Bag || options.type == Type::DuplicateBag; }
  // A tuple that has a key.
  bool is_row(Term t) const { return t.is_tuple() && term::HeaderWord(*t.boxed_ptr()).words() >= options.key_position; }
  Term key_of(Term tuple) const { return Term::from_bits(tuple.boxed_ptr()[options.key_position]); }

  Term reference(term::HeapWriter& h) { return term_of(h); }
  // What programs know it by.
  Term identifier(term::HeapWriter& h) { return options.named ? name() : reference(h); }
  std::size_t size() const { return stripes.rows(); }
  std::size_t memory_words() const;

  // Key lock held.
  Row* new_row(Term tuple) {
    if (VM_UNLIKELY(options.compressed)) return Row::create_packed(tuple, store->linked_rows(), options.key_position);
    return Row::create(tuple, store->linked_rows());
  }
  // Inserts, or makes the row of the key equal to `tuple`. Bags: adds, unless a bag has an equal row.
  void put(Term tuple, Term key, std::uint32_t hash);

  // Fixing for `pid`; unfixing answers when it was fixed by it.
  void fix(Term pid);
  void unfix(Term pid, std::uint64_t times);

 private:
  friend class Tables;
  Term term_of(term::HeapWriter& h);
  std::atomic<bool> deleted_{false};
  std::atomic<bool> dropping_{false};  // nobody holds it, or did a moment ago: see drop
  std::atomic<Word> owner_;
  std::atomic<Word> name_;
};

// The stripe of a key, held for a change. Not `ok` when the table is being deleted.
class KeyLock {
 public:
  KeyLock(Table& t, Term key) : KeyLock(t, key, t.store->hash(key)) {}
  KeyLock(Table& t, Term, std::uint32_t hash) : table_(t), hash_(hash) {
    t.stripes.of(hash).lock.lock();
    ok_ = !t.deleted();
  }
  ~KeyLock() {
    table_.stripes.of(hash_).lock.unlock();
    if (ok_) table_.store->settle(hash_);
  }
  KeyLock(const KeyLock&) = delete;
  bool ok() const { return ok_; }
  std::uint32_t hash() const { return hash_; }

 private:
  Table& table_;
  std::uint32_t hash_;
  bool ok_;
};

// All stripes, for a change of many keys that others see as one.
class StepLock {
 public:
  explicit StepLock(Table& t) : table_(t) {
    t.stripes.lock_all();
    ok_ = !t.deleted();
  }
  ~StepLock() { table_.stripes.unlock_all(); }
  StepLock(const StepLock&) = delete;
  bool ok() const { return ok_; }

 private:
  Table& table_;
  bool ok_;
};

class Tables {
 public:
  static constexpr std::size_t kNameChains = 4096;  // by the number of the name's atom

  explicit Tables(proc::Runtime& runtime);
  ~Tables();
  // By reference or name; nullptr when there is none or it was deleted.
  Table* find(Term t) const {
    Table* table = t.is_atom() ? find_by_name(t) : static_cast<Table*>(term::magic_of(t, &kTableType));
    return table && !table->deleted() ? table : nullptr;
  }
  Table* find_by_name(Term name) const;
  // The reference of the table with these numbers; the non-value: there is none.
  Term reference_of(term::HeapWriter& h, const std::uint32_t numbers[3]) const;
  // Enters a new table. False: the name is taken.
  bool add(Table& table);
  bool rename(Table& table, Term name);  // false: taken
  // Deletes the table; false when somebody else did.
  bool remove(Table& table);
  // False when the table no longer belongs to `from`. A new owner that is no more leaves it at once.
  bool change_owner(Table& table, Term from, Term to);
  // Frees what detach_all gave, in slices, once no reader can be in it.
  void bury(std::unique_ptr<Remains> remains);
  // Counted references; the caller releases each.
  std::vector<Table*> all() const;
  std::size_t count() const;
  // The process ends: tables go to their heirs or are deleted, its fixations end.
  void owner_ended(proc::Process& p);
  void note_fixation(Term pid, Table& table);
  proc::Runtime& runtime() { return runtime_; }

 private:
  void leave(Table& table, Term owner);
  proc::Runtime& runtime_;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vm::ets
