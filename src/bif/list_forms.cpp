// SPDX-License-Identifier: Apache-2.0
#include "bif/list_forms.h"

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <utility>
#include <vector>

#include "bif/long_work.h"
#include "bif/native_forms.h"
#include "term/compare.h"
#include "term/views.h"

namespace vm::bif {

namespace {

constexpr std::size_t kLongSort = std::size_t{1} << 14;  // elements; about a millisecond
constexpr std::size_t kComparisonsPerReduction = 16;

// An element and what it is sorted by.
struct Entry {
  Term key;
  Term element;
};

bool is_after(const Entry& a, const Entry& b) { return term::compare(a.key, b.key) > 0; }

// --- small integers: by their digits ------------------------------------------------------------------------------------

constexpr unsigned kDigitBits = 8;
constexpr std::size_t kBuckets = std::size_t{1} << kDigitBits;
constexpr std::size_t kDigits = 64 / kDigitBits;

// Words of small integers in their order, as numbers without sign.
std::uint64_t rank(const Entry& e) { return e.key.bits() ^ (std::uint64_t{1} << 63); }

std::size_t digit(std::uint64_t rank, std::size_t place) { return rank >> (place * kDigitBits) & (kBuckets - 1); }

// The bits in which keys differ.
std::uint64_t varying_bits(const Entry* a, std::size_t n) {
  std::uint64_t bits = 0;
  for (std::size_t i = 1; i < n; i++) bits |= a[i].key.bits() ^ a[0].key.bits();
  return bits;
}

// Stable; one pass for each digit that varies.
void sort_by_digits(Entry* a, Entry* scratch, std::size_t n, std::uint64_t varying) {
  Entry *from = a, *to = scratch;
  for (std::size_t place = 0; place < kDigits; place++) {
    if (digit(varying, place) == 0) continue;
    std::array<std::uint32_t, kBuckets> at{};
    for (std::size_t i = 0; i < n; i++) at[digit(rank(from[i]), place)]++;
    std::uint32_t sum = 0;
    for (std::uint32_t& first : at) sum += std::exchange(first, sum);
    for (std::size_t i = 0; i < n; i++) to[at[digit(rank(from[i]), place)]++] = from[i];
    std::swap(from, to);
  }
  if (from != a) std::copy(from, from + n, a);
}

// --- anything: by merging -----------------------------------------------------------------------------------------------

constexpr std::size_t kInsertion = 8;  // elements up to which insertion is quicker

void sort_by_insertion(Entry* a, std::size_t n) {
  for (std::size_t i = 1; i < n; i++) {
    const Entry e = a[i];
    std::size_t at = i;
    for (; at > 0 && is_after(a[at - 1], e); at--) a[at] = a[at - 1];
    a[at] = e;
  }
}

// Two sorted halves; scratch has room for the left one.
void merge(Entry* a, std::size_t middle, std::size_t n, Entry* scratch) {
  if (!is_after(a[middle - 1], a[middle])) return;
  if (is_after(a[0], a[n - 1])) {
    std::rotate(a, a + middle, a + n);
    return;
  }
  std::copy(a, a + middle, scratch);
  const Entry *left = scratch, *left_end = scratch + middle, *right = a + middle, *right_end = a + n;
  for (Entry* out = a; left != left_end; out++) *out = right != right_end && is_after(*left, *right) ? *right++ : *left++;
}

// Stable. As deep as log2(n).
void sort_by_merging(Entry* a, std::size_t n, Entry* scratch) {
  if (n <= kInsertion) return sort_by_insertion(a, n);
  const std::size_t middle = n / 2;
  sort_by_merging(a, middle, scratch);
  sort_by_merging(a + middle, n - middle, scratch);
  merge(a, middle, n, scratch);
}

// --- lists --------------------------------------------------------------------------------------------------------------

// What is sorted by: nothing but the element itself, or the element of a tuple at a position.
struct Key {
  std::size_t position = 0;
  bool unique = false;
  Term of(Term element) const {
    if (position == 0) return element;
    if (!element.is_boxed()) return Term::non_value();
    const Word* p = element.boxed_ptr();
    const term::HeaderWord header(*p);
    return header.kind() == term::Kind::Tuple && header.words() >= position ? Term::from_bits(p[position]) : Term::non_value();
  }
};

// Room for two arrays of entries. Those of lists that are sorted on ordinary schedulers stay with the thread.
class Room {
 public:
  explicit Room(std::size_t n) : own_(n > kLongSort ? std::make_unique_for_overwrite<Entry[]>(2 * n) : nullptr), n_(n) {
    if (own_) return;
    thread_local std::vector<Entry> kept;
    if (kept.size() < 2 * n) kept.resize(std::bit_ceil(2 * n));
    kept_ = kept.data();
  }
  Entry* entries() { return own_ ? own_.get() : kept_; }
  Entry* scratch() { return entries() + n_; }

 private:
  std::unique_ptr<Entry[]> own_;
  Entry* kept_ = nullptr;
  std::size_t n_;
};

// How many elements a list has of which each has the key; 0 when it is improper or one has not.
std::size_t count_keyed(Term list, const Key& key) {
  std::size_t n = 0;
  for (; list.is_cons(); list = list.tail(), n++)
    if (!key.of(list.head()).is_value()) return 0;
  return list.is_nil() ? n : 0;
}

bool is_in_order(const Entry* a, std::size_t n) {
  for (std::size_t i = 1; i < n; i++)
    if (is_after(a[i - 1], a[i])) return false;
  return true;
}

void sort_entries(Entry* a, std::size_t n, Entry* scratch, bool small) {
  constexpr std::size_t kFewForEachDigit = 24;
  if (small) {
    const std::uint64_t varying = varying_bits(a, n);
    std::size_t digits = 0;
    for (std::size_t place = 0; place < kDigits; place++) digits += digit(varying, place) != 0 ? 1 : 0;
    if (n >= kFewForEachDigit * digits) return sort_by_digits(a, scratch, n, varying);
  }
  sort_by_merging(a, n, scratch);
}

// Whether nobody can tell two terms apart that compare equal. Looks a few levels deep only: false also when it is not known.
bool are_alike(Term a, Term b, unsigned depth = 4) {
  if (a == b) return true;
  if (!a.is_pointer() || !b.is_pointer() || depth == 0) return false;
  for (; a.is_cons() && b.is_cons(); a = a.tail(), b = b.tail())
    if (!are_alike(a.head(), b.head(), depth - 1)) return false;
  if (!a.is_boxed() || !b.is_boxed()) return a == b;
  switch (a.kind()) {
    case term::Kind::Tuple: {
      const term::Tuple x = term::Tuple::from(a), y = term::Tuple::from(b);
      for (std::size_t i = 0; i < x.size(); i++)
        if (!are_alike(x[i], y[i], depth - 1)) return false;
      return true;
    }
    case term::Kind::BigInt:
    case term::Kind::HeapBinary:
    case term::Kind::RefcBinary:
    case term::Kind::SubBits: return term::equal_exact(a, b);
    default: return false;
  }
}

// lists:sort/1 may change the order of equal elements, in its own way: 1 and 1.0, 0.0 and -0.0.
bool has_unlike_equals(const Entry* a, std::size_t n) {
  for (std::size_t i = 1; i < n; i++)
    if (term::compare(a[i - 1].element, a[i].element) == 0 && !are_alike(a[i - 1].element, a[i].element)) return true;
  return false;
}

// lists:keysort/2 turns round equal elements that the list begins with.
bool begins_with_unlike_equals(Term list) {
  for (; list.tail().is_cons(); list = list.tail()) {
    const Term a = list.head(), b = list.tail().head();
    if (!term::equal(a, b)) return false;
    if (!are_alike(a, b)) return true;
  }
  return false;
}

// Keeps the first of each row of equals.
std::size_t drop_equals(Entry* a, std::size_t n) {
  std::size_t kept = 1;
  for (std::size_t i = 1; i < n; i++)
    if (!term::equal(a[kept - 1].key, a[i].key)) a[kept++] = a[i];
  return kept;
}

// Keys that are small integers say all about themselves.
bool are_small(const Entry* a, std::size_t n) {
  return std::all_of(a, a + n, [](const Entry& e) { return e.key.is_small(); });
}

Term list_of(term::HeapWriter& h, const Entry* a, std::size_t n) {
  Word* p = h.alloc(2 * n);
  for (std::size_t i = 0; i < n; i++) {
    p[2 * i] = a[i].element.bits();
    p[2 * i + 1] = Term::cons(p + 2 * i + 2).bits();
  }
  p[2 * n - 1] = term::kNil.bits();
  return Term::cons(p);
}

// The list sorted: n elements, all with the key. The non-value when its order is not that of the function.
Term sorted(BifContext& cx, Term list, std::size_t n, const Key& key) {
  if (key.position != 0 && !key.unique && begins_with_unlike_equals(list)) return Term::non_value();
  Room room(n);
  Entry* a = room.entries();
  Term rest = list;
  for (std::size_t i = 0; i < n; i++, rest = rest.tail()) a[i] = {key.of(rest.head()), rest.head()};
  cx.bump(n / kComparisonsPerReduction);
  const bool small = are_small(a, n);
  const bool in_order = is_in_order(a, n);
  if (!in_order) {
    cx.bump(n * static_cast<std::size_t>(std::bit_width(n)) / kComparisonsPerReduction);
    sort_entries(a, n, room.scratch(), small);
  }
  const std::size_t all = n;
  if (key.unique) n = drop_equals(a, n);
  else if (key.position == 0 && !small && has_unlike_equals(a, n)) return Term::non_value();
  return in_order && n == all ? list : list_of(cx.heap(), a, n);
}

// Shown under the function's own name while it is sorted there.
template <auto Fn, typename... T>
BifResult go_on_dirty(BifContext& cx, Term function, T... args) {
  constexpr std::size_t kArity = sizeof...(T);
  static auto* const row = new proc::HiddenRow(cx.runtime(), {atoms::lists, function, kArity}, code::BifKind::DirtyCpu,
                                               proc::bif_adapter<Fn, kArity>(), code::BifFlag::Shown);
  return cx.trap(&row->entry, args...);
}

BifResult decline() { return Term::non_value(); }

// lists:function(args..., list) by the form Fn.
template <auto Fn, typename... T>
BifResult sort(YieldContext& cx, const char* function, const Key& key, Term list, T... args) {
  const std::size_t n = count_keyed(list, key);
  if (n < 2) return decline();
  if (is_long(n, kLongSort)) return go_on_dirty<Fn>(cx, term::AtomTable::intern(function), args..., list);
  const Term result = sorted(cx, list, n, key);
  if (result.is_value() || !runs_dirty()) return result;
  return declined_late(cx, atoms::lists, term::AtomTable::intern(function), args..., list);
}

template <auto Fn>
BifResult sort_by_key(YieldContext& cx, const char* function, Term position, Term list, bool unique) {
  if (!position.is_small() || position.small_value() < 1) return decline();
  return sort<Fn>(cx, function, {static_cast<std::size_t>(position.small_value()), unique}, list, position);
}

}  // namespace

BifResult sort_form(YieldContext& cx, Term list) { return sort<&sort_form>(cx, "sort", {0, false}, list); }
BifResult usort_form(YieldContext& cx, Term list) { return sort<&usort_form>(cx, "usort", {0, true}, list); }
BifResult keysort_form(YieldContext& cx, Term position, Term list) {
  return sort_by_key<&keysort_form>(cx, "keysort", position, list, false);
}
BifResult ukeysort_form(YieldContext& cx, Term position, Term list) {
  return sort_by_key<&ukeysort_form>(cx, "ukeysort", position, list, true);
}

}  // namespace vm::bif
