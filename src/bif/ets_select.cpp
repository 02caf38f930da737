// SPDX-License-Identifier: Apache-2.0
//
// ETS built-ins that search with match specifications.
//
// A continuation of a hash table is {Table, Bucket, Limit, Spec, Surplus, N}, of an ordered one {Table, LastKey, [], Limit, Spec, Surplus,
// Direction, N}: the shapes that ets:repair_continuation/2 knows. Answers beyond the limit that one bucket gave wait in Surplus.
#include "bif/ets_access.h"
#include "heap/copy.h"
#include "match/match_spec.h"
#include "term/compare.h"

namespace vm::bif {

using match::MatchSpec;
using term::Tuple;
using Spec = std::shared_ptr<const MatchSpec>;

namespace {

enum class Direction { Forward, Backward };
enum class Shape { Select, Match, Object };

// [{Pattern, [], ['$$']}] or ['$_'].
Term spec_of_pattern(BifContext& cx, Term pattern, Shape shape) {
  term::HeapWriter& h = cx.heap();
  Term body = h.cons(shape == Shape::Match ? atoms::dollar_dollar : atoms::dollar_underscore, term::kNil);
  return h.cons(Tuple::make(h, pattern, term::kNil, body), term::kNil);
}

Spec compile(BifContext& cx, Term t, Shape shape) {
  return MatchSpec::compile(*cx.runtime().code, shape == Shape::Select ? t : spec_of_pattern(cx, t, shape), match::Use::Table);
}

// Calls f on each row the specification can match: all of them, or those of the one key its heads fix.
void each_candidate(Table& t, const MatchSpec& spec, const std::function<bool(Row*)>& f) {
  if (spec.matches_nothing()) return;
  Term key = spec.ground_key(t.key_position);
  if (!key.is_value()) return t.store->each(f);
  std::vector<Row*> rows;
  t.store->find(key, &rows);
  for (Row* r : rows)
    if (!f(r)) return;
}

BifResult select_all(YieldContext& cx, Term id, Term pattern, Shape shape, Direction direction) {
  ReadAccess t(cx, id, Want::Read);
  if (!t.ok()) return t.failed(cx);
  Spec spec = compile(cx, pattern, shape);
  if (!spec) return cx.badarg();
  std::vector<Term> answers;
  std::size_t looked = 0;
  each_candidate(*t, *spec, [&](Row* r) {
    looked++;
    Term answer = spec->run(cx, r->tuple);
    if (answer.is_value()) answers.push_back(answer);
    return true;
  });
  cx.bump(looked / 4);
  Term list = term::kNil;
  if (t->ordered() && direction == Direction::Backward)
    for (Term a : answers) list = cx.heap().cons(a, list);
  else list = term::list_from(cx.heap(), answers);
  return list;
}

// --- in portions ----------------------------------------------------------------------------------------------------------------------

struct Portion {
  Term id;
  std::size_t limit;
  Spec spec;
  Direction direction = Direction::Forward;
  std::vector<Term> answers;
};

BifResult finish_portion(BifContext& cx, Portion& p, Term rest, bool more) {
  term::HeapWriter& h = cx.heap();
  if (p.answers.empty() && !more) return atoms::end_of_table;
  return Tuple::make(h, term::list_from(h, p.answers), more ? rest : Term(atoms::end_of_table));
}

BifResult hash_portion(BifContext& cx, Table& t, Portion& p, std::size_t bucket, Term surplus) {
  term::HeapWriter& h = cx.heap();
  std::vector<Term> waiting;
  for (; surplus.is_cons(); surplus = surplus.tail()) waiting.push_back(surplus.head());
  std::size_t looked = 0;
  std::size_t end = t.store->buckets();
  if (p.spec->matches_nothing()) bucket = end;
  Term key = p.spec->ground_key(t.key_position);
  if (key.is_value() && bucket < end) {
    std::vector<Row*> rows;
    t.store->find(key, &rows);
    for (Row* r : rows) {
      Term answer = p.spec->run(cx, r->tuple);
      if (answer.is_value()) waiting.push_back(answer);
    }
    bucket = end;
  }
  while (waiting.size() < p.limit && bucket < end) {
    std::vector<Row*> rows;
    t.store->rows_of_bucket(bucket++, &rows);
    for (Row* r : rows) {
      looked++;
      Term answer = p.spec->run(cx, r->tuple);
      if (answer.is_value()) waiting.push_back(answer);
    }
  }
  cx.bump(looked / 4 + 1);
  std::size_t n = std::min(waiting.size(), p.limit);
  p.answers.assign(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(n));
  std::vector<Term> left(waiting.begin() + static_cast<std::ptrdiff_t>(n), waiting.end());
  bool more = !left.empty() || bucket < end;
  Term rest = term::kNil;
  if (more)
    rest = Tuple::make(h, p.id, Term::small(static_cast<SWord>(bucket)), Term::small(static_cast<SWord>(p.limit)),
                       match::make_reference(h, p.spec), term::list_from(h, left), Term::small(static_cast<SWord>(left.size())));
  return finish_portion(cx, p, rest, more);
}

BifResult tree_portion(BifContext& cx, Table& t, Portion& p, Term after) {
  term::HeapWriter& h = cx.heap();
  bool backward = p.direction == Direction::Backward;
  bool known;
  Term key = after.is_value() ? (backward ? t.store->previous(after, &known) : t.store->next(after, &known))
                              : (backward ? t.store->last() : t.store->first());
  Term last = key;
  std::size_t looked = 0;
  while (key.is_value() && p.answers.size() < p.limit) {
    Row* r = t.store->find_one(key);
    last = key;
    looked++;
    Term answer = p.spec->run(cx, r->tuple);
    if (answer.is_value()) p.answers.push_back(answer);
    key = backward ? t.store->previous(key, &known) : t.store->next(key, &known);
  }
  cx.bump(looked / 2 + 1);
  bool more = key.is_value();
  Term rest = term::kNil;
  if (more)
    rest = Tuple::make(h, p.id, heap::copy(last, h), term::kNil, Term::small(static_cast<SWord>(p.limit)), match::make_reference(h, p.spec),
                       term::kNil, Term::small(backward), Term::small(0));
  return finish_portion(cx, p, rest, more);
}

BifResult start_portion(YieldContext& cx, Term id, Term pattern, Term limit, Shape shape, Direction direction) {
  ReadAccess t(cx, id, Want::Read);
  if (!t.ok()) return t.failed(cx);
  if (!limit.is_small() || limit.small_value() < 1) return cx.badarg();
  Portion p{id, static_cast<std::size_t>(limit.small_value()), compile(cx, pattern, shape), direction, {}};
  if (!p.spec) return cx.badarg();
  if (!t->named || id.is_ref()) p.id = t->reference(cx.heap());
  return t->ordered() ? tree_portion(cx, *t, p, Term::non_value()) : hash_portion(cx, *t, p, 0, term::kNil);
}

BifResult continue_portion(YieldContext& cx, Term continuation) {
  if (continuation == atoms::end_of_table) return continuation;
  if (!continuation.is_tuple()) return cx.badarg();
  Tuple c = Tuple::from(continuation);
  bool tree = c.size() == 8;
  if (!tree && c.size() != 6) return cx.badarg();
  Term limit = c[tree ? 3 : 2];
  Portion p{c[0], 0, match::from_reference(c[tree ? 4 : 3]), Direction::Forward, {}};
  if (!p.spec || !limit.is_small() || limit.small_value() < 1) return cx.badarg();
  p.limit = static_cast<std::size_t>(limit.small_value());
  ReadAccess t(cx, c[0], Want::Read);
  if (!t.ok()) return t.failed(cx);
  if (t->ordered() != tree) return cx.badarg();
  if (tree) {
    p.direction = c[6] == Term::small(1) ? Direction::Backward : Direction::Forward;
    return tree_portion(cx, *t, p, c[1]);
  }
  if (!c[1].is_small() || c[1].small_value() < 0) return cx.badarg();
  return hash_portion(cx, *t, p, static_cast<std::size_t>(c[1].small_value()), c[4]);
}

}  // namespace

BifResult ets_select_1(YieldContext& cx, Term c) { return continue_portion(cx, c); }
BifResult ets_match_1(YieldContext& cx, Term c) { return continue_portion(cx, c); }
BifResult ets_match_object_1(YieldContext& cx, Term c) { return continue_portion(cx, c); }
BifResult ets_select_reverse_1(YieldContext& cx, Term c) { return continue_portion(cx, c); }

BifResult ets_select_2(YieldContext& cx, Term id, Term spec) { return select_all(cx, id, spec, Shape::Select, Direction::Forward); }
BifResult ets_match_2(YieldContext& cx, Term id, Term pattern) { return select_all(cx, id, pattern, Shape::Match, Direction::Forward); }
BifResult ets_match_object_2(YieldContext& cx, Term id, Term pattern) {
  return select_all(cx, id, pattern, Shape::Object, Direction::Forward);
}
BifResult ets_select_reverse_2(YieldContext& cx, Term id, Term spec) {
  return select_all(cx, id, spec, Shape::Select, Direction::Backward);
}

BifResult ets_select_3(YieldContext& cx, Term id, Term spec, Term limit) {
  return start_portion(cx, id, spec, limit, Shape::Select, Direction::Forward);
}
BifResult ets_match_3(YieldContext& cx, Term id, Term pattern, Term limit) {
  return start_portion(cx, id, pattern, limit, Shape::Match, Direction::Forward);
}
BifResult ets_match_object_3(YieldContext& cx, Term id, Term pattern, Term limit) {
  return start_portion(cx, id, pattern, limit, Shape::Object, Direction::Forward);
}
BifResult ets_select_reverse_3(YieldContext& cx, Term id, Term spec, Term limit) {
  return start_portion(cx, id, spec, limit, Shape::Select, Direction::Backward);
}

BifResult ets_select_count_2(YieldContext& cx, Term id, Term pattern) {
  ReadAccess t(cx, id, Want::Read);
  if (!t.ok()) return t.failed(cx);
  Spec spec = compile(cx, pattern, Shape::Select);
  if (!spec) return cx.badarg();
  SWord n = 0;
  std::size_t looked = 0;
  each_candidate(*t, *spec, [&](Row* r) {
    looked++;
    n += spec->accepts(cx, r->tuple);
    return true;
  });
  cx.bump(looked / 4);
  return Term::small(n);
}

BifResult ets_internal_select_delete_2(YieldContext& cx, Term id, Term pattern) {
  WriteAccess t(cx, id, Want::Write);
  if (!t.ok()) return t.failed(cx);
  Spec spec = compile(cx, pattern, Shape::Select);
  if (!spec) return cx.badarg();
  std::vector<Row*> chosen;
  each_candidate(*t, *spec, [&](Row* r) {
    if (spec->accepts(cx, r->tuple)) chosen.push_back(r);
    return true;
  });
  for (Row* r : chosen) erase_row(*t, r);
  cx.bump(chosen.size() / 2);
  return Term::small(static_cast<SWord>(chosen.size()));
}

BifResult ets_select_replace_2(YieldContext& cx, Term id, Term pattern) {
  WriteAccess t(cx, id, Want::Write);
  if (!t.ok()) return t.failed(cx);
  Spec spec = compile(cx, pattern, Shape::Select);
  if (!spec || t->type == ets::Type::Bag) return cx.badarg();
  std::vector<std::pair<Row*, Term>> changes;
  bool wrong = false;
  each_candidate(*t, *spec, [&](Row* r) {
    Term fresh = spec->run(cx, r->tuple);
    if (!fresh.is_value()) return true;
    wrong = !is_row(*t, fresh) || !term::equal_exact(Tuple::from(fresh)[t->key_position - 1], r->key(t->key_position));
    if (!wrong) changes.push_back({r, fresh});
    return !wrong;
  });
  if (wrong) return cx.badarg();
  for (auto& [row, fresh] : changes) {
    count_row(*t, *row, -1);
    t->store->replace_row(row, new_row(*t, fresh));
  }
  return Term::small(static_cast<SWord>(changes.size()));
}

// --- compiled specifications --------------------------------------------------------------------------------------------------------

BifResult ets_match_spec_compile_1(BifContext& cx, Term t) {
  Spec spec = compile(cx, t, Shape::Select);
  return spec ? BifResult(match::make_reference(cx.heap(), spec)) : cx.badarg();
}

BifResult ets_is_compiled_ms_1(BifContext&, Term t) { return match::from_reference(t) ? atoms::true_ : atoms::false_; }

BifResult ets_match_spec_run_r_3(BifContext& cx, Term list, Term compiled, Term answers) {
  Spec spec = match::from_reference(compiled);
  if (!spec) return cx.badarg();
  std::size_t looked = 0;
  for (; list.is_cons(); list = list.tail(), looked++) {
    Term answer = spec->run(cx, list.head());
    if (answer.is_value()) answers = cx.heap().cons(answer, answers);
  }
  cx.bump(looked / 4);
  return list.is_nil() ? BifResult(answers) : cx.badarg();
}

}  // namespace vm::bif
