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
[[gnu::always_inline]] inline Verdict equal_boxed(Term a, Term b, Pending* next) {
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
    case Kind::HashNode: return h.bits() == g.bits() ? array(1) : Verdict::Different;
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

bool equal_exact_slow(Term a, Term b) {
  Pending now{nullptr, nullptr, 0};
  EqualStack stack;
  for (;;) {
    if (a != b) {
      if (a.is_cons()) {
        if (!b.is_cons()) return false;
        if (now.n != 0) stack.push(now);
        // The tail later, the head now.
        const Word* p = a.cons_cell();
        const Word* q = b.cons_cell();
        now = {p, q, 2};
      } else if (a.is_boxed() && b.is_boxed()) {
        Pending next;
        Verdict v = equal_boxed(a, b, &next);
        if (v == Verdict::Different) return false;
        if (v == Verdict::Deeper) {
          if (now.n != 0) stack.push(now);
          now = next;
        }
      } else if (!both_zero_floats(a, b)) {
        return false;
      }
    }
    while (now.n != 0 && *now.a == *now.b) {
      now.a++;
      now.b++;
      now.n--;
    }
    if (now.n == 0) {
      if (stack.empty()) return true;
      now = stack.pop();
      a = b;
      continue;
    }
    a = Term::from_bits(*now.a++);
    b = Term::from_bits(*now.b++);
    now.n--;
  }
}

}  // namespace vm::term
