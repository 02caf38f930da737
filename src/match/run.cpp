// SPDX-License-Identifier: Apache-2.0
#include "match/match_spec.h"
#include "match/node.h"
#include "ops/maps.h"
#include "term/compare.h"
#include "term/views.h"

namespace vm::match {

using term::Tuple;

namespace {

// One run: the object, the variables, and where results go.
class Run {
 public:
  Run(proc::GuardContext& cx, Term object, std::size_t variables) : cx_(cx), object_(object) {
    bound_ = variables <= kInline ? inline_ : (spill_.resize(variables), spill_.data());
  }

  bool match(const Node& n, Term t) {
    switch (n.kind) {
      case Node::Kind::Any: return true;
      case Node::Kind::Constant: return term::equal_exact(n.term, t);
      case Node::Kind::Variable:
        if (!n.first_use) return term::equal_exact(bound_[n.index], t);
        bound_[n.index] = t;
        return true;
      case Node::Kind::Tuple: return match_tuple(n, t);
      case Node::Kind::Cons: return match_list(&n, t);
      case Node::Kind::Map: return match_map(n, t);
      default: return false;
    }
  }

  // Guards: the value, or the non-value when the evaluation failed.
  Term value(const Node& n) {
    switch (n.kind) {
      case Node::Kind::Constant: return n.term;
      case Node::Kind::Variable: return bound_[n.index];
      case Node::Kind::Object: return object_;
      case Node::Kind::Bindings: return bindings();
      case Node::Kind::Tuple: return tuple_value(n);
      case Node::Kind::Cons: return list_value(n);
      case Node::Kind::Map: return map_value(n);
      case Node::Kind::Call: return call(n);
      case Node::Kind::And: return strict(n, atoms::false_);
      case Node::Kind::Or: return strict(n, atoms::true_);
      case Node::Kind::AndAlso: return lazy(n, atoms::false_);
      case Node::Kind::OrElse: return lazy(n, atoms::true_);
      default: return Term::non_value();
    }
  }

  void set_clause(const Clause& c) { clause_ = &c; }

 private:
  static constexpr std::size_t kInline = 16;

  bool match_tuple(const Node& n, Term t) {
    if (!t.is_tuple_of(n.children.size())) return false;
    Tuple tuple = Tuple::from(t);
    for (std::size_t i = 0; i < n.children.size(); i++)
      if (!match(n.children[i], tuple[i])) return false;
    return true;
  }
  bool match_list(const Node* n, Term t) {
    for (; n->kind == Node::Kind::Cons; n = &n->children[1], t = t.tail())
      if (!t.is_cons() || !match(n->children[0], t.head())) return false;
    return match(*n, t);
  }
  bool match_map(const Node& n, Term t) {
    if (!t.is_map()) return false;
    for (std::size_t i = 0; i < n.children.size(); i += 2) {
      Term v = ops::map_get(t, n.children[i].term);
      if (!v.is_value() || !match(n.children[i + 1], v)) return false;
    }
    return true;
  }

  Term bindings() {
    Term list = term::kNil;
    for (std::size_t i = clause_->variables.size(); i-- > 0;) list = cx_.heap().cons(bound_[clause_->variables[i]], list);
    return list;
  }
  Term tuple_value(const Node& n) {
    std::vector<Term> elements(n.children.size());
    for (std::size_t i = 0; i < elements.size(); i++) {
      elements[i] = value(n.children[i]);
      if (!elements[i].is_value()) return Term::non_value();
    }
    Tuple t = Tuple::alloc(cx_.heap(), elements.size());
    for (std::size_t i = 0; i < elements.size(); i++) t.set(i, elements[i]);
    return t.term();
  }
  Term list_value(const Node& n) {
    std::vector<Term> heads;
    const Node* at = &n;
    for (; at->kind == Node::Kind::Cons; at = &at->children[1]) {
      heads.push_back(value(at->children[0]));
      if (!heads.back().is_value()) return Term::non_value();
    }
    Term tail = value(*at);
    return tail.is_value() ? term::list_from(cx_.heap(), heads, tail) : tail;
  }
  Term map_value(const Node& n) {
    std::vector<Term> pairs(n.children.size());
    for (std::size_t i = 0; i < pairs.size(); i++) {
      pairs[i] = value(n.children[i]);
      if (!pairs[i].is_value()) return Term::non_value();
    }
    return ops::map_from_pairs(cx_.heap(), pairs);
  }
  Term call(const Node& n) {
    Term args[4];
    for (std::size_t i = 0; i < n.children.size(); i++) {
      args[i] = value(n.children[i]);
      if (!args[i].is_value()) return Term::non_value();
    }
    proc::GcContext context(cx_.process());
    Term result = n.bif->call(context, args);
    if (!result.is_value()) cx_.process().pending = proc::PendingKind::None;
    return result;
  }
  // and/or of all arguments, each of which must be a boolean.
  Term strict(const Node& n, Term decisive) {
    Term result = decisive == atoms::true_ ? atoms::false_ : atoms::true_;
    for (const Node& c : n.children) {
      Term v = value(c);
      if (!v.is_value() || !v.is_boolean()) return Term::non_value();
      if (v == decisive) result = decisive;
    }
    return result;
  }
  Term lazy(const Node& n, Term decisive) {
    Term v = decisive;
    for (const Node& c : n.children) {
      v = value(c);
      if (!v.is_value() || !v.is_boolean()) return Term::non_value();
      if (v == decisive) return v;
    }
    return v;
  }

  proc::GuardContext& cx_;
  Term object_;
  const Clause* clause_ = nullptr;
  Term inline_[kInline];
  std::vector<Term> spill_;
  Term* bound_;
};

// The clause that matches and whose guards hold, evaluated to its body's value on the context's heap but still sharing with the object.
Term first_match(proc::GuardContext& cx, const std::vector<Clause>& clauses, std::size_t variables, Term object) {
  for (const Clause& c : clauses) {
    Run run(cx, object, variables);
    run.set_clause(c);
    if (!run.match(c.head, object)) continue;
    bool holds = true;
    for (const Node& g : c.guards)
      if (run.value(g) != atoms::true_) {
        holds = false;
        break;
      }
    if (!holds) continue;
    Term result = Term::non_value();
    for (const Node& b : c.body) {
      result = run.value(b);
      if (!result.is_value()) result = atoms::EXIT;
    }
    return result;
  }
  return Term::non_value();
}

}  // namespace

Term MatchSpec::run(proc::GuardContext& cx, Term object) const {
  Term result = first_match(cx, clauses_, variables_, object);
  return result.is_value() && result.is_pointer() ? heap::copy(result, cx.heap()) : result;
}

bool MatchSpec::accepts(proc::GuardContext& cx, Term object) const {
  return first_match(cx, clauses_, variables_, object) == atoms::true_;
}

}  // namespace vm::match
