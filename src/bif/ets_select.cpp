// SPDX-License-Identifier: Apache-2.0
//
// ETS built-ins that search with match specifications.
//
// A continuation of a hash table is {Table, Bucket, Limit, Spec, Surplus, N}, of an ordered one {Table, LastKey, [], Limit, Spec, Surplus,
// Direction, N}: the shapes that ets:repair_continuation/2 knows. Answers beyond the limit that one bucket gave wait in Surplus.
#include <algorithm>
#include <optional>

#include "bif/ets_access.h"
#include "bif/long_work.h"
#include "heap/copy.h"
#include "match/match_spec.h"
#include "term/compare.h"

namespace vm::bif {

using match::MatchSpec;
using term::Tuple;
using Spec = std::shared_ptr<const MatchSpec>;

namespace {

using ets::Direction;
enum class Shape { Select, Match, Object };

// [{Pattern, [], ['$$']}] or ['$_'].
Term spec_of_pattern(BifContext& cx, Term pattern, Shape shape) {
  term::HeapWriter& h = cx.heap();
  Term body = h.cons(shape == Shape::Match ? atoms::dollar_dollar : atoms::dollar_underscore, term::kNil);
  return h.cons(Tuple::make(h, pattern, term::kNil, body), term::kNil);
}

// nullptr: raised.
Spec compile(BifContext& cx, Term t, Shape shape) {
  bool too_deep = false;
  Spec spec = MatchSpec::compile(*cx.runtime().code, shape == Shape::Select ? t : spec_of_pattern(cx, t, shape), match::Use::Table, nullptr,
                                 &too_deep);
  if (!spec) (void)(too_deep ? cx.system_limit() : cx.badarg());
  return spec;
}

Term copy_row(const void* row, term::HeapWriter& h) { return static_cast<const Row*>(row)->copy_to(h); }

// A specification at work on the rows of one table.
class Search {
 public:
  Search(BifContext& cx, Table& t, Spec spec) : cx_(cx), t_(t), spec_(std::move(spec)) {
    still_ = t.protection.load(std::memory_order_relaxed) != ets::Protection::Public && t.owner() == cx.process().pid &&
             ets_super_user.load(std::memory_order_relaxed) == term::kNil.bits();
    if (spec_->matches_nothing()) only_ = true;
    else if (key_ = spec_->ground_key(t.key_position()); key_.is_value()) only_ = true;
    else if (t.ordered()) ranged_ = spec_->key_prefix(t.key_position(), &range_.size, &range_.first);
  }

  // Rows from the position on, or those of the one key the specification asks for. False: there are no more.
  bool more_rows(ets::Position* at, ets::Direction direction, std::vector<Row*>* rows) {
    t_.stripes.wait_for_step();
    if (ranged_) return more_of_range(at, direction, rows);
    if (!only_) return t_.store->portion(at, direction, rows);
    if (key_.is_value())
      for (Row* r = t_.store->find(key_, t_.store->hash(key_)); r; r = t_.store->next_of_key(r)) rows->push_back(r);
    return false;
  }
  Term answer(Row* r) { return spec_->run(cx_, object_of(r), copy_row, r); }

  // Deletes the row when it is accepted.
  bool take_out(Row* r) {
    return change(r, [&](Row* now, std::uint32_t, bool settled) {
      if (!settled && !accepts(now)) return false;
      t_.store->erase(now);
      return true;
    });
  }
  // Puts the answer in its place. *wrong: the answer is no row with this key.
  bool replace(Row* r, bool* wrong) {
    return change(r, [&](Row* now, std::uint32_t, bool) {
      Term fresh = answer(now);
      if (!fresh.is_value()) return false;
      *wrong = !t_.is_row(fresh) || !term::equal_exact(t_.key_of(fresh), now->key(t_.key_position()));
      if (*wrong) return false;
      if (!now->overwrite(fresh, t_.key_position())) t_.store->replace(now, t_.new_row(fresh));
      return true;
    });
  }
  bool accepts(Row* r) { return spec_->accepts(cx_, object_of(r)); }
  const Spec& spec() const { return spec_; }
  // The rows of one key at most are looked at.
  bool one_key() const { return only_; }

 private:
  // What is matched. A row that nobody else may change needs no snapshot.
  Term object_of(Row* r) {
    if (VM_UNLIKELY(r->packed())) return r->copy_to(unpacked_.emplace());
    return still_ ? r->tuple() : r->snapshot(space_);
  }
  bool more_of_range(ets::Position* at, ets::Direction direction, std::vector<Row*>* rows) {
    at->range = &range_;
    bool more = t_.store->portion(at, direction, rows);
    at->range = nullptr;
    bool forward = direction == ets::Direction::Forward;
    while (!rows->empty()) {
      int place = range_.place(rows->back()->key(t_.key_position()));
      if (forward ? place <= 0 : place >= 0) return more;
      more = false;
      rows->pop_back();
    }
    return false;
  }
  // Looks without a lock first; under the lock the row may be another one.
  template <typename Change>
  bool change(Row* r, Change&& f) {
    std::uint32_t version = r->version();
    if (!accepts_any(r)) return false;
    Term key = r->key(t_.key_position());
    KeyLock lock(t_, key);
    if (!lock.ok()) return false;
    Row* now = r;
    if (!r->current()) now = t_.is_bag() ? nullptr : t_.store->find(key, lock.hash());
    return now && f(now, lock.hash(), now == r && r->version() == version && settled_);
  }
  bool accepts_any(Row* r) {
    Term v = spec_->run(cx_, object_of(r), nullptr_copy, nullptr);
    settled_ = v == atoms::true_;
    return v.is_value();
  }
  // Only whether there is an answer counts.
  static Term nullptr_copy(const void*, term::HeapWriter&) { return term::kNil; }

  BifContext& cx_;
  Table& t_;
  Spec spec_;
  Term key_ = Term::non_value();
  bool only_ = false;
  bool still_;  // nobody but the caller writes to the table
  bool ranged_ = false;
  ets::Range range_;
  bool settled_ = false;
  Word space_[Row::kMostWords];
  std::optional<heap::FragmentWriter> unpacked_;  // the object that was looked at last
};

// --- the whole table -----------------------------------------------------------------------------------------------------------------

enum class Job { Collect, CollectBackward, Count, Delete, Replace };

BifResult take_up(YieldContext& cx, Term id, Term job, Term spec, Term position, Term answers, Term count);

// Named as stock's are.
code::Export* entry_of(proc::Runtime& rt, Job job, bool ordered) {
  switch (job) {
    case Job::Count: return shown_entry<take_up, 6, Job::Count>(rt, "ets", "count_trap", 1);
    case Job::Delete: return shown_entry<take_up, 6, Job::Delete>(rt, "ets", "select_delete_trap", 1);
    case Job::Replace: return shown_entry<take_up, 6, Job::Replace>(rt, "ets", "replace_trap", 1);
    default:
      return ordered ? shown_entry<take_up, 6, Job::CollectBackward>(rt, "ets", "select", 1)
                     : shown_entry<take_up, 6, Job::Collect>(rt, "ets", "select_trap", 1);
  }
}

// The rest of a search whose slice is over.
BifResult put_off(YieldContext& cx, Table& t, Job job, const Spec& spec, const ets::Position& at, Term answers, SWord count) {
  term::HeapWriter& h = cx.heap();
  Term position = t.ordered() ? h.cons(heap::copy(at.key, h), term::kNil) : Term::small(at.order);
  return cx.yield_to(entry_of(cx.runtime(), job, t.ordered()), t.reference(h), Term::small(static_cast<SWord>(job)),
                     match::make_reference(h, spec), position, answers, Term::small(count));
}

BifResult go_on(YieldContext& cx, Table& t, Job job, Search& search, ets::Position at, Term answers, SWord count) {
  // Answers are put in front of each other: what shall come first is looked for last.
  ets::Direction direction = job == Job::Collect ? ets::Direction::Backward : ets::Direction::Forward;
  std::vector<Row*> rows;
  for (;;) {
    rows.clear();
    bool more = search.more_rows(&at, direction, &rows);
    for (Row* r : rows) {
      bool wrong = false;
      switch (job) {
        case Job::Collect:
        case Job::CollectBackward:
          if (Term answer = search.answer(r); answer.is_value()) answers = cx.heap().cons(answer, answers);
          break;
        case Job::Count: count += search.accepts(r); break;
        case Job::Delete: count += search.take_out(r); break;
        case Job::Replace: count += search.replace(r, &wrong); break;
      }
      if (wrong) return cx.badarg();
    }
    cx.bump(rows.size());
    if (!more) return job <= Job::CollectBackward ? answers : Term::small(count);
    if (cx.exhausted()) return put_off(cx, t, job, search.spec(), at, answers, count);
  }
}

BifResult search_all(YieldContext& cx, Term id, Term pattern, Shape shape, Job job) {
  Access t(cx, id, job >= Job::Delete ? Want::Write : Want::Read);
  if (!t.ok()) return t.failed(cx);
  Spec spec = compile(cx, pattern, shape);
  if (!spec) return Term::non_value();
  if (job == Job::Replace && t->options.type == ets::Type::Bag) return badarg_for_bag(cx);
  if (job == Job::Replace && !spec->keeps_element(t->key_position())) return cx.badarg();
  Search search(cx, *t, std::move(spec));
  return go_on(cx, *t, job, search, ets::Position{}, term::kNil, 0);
}

// --- in portions ----------------------------------------------------------------------------------------------------------------------

struct Portion {
  Term id;
  std::size_t limit;
  Spec spec;
  Direction direction = Direction::Forward;
  bool over = false;  // nothing but waiting answers is left
  std::vector<Term> answers{};
};

// {Table, Place, Limit, Spec, Waiting, N} of a hash table, with the place -1 when only waiting answers are left, and {Table, LastKey, [], Limit,
// Spec, Waiting, Direction, N} of an ordered one.
Term continuation(term::HeapWriter& h, Table& t, Portion& p, bool more, const ets::Position& at, std::span<const Term> waiting) {
  Term limit = Term::small(static_cast<SWord>(p.limit));
  Term spec = match::make_reference(h, p.spec);
  Term list = term::list_from(h, waiting);
  Term n = Term::small(static_cast<SWord>(waiting.size()));
  if (t.ordered())
    return Tuple::make(h, p.id, heap::copy(at.key, h), term::kNil, limit, spec, list, Term::small(p.direction == Direction::Backward), n);
  return Tuple::make(h, p.id, Term::small(more ? static_cast<SWord>(at.order) : -1), limit, spec, list, n);
}

BifResult continue_portion(YieldContext& cx, Term continuation);

// Answers that wait already, and those of the rows from `at` on, until the portion is full or the slice over.
BifResult take_portion(YieldContext& cx, Table& t, Portion& p, ets::Position at, Term waiting) {
  term::HeapWriter& h = cx.heap();
  for (; waiting.is_cons(); waiting = waiting.tail()) p.answers.push_back(waiting.head());
  Search search(cx, t, p.spec);
  std::vector<Row*> rows;
  bool more = !p.over;
  // A tree stops behind the row that fills the portion, a hash table goes on to the end of a place.
  while (more && p.answers.size() < p.limit && !cx.exhausted()) {
    rows.clear();
    more = search.more_rows(&at, p.direction, &rows);
    for (Row* r : rows) {
      if (t.ordered() && p.answers.size() == p.limit) {
        more = true;
        break;
      }
      if (t.ordered()) at.key = r->key(t.key_position());
      if (Term answer = search.answer(r); answer.is_value()) p.answers.push_back(answer);
    }
    cx.bump(rows.size());
  }
  std::size_t n = std::min(p.answers.size(), p.limit);
  bool full = n == p.limit || !more;
  std::span<const Term> surplus(p.answers.begin() + static_cast<std::ptrdiff_t>(full ? n : 0), p.answers.end());
  Term rest = atoms::end_of_table;
  // A full portion does not know whether it was the last.
  if (more || !surplus.empty() || !full || (n == p.limit && !search.one_key())) rest = continuation(h, t, p, more, at, surplus);
  if (!full) {  // only the slice is over
    code::Export* self = t.ordered() ? cx.runtime().code->export_for(atoms::ets, atoms::select, 1)
                                     : shown_entry<continue_portion, 1>(cx.runtime(), "ets", "select_trap", 1);
    return cx.yield_to(self, rest);
  }
  if (n == 0 && rest == atoms::end_of_table) return rest;
  // The rows of a key of a bag come newest first, and shall be seen oldest first.
  if (!t.ordered()) std::reverse(p.answers.begin(), p.answers.begin() + static_cast<std::ptrdiff_t>(n));
  return Tuple::make(h, term::list_from(h, std::span<const Term>(p.answers.data(), n)), rest);
}

BifResult start_portion(YieldContext& cx, Term id, Term pattern, Term limit, Shape shape, Direction direction) {
  Access t(cx, id, Want::Read);
  if (!t.ok()) return t.failed(cx);
  if (!limit.is_small() || limit.small_value() < 1) return cx.badarg();
  Portion p{id, static_cast<std::size_t>(limit.small_value()), compile(cx, pattern, shape), direction};
  if (!p.spec) return Term::non_value();
  p.id = t->reference(cx.heap());  // a name may mean another table later
  return take_portion(cx, *t, p, ets::Position{}, term::kNil);
}

BifResult continue_portion(YieldContext& cx, Term continuation) {
  if (continuation == atoms::end_of_table) return continuation;
  if (!continuation.is_tuple()) return cx.badarg();
  Tuple c = Tuple::from(continuation);
  bool tree = c.size() == 8;
  if (!tree && c.size() != 6) return cx.badarg();
  Term limit = c[tree ? 3 : 2];
  Portion p{c[0], 0, match::from_reference(c[tree ? 4 : 3])};
  if (!p.spec || !limit.is_small() || limit.small_value() < 1) return cx.badarg();
  p.limit = static_cast<std::size_t>(limit.small_value());
  Access t(cx, c[0], Want::Read);
  if (!t.ok()) return t.failed(cx);
  if (t->ordered() != tree) return cx.badarg();
  ets::Position at;
  at.start = false;
  if (tree) {
    p.direction = c[6] == Term::small(1) ? Direction::Backward : Direction::Forward;
    at.key = c[1];
    return take_portion(cx, *t, p, at, c[5]);
  }
  if (!c[1].is_small()) return cx.badarg();
  p.over = c[1].small_value() < 0;
  at.order = static_cast<std::uint32_t>(c[1].small_value());
  return take_portion(cx, *t, p, at, c[4]);
}

BifResult take_up(YieldContext& cx, Term id, Term job, Term spec, Term position, Term answers, Term count) {
  Spec compiled = match::from_reference(spec);
  Job what = static_cast<Job>(job.small_value());
  Access t(cx, id, what >= Job::Delete ? Want::Write : Want::Read);
  if (!t.ok()) return t.failed(cx);
  ets::Position at;
  at.start = false;
  if (position.is_cons()) at.key = position.head();
  else at.order = static_cast<std::uint32_t>(position.small_value());
  Search search(cx, *t, std::move(compiled));
  return go_on(cx, *t, what, search, at, answers, count.small_value());
}

}  // namespace

BifResult ets_select_1(YieldContext& cx, Term c) { return continue_portion(cx, c); }
BifResult ets_match_1(YieldContext& cx, Term c) { return continue_portion(cx, c); }
BifResult ets_match_object_1(YieldContext& cx, Term c) { return continue_portion(cx, c); }
BifResult ets_select_reverse_1(YieldContext& cx, Term c) { return continue_portion(cx, c); }

BifResult ets_select_2(YieldContext& cx, Term id, Term spec) { return search_all(cx, id, spec, Shape::Select, Job::Collect); }
BifResult ets_match_2(YieldContext& cx, Term id, Term pattern) { return search_all(cx, id, pattern, Shape::Match, Job::Collect); }
BifResult ets_match_object_2(YieldContext& cx, Term id, Term pattern) { return search_all(cx, id, pattern, Shape::Object, Job::Collect); }
BifResult ets_select_reverse_2(YieldContext& cx, Term id, Term spec) {
  return search_all(cx, id, spec, Shape::Select, Job::CollectBackward);
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

BifResult ets_select_count_2(YieldContext& cx, Term id, Term spec) { return search_all(cx, id, spec, Shape::Select, Job::Count); }
BifResult ets_internal_select_delete_2(YieldContext& cx, Term id, Term spec) {
  return search_all(cx, id, spec, Shape::Select, Job::Delete);
}
BifResult ets_select_replace_2(YieldContext& cx, Term id, Term spec) { return search_all(cx, id, spec, Shape::Select, Job::Replace); }

// --- compiled specifications --------------------------------------------------------------------------------------------------------

BifResult ets_match_spec_compile_1(BifContext& cx, Term t) {
  Spec spec = compile(cx, t, Shape::Select);
  return spec ? match::make_reference(cx.heap(), spec) : Term::non_value();
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
