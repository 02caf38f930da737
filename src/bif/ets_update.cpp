// SPDX-License-Identifier: Apache-2.0
//
// ETS built-ins that change elements of a row, as one step. Immediate elements change in place (ets/row.h); everything else makes a new row.
#include "bif/ets_access.h"
#include "heap/copy.h"
#include "heap/fragment.h"
#include "ops/arith.h"
#include "term/compare.h"

namespace vm::bif {

using term::Tuple;

namespace {

// Position of an element to change: 1..arity and not the key. Raises otherwise.
bool element_position(BifContext& cx, const Table& t, Term position, std::size_t arity, std::size_t* at, Term beyond_cause) {
  auto refuse = [&](Term cause) {
    (void)(cause.is_value() ? badarg_because(cx, cause) : cx.badarg());
    return false;
  };
  if (!position.is_small() || position.small_value() < 1) return refuse(Term::non_value());
  *at = static_cast<std::size_t>(position.small_value());
  if (*at == t.key_position()) return refuse(atoms::keypos);
  return *at <= arity || refuse(beyond_cause);
}

// Key lock held.
Term object_of(Row* row, heap::FragmentWriter& scratch) { return row->packed() ? row->copy_to(scratch) : row->tuple(); }

std::vector<Term> elements_of(Tuple t) {
  std::vector<Term> v(t.size());
  for (std::size_t i = 0; i < v.size(); i++) v[i] = t[i];
  return v;
}

Term tuple_of(term::HeapWriter& h, const std::vector<Term>& elements) {
  Tuple fresh = Tuple::alloc(h, elements.size());
  for (std::size_t i = 0; i < elements.size(); i++) fresh.set(i, elements[i]);
  return fresh.term();
}

// The row becomes, or a new row is, a tuple of these elements, which may lie in the old row.
void put_elements(Table& t, Row* row, std::uint32_t hash, const std::vector<Term>& elements) {
  heap::FragmentWriter scratch(elements.size() + 1);
  Term tuple = tuple_of(scratch, elements);
  if (!row) t.store->add(t.new_row(tuple), hash);
  else if (!row->overwrite(tuple, t.key_position())) t.store->replace(row, t.new_row(tuple));
}

// One operation {Position, Increment} or {Position, Increment, Threshold, SetValue} on the elements.
BifResult apply_update(BifContext& cx, const Table& t, Term operation, std::vector<Term>* elements) {
  if (!operation.is_tuple()) return cx.badarg();
  Tuple op = Tuple::from(operation);
  if (op.size() != 2 && op.size() != 4) return cx.badarg();
  std::size_t at;
  for (std::size_t i = 1; i < op.size(); i++)
    if (!op[i].is_integer()) return cx.badarg();
  if (!element_position(cx, t, op[0], elements->size(), &at, atoms::position)) return Term::non_value();
  Term& element = (*elements)[at - 1];
  if (!element.is_integer()) return cx.badarg();
  element = VM_TRY(ops::add(cx, element, op[1]));
  if (op.size() == 4) {
    bool upward = term::compare(op[1], Term::small(0)) >= 0;
    int order = term::compare(element, op[2]);
    if (upward ? order > 0 : order < 0) element = op[3];
  }
  return element;
}

// The usual case: one small increment of a small element of a row that is there. The non-value: something else.
Term add_in_place(const Table& t, Row* row, Term operation) {
  std::size_t at = t.key_position() + 1;
  if (operation.is_tuple_of(2)) {
    Tuple op = Tuple::from(operation);
    if (!op[0].is_small() || op[0].small_value() < 1) return Term::non_value();
    at = static_cast<std::size_t>(op[0].small_value());
    operation = op[1];
  }
  if (!operation.is_small() || !row->has(at) || at == t.key_position()) return Term::non_value();
  Term now = row->element(at);
  if (!now.is_small()) return Term::non_value();
  SWord sum = now.small_value() + operation.small_value();
  if (!Term::fits_small(sum) || !row->overwrite_element(at, Term::small(sum))) return Term::non_value();
  return Term::small(sum);
}

BifResult update_counter(BifContext& cx, Term id, Term key, Term operation, Term fallback) {
  Access t(cx, id, Want::Write);
  if (!t.ok()) return t.failed(cx);
  if (t->is_bag()) return badarg_for_bag(cx);
  if (fallback.is_value() && !fallback.is_tuple()) return cx.badarg();
  KeyLock lock(*t, key);
  if (!lock.ok()) return Access::gone(cx);
  Row* row = t->store->find(key, lock.hash());
  if (row) {
    Term sum = add_in_place(*t, row, operation);
    if (sum.is_value()) return sum;
  }
  heap::FragmentWriter scratch;
  Term object = row ? object_of(row, scratch) : fallback;
  if (!object.is_value()) return badarg_because(cx, atoms::badkey);
  if (!t->is_row(object)) return cx.badarg();
  std::vector<Term> elements = elements_of(Tuple::from(object));
  if (!row) elements[t->key_position() - 1] = key;
  Term result;
  if (operation.is_integer()) {
    Term pair = Tuple::make(cx.heap(), Term::small(static_cast<SWord>(t->key_position()) + 1), operation);
    result = VM_TRY(apply_update(cx, *t, pair, &elements));
  } else if (operation.is_tuple()) {
    result = VM_TRY(apply_update(cx, *t, operation, &elements));
  } else {
    std::vector<Term> results;
    for (; operation.is_cons(); operation = operation.tail()) results.push_back(VM_TRY(apply_update(cx, *t, operation.head(), &elements)));
    if (!operation.is_nil()) return cx.badarg();
    result = term::list_from(cx.heap(), results);
  }
  // What a row refers to must not get into the caller's heap.
  Term copied = heap::copy(result, cx.heap());
  put_elements(*t, row, lock.hash(), elements);
  return copied;
}

}  // namespace

BifResult ets_update_counter_3(BifContext& cx, Term id, Term key, Term operation) {
  return update_counter(cx, id, key, operation, Term::non_value());
}
BifResult ets_update_counter_4(BifContext& cx, Term id, Term key, Term operation, Term fallback) {
  return update_counter(cx, id, key, operation, fallback);
}

BifResult ets_update_element_3(BifContext& cx, Term id, Term key, Term operations) {
  Access t(cx, id, Want::Write);
  if (!t.ok()) return t.failed(cx);
  if (t->is_bag()) return cx.badarg();
  KeyLock lock(*t, key);
  if (!lock.ok()) return Access::gone(cx);
  Row* row = t->store->find(key, lock.hash());
  if (!row) return atoms::false_;  // whatever the operations are
  if (operations.is_tuple_of(2)) {
    Tuple op = Tuple::from(operations);
    std::size_t at;
    if (!element_position(cx, *t, op[0], row->arity(), &at, Term::non_value())) return Term::non_value();
    if (row->overwrite_element(at, op[1])) return atoms::true_;
  }
  if (operations.is_tuple()) operations = cx.heap().cons(operations, term::kNil);
  if (!operations.is_list()) return cx.badarg();
  heap::FragmentWriter scratch;
  std::vector<Term> elements = elements_of(Tuple::from(object_of(row, scratch)));
  for (; operations.is_cons(); operations = operations.tail()) {
    if (!operations.head().is_tuple_of(2)) return cx.badarg();
    Tuple op = Tuple::from(operations.head());
    std::size_t at;
    if (!element_position(cx, *t, op[0], elements.size(), &at, Term::non_value())) return Term::non_value();
    elements[at - 1] = op[1];
  }
  if (!operations.is_nil()) return cx.badarg();
  put_elements(*t, row, lock.hash(), elements);
  return atoms::true_;
}

}  // namespace vm::bif
