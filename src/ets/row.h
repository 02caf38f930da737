// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Rows: one object of a table in one block of memory, outside every heap.
//
//   [off-heap list][words]   only when the object has parts (Nested)
//   [link]                   only in hash tables: the next row
//   [hash | info]            <- Row*
//   [tuple header][elements][parts...]
//
// Who may look: any thread, without a lock, between two quiescent points of sync/epoch.h; a row that leaves its table is freed after
// them. Who may change: the holder of the key's stripe.
//
// In a compressed table the elements but the key that are no immediates are packed (heap/packed.h); what can't be packed lies behind the elements, as
// terms that the header does not count.
//
// Rules. 1. Everything but link, info and immediate elements stays as it was made. 2. Elements that are immediate, and become other
// immediates, change in place: the writer makes the version odd, writes, makes it even again; a reader copies the elements and looks whether the
// version stayed (snapshot). 3. The key's word never changes. 4. So a reader reads the key and the parts plainly and every other
// element through a snapshot.
#pragma once

#include <atomic>

#include "base/word.h"
#include "heap/copy.h"
#include "term/term.h"

namespace vm::ets {

class Row {
 public:
  // A copy of `tuple`. `linked`: with room for a link.
  static Row* create(Term tuple, bool linked);
  // The same with all elements packed but that at `key_position`.
  static Row* create_packed(Term tuple, bool linked, std::size_t key_position);
  // Frees now; the row was never seen by another thread, or no longer is.
  static void destroy(Row* row);
  // Frees once nobody can look at it any more.
  static void retire(Row* row);

  std::size_t arity() const { return term::HeaderWord(terms_[0]).words(); }
  Term tuple() const { return Term::boxed(terms_); }  // rule 4 says how to look at it
  // 1-based, as key positions are.
  Term key(std::size_t position) const { return Term::from_bits(terms_[position]); }
  Term element(std::size_t position) const { return Term::from_bits(__atomic_load_n(&terms_[position], __ATOMIC_RELAXED)); }
  bool has(std::size_t position) const { return position <= arity(); }

  // Key lock held. Whether the row's object is this one (=:=).
  bool equals(Term tuple) const;

  // The whole object as a term of `h`, and one element of it.
  Term copy_to(term::HeapWriter& h) const;
  Term copy_element(std::size_t position, term::HeapWriter& h) const;
  // Elements may be packed: only copies show them.
  bool packed() const { return info_.load(std::memory_order_relaxed) & kPacked; }

  // Longer tuples never change in place.
  static constexpr std::size_t kMostWords = 64;
  bool may_change() const { return arity() < kMostWords; }
  // The tuple as it is at one moment; its parts lie in the row, which is not packed. `space` holds kMostWords words; rows that can't change answer themselves.
  Term snapshot(Word* space) const;
  // Key lock held. Makes this row equal to `tuple` when it differs from it in immediate elements only, and not in the key.
  bool overwrite(Term tuple, std::size_t key_position);
  // Key lock held. Sets one immediate element to another immediate, and more of them at a time; false: not possible.
  bool overwrite_element(std::size_t position, Term value);

  // A mark in a fixed table.
  bool deleted() const { return info_.load(std::memory_order_relaxed) & kDeleted; }
  void mark_deleted() { set(kDeleted); }
  // No longer in its table.
  bool dead() const { return info_.load(std::memory_order_relaxed) & kDead; }
  void mark_dead() { set(kDead); }
  // For readers: a row that was taken out, or replaced, while they were on their way to it was there when they set out, and what replaced it
  // may no longer be on their way.
  bool present() const { return !deleted(); }
  // For writers, key lock held.
  bool current() const { return !(info_.load(std::memory_order_relaxed) & (kDeleted | kDead)); }
  // Changes whenever an element does.
  std::uint32_t version() const { return info_.load(std::memory_order_acquire) & ~(kDeleted | kDead); }

  std::uint32_t hash() const { return hash_; }
  void set_hash(std::uint32_t hash) { hash_ = hash; }
  std::atomic<Word>& link() { return reinterpret_cast<std::atomic<Word>*>(this)[-1]; }
  const std::atomic<Word>& link() const { return reinterpret_cast<const std::atomic<Word>*>(this)[-1]; }

  bool nested() const { return info_.load(std::memory_order_relaxed) & kNested; }
  // First counted object of the row's parts, linked as term::OffHeapList does.
  Word* off_heap() const { return nested() ? reinterpret_cast<Word*>(front()[0]) : nullptr; }
  std::size_t bytes() const;

 private:
  static constexpr std::uint32_t kNested = 1, kLinked = 2, kDeleted = 4, kDead = 8, kWriting = 16, kPacked = 32, kVersion = 64;

  Row(std::uint32_t info) : info_(info) {}
  void set(std::uint32_t flag) { info_.store(info_.load(std::memory_order_relaxed) | flag, std::memory_order_relaxed); }
  bool linked() const { return info_.load(std::memory_order_relaxed) & kLinked; }
  // [off-heap list][words] of a nested row.
  Word* front() const { return const_cast<Word*>(reinterpret_cast<const Word*>(this)) - (linked() ? 3 : 2); }
  std::size_t words() const { return nested() ? front()[1] : arity() + 1; }
  void copy_elements(Word* to, std::size_t words) const;
  static Row* create_flat(const Word* from, std::size_t words, bool linked);
  static Row* create_shallow(const Word* from, std::size_t words, std::size_t all, bool linked);
  static Row* create_nested(Term tuple, std::size_t arity, std::uint32_t info);
  const Term* kept() const { return reinterpret_cast<const Term*>(terms_ + 1 + arity()); }
  void begin_change();
  void end_change();
  void store(std::size_t i, Word w) { __atomic_store_n(&terms_[i], w, __ATOMIC_RELAXED); }

  std::uint32_t hash_ = 0;  // hash tables: of the key
  std::atomic<std::uint32_t> info_;
  Word terms_[];
};
static_assert(sizeof(Row) == 8);

}  // namespace vm::ets
