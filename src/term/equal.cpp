// SPDX-License-Identifier: Apache-2.0
//
// =:= and == of any two terms. What is left to compare lies on a WorkStack as pairs of word arrays; the tail of a cons cell is an array of
// one. Identical words are equal without a look. Large maps compare as the nodes they are: equal maps have equal tries.
#include "term/bit_order.h"
#include "term/compare.h"
#include "term/compare_internal.h"
#include "term/fun_layout.h"
#include "term/map_layout.h"
#include "term/work_stack.h"

namespace vm::term {
namespace {

constexpr bool both_zero_floats(Term a, Term b) { return (a.bits() | 8) == 12 && (b.bits() | 8) == 12; }

using EqualStack = WorkStack<Pending, 32>;

enum class Verdict { Same, Different, Deeper };

constexpr std::uint32_t bit_of(Kind k) { return 1u << static_cast<unsigned>(k); }
// Whose words after the header are terms; and whose words are data that decides by itself.
constexpr std::uint32_t kArrays = bit_of(Kind::Tuple) | bit_of(Kind::FlatMap) | bit_of(Kind::HashMap) | bit_of(Kind::HashNode);
constexpr std::uint32_t kData = bit_of(Kind::HeapBinary) | bit_of(Kind::BigInt) | bit_of(Kind::Float);

// Boxed objects a and b that are not of one header and kArrays or kData. Deeper: *next must be compared too.
[[gnu::noinline]] Verdict equal_boxed(Term a, Term b, Pending* next) {
  const Word* p = a.boxed_ptr();
  const Word* q = b.boxed_ptr();
  HeaderWord h(*p), g(*q);
  auto verdict = [](bool same) { return same ? Verdict::Same : Verdict::Different; };
  switch (h.kind()) {
    case Kind::Fun: {
      if (h.bits() != g.bits()) return Verdict::Different;
      if (p[FunWords::kEntry] != q[FunWords::kEntry]) {
        const FunEntryFields &e = fun_entry_fields(a), &f = fun_entry_fields(b);
        if (e.module != f.module || e.index != f.index || e.old_uniq != f.old_uniq) return Verdict::Different;
      }
      if (h.words() < FunWords::kFirstCaptured) return Verdict::Same;
      *next = {p + FunWords::kFirstCaptured, q + FunWords::kFirstCaptured, h.words() + 1 - FunWords::kFirstCaptured};
      return Verdict::Deeper;
    }
    case Kind::ExportFun: return verdict(h.bits() == g.bits() && p[1] == q[1]);
    case Kind::HeapBinary:
    case Kind::RefcBinary:
    case Kind::SubBits: {
      if (!b.is_bitstring() || (h.kind() == Kind::HeapBinary && g.kind() == Kind::HeapBinary)) return Verdict::Different;
      Bits x = bits_of(a), y = bits_of(b);
      return verdict(x.size == y.size && compare_bits_prefix(x, y, x.size) == 0);
    }
    case Kind::Ref:
    case Kind::MagicRef: {
      const Word *x = local_ref_words(a), *y = local_ref_words(b);
      return verdict(y != nullptr && x[0] == y[0] && x[1] == y[1]);
    }
    case Kind::ExternalRef: return verdict(g.kind() == h.kind() && p[2] == q[2] && compare_ref_numbers(a, b) == 0);
    case Kind::ExternalPid:
    case Kind::ExternalPort: return verdict(h.bits() == g.bits() && p[2] == q[2] && p[3] == q[3]);
    default: return Verdict::Different;  // match contexts are never compared
  }
}

// == of two words that =:= is not decided by walking: numbers of two kinds, and maps, whose keys compare by =:= all the same.
Verdict equal_loosely(Term a, Term b, Pending* next) {
  if (a.is_number() && b.is_number()) return compare_slow(a, b) == 0 ? Verdict::Same : Verdict::Different;
  if (!a.is_map() || !b.is_map()) return Verdict::Different;
  if (!a.is_kind(Kind::FlatMap)) return equal_exact(a, b) || compare_slow(a, b) == 0 ? Verdict::Same : Verdict::Different;
  const Word* p = a.boxed_ptr();
  const Word* q = b.boxed_ptr();
  if (p[0] != q[0] || !equal_exact(Term::from_bits(p[FlatMapWords::kKeys]), Term::from_bits(q[FlatMapWords::kKeys])))
    return Verdict::Different;
  *next = {p + FlatMapWords::kFirstValue, q + FlatMapWords::kFirstValue, map_key_count(a)};
  return Verdict::Deeper;
}

// A walk over large terms waits for memory: the fewer instructions lie between two loads the more of them are under way at once. So lists and
// arrays have loops of their own, which only leave at words that differ.
template <bool kExact>
bool walk(Term left, Term right) {
  constexpr std::uint32_t kTerms = kExact ? kArrays : bit_of(Kind::Tuple);
  Word x = left.bits(), y = right.bits();
  EqualStack stack;
  for (;;) {
    // The words x and y differ.
    Term s = Term::from_bits(x), t = Term::from_bits(y);
    const Word* a;
    const Word* b;
    std::size_t n;  // what else is to be compared now
    if (s.is_cons()) {
      if (!t.is_cons()) return false;
      a = s.cons_cell();
      b = t.cons_cell();
      while (a[0] == b[0]) {
        x = a[1], y = b[1];
        s = Term::from_bits(x), t = Term::from_bits(y);
        if (!s.is_cons() || !t.is_cons() || x == y) goto tails;
        a = s.cons_cell();
        b = t.cons_cell();
      }
      x = a[0], y = b[0];
      if (a[1] != b[1]) stack.push({a + 1, b + 1, 1});
      continue;
    tails:
      if (x != y) continue;
      n = 0;
    } else if (s.is_boxed() && t.is_boxed()) {
      const Word* p = s.boxed_ptr();
      const Word* q = t.boxed_ptr();
      HeaderWord h(*p);
      std::uint32_t kind = bit_of(h.kind());
      a = p + 1;
      b = q + 1;
      n = h.words();
      if (h.bits() != *q || (kind & (kTerms | kData)) == 0) {
        Pending next{nullptr, nullptr, 0};
        Verdict v = !kExact && (s.is_number() || s.is_map()) ? equal_loosely(s, t, &next) : equal_boxed(s, t, &next);
        if (v == Verdict::Different) return false;
        a = next.a;
        b = next.b;
        n = next.n;
      } else if ((kind & kData) != 0) {
        for (; n != 0; n--)
          if (*a++ != *b++) return false;
      }
    } else {
      if (!both_zero_floats(s, t) && (kExact || equal_loosely(s, t, nullptr) != Verdict::Same)) return false;
      n = 0;
    }
    // On to the next words that differ.
    for (;;) {
      for (; n != 0 && *a == *b; n--) a++, b++;
      if (n != 0) break;
      if (stack.empty()) return true;
      const Pending& next = stack.top();
      a = next.a;
      b = next.b;
      n = next.n;
      stack.pop();
    }
    x = *a, y = *b;
    if (n != 1) stack.push({a + 1, b + 1, n - 1});
  }
}

}  // namespace

bool equal_exact_slow(Term left, Term right) {
  // A reference that was made here, and one that came back with an answer.
  if (left.is_kind(Kind::Ref) && right.is_kind(Kind::Ref)) {
    const Word *x = left.boxed_ptr(), *y = right.boxed_ptr();
    return x[1] == y[1] && x[2] == y[2];
  }
  return walk<true>(left, right);
}
bool equal_slow(Term left, Term right) { return walk<false>(left, right); }

}  // namespace vm::term
