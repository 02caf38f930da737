// SPDX-License-Identifier: Apache-2.0
//
// List built-ins. Long lists are worked off in portions: a built-in whose reductions are used up traps to itself with what is left.
#include <algorithm>
#include <vector>

#include "bif/bif_decls.gen.h"
#include "bif/long_work.h"
#include "proc/runtime.h"
#include "term/chunk_writer.h"
#include "term/compare.h"
#include "term/hash.h"

#include "term/hash_inl.h"

namespace vm::bif {

namespace {

// Elements worked on for one reduction.
constexpr SWord kElementsPerReduction = 16;
constexpr SWord kMinimumPortion = 256;
constexpr std::size_t kLongSubtract = kLongElements / 8;  // sorts what is to be removed

SWord portion(BifContext& cx) { return std::max(cx.process().reductions_left * kElementsPerReduction, kMinimumPortion); }

void charge(BifContext& cx, SWord elements) { cx.bump(static_cast<std::uint64_t>(elements / kElementsPerReduction)); }

code::Export* self_export(BifContext& cx, Term module, Term function, Word arity) {
  return cx.runtime().code->export_for(module, function, arity);
}

enum class KeyFound { Tuple, No, Bad, More };

// Looks for key in the Nth elements from *list on; leaves the rest in *list when the portion is used up.
KeyFound find_key(BifContext& cx, Term key, std::size_t position, Term* list, Term* found) {
  SWord n = portion(cx);
  SWord left = n;
  // What is told from all other keys, or all keys of its own kind, by its word.
  bool immediate = !key.is_pointer() && !key.is_float_immediate() && !key.is_small();
  bool small = key.is_small();
  Term rest = *list;
  while (rest.is_cons() && left-- != 0) {
    Term element = rest.head();
    rest = rest.tail();
    if (!element.is_boxed()) continue;
    const Word* p = element.boxed_ptr();
    term::HeaderWord header(*p);
    if (header.kind() != term::Kind::Tuple || header.words() < position) continue;
    Term candidate = Term::from_bits(p[position]);
    if (candidate != key && (immediate || (small && candidate.is_small()) || !term::equal(candidate, key))) continue;
    *found = element;
    charge(cx, n - left);
    return KeyFound::Tuple;
  }
  *list = rest;
  if (rest.is_cons()) {
    charge(cx, n);
    return KeyFound::More;
  }
  charge(cx, n - left);
  return rest.is_nil() ? KeyFound::No : KeyFound::Bad;
}

template <typename Answer>
BifResult key_bif(YieldContext& cx, Term function, Term key, Term position, Term list, Answer&& answer) {
  // Beyond stock's small integers it is no position, for an empty list, too.
  if (!position.is_small() || position.small_value() < 1 || !term::hashing::small_on_stock(position)) return cx.badarg();
  Term found = atoms::false_;
  switch (find_key(cx, key, static_cast<std::size_t>(position.small_value()), &list, &found)) {
    case KeyFound::Tuple: return answer(found);
    case KeyFound::No: return atoms::false_;
    case KeyFound::Bad: return cx.badarg();
    case KeyFound::More: break;
  }
  return cx.yield_to(self_export(cx, atoms::lists, function, 3), key, position, list);
}

// left ++ right in one pass over left: cells are taken in growing portions, what is left of the last one is given back. The non-value with
// *past when left is longer than the limit, else when it is improper.
Term copy_before(term::HeapWriter& h, Term left, Term right, SWord limit, SWord* elements, bool* past) {
  constexpr std::size_t kFirstWords = 32, kMostWords = 4096;
  Word result;
  Word* link = &result;
  SWord n = 0;
  for (std::size_t words = kFirstWords; left.is_cons(); words = std::min(words * 2, kMostWords)) {
    Word* p = h.alloc(words);
    Word* end = p + words;
    *link = Term::cons(p).bits();
    for (;;) {
      p[0] = left.head().bits();
      left = left.tail();
      if (!left.is_cons()) {
        p[1] = right.bits();
        h.trim(p + 2, end);
        n -= (end - p - 2) / 2;
        break;
      }
      link = p + 1;
      p += 2;
      if (p == end) {
        *link = term::kNil.bits();
        break;
      }
      *link = Term::cons(p).bits();
    }
    n += static_cast<SWord>(words / 2);
    if (n > limit && left.is_cons()) {
      *past = true;
      return Term::non_value();
    }
  }
  *elements = n;
  return left.is_nil() ? Term::from_bits(result) : Term::non_value();
}

template <typename Later>
BifResult append(YieldContext& cx, Term left, Term right, Later&& later) {
  if (left.is_nil()) return right;
  SWord n = 0;
  bool past = false;
  // The limit again: what was copied for nothing is garbage.
  Term result = copy_before(cx.heap(), left, right, runs_dirty() ? Term::kSmallMax : static_cast<SWord>(kLongElements), &n, &past);
  if (past) return later();
  if (!result.is_value()) return cx.badarg();
  charge(cx, n);
  return result;
}

// Counts each element to be removed; for many of them in a sorted table, so that subtracting long lists takes n log m.
class Removals {
 public:
  Removals(Term list, std::size_t n) {
    entries_.reserve(n);
    for (; list.is_cons(); list = list.tail()) entries_.push_back({list.head(), 0});
    std::stable_sort(entries_.begin(), entries_.end(),
                     [](const Entry& a, const Entry& b) { return term::compare_total(a.term, b.term) < 0; });
    left_ = n;
  }
  bool empty() const { return left_ == 0; }
  // Removes one occurrence of t; false when there is none left.
  bool take(Term t) {
    auto it = std::lower_bound(entries_.begin(), entries_.end(), t,
                               [](const Entry& e, Term key) { return term::compare_total(e.term, key) < 0; });
    if (it == entries_.end() || term::compare_total(it->term, t) != 0) return false;
    // Entries of one key are consumed front to back; the first one knows how many are gone.
    std::size_t first = static_cast<std::size_t>(it - entries_.begin());
    std::size_t used = entries_[first].used;
    std::size_t next = first + used;
    if (next >= entries_.size() || term::compare_total(entries_[next].term, t) != 0) return false;
    entries_[first].used++;
    left_--;
    return true;
  }

 private:
  struct Entry {
    Term term;
    std::size_t used;
  };
  std::vector<Entry> entries_;
  std::size_t left_;
};

BifResult subtract(YieldContext& cx, Term left, Term right) {
  SWord n = term::list_length(left), m = term::list_length(right);
  if (n < 0 || m < 0) return cx.badarg();
  if (n == 0 || m == 0) return left;
  Removals removals(right, static_cast<std::size_t>(m));
  std::vector<Term> kept;
  kept.reserve(static_cast<std::size_t>(n));
  Term rest = left;
  for (; rest.is_cons() && !removals.empty(); rest = rest.tail())
    if (!removals.take(rest.head())) kept.push_back(rest.head());
  charge(cx, n + m);
  return term::list_from(cx.heap(), kept, rest);
}

}  // namespace

namespace {

// The tail of a cell. In most lists the next cell lies right behind, and who goes on there need not wait for the tail to be loaded: that only decides whether
// it was so. The compiler must not see that both are the same.
inline Term tail_of(Term list) {
  Term tail = list.tail();
  const Word* behind = list.cons_cell() + 2;
  if (__builtin_expect_with_probability(tail == Term::cons(behind), 1, 0.999)) {
    asm("" : "+r"(behind));
    return Term::cons(behind);
  }
  return tail;
}

}  // namespace

BifResult lists_member_2(YieldContext& cx, Term element, Term list) {
  SWord n = portion(cx);
  SWord left = n;
  bool immediate = !element.is_pointer() && !element.is_float_immediate();
  for (; list.is_cons(); list = tail_of(list)) {
    if (left-- == 0) {
      charge(cx, n);
      return cx.yield_to(self_export(cx, atoms::lists, atoms::member, 2), element, list);
    }
    Term candidate = list.head();
    if (candidate == element || (!immediate && term::equal_exact(candidate, element))) {
      charge(cx, n - left);
      return atoms::true_;
    }
  }
  charge(cx, n - left);
  return list.is_nil() ? BifResult(atoms::false_) : cx.badarg();
}

BifResult lists_reverse_2(YieldContext& cx, Term list, Term tail) {
  SWord n = portion(cx);
  SWord left = n;
  term::ChunkWriter h(cx.heap());
  for (; list.is_cons(); list = tail_of(list)) {
    if (left-- == 0) {
      h.close();
      charge(cx, n);
      return cx.yield_to(self_export(cx, atoms::lists, atoms::reverse, 2), list, tail);
    }
    tail = h.cons(list.head(), tail);
  }
  charge(cx, n - left);
  return list.is_nil() ? BifResult(tail) : cx.badarg();
}

BifResult lists_keyfind_3(YieldContext& cx, Term key, Term position, Term list) {
  return key_bif(cx, atoms::keyfind, key, position, list, [](Term t) { return BifResult(t); });
}
BifResult lists_keymember_3(YieldContext& cx, Term key, Term position, Term list) {
  return key_bif(cx, atoms::keymember, key, position, list, [](Term) { return BifResult(atoms::true_); });
}
BifResult lists_keysearch_3(YieldContext& cx, Term key, Term position, Term list) {
  return key_bif(cx, atoms::keysearch, key, position, list,
                 [&](Term t) { return BifResult(term::Tuple::make(cx.heap(), atoms::value, t)); });
}

BifResult erlang_op_append_2(YieldContext& cx, Term left, Term right) {
  return append(cx, left, right, [&] { return on_dirty<erlang_op_append_2>(cx, left, right); });
}
BifResult erlang_append_2(YieldContext& cx, Term left, Term right) {
  return append(cx, left, right, [&] { return on_dirty<erlang_append_2>(cx, left, right); });
}
BifResult erlang_op_subtract_2(YieldContext& cx, Term left, Term right) {
  if (is_long_list(left, kLongSubtract) || is_long_list(right, kLongSubtract)) return on_dirty<erlang_op_subtract_2>(cx, left, right);
  return subtract(cx, left, right);
}
BifResult erlang_subtract_2(YieldContext& cx, Term left, Term right) {
  if (is_long_list(left, kLongSubtract) || is_long_list(right, kLongSubtract)) return on_dirty<erlang_subtract_2>(cx, left, right);
  return subtract(cx, left, right);
}

}  // namespace vm::bif
