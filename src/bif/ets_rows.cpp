// SPDX-License-Identifier: Apache-2.0
//
// ETS built-ins on rows by key.
#include <algorithm>

#include "bif/ets_access.h"
#include "bif/ets_pay.h"
#include "bif/long_work.h"
#include "heap/copy.h"
#include "ops/arith.h"
#include "proc/time.h"
#include "term/compare.h"

namespace vm::bif {

using term::Tuple;

// --- rows ------------------------------------------------------------------------------------------------------------------------

namespace {

// The rows of a key of a bag, as lookup shows them: oldest first. The store has the newest first.
Term rows_of_key(BifContext& cx, Table& t, Row* r) {
  Term list = term::kNil;
  for (; r; r = t.store->next_of_key(r)) list = cx.heap().cons(r->copy_to(cx.heap()), list);
  return list;
}

Row* find(Table& t, Term key) { return t.store->find(key, t.store->hash(key)); }

// One tuple or a proper list of tuples, every one a row. How many; -1: something else.
SWord count_rows(const Table& t, Term objects) {
  if (objects.is_tuple()) return t.is_row(objects) ? 1 : -1;
  SWord n = 0;
  for (; objects.is_cons(); objects = objects.tail(), n++)
    if (!t.is_row(objects.head())) return -1;
  return objects.is_nil() ? n : -1;
}

void put_held(Table& t, Term row) {
  Term key = t.key_of(row);
  std::uint32_t hash = t.store->hash(key);
  t.put(row, key, hash);
  t.store->settle_held(hash);
}

enum class Insert { Any, OnlyNew };

BifResult insert_one(BifContext& cx, Table& t, Term row, Insert how) {
  Term key = t.key_of(row);
  KeyLock lock(t, key);
  if (!lock.ok()) return Access::gone(cx);
  if (how == Insert::Any) {
    t.put(row, key, lock.hash());
    return atoms::true_;
  }
  if (t.store->find(key, lock.hash())) return atoms::false_;
  t.store->add(t.new_row(row), lock.hash());
  return atoms::true_;
}

// All or nothing, as one step for everybody else.
BifResult insert_list(BifContext& cx, Table& t, Term rows, Insert how) {
  StepLock lock(t);
  if (!lock.ok()) return Access::gone(cx);
  if (how == Insert::OnlyNew) {
    for (Term rest = rows; rest.is_cons(); rest = rest.tail())
      if (find(t, t.key_of(rest.head()))) return atoms::false_;
  }
  for (Term rest = rows; rest.is_cons(); rest = rest.tail()) {
    if (VM_UNLIKELY(t.deleted())) break;  // nobody will see the others
    put_held(t, rest.head());
  }
  return atoms::true_;
}

BifResult insert(BifContext& cx, Term id, Term objects, Insert how) {
  Access t(cx, id, Want::Write);
  if (!t.ok()) return t.failed(cx);
  SWord n = count_rows(*t, objects);
  if (n < 0) return cx.badarg();
  if (n == 0) return atoms::true_;
  if (n == 1) return insert_one(cx, *t, objects.is_tuple() ? objects : objects.head(), how);
  cx.bump(static_cast<std::uint64_t>(n));
  return insert_list(cx, *t, objects, how);
}

}  // namespace

// Rows of a list that are inserted in about a millisecond.
constexpr std::size_t kLongInsert = 4000;

BifResult ets_insert_2(YieldContext& cx, Term id, Term objects) {
  if (is_long_list(objects, kLongInsert)) return on_dirty<ets_insert_2>(cx, id, objects);
  return insert(cx, id, objects, Insert::Any);
}
BifResult ets_insert_new_2(YieldContext& cx, Term id, Term objects) {
  if (is_long_list(objects, kLongInsert)) return on_dirty<ets_insert_new_2>(cx, id, objects);
  return insert(cx, id, objects, Insert::OnlyNew);
}

BifResult ets_lookup_2(BifContext& cx, Term id, Term key) {
  Access t(cx, id, Want::Read);
  if (!t.ok()) return t.failed(cx);
  Row* row = find(*t, key);
  if (!row) return term::kNil;
  if (t->is_bag()) return rows_of_key(cx, *t, row);
  return cx.heap().cons(row->copy_to(cx.heap()), term::kNil);
}

BifResult ets_member_2(BifContext& cx, Term id, Term key) {
  Access t(cx, id, Want::Read);
  if (!t.ok()) return t.failed(cx);
  return find(*t, key) ? atoms::true_ : atoms::false_;
}

BifResult ets_take_2(BifContext& cx, Term id, Term key) {
  Access t(cx, id, Want::Write);
  if (!t.ok()) return t.failed(cx);
  KeyLock lock(*t, key);
  if (!lock.ok()) return Access::gone(cx);
  Row* row = t->store->find(key, lock.hash());
  if (!row) return term::kNil;
  Term list = t->is_bag() ? rows_of_key(cx, *t, row) : cx.heap().cons(row->copy_to(cx.heap()), term::kNil);
  t->store->erase_key(key, lock.hash(), Term::non_value());
  return list;
}

namespace {

BifResult lookup_element(BifContext& cx, Term id, Term key, Term position, Term otherwise) {
  Access t(cx, id, Want::Read);
  if (!t.ok()) return t.failed(cx);
  if (!position.is_small() || position.small_value() < 1) return cx.badarg();
  std::size_t at = static_cast<std::size_t>(position.small_value());
  Row* r = find(*t, key);
  if (!r) return otherwise.is_value() ? BifResult(otherwise) : badarg_because(cx, atoms::badkey);
  if (!t->is_bag()) return r->has(at) ? BifResult(r->copy_element(at, cx.heap())) : cx.badarg();
  Term list = term::kNil;
  for (; r; r = t->store->next_of_key(r)) {
    if (!r->has(at)) return cx.badarg();
    list = cx.heap().cons(r->copy_element(at, cx.heap()), list);
  }
  return list;
}

}  // namespace

BifResult ets_lookup_element_3(BifContext& cx, Term id, Term key, Term position) {
  return lookup_element(cx, id, key, position, Term::non_value());
}
BifResult ets_lookup_element_4(BifContext& cx, Term id, Term key, Term position, Term otherwise) {
  return lookup_element(cx, id, key, position, otherwise);
}

BifResult ets_delete_2(BifContext& cx, Term id, Term key) {
  Access t(cx, id, Want::Write);
  if (!t.ok()) return t.failed(cx);
  KeyLock lock(*t, key);
  if (!lock.ok()) return Access::gone(cx);
  t->store->erase_key(key, lock.hash(), Term::non_value());
  return atoms::true_;
}

BifResult ets_delete_object_2(BifContext& cx, Term id, Term object) {
  Access t(cx, id, Want::Write);
  if (!t.ok()) return t.failed(cx);
  if (!t->is_row(object)) return cx.badarg();
  Term key = t->key_of(object);
  KeyLock lock(*t, key);
  if (!lock.ok()) return Access::gone(cx);
  t->store->erase_key(key, lock.hash(), object);
  return atoms::true_;
}

BifResult ets_internal_delete_all_2(YieldContext& cx, Term id, Term) {
  Access t(cx, id, Want::Write);
  if (!t.ok()) return t.failed(cx);
  std::size_t n, words;
  std::unique_ptr<ets::Remains> remains;
  {
    StepLock lock(*t);
    if (!lock.ok()) return Access::gone(cx);
    n = t->size();
    words = t->memory_words();
    if (!t->ordered() && t->stripes.fixed.load()) {
      // Marks must stay for whoever iterates.
      ets::Position at;
      std::vector<Row*> rows;
      for (bool more = true; more; rows.clear()) {
        more = t->store->portion(&at, ets::Direction::Forward, &rows);
        for (Row* r : rows) t->store->erase(r);
      }
    } else {
      remains = t->store->detach_all();
    }
  }
  if (remains) cx.runtime().ets->bury(std::move(remains));
  return pay_for_freeing(cx, Freed::Rows, words, term::make_unsigned(cx.heap(), n));
}

// --- iteration --------------------------------------------------------------------------------------------------------------------

namespace {

BifResult key_or_end(BifContext& cx, Table& t, Row* row) {
  return row ? BifResult(heap::copy(row->key(t.key_position()), cx.heap())) : BifResult(atoms::end_of_table);
}

BifResult step(BifContext& cx, Term id, Term key, bool (ets::Store::*move)(Term, Row**) const) {
  Access t(cx, id, Want::Read);
  if (!t.ok()) return t.failed(cx);
  if (key == atoms::end_of_table && t->ordered()) return cx.badarg();
  Row* row;
  return ((*t->store).*move)(key, &row) ? key_or_end(cx, *t, row) : cx.badarg();
}

}  // namespace

BifResult ets_first_1(BifContext& cx, Term id) {
  Access t(cx, id, Want::Read);
  return t.ok() ? key_or_end(cx, *t, t->store->first()) : t.failed(cx);
}
BifResult ets_last_1(BifContext& cx, Term id) {
  Access t(cx, id, Want::Read);
  return t.ok() ? key_or_end(cx, *t, t->store->last()) : t.failed(cx);
}
BifResult ets_next_2(BifContext& cx, Term id, Term key) { return step(cx, id, key, &ets::Store::next); }
BifResult ets_prev_2(BifContext& cx, Term id, Term key) { return step(cx, id, key, &ets::Store::previous); }

BifResult ets_slot_2(BifContext& cx, Term id, Term slot) {
  Access t(cx, id, Want::Read);
  if (!t.ok()) return t.failed(cx);
  if (!slot.is_small() || slot.small_value() < 0) return cx.badarg();
  auto n = static_cast<std::size_t>(slot.small_value());
  std::size_t slots = t->store->slots();
  if (n > slots) return cx.badarg();
  if (n == slots) return atoms::end_of_table;
  std::vector<Row*> rows;
  t->store->rows_of_slot(n, &rows);
  Term list = term::kNil;
  for (Row* r : rows) list = cx.heap().cons(r->copy_to(cx.heap()), list);
  return list;
}

BifResult ets_safe_fixtable_2(BifContext& cx, Term id, Term on) {
  Access t(cx, id, Want::Read);
  if (!t.ok()) return t.failed(cx);
  if (!on.is_boolean()) return cx.badarg();
  Term self = cx.process().pid;
  if (on == atoms::true_) {
    t->fix(self);
    cx.runtime().ets->note_fixation(self, *t);
  } else {
    t->unfix(self, 1);
  }
  return atoms::true_;
}

}  // namespace vm::bif
