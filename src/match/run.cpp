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
      case Node::Kind::Bindings: return bindings<false>();
      case Node::Kind::Tuple: return tuple_value<false>(n);
      case Node::Kind::Cons: return list_value<false>(n);
      case Node::Kind::Map: return map_value<false>(n);
      case Node::Kind::Call: return call(n);
      case Node::Kind::And: return strict(n, atoms::false_);
      case Node::Kind::Or: return strict(n, atoms::true_);
      case Node::Kind::AndAlso: return lazy(n, atoms::false_);
      case Node::Kind::OrElse: return lazy(n, atoms::true_);
      case Node::Kind::Act: return act(n);
      default: return Term::non_value();
    }
  }

  void set_clause(const Clause& c) { clause_ = &c; }
  void set_actions(ActionHandler* actions) { actions_ = actions; }
  // From now on what fails is 'EXIT' for whoever asked, as in the bodies of traces.
  void catch_failures() { failed_ = atoms::EXIT; }
  void set_copier(CopyObject copy, const void* source) { copy_object_ = copy, source_ = source; }

  // Bodies: as value, but new: nothing of it lies in the object or the specification.
  Term result(const Node& n) {
    switch (n.kind) {
      case Node::Kind::Object: return copy_object_ ? copy_object_(source_, cx_.heap()) : own(object_);
      case Node::Kind::Bindings: return bindings<true>();
      case Node::Kind::Tuple: return tuple_value<true>(n);
      case Node::Kind::Cons: return list_value<true>(n);
      case Node::Kind::Map: return map_value<true>(n);
      default: {
        Term t = value(n);
        return t.is_value() ? own(t) : t;
      }
    }
  }

 private:
  Term own(Term t) { return t.is_pointer() ? heap::copy(t, cx_.heap()) : t; }
  template <bool kOwn>
  Term part(const Node& n) {
    return kOwn ? result(n) : value(n);
  }
  static constexpr std::size_t kInline = 16;

  bool match_tuple(const Node& n, Term t) {
    if (!t.is_tuple_of(n.children.size())) return false;
    Tuple tuple = Tuple::from(t);
    // Most elements are told at once.
    std::size_t i = 0;
    for (const Node& c : n.children) {
      Term element = tuple[i++];
      if (c.kind == Node::Kind::Any) continue;
      if (c.kind == Node::Kind::Variable && c.first_use) {
        bound_[c.index] = element;
      } else if (c.kind == Node::Kind::Constant) {
        if (!term::equal_exact(c.term, element)) return false;
      } else if (!match(c, element)) {
        return false;
      }
    }
    return true;
  }
  Term argument(const Node& n) {
    if (n.kind == Node::Kind::Constant) return n.term;
    return n.kind == Node::Kind::Variable ? bound_[n.index] : value(n);
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

  template <bool kOwn>
  Term bindings() {
    Term list = term::kNil;
    for (std::size_t i = clause_->variables.size(); i-- > 0;) {
      Term t = bound_[clause_->variables[i]];
      list = cx_.heap().cons(kOwn ? own(t) : t, list);
    }
    return list;
  }
  template <bool kOwn>
  Term tuple_value(const Node& n) {
    // A tuple that is given up half made holds terms all the same: nothing collects meanwhile, and zero is one.
    Tuple t = Tuple::alloc(cx_.heap(), n.children.size());
    for (std::size_t i = 0; i < n.children.size(); i++) t.set(i, Term::small(0));
    std::size_t i = 0;
    for (const Node& c : n.children) {
      Term element = c.kind == Node::Kind::Variable && !bound_[c.index].is_pointer() ? bound_[c.index] : part<kOwn>(c);
      if (!element.is_value()) return element;
      t.set(i++, element);
    }
    return t.term();
  }
  template <bool kOwn>
  Term list_value(const Node& n) {
    std::vector<Term> heads;
    const Node* at = &n;
    for (; at->kind == Node::Kind::Cons; at = &at->children[1]) {
      heads.push_back(part<kOwn>(at->children[0]));
      if (!heads.back().is_value()) return Term::non_value();
    }
    Term tail = part<kOwn>(*at);
    return tail.is_value() ? term::list_from(cx_.heap(), heads, tail) : tail;
  }
  template <bool kOwn>
  Term map_value(const Node& n) {
    std::vector<Term> pairs(n.children.size());
    for (std::size_t i = 0; i < pairs.size(); i++) {
      pairs[i] = part<kOwn>(n.children[i]);
      if (!pairs[i].is_value()) return Term::non_value();
    }
    return ops::map_from_pairs(cx_.heap(), pairs);
  }
  Term call(const Node& n) {
    Term args[4];
    for (std::size_t i = 0; i < n.children.size(); i++) {
      args[i] = argument(n.children[i]);
      if (!args[i].is_value()) return Term::non_value();
    }
    if (n.orders && args[0].is_small() && args[1].is_small()) {
      SWord a = static_cast<SWord>(args[0].bits()), b = static_cast<SWord>(args[1].bits());
      unsigned order = a < b ? 0 : a == b ? 1 : 2;
      return n.orders >> order & 1 ? Term(atoms::true_) : Term(atoms::false_);
    }
    proc::GcContext context(cx_.process());
    Term result = n.bif->call(context, args);
    if (result.is_value()) return result;
    cx_.process().pending = proc::PendingKind::None;
    return failed_;
  }
  Term act(const Node& n) {
    Term args[4];
    for (std::size_t i = 0; i < n.children.size(); i++) {
      args[i] = value(n.children[i]);
      if (!args[i].is_value()) return Term::non_value();
    }
    const Term result = actions_ ? actions_->act(n.action, args, n.children.size()) : Term::non_value();
    return result.is_value() ? result : failed_;
  }
  // and/or of all arguments, each of which must be a boolean.
  Term strict(const Node& n, Term decisive) {
    Term result = decisive == atoms::true_ ? atoms::false_ : atoms::true_;
    for (const Node& c : n.children) {
      Term v = value(c);
      if (!v.is_value() || !v.is_boolean()) return failed_;
      if (v == decisive) result = decisive;
    }
    return result;
  }
  Term lazy(const Node& n, Term decisive) {
    Term v = decisive;
    for (const Node& c : n.children) {
      v = value(c);
      if (!v.is_value() || !v.is_boolean()) return failed_;
      if (v == decisive) return v;
    }
    return v;
  }

  proc::GuardContext& cx_;
  Term object_;
  CopyObject copy_object_ = nullptr;
  const void* source_ = nullptr;
  const Clause* clause_ = nullptr;
  ActionHandler* actions_ = nullptr;
  Term failed_ = Term::non_value();
  Term inline_[kInline];
  std::vector<Term> spill_;
  Term* bound_;
};

// The first clause that matches and whose guards hold, or nullptr; its variables are bound in `run`.
const Clause* first_match(Run& run, const std::vector<Clause>& clauses, Term object) {
  for (const Clause& c : clauses) {
    run.set_clause(c);
    if (!run.match(c.head, object)) continue;
    bool holds = true;
    for (const Node& g : c.guards)
      if (run.value(g) != atoms::true_) {
        holds = false;
        break;
      }
    if (holds) return &c;
  }
  return nullptr;
}

}  // namespace

Term MatchSpec::run(proc::GuardContext& cx, Term object, CopyObject copy, const void* source) const {
  Run run(cx, object, variables_);
  run.set_copier(copy, source);
  const Clause* c = first_match(run, clauses_, object);
  if (!c) return Term::non_value();
  Term result = run.result(c->body.back());
  return result.is_value() ? result : Term(atoms::EXIT);
}

Term MatchSpec::run_trace(proc::GuardContext& cx, Term arguments, ActionHandler& actions) const {
  Run run(cx, arguments, variables_);
  run.set_actions(&actions);
  const Clause* c = first_match(run, clauses_, arguments);
  if (!c) return atoms::false_;
  run.catch_failures();
  Term message = atoms::true_;
  for (const Node& n : c->body) {
    // The last message counts. Its own value is true, like that of every action that only does something.
    const Term t = run.value(n);
    if (n.kind == Node::Kind::Act && n.action == Action::Message) message = t;
  }
  return message;
}

bool MatchSpec::accepts(proc::GuardContext& cx, Term object) const {
  Run run(cx, object, variables_);
  const Clause* c = first_match(run, clauses_, object);
  return c && run.value(c->body.back()) == atoms::true_;
}

}  // namespace vm::match
