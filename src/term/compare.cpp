// SPDX-License-Identifier: Apache-2.0
//
// Rules. 1. No recursion on terms: what is left to compare lies on a WorkStack as pairs of word arrays; the tail of a cons cell
// is an array of one. 2. Identical words are equal without a look. 3. Keys of maps compare in total order (integers before
// floats) whatever the order of the values. 4. Large maps first collect where they differ by walking both tries side by side, skipping
// shared subtrees; the smallest key that differs decides, which takes nested comparisons and therefore a resumable state (MapDiff).
#include "term/compare.h"

#include <algorithm>
#include <vector>

#include "num/float_conv.h"
#include "term/atoms.h"
#include "term/bit_order.h"
#include "term/compare_internal.h"
#include "term/fun_layout.h"
#include "term/map_layout.h"
#include "term/nodes.h"
#include "term/work_stack.h"

namespace vm::term {
namespace {

int sign(std::uint64_t a, std::uint64_t b) { return a < b ? -1 : a > b; }

// --- identifiers ------------------------------------------------------------------------------------------------------

int compare_atoms(Term a, Term b) {
  if (a == b) return 0;
  std::uint32_t x = AtomTable::ordinal(a), y = AtomTable::ordinal(b);
  if (x != y) return x < y ? -1 : 1;
  std::string_view s = AtomTable::text(a), t = AtomTable::text(b);
  int c = std::memcmp(s.data(), t.data(), std::min(s.size(), t.size()));
  return c != 0 ? c : sign(s.size(), t.size());
}

const NodeEntry* node_of(Term t) { return t.is_external() ? external_node(t) : this_node(); }

int compare_nodes(const NodeEntry* a, const NodeEntry* b) {
  if (a == b) return 0;
  int c = compare_atoms(a->name, b->name);
  return c != 0 ? c : sign(a->creation, b->creation);
}

// Data of a pid as one number whose order is that of pids: serial, then number.
Word pid_order(Term t) {
  if (t.is_local_pid()) return Word{pid_serial(t)} << 32 | pid_number(t);
  return t.boxed_ptr()[3];
}

int compare_pids(Term a, Term b) {
  int c = sign(pid_order(a), pid_order(b));
  return c != 0 ? c : compare_nodes(node_of(a), node_of(b));
}

int compare_ports(Term a, Term b) {
  int c = compare_nodes(node_of(a), node_of(b));
  if (c != 0) return c;
  Word x = a.is_local_port() ? a.id_data() : a.boxed_ptr()[3];
  Word y = b.is_local_port() ? b.id_data() : b.boxed_ptr()[3];
  return sign(x, y);
}

int compare_refs(Term a, Term b) {
  int c = compare_nodes(node_of(a), node_of(b));
  return c != 0 ? c : compare_ref_numbers(a, b);
}

// --- numbers ----------------------------------------------------------------------------------------------------------

num::SignedDigits digits_of(Term big) {
  BigInt b = BigInt::from(big);
  return {b.limbs(), b.negative() ? num::Sign::Negative : num::Sign::Positive};
}

int compare_integers(Term a, Term b) {
  if (a.is_small()) {
    if (b.is_small()) return a.small_value() < b.small_value() ? -1 : a.small_value() > b.small_value();
    return BigInt::from(b).negative() ? 1 : -1;
  }
  if (b.is_small()) return BigInt::from(a).negative() ? -1 : 1;
  return num::compare(digits_of(a), digits_of(b));
}

int compare_integer_float(Term integer, double d) {
  return integer.is_small() ? num::compare(integer.small_value(), d) : num::compare(digits_of(integer), d);
}

// exact: integers and floats of one value differ, integers come first.
int compare_numbers(Term a, Term b, bool exact) {
  bool float_a = a.is_float(), float_b = b.is_float();
  if (float_a && float_b) {
    double x = float_value(a), y = float_value(b);
    return x < y ? -1 : x > y;
  }
  if (!float_a && !float_b) return compare_integers(a, b);
  if (exact) return float_a ? 1 : -1;
  return float_b ? compare_integer_float(a, float_value(b)) : -compare_integer_float(b, float_value(a));
}

// --- ranks ------------------------------------------------------------------------------------------------------------

enum class Rank : Byte { Number, Atom, Ref, Fun, Port, Pid, Tuple, Map, Nil, List, Bits, None };

constexpr Rank kBoxedRank[32] = {Rank::None, Rank::Tuple, Rank::Number, Rank::Number, Rank::Map,  Rank::Map,  Rank::None, Rank::Fun,
                                 Rank::Fun,  Rank::Bits,  Rank::Bits,   Rank::Bits,   Rank::None, Rank::Ref,  Rank::Ref,  Rank::Pid,
                                 Rank::Port, Rank::Ref,   Rank::None,   Rank::None,   Rank::None, Rank::None, Rank::None, Rank::None,
                                 Rank::None, Rank::None,  Rank::None,   Rank::None,   Rank::None, Rank::None, Rank::None, Rank::None};
static_assert(kBoxedRank[static_cast<unsigned>(Kind::ExternalRef)] == Rank::Ref &&
              kBoxedRank[static_cast<unsigned>(Kind::SubBits)] == Rank::Bits);

constexpr Rank kImmediateRank[8] = {Rank::Atom, Rank::Nil, Rank::Pid, Rank::Port, Rank::None, Rank::None, Rank::None, Rank::None};

inline Rank rank_of(Term t) {
  switch (t.bits() & 7) {
    case 0: return Rank::Number;
    case 1: return kBoxedRank[static_cast<unsigned>(header_of(t).kind())];
    case 2: return Rank::List;
    case 6: return kImmediateRank[t.bits() >> 3 & 7];
    case 4:
    case 5: return Rank::Number;
    default: return Rank::None;
  }
}

int compare_bitstrings(Term a, Term b) {
  Bits x = bits_of(a), y = bits_of(b);
  int c = compare_bits_prefix(x, y, std::min(x.size, y.size));
  return c != 0 ? c : sign(x.size, y.size);
}

// --- order ------------------------------------------------------------------------------------------------------------

// Where two large maps differ, and how far their comparison has come.
struct MapDiff {
  struct Only {
    Term key;
    int side;  // the answer if this is the smallest key of all: -1 from the left map, 1 from the right
  };
  struct Common {
    Term key, left, right;
  };
  enum class Phase { OnlyKeys, NextCommon, CommonKey, CommonValue };

  MapDiff* outer;
  std::size_t mark;  // height of the work stack when the comparison of these maps began
  bool exact;        // how values compare
  Phase phase = Phase::OnlyKeys;
  std::size_t at = 0;
  bool has_best = false;
  Term best_key;
  int best_result = 0;
  std::vector<Only> only;      // keys of one map
  std::vector<Common> common;  // keys of both whose values are not the same word

  void collect(Term a, Term b) {
    if (a == b) return;
    if (a.is_cons() && b.is_cons()) {
      if (!equal_exact(a.head(), b.head())) {
        only.push_back({a.head(), -1});
        only.push_back({b.head(), 1});
      } else if (a.tail() != b.tail()) {
        common.push_back({a.head(), a.tail(), b.tail()});
      }
    } else if (a.is_cons()) {
      collect_leaf(a, b, -1);
    } else if (b.is_cons()) {
      collect_leaf(b, a, 1);
    } else {
      collect_nodes(trie_node(a), trie_node(b));
    }
  }

 private:
  // A leaf of one map against a subtree of the other.
  void collect_leaf(Term leaf, Term node, int side) {
    bool found = false;
    each_leaf(node, [&](Term other) {
      if (!found && equal_exact(leaf.head(), other.head())) {
        found = true;
        Term left = side < 0 ? leaf.tail() : other.tail(), right = side < 0 ? other.tail() : leaf.tail();
        if (left != right) common.push_back({leaf.head(), left, right});
      } else {
        only.push_back({other.head(), -side});
      }
    });
    if (!found) only.push_back({leaf.head(), side});
  }
  void collect_nodes(TrieNode a, TrieNode b) {
    unsigned i = 0, j = 0;
    for (std::uint32_t bits = a.bitmap | b.bitmap; bits != 0; bits &= bits - 1) {
      std::uint32_t bit = bits & (0 - bits);
      if ((a.bitmap & b.bitmap & bit) != 0) {
        collect(a.child(i++), b.child(j++));
      } else if ((a.bitmap & bit) != 0) {
        each_leaf(a.child(i++), [&](Term leaf) { only.push_back({leaf.head(), -1}); });
      } else {
        each_leaf(b.child(j++), [&](Term leaf) { only.push_back({leaf.head(), 1}); });
      }
    }
  }
};

class Comparison {
 public:
  explicit Comparison(bool exact) : exact_(exact) {}

  int run(Term a, Term b) {
    for (;;) {
      int j = sign_of(step(a, b));
      // Deliver j: on with the rest when equal, else to the innermost pair of large maps, else out.
      for (;;) {
        if (j == 0) j = next_pair(a, b);
        if (j == kFound) break;
        if (maps_ == nullptr) return j == kNothing ? 0 : j;
        stack_.truncate(maps_->mark);
        now_.n = 0;
        if (resume_map(j == kNothing ? 0 : j, a, b)) break;
        j = close_map();
      }
    }
  }

 private:
  // An array of n = 0 words on the stack: after the keys of flat maps the values compare as before again.
  using Stack = WorkStack<Pending, 32>;

  // Besides an order.
  static constexpr int kFound = 2, kNothing = 3;
  static constexpr int sign_of(int c) { return c < 0 ? -1 : c > 0; }

  // The next two words that differ in what is left above the innermost pair of maps. Smalls are compared at once.
  int next_pair(Term& a, Term& b) {
    for (;;) {
      while (now_.n != 0) {
        Word x = *now_.a++, y = *now_.b++;
        now_.n--;
        if (x == y) continue;
        if (((x | y) & 7) == 0) return static_cast<SWord>(x) < static_cast<SWord>(y) ? -1 : 1;
        a = Term::from_bits(x);
        b = Term::from_bits(y);
        return kFound;
      }
      if (stack_.size() <= (VM_UNLIKELY(maps_ != nullptr) ? maps_->mark : 0)) return kNothing;
      now_ = stack_.pop();
      if (now_.n == 0) exact_ = false;
    }
  }

  void push(const Word* a, const Word* b, std::size_t n) {
    if (now_.n != 0) stack_.push(now_);
    now_ = {a, b, n};
  }

  // Compares a with b as far as possible without their parts, which are pushed.
  int step(Term a, Term b) {
    if (a == b) return 0;
    if (a.is_cons() && b.is_cons()) {
      push(a.cons_cell(), b.cons_cell(), 2);
      return 0;
    }
    Rank x = rank_of(a), y = rank_of(b);
    if (x != y) return x < y ? -1 : 1;
    switch (x) {
      case Rank::Number: return compare_numbers(a, b, exact_);
      case Rank::Atom: return compare_atoms(a, b);
      case Rank::Ref: return compare_refs(a, b);
      case Rank::Fun: return step_funs(a, b);
      case Rank::Port: return compare_ports(a, b);
      case Rank::Pid: return compare_pids(a, b);
      case Rank::Tuple: {
        std::size_t n = header_of(a).words(), m = header_of(b).words();
        if (n != m) return n < m ? -1 : 1;
        push(a.boxed_ptr() + 1, b.boxed_ptr() + 1, n);
        return 0;
      }
      case Rank::Map: return step_maps(a, b);
      case Rank::Bits: return compare_bitstrings(a, b);
      default: VM_UNREACHABLE("compare: no term");
    }
  }

  int step_funs(Term a, Term b) {
    bool export_a = a.is_kind(Kind::ExportFun), export_b = b.is_kind(Kind::ExportFun);
    if (export_a != export_b) return export_a ? 1 : -1;
    if (export_a) {
      const ExportFields &e = export_fields(a), &f = export_fields(b);
      if (int c = compare_atoms(e.module, f.module)) return c;
      if (int c = compare_atoms(e.function, f.function)) return c;
      return sign(e.arity, f.arity);
    }
    const FunEntryFields &e = fun_entry_fields(a), &f = fun_entry_fields(b);
    if (int c = compare_atoms(e.module, f.module)) return c;
    // Stock subtracts the two as signed 32-bit numbers.
    if (e.index != f.index) return static_cast<std::int32_t>(e.index) < static_cast<std::int32_t>(f.index) ? -1 : 1;
    if (e.old_uniq != f.old_uniq) return static_cast<std::int32_t>(e.old_uniq) < static_cast<std::int32_t>(f.old_uniq) ? -1 : 1;
    std::size_t n = fun_captured_count(a), m = fun_captured_count(b);
    if (n != m) return n < m ? -1 : 1;
    push(a.boxed_ptr() + FunWords::kFirstCaptured, b.boxed_ptr() + FunWords::kFirstCaptured, n);
    return 0;
  }

  int step_maps(Term a, Term b) {
    std::size_t n = map_key_count(a), m = map_key_count(b);
    if (n != m) return n < m ? -1 : 1;
    if (a.is_kind(Kind::HashMap)) {
      open_map(a, b);
      return 0;
    }
    const Word* p = a.boxed_ptr();
    const Word* q = b.boxed_ptr();
    if (n != 0) push(p + FlatMapWords::kFirstValue, q + FlatMapWords::kFirstValue, n);
    if (p[FlatMapWords::kKeys] == q[FlatMapWords::kKeys]) return 0;
    if (!exact_) {
      push(nullptr, nullptr, 0);
      stack_.push(now_);
      exact_ = true;
    }
    push(p + FlatMapWords::kKeys, q + FlatMapWords::kKeys, 1);
    return 0;
  }

  void open_map(Term a, Term b) {
    if (now_.n != 0) stack_.push(now_);
    now_.n = 0;
    MapDiff* diff = new MapDiff;
    diff->outer = maps_;
    diff->mark = stack_.size();
    diff->exact = exact_;
    diff->collect(a, b);
    if (diff->only.empty()) diff->phase = MapDiff::Phase::NextCommon;
    maps_ = diff;
  }

  // Takes up the innermost pair of maps with the answer j to the question it asked last (0 at the beginning, where no question was
  // asked). True: a, b are the next question. False: best_result is the answer.
  bool resume_map(int j, Term& a, Term& b) {
    MapDiff& m = *maps_;
    switch (m.phase) {
      case MapDiff::Phase::OnlyKeys:
        if (!m.has_best || j < 0) {
          m.best_key = m.only[m.at].key;
          m.best_result = m.only[m.at].side;
          m.has_best = true;
        }
        if (++m.at == m.only.size()) return false;
        a = m.only[m.at].key;
        b = m.best_key;
        exact_ = true;
        return true;
      case MapDiff::Phase::CommonKey:
        // j < 0: this key comes before the best one, so its values decide if they differ.
        if (j < 0) return ask_values(m, a, b);
        m.at++;
        break;
      case MapDiff::Phase::CommonValue:
        if (j != 0) {
          m.has_best = true;
          m.best_key = m.common[m.at].key;
          m.best_result = j;
        }
        m.at++;
        break;
      case MapDiff::Phase::NextCommon: break;
    }
    if (m.at == m.common.size()) return false;
    if (!m.has_best) return ask_values(m, a, b);
    m.phase = MapDiff::Phase::CommonKey;
    a = m.common[m.at].key;
    b = m.best_key;
    exact_ = true;
    return true;
  }
  bool ask_values(MapDiff& m, Term& a, Term& b) {
    m.phase = MapDiff::Phase::CommonValue;
    a = m.common[m.at].left;
    b = m.common[m.at].right;
    exact_ = m.exact;
    return true;
  }

  int close_map() {
    MapDiff* m = maps_;
    int result = m->best_result;
    exact_ = m->exact;
    maps_ = m->outer;
    delete m;
    return result;
  }

  Pending now_{nullptr, nullptr, 0};  // the array at hand; what is left of the others lies on the stack
  bool exact_;
  MapDiff* maps_ = nullptr;
  Stack stack_;
};

// The first elements of two lists, or of two tuples of one size, that are not the same word: false when there are none. Lists are left where these elements are.
// If they are small integers or atoms, their order is that of the lists or tuples.
bool differ_early(Term& a, Term& b, Term* x, Term* y) {
  for (; a.is_cons() && b.is_cons(); a = a.tail(), b = b.tail()) {
    *x = a.head();
    *y = b.head();
    if (*x != *y) return true;
  }
  if (!a.is_boxed() || !b.is_boxed() || *a.boxed_ptr() != *b.boxed_ptr() || header_of(a).kind() != Kind::Tuple) return false;
  const std::size_t n = header_of(a).words();
  const Word *p = a.boxed_ptr() + 1, *q = b.boxed_ptr() + 1;
  for (std::size_t i = 0; i < n; i++) {
    if (p[i] == q[i]) continue;
    *x = Term::from_bits(p[i]);
    *y = Term::from_bits(q[i]);
    return true;
  }
  return false;
}

}  // namespace

int compare_slow(Term a, Term b) {
  if (a == b) return 0;
  if (a.is_number() && b.is_number()) return compare_numbers(a, b, false);
  if (a.is_atom() && b.is_atom()) return compare_atoms(a, b);
  Term x, y;
  if (differ_early(a, b, &x, &y)) {
    if (x.is_small() && y.is_small()) return static_cast<SWord>(x.bits()) < static_cast<SWord>(y.bits()) ? -1 : 1;
    if (x.is_atom() && y.is_atom()) return compare_atoms(x, y);
  }
  return Comparison(false).run(a, b);
}

int compare_total(Term a, Term b) {
  if (a == b) return 0;
  if (a.is_small() && b.is_small()) return static_cast<SWord>(a.bits()) < static_cast<SWord>(b.bits()) ? -1 : 1;
  if (a.is_atom() && b.is_atom()) return compare_atoms(a, b);
  return Comparison(true).run(a, b);
}

}  // namespace vm::term
