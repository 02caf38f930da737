// SPDX-License-Identifier: Apache-2.0
//
// =:= of any two terms. What is left to compare lies on a WorkStack as pairs of word arrays; the tail of a cons cell is an array of
// one. Identical words are equal without a look. Large maps compare as the nodes they are: equal maps have equal tries.
#include "term/bit_order.h"
#include "term/compare.h"
#include "term/compare_internal.h"
#include "term/fun_layout.h"
#include "term/work_stack.h"

namespace vm::term {
namespace {

constexpr bool both_zero_floats(Term a, Term b) { return (a.bits() | 8) == 12 && (b.bits() | 8) == 12; }

using EqualStack = WorkStack<Pending, 32>;

enum class Verdict { Same, Different, Deeper };

// Boxed objects a and b, words differ. Deeper: *next must be compared too.
Verdict equal_boxed(Term a, Term b, Pending* next) {
  const Word* p = a.boxed_ptr();
  const Word* q = b.boxed_ptr();
  HeaderWord h(*p), g(*q);
  auto verdict = [](bool same) { return same ? Verdict::Same : Verdict::Different; };
  auto array = [&](std::size_t from) {
    if (h.words() < from) return Verdict::Same;
    *next = {p + from, q + from, h.words() + 1 - from};
    return Verdict::Deeper;
  };
  switch (h.kind()) {
    case Kind::Tuple:
    case Kind::FlatMap:
    case Kind::HashMap:
    case Kind::HashNode: return Verdict::Different;  // the walk takes those of equal headers
    case Kind::Float: return verdict(h.bits() == g.bits() && p[1] == q[1]);
    case Kind::BigInt: return verdict(h.bits() == g.bits() && std::memcmp(p + 1, q + 1, h.words() * kWordBytes) == 0);
    case Kind::Fun: {
      if (h.bits() != g.bits()) return Verdict::Different;
      if (p[FunWords::kEntry] != q[FunWords::kEntry]) {
        const FunEntryFields &e = fun_entry_fields(a), &f = fun_entry_fields(b);
        if (e.module != f.module || e.index != f.index || e.old_uniq != f.old_uniq) return Verdict::Different;
      }
      return array(FunWords::kFirstCaptured);
    }
    case Kind::ExportFun: return verdict(h.bits() == g.bits() && p[1] == q[1]);
    case Kind::HeapBinary:
      if (g.kind() == Kind::HeapBinary) {  // sizes and padded bytes, word by word
        if (g.bits() != h.bits()) return Verdict::Different;
        for (std::size_t i = 1; i <= h.words(); i++)
          if (p[i] != q[i]) return Verdict::Different;
        return Verdict::Same;
      }
      [[fallthrough]];
    case Kind::RefcBinary:
    case Kind::SubBits: {
      if (!b.is_bitstring()) return Verdict::Different;
      Bits x = bits_of(a), y = bits_of(b);
      return verdict(x.size == y.size && compare_bits_prefix(x, y, x.size) == 0);
    }
    case Kind::Ref:
    case Kind::MagicRef: return verdict((g.kind() == Kind::Ref || g.kind() == Kind::MagicRef) && compare_ref_numbers(a, b) == 0);
    case Kind::ExternalRef: return verdict(g.kind() == h.kind() && p[2] == q[2] && compare_ref_numbers(a, b) == 0);
    case Kind::ExternalPid:
    case Kind::ExternalPort: return verdict(h.bits() == g.bits() && p[2] == q[2] && p[3] == q[3]);
    default: return verdict(false);  // match contexts are never compared
  }
}

}  // namespace

// The order of tests is that of how often they decide: a walk over large terms waits for memory, and the fewer instructions lie between two
// loads the more of them are under way at once.
bool equal_exact_slow(Term left, Term right) {
  constexpr std::uint32_t kArrays = 1u << static_cast<unsigned>(Kind::Tuple) | 1u << static_cast<unsigned>(Kind::FlatMap) |
                                    1u << static_cast<unsigned>(Kind::HashMap) | 1u << static_cast<unsigned>(Kind::HashNode);
  Word first[2] = {left.bits(), right.bits()};
  const Word* a = first;
  const Word* b = first + 1;
  std::size_t n = 1;
  EqualStack stack;
  for (;;) {
    if (n == 0) {
      if (stack.empty()) return true;
      const Pending& next = stack.top();
      a = next.a;
      b = next.b;
      n = next.n;
      stack.pop();
    }
    Word x = *a++, y = *b++;
    n--;
    if (x == y) continue;
    Term s = Term::from_bits(x), t = Term::from_bits(y);
    if (s.is_cons()) {
      if (!t.is_cons()) return false;
      if (n != 0) stack.push({a, b, n});
      a = s.cons_cell();
      b = t.cons_cell();
      n = 2;
    } else if (s.is_boxed() && t.is_boxed()) {
      const Word* p = s.boxed_ptr();
      const Word* q = t.boxed_ptr();
      HeaderWord h(*p);
      if (h.bits() == *q && (kArrays >> static_cast<unsigned>(h.kind()) & 1) != 0) {
        if (h.words() == 0) continue;
        if (n != 0) stack.push({a, b, n});
        a = p + 1;
        b = q + 1;
        n = h.words();
        continue;
      }
      Pending next;
      Verdict v = equal_boxed(s, t, &next);
      if (v == Verdict::Different) return false;
      if (v == Verdict::Deeper && next.n != 0) {
        if (n != 0) stack.push({a, b, n});
        a = next.a;
        b = next.b;
        n = next.n;
      }
    } else if (!both_zero_floats(s, t)) {
      return false;
    }
  }
}

}  // namespace vm::term
