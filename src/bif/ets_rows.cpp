// SPDX-License-Identifier: Apache-2.0
//
// ETS built-ins on rows by key.
#include <algorithm>

#include "bif/ets_access.h"
#include "heap/copy.h"
#include "ops/arith.h"
#include "proc/time.h"
#include "term/compare.h"

namespace vm::bif {

using term::Tuple;

// --- rows ------------------------------------------------------------------------------------------------------------------------

Term copy_rows(BifContext& cx, const std::vector<Row*>& rows) {
  term::ListBuilder list(cx.heap());
  for (Row* r : rows) list.add(heap::copy(r->tuple, cx.heap()));
  return list.finish();
}

void count_row(Table& t, const Row& row, int sign) {
  std::size_t words = row.words + sizeof(Row) / kWordBytes;
  if (sign > 0) t.row_words += words;
  else t.row_words -= words;
}

Row* new_row(Table& t, Term object) {
  Row* row = Row::create(object);
  count_row(t, *row, 1);
  return row;
}

std::size_t erase_key(Table& t, Term key) {
  std::vector<Row*> rows;
  t.store->find(key, &rows);
  for (Row* r : rows) count_row(t, *r, -1);
  return t.store->erase(key);
}

void erase_row(Table& t, Row* row) {
  count_row(t, *row, -1);
  t.store->erase_row(row);
}

void insert_row(Table& t, Term object) {
  if (!t.is_bag()) {
    Row* old = t.store->find_one(Tuple::from(object)[t.key_position - 1]);
    if (old) count_row(t, *old, -1);
    t.store->insert(new_row(t, object));
    return;
  }
  std::size_t before = t.store->size();
  Row* row = new_row(t, object);
  std::size_t words = row->words + sizeof(Row) / kWordBytes;
  t.store->insert(row);
  if (t.store->size() == before) t.row_words -= words;  // an equal row was there
}

namespace {

// One tuple or a proper list of tuples; every one must be a row.
bool are_rows(const Table& t, Term objects, std::vector<Term>* rows) {
  if (objects.is_tuple()) {
    if (!is_row(t, objects)) return false;
    rows->push_back(objects);
    return true;
  }
  for (; objects.is_cons(); objects = objects.tail()) {
    if (!is_row(t, objects.head())) return false;
    rows->push_back(objects.head());
  }
  return objects.is_nil();
}

}  // namespace

BifResult ets_insert_2(YieldContext& cx, Term id, Term objects) {
  WriteAccess t(cx, id, Want::Write);
  if (!t.ok()) return t.failed(cx);
  std::vector<Term> rows;
  if (!are_rows(*t, objects, &rows)) return cx.badarg();
  for (Term row : rows) insert_row(*t, row);
  cx.bump(rows.size() / 4);
  return atoms::true_;
}

BifResult ets_insert_new_2(YieldContext& cx, Term id, Term objects) {
  WriteAccess t(cx, id, Want::Write);
  if (!t.ok()) return t.failed(cx);
  std::vector<Term> rows;
  if (!are_rows(*t, objects, &rows)) return cx.badarg();
  for (Term row : rows)
    if (t->store->find_one(Tuple::from(row)[t->key_position - 1])) return atoms::false_;
  for (Term row : rows) insert_row(*t, row);
  cx.bump(rows.size() / 4);
  return atoms::true_;
}

BifResult ets_lookup_2(BifContext& cx, Term id, Term key) {
  ReadAccess t(cx, id, Want::Read);
  if (!t.ok()) return t.failed(cx);
  if (!t->is_bag()) {
    Row* row = t->store->find_one(key);
    return row ? BifResult(cx.heap().cons(heap::copy(row->tuple, cx.heap()), term::kNil)) : BifResult(term::kNil);
  }
  std::vector<Row*> rows;
  t->store->find(key, &rows);
  return copy_rows(cx, rows);
}

BifResult ets_member_2(BifContext& cx, Term id, Term key) {
  ReadAccess t(cx, id, Want::Read);
  if (!t.ok()) return t.failed(cx);
  return t->store->find_one(key) ? atoms::true_ : atoms::false_;
}

BifResult ets_take_2(BifContext& cx, Term id, Term key) {
  WriteAccess t(cx, id, Want::Write);
  if (!t.ok()) return t.failed(cx);
  std::vector<Row*> rows;
  t->store->find(key, &rows);
  Term list = copy_rows(cx, rows);
  if (!rows.empty()) erase_key(*t, key);
  return list;
}

namespace {

BifResult lookup_element(BifContext& cx, Term id, Term key, Term position, Term otherwise) {
  ReadAccess t(cx, id, Want::Read);
  if (!t.ok()) return t.failed(cx);
  if (!position.is_small() || position.small_value() < 1) return cx.badarg();
  std::size_t at = static_cast<std::size_t>(position.small_value());
  std::vector<Row*> rows;
  t->store->find(key, &rows);
  if (rows.empty()) return otherwise.is_value() ? BifResult(otherwise) : badarg_because(cx, atoms::badkey);
  term::ListBuilder list(cx.heap());
  for (Row* r : rows) {
    Tuple tuple = Tuple::from(r->tuple);
    if (tuple.size() < at) return cx.badarg();
    Term element = heap::copy(tuple[at - 1], cx.heap());
    if (!t->is_bag()) return element;
    list.add(element);
  }
  return list.finish();
}

}  // namespace

BifResult ets_lookup_element_3(BifContext& cx, Term id, Term key, Term position) {
  return lookup_element(cx, id, key, position, Term::non_value());
}
BifResult ets_lookup_element_4(BifContext& cx, Term id, Term key, Term position, Term otherwise) {
  return lookup_element(cx, id, key, position, otherwise);
}

BifResult ets_delete_2(BifContext& cx, Term id, Term key) {
  WriteAccess t(cx, id, Want::Write);
  if (!t.ok()) return t.failed(cx);
  erase_key(*t, key);
  return atoms::true_;
}

BifResult ets_delete_object_2(BifContext& cx, Term id, Term object) {
  WriteAccess t(cx, id, Want::Write);
  if (!t.ok()) return t.failed(cx);
  if (!is_row(*t, object)) return cx.badarg();
  std::vector<Row*> rows;
  t->store->find(Tuple::from(object)[t->key_position - 1], &rows);
  for (Row* r : rows)
    if (term::equal_exact(r->tuple, object)) erase_row(*t, r);
  return atoms::true_;
}

BifResult ets_internal_delete_all_2(YieldContext& cx, Term id, Term) {
  WriteAccess t(cx, id, Want::Write);
  if (!t.ok()) return t.failed(cx);
  std::size_t n = t->store->size();
  if (t->fixed_since_ns != 0) {
    // Marks must stay for whoever iterates.
    std::vector<Row*> rows;
    t->store->each([&](Row* r) { return rows.push_back(r), true; });
    for (Row* r : rows) erase_row(*t, r);
  } else {
    t->store->clear();
    t->row_words = 0;
  }
  cx.bump(n / 4);
  return term::make_unsigned(cx.heap(), n);
}

// --- iteration --------------------------------------------------------------------------------------------------------------------

namespace {

BifResult key_or_end(BifContext& cx, Term key) {
  return key.is_value() ? BifResult(heap::copy(key, cx.heap())) : BifResult(atoms::end_of_table);
}

BifResult step(BifContext& cx, Term id, Term key, Term (ets::Store::*move)(Term, bool*) const) {
  ReadAccess t(cx, id, Want::Read);
  if (!t.ok()) return t.failed(cx);
  bool known;
  Term next = ((*t->store).*move)(key, &known);
  return known ? key_or_end(cx, next) : cx.badarg();
}

}  // namespace

BifResult ets_first_1(BifContext& cx, Term id) {
  ReadAccess t(cx, id, Want::Read);
  return t.ok() ? key_or_end(cx, t->store->first()) : t.failed(cx);
}
BifResult ets_last_1(BifContext& cx, Term id) {
  ReadAccess t(cx, id, Want::Read);
  return t.ok() ? key_or_end(cx, t->store->last()) : t.failed(cx);
}
BifResult ets_next_2(BifContext& cx, Term id, Term key) { return step(cx, id, key, &ets::Store::next); }
BifResult ets_prev_2(BifContext& cx, Term id, Term key) { return step(cx, id, key, &ets::Store::previous); }

BifResult ets_slot_2(BifContext& cx, Term id, Term slot) {
  ReadAccess t(cx, id, Want::Read);
  if (!t.ok()) return t.failed(cx);
  if (!slot.is_small() || slot.small_value() < 0) return cx.badarg();
  auto n = static_cast<std::size_t>(slot.small_value());
  std::size_t buckets = t->store->buckets();
  if (n > buckets) return cx.badarg();
  if (n == buckets) return atoms::end_of_table;
  std::vector<Row*> rows;
  t->store->rows_of_bucket(n, &rows);
  return copy_rows(cx, rows);
}

BifResult ets_safe_fixtable_2(BifContext& cx, Term id, Term on) {
  if (!on.is_boolean()) return cx.badarg();
  WriteAccess t(cx, id, Want::Read);
  if (!t.ok()) return t.failed(cx);
  Term self = cx.process().pid;
  auto it = std::find_if(t->fixations.begin(), t->fixations.end(), [&](auto& f) { return f.pid == self; });
  if (on == atoms::true_) {
    if (t->fixations.empty()) {
      t->fixed_since_ns = proc::monotonic_ns();
      t->store->set_fixed(true);
    }
    if (it != t->fixations.end()) it->count++;
    else t->fixations.push_back({self, 1});
    cx.runtime().ets->note_fixation(self, *t);
  } else if (it != t->fixations.end()) {
    if (--it->count == 0) t->fixations.erase(it);
    if (t->fixations.empty()) {
      t->fixed_since_ns = 0;
      t->store->set_fixed(false);
    }
  }
  return atoms::true_;
}

// --- updating elements ---------------------------------------------------------------------------------------------------------------

namespace {

// Position of an element to change: 1..arity and not the key. The raised result in *wrong otherwise.
bool element_position(BifContext& cx, const Table& t, Term position, std::size_t arity, std::size_t* at, Term beyond_cause) {
  auto refuse = [&](Term cause) {
    (void)(cause.is_value() ? badarg_because(cx, cause) : cx.badarg());
    return false;
  };
  if (!position.is_small() || position.small_value() < 1) return refuse(Term::non_value());
  *at = static_cast<std::size_t>(position.small_value());
  if (*at == t.key_position) return refuse(atoms::keypos);
  return *at <= arity || refuse(beyond_cause);
}

Term with_elements(term::HeapWriter& h, Tuple old, const std::vector<Term>& elements) {
  Tuple fresh = Tuple::alloc(h, old.size());
  for (std::size_t i = 0; i < old.size(); i++) fresh.set(i, elements[i]);
  return fresh.term();
}

void replace(Table& t, Row* old, Term tuple) {
  count_row(t, *old, -1);
  t.store->replace_row(old, new_row(t, tuple));
}

std::vector<Term> elements_of(Tuple t) {
  std::vector<Term> v(t.size());
  for (std::size_t i = 0; i < v.size(); i++) v[i] = t[i];
  return v;
}

// One operation {Position, Increment} or {Position, Increment, Threshold, SetValue} on the elements.
BifResult apply_update(BifContext& cx, const Table& t, Term operation, std::vector<Term>* elements) {
  if (!operation.is_tuple()) return cx.badarg();
  Tuple op = Tuple::from(operation);
  if (op.size() != 2 && op.size() != 4) return cx.badarg();
  std::size_t at;
  if (!element_position(cx, t, op[0], elements->size(), &at, atoms::position)) return Term::non_value();
  Term& element = (*elements)[at - 1];
  for (std::size_t i = 1; i < op.size(); i++)
    if (!op[i].is_integer()) return cx.badarg();
  if (!element.is_integer()) return cx.badarg();
  element = VM_TRY(ops::add(cx, element, op[1]));
  if (op.size() == 4) {
    bool upward = term::compare(op[1], Term::small(0)) >= 0;
    int order = term::compare(element, op[2]);
    if (upward ? order > 0 : order < 0) element = op[3];
  }
  return element;
}

BifResult update_counter(BifContext& cx, Term id, Term key, Term operation, Term fallback) {
  WriteAccess t(cx, id, Want::Write);
  if (!t.ok()) return t.failed(cx);
  if (t->is_bag()) return cx.badarg();
  Row* row = t->store->find_one(key);
  Term object = row ? row->tuple : fallback;
  if (!object.is_value()) return badarg_because(cx, atoms::badkey);
  if (!is_row(*t, object)) return cx.badarg();
  Tuple tuple = Tuple::from(object);
  std::vector<Term> elements = elements_of(tuple);
  // Row terms must not stay on the process heap: values are copied when they leave.
  Term result = term::kNil;
  if (!row) elements[t->key_position - 1] = key;
  if (operation.is_integer()) {
    Term pair = Tuple::make(cx.heap(), Term::small(static_cast<SWord>(t->key_position) + 1), operation);
    result = VM_TRY(apply_update(cx, *t, pair, &elements));
  } else if (operation.is_tuple()) {
    result = VM_TRY(apply_update(cx, *t, operation, &elements));
  } else {
    std::vector<Term> results;
    for (; operation.is_cons(); operation = operation.tail()) results.push_back(VM_TRY(apply_update(cx, *t, operation.head(), &elements)));
    if (!operation.is_nil()) return cx.badarg();
    result = term::list_from(cx.heap(), results);
  }
  Term copied = heap::copy(result, cx.heap());
  heap::FragmentWriter scratch(elements.size() + 1);
  Term fresh = with_elements(scratch, tuple, elements);
  if (row) replace(*t, row, fresh);
  else insert_row(*t, fresh);
  return copied;
}

}  // namespace

BifResult ets_update_counter_3(BifContext& cx, Term id, Term key, Term operation) {
  return update_counter(cx, id, key, operation, Term::non_value());
}
BifResult ets_update_counter_4(BifContext& cx, Term id, Term key, Term operation, Term fallback) {
  if (!fallback.is_tuple()) {
    WriteAccess t(cx, id, Want::Write);
    return t.ok() ? cx.badarg() : t.failed(cx);
  }
  return update_counter(cx, id, key, operation, fallback);
}

BifResult ets_update_element_3(BifContext& cx, Term id, Term key, Term operations) {
  WriteAccess t(cx, id, Want::Write);
  if (!t.ok()) return t.failed(cx);
  if (t->is_bag()) return cx.badarg();
  if (operations.is_tuple()) operations = cx.heap().cons(operations, term::kNil);
  if (!operations.is_list()) return cx.badarg();
  Row* row = t->store->find_one(key);
  std::vector<Term> elements;
  if (row) elements = elements_of(Tuple::from(row->tuple));
  for (; operations.is_cons(); operations = operations.tail()) {
    if (!operations.head().is_tuple_of(2)) return cx.badarg();
    Tuple op = Tuple::from(operations.head());
    std::size_t at;
    if (!element_position(cx, *t, op[0], row ? elements.size() : std::size_t(-1), &at, Term::non_value())) return Term::non_value();
    if (row) elements[at - 1] = op[1];
  }
  if (!operations.is_nil()) return cx.badarg();
  if (!row) return atoms::false_;
  heap::FragmentWriter scratch(elements.size() + 1);
  replace(*t, row, with_elements(scratch, Tuple::from(row->tuple), elements));
  return atoms::true_;
}

}  // namespace vm::bif
