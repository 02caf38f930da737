// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "match/match_spec.h"
#include "match/node.h"
#include "ops/maps.h"
#include "proc/send.h"
#include "term/atoms.h"
#include "term/compare.h"
#include "term/views.h"

namespace vm::match {

using term::AtomTable;
using term::Tuple;

namespace {

constexpr SWord kMaxVariable = 100000000;

// Number of a variable atom '$N', or -1.
SWord variable_number(Term t) {
  if (!t.is_atom()) return -1;
  std::string_view text = AtomTable::text(t);
  if (text.size() < 2 || text[0] != '$') return -1;
  SWord n = 0;
  for (char c : text.substr(1)) {
    if (c < '0' || c > '9') return -1;
    n = n * 10 + (c - '0');
    if (n > kMaxVariable) return -1;
  }
  return n;
}

// What guards may call in module erlang, with their arities.
struct GuardFunction {
  const char* name;
  unsigned arity;
};
const GuardFunction kFunctions[] = {
    {"is_atom", 1},
    {"is_float", 1},
    {"is_integer", 1},
    {"is_list", 1},
    {"is_number", 1},
    {"is_pid", 1},
    {"is_port", 1},
    {"is_reference", 1},
    {"is_tuple", 1},
    {"is_map", 1},
    {"is_map_key", 2},
    {"is_binary", 1},
    {"is_bitstring", 1},
    {"is_boolean", 1},
    {"is_function", 1},
    {"is_function", 2},
    {"not", 1},
    {"xor", 2},
    {"abs", 1},
    {"element", 2},
    {"hd", 1},
    {"length", 1},
    {"map_get", 2},
    {"map_size", 1},
    {"node", 1},
    {"node", 0},
    {"round", 1},
    {"size", 1},
    {"bit_size", 1},
    {"byte_size", 1},
    {"tl", 1},
    {"trunc", 1},
    {"float", 1},
    {"ceil", 1},
    {"floor", 1},
    {"tuple_size", 1},
    {"binary_part", 2},
    {"binary_part", 3},
    {"self", 0},
    {"+", 1},
    {"-", 1},
    {"+", 2},
    {"-", 2},
    {"*", 2},
    {"/", 2},
    {"div", 2},
    {"rem", 2},
    {"band", 2},
    {"bor", 2},
    {"bxor", 2},
    {"bnot", 1},
    {"bsl", 2},
    {"bsr", 2},
    {">", 2},
    {">=", 2},
    {"<", 2},
    {"=<", 2},
    {"=:=", 2},
    {"==", 2},
    {"=/=", 2},
    {"/=", 2},
};

// Actions: how many arguments, and the least use that has them.
struct ActionForm {
  Term name;
  Action action;
  std::size_t least, most;
  Use needs;
  bool in_guard = false;
  bool function = false;
};
const ActionForm kActions[] = {
    {atoms::message, Action::Message, 1, 1, Use::TraceReceive},
    {atoms::return_trace, Action::ReturnTrace, 0, 0, Use::TraceReceive},
    {atoms::exception_trace, Action::ExceptionTrace, 0, 0, Use::TraceReceive},
    {atoms::is_seq_trace, Action::IsSeqTrace, 0, 0, Use::TraceSend, true},
    {atoms::set_seq_token, Action::SetSeqToken, 2, 2, Use::TraceSend},
    {atoms::get_seq_token, Action::GetSeqToken, 0, 0, Use::TraceSend},
    {atoms::display, Action::Display, 1, 1, Use::TraceReceive},
    {atoms::process_dump, Action::ProcessDump, 0, 0, Use::TraceSend},
    {atoms::enable_trace, Action::EnableTrace, 1, 2, Use::TraceSend},
    {atoms::disable_trace, Action::DisableTrace, 1, 2, Use::TraceSend},
    {atoms::trace, Action::Trace, 2, 3, Use::TraceSend},
    {atoms::caller, Action::Caller, 0, 0, Use::TraceCall},
    {atoms::caller_line, Action::CallerLine, 0, 0, Use::TraceCall},
    {atoms::silent, Action::Silent, 1, 1, Use::TraceSend},
    {atoms::set_tcw, Action::SetTcw, 1, 1, Use::TraceReceive, false, true},
    {atoms::get_tcw, Action::GetTcw, 0, 0, Use::TraceReceive, true, true},
};

}  // namespace

class Compiler {
 public:
  Compiler(code::CodeStore& code, Use use, std::vector<std::string>* problems, bool* too_deep)
      : code_(code), use_(use), problems_(problems), too_deep_(too_deep) {}

  std::shared_ptr<const MatchSpec> compile(Term spec) {
    std::shared_ptr<MatchSpec> result(new MatchSpec);
    result->source_ = heap::copy_to_keep(spec);
    Term list = result->source_.term;
    if (!list.is_cons()) return wrong("Match programs are not in a list.");
    for (; list.is_cons(); list = list.tail()) {
      Clause clause;
      if (!compile_clause(list.head(), &clause)) return nullptr;
      result->clauses_.push_back(std::move(clause));
    }
    if (!list.is_nil()) return wrong("match specification is an improper list");
    result->variables_ = most_variables_;
    return result;
  }

 private:
  std::nullptr_t wrong(std::string text) {
    if (problems_) problems_->push_back(std::move(text));
    return nullptr;
  }

  bool compile_clause(Term t, Clause* clause) {
    if (!t.is_tuple_of(3)) return wrong("clause is no tuple of three") != nullptr;
    Tuple parts = Tuple::from(t);
    variables_.clear();
    if (use_ != Use::Table && !parts[0].is_list() && !parts[0].is_tuple() && parts[0] != atoms::underscore && variable_number(parts[0]) < 0)
      return wrong("Match head is invalid in this context.") != nullptr;
    if (!pattern(parts[0], &clause->head)) return false;
    in_guard_ = true;
    if (!expressions(parts[1], &clause->guards)) return false;
    in_guard_ = false;
    if (!expressions(parts[2], &clause->body)) return false;
    if (!parts[2].is_cons() && use_ == Use::Table) return wrong("body is empty") != nullptr;
    for (auto& [number, index] : variables_) clause->variables.push_back(index);
    most_variables_ = std::max(most_variables_, variables_.size());
    return true;
  }

  // One level deeper while it lives.
  struct Deeper {
    explicit Deeper(std::size_t* depth, std::size_t levels = 1) : depth_(depth), levels_(levels) { *depth_ += levels_; }
    ~Deeper() { *depth_ -= levels_; }
    std::size_t* depth_;
    std::size_t levels_;
  };
  // Compiling and running are recursive, so a specification must not be nested without bound.
  bool too_deep() {
    constexpr std::size_t kDeepest = 4000;
    if (depth_ <= kDeepest) return false;
    if (too_deep_) *too_deep_ = true;
    wrong("Excessive nesting; system limit reached");
    return true;
  }

  // No variable, no map and (for expressions) no call anywhere, looking as deep as lists and tuples of one level go.
  static bool is_plain(Term t, int levels) {
    for (; t.is_cons(); t = t.tail())
      if (!is_plain(t.head(), levels - 1)) return false;
    if (t.is_tuple() || t.is_map() || levels < 0) return false;
    return !t.is_atom() || (t != atoms::underscore && t != atoms::dollar_underscore && t != atoms::dollar_dollar && variable_number(t) < 0);
  }

  bool pattern(Term t, Node* node) {
    Deeper deeper(&depth_);
    if (too_deep()) return false;
    if (t.is_cons() && is_plain(t, 2)) {
      node->kind = Node::Kind::Constant;
      node->term = t;
      return true;
    }
    if (t == atoms::underscore) {
      node->kind = Node::Kind::Any;
      return true;
    }
    SWord number = variable_number(t);
    if (number >= 0) {
      node->kind = Node::Kind::Variable;
      auto [it, fresh] = variables_.try_emplace(number, variables_.size());
      node->index = it->second;
      node->first_use = fresh;
      return true;
    }
    if (t.is_cons()) return pattern_list(t, node);
    if (t.is_tuple()) return pattern_tuple(Tuple::from(t), node);
    if (t.is_map()) return pattern_map(t, node);
    node->kind = Node::Kind::Constant;
    node->term = t;
    return true;
  }

  // Iterative along the list: a head may be long, it is not deep.
  bool pattern_list(Term t, Node* node) {
    Deeper deeper(&depth_, cells(t));
    if (too_deep()) return false;
    while (t.is_cons()) {
      node->kind = Node::Kind::Cons;
      node->term = t;
      node->children.resize(2);
      if (!pattern(t.head(), &node->children[0])) return false;
      t = t.tail();
      node = &node->children[1];
    }
    return pattern(t, node);
  }
  static std::size_t cells(Term t) {
    std::size_t n = 0;
    for (; t.is_cons(); t = t.tail()) n++;
    return n;
  }
  bool pattern_tuple(Tuple t, Node* node) {
    node->kind = Node::Kind::Tuple;
    node->term = t.term();
    node->children.resize(t.size());
    for (std::size_t i = 0; i < t.size(); i++)
      if (!pattern(t[i], &node->children[i])) return false;
    return true;
  }
  bool pattern_map(Term t, Node* node) {
    node->kind = Node::Kind::Map;
    node->term = t;
    ops::MapIterator it(t);
    for (Term k, v; it.next(&k, &v);) {
      Node key, value;
      key.kind = Node::Kind::Constant;
      key.term = k;
      if (variable_number(k) >= 0 || k == atoms::underscore) return wrong("variable as map key in a head") != nullptr;
      if (!pattern(v, &value)) return false;
      node->children.push_back(std::move(key));
      node->children.push_back(std::move(value));
    }
    return true;
  }

  bool expressions(Term list, std::vector<Node>* out) {
    for (; list.is_cons(); list = list.tail()) {
      out->emplace_back();
      if (!expression(list.head(), &out->back())) return false;
    }
    return list.is_nil() || wrong("guards or body are no proper list") != nullptr;
  }

  bool expression(Term t, Node* node) {
    Deeper deeper(&depth_);
    if (too_deep()) return false;
    if (t == atoms::dollar_underscore) {
      node->kind = Node::Kind::Object;
      return true;
    }
    if (t == atoms::dollar_dollar) {
      node->kind = Node::Kind::Bindings;
      return true;
    }
    SWord number = variable_number(t);
    if (number >= 0) {
      auto it = variables_.find(number);
      if (it == variables_.end()) return wrong("Variable $" + std::to_string(number) + " is unbound.") != nullptr;
      node->kind = Node::Kind::Variable;
      node->index = it->second;
      return true;
    }
    if (t.is_cons() && is_plain(t, 2)) {
      node->kind = Node::Kind::Constant;
      node->term = t;
      return true;
    }
    if (t.is_cons()) {
      node->kind = Node::Kind::Cons;
      node->children.resize(2);
      return expression(t.head(), &node->children[0]) && expression(t.tail(), &node->children[1]);
    }
    if (t.is_map()) return map_expression(t, node);
    if (t.is_tuple()) return tuple_expression(Tuple::from(t), node);
    node->kind = Node::Kind::Constant;
    node->term = t;
    return true;
  }

  bool map_expression(Term t, Node* node) {
    node->kind = Node::Kind::Map;
    ops::MapIterator it(t);
    for (Term k, v; it.next(&k, &v);) {
      Node key, value;
      if (!expression(k, &key) || !expression(v, &value)) return false;
      node->children.push_back(std::move(key));
      node->children.push_back(std::move(value));
    }
    return true;
  }

  // {{...}} builds a tuple, {const, T} is T itself, anything else is a call.
  bool tuple_expression(Tuple t, Node* node) {
    if (t.size() == 1 && t[0].is_tuple()) {
      Tuple inner = Tuple::from(t[0]);
      node->kind = Node::Kind::Tuple;
      node->children.resize(inner.size());
      for (std::size_t i = 0; i < inner.size(); i++)
        if (!expression(inner[i], &node->children[i])) return false;
      return true;
    }
    if (t.size() == 0 || !t[0].is_atom()) return wrong("call of something that is no function name") != nullptr;
    if (t[0] == atoms::const_ && t.size() == 2) {
      node->kind = Node::Kind::Constant;
      node->term = t[1];
      return true;
    }
    return call(t, node);
  }

  bool arguments(Tuple t, Node* node) {
    node->children.resize(t.size() - 1);
    for (std::size_t i = 1; i < t.size(); i++)
      if (!expression(t[i], &node->children[i - 1])) return false;
    return true;
  }

  static unsigned char orders_of(std::string_view name, unsigned arity) {
    constexpr unsigned char kLess = 1, kEqual = 2, kGreater = 4;
    const struct {
      std::string_view name;
      unsigned char orders;
    } comparisons[] = {{"<", kLess},   {"=<", kLess | kEqual}, {">", kGreater},          {">=", kGreater | kEqual},
                       {"==", kEqual}, {"=:=", kEqual},        {"/=", kLess | kGreater}, {"=/=", kLess | kGreater}};
    for (auto& c : comparisons)
      if (arity == 2 && c.name == name) return c.orders;
    return 0;
  }

  bool call(Tuple t, Node* node) {
    Term name = t[0];
    const struct {
      Term name;
      Node::Kind kind;
    } variadic[] = {{atoms::and_, Node::Kind::And},
                    {atoms::or_, Node::Kind::Or},
                    {atoms::andalso, Node::Kind::AndAlso},
                    {atoms::orelse, Node::Kind::OrElse}};
    for (const auto& v : variadic)
      if (v.name == name) {
        if (t.size() < 2) return wrong("boolean operator without arguments") != nullptr;
        node->kind = v.kind;
        return arguments(t, node);
      }
    if (name == atoms::is_record) {
      if (t.size() != 3 && t.size() != 4) return wrong("is_record needs two or three arguments") != nullptr;
      node->kind = Node::Kind::Call;
      node->bif = code_.find_bif(atoms::erlang, name, t.size() - 1);
      return node->bif && arguments(t, node);
    }
    for (const ActionForm& a : kActions)
      if (a.name == name) return action(t, a, node);
    std::string_view text = AtomTable::text(name);
    for (const GuardFunction& f : kFunctions)
      if (f.arity == t.size() - 1 && text == f.name) {
        node->kind = Node::Kind::Call;
        node->bif = code_.find_bif(atoms::erlang, name, f.arity);
        node->is_element = text == "element";
        node->orders = orders_of(text, f.arity);
        if (!node->bif) return wrong("function is not built in") != nullptr;
        return arguments(t, node);
      }
    return wrong("Function " + std::string(text) + "/" + std::to_string(t.size() - 1) + " does_not_exist.") != nullptr;
  }

  bool action(Tuple t, const ActionForm& form, Node* node) {
    const std::string name(AtomTable::text(form.name)), special = "Special form '" + name + "' ";
    const std::size_t arity = t.size() - 1;
    if (form.function) {  // set_tcw and get_tcw are functions, so they do not exist elsewhere
      const bool exists = use_ != Use::Table && (form.in_guard || !in_guard_) && arity == form.least;
      if (!exists && !(use_ != Use::Table && arity == form.least))
        return wrong("Function " + name + "/" + std::to_string(arity) + " does_not_exist.") != nullptr;
      if (!exists) return wrong("Function " + name + "/" + std::to_string(arity) + " cannot be called in this context.") != nullptr;
    } else {
      if (use_ == Use::Table) return wrong(special + "used in wrong dialect.") != nullptr;
      if ((form.needs == Use::TraceCall && use_ != Use::TraceCall) || (form.needs == Use::TraceSend && use_ == Use::TraceReceive))
        return wrong(special + "not allow for this trace event.") != nullptr;
      if (in_guard_ && !form.in_guard) return wrong(special + "called in guard context.") != nullptr;
      if (arity < form.least || arity > form.most) return wrong(special + "called with wrong number of arguments.") != nullptr;
    }
    node->kind = Node::Kind::Act;
    node->action = form.action;
    return arguments(t, node);
  }

  code::CodeStore& code_;
  Use use_;
  bool in_guard_ = false;
  std::vector<std::string>* problems_;
  bool* too_deep_;
  std::size_t depth_ = 0;
  std::map<SWord, std::size_t> variables_;  // number → slot
  std::size_t most_variables_ = 0;
};

MatchSpec::~MatchSpec() { heap::release(source_); }

std::shared_ptr<const MatchSpec> MatchSpec::compile(code::CodeStore& code, Term spec, Use use, std::vector<std::string>* problems,
                                                    bool* too_deep) {
  return Compiler(code, use, problems, too_deep).compile(spec);
}

namespace {

bool is_ground(const Node& n) {
  if (n.kind == Node::Kind::Any || n.kind == Node::Kind::Variable || n.kind == Node::Kind::Map) return false;
  return std::all_of(n.children.begin(), n.children.end(), is_ground);
}

}  // namespace

Term MatchSpec::ground_key(std::size_t position) const {
  Term key = Term::non_value();
  for (const Clause& c : clauses_) {
    if (c.head.kind != Node::Kind::Tuple || c.head.children.size() < position) return Term::non_value();
    const Node& n = c.head.children[position - 1];
    if (!is_ground(n)) return Term::non_value();
    if (key.is_value() && !term::equal_exact(key, n.term)) return Term::non_value();
    key = n.term;
  }
  return key;
}

bool MatchSpec::key_prefix(std::size_t position, std::size_t* size, std::vector<Term>* first) const {
  if (clauses_.size() != 1) return false;
  const Node& head = clauses_[0].head;
  if (head.kind != Node::Kind::Tuple || head.children.size() < position) return false;
  const Node& key = head.children[position - 1];
  if (key.kind != Node::Kind::Tuple) return false;
  *size = key.children.size();
  for (const Node& n : key.children) {
    if (!is_ground(n)) break;
    first->push_back(n.term);
  }
  return !first->empty();
}

namespace {

// Whether the expression builds what the pattern matched.
bool same_value(const Node& pattern, const Node& expression) {
  if (expression.kind == Node::Kind::Constant && is_ground(pattern)) return term::equal_exact(pattern.term, expression.term);
  if (pattern.kind != expression.kind) return false;
  switch (pattern.kind) {
    case Node::Kind::Variable: return pattern.index == expression.index;
    case Node::Kind::Constant: return term::equal_exact(pattern.term, expression.term);
    case Node::Kind::Tuple:
    case Node::Kind::Cons:
      return std::equal(pattern.children.begin(), pattern.children.end(), expression.children.begin(), expression.children.end(),
                        same_value);
    default: return false;
  }
}

// element(Position, '$_')
bool takes_element(const Node& n, std::size_t position) {
  return n.kind == Node::Kind::Call && n.is_element && n.children[0].kind == Node::Kind::Constant &&
         n.children[0].term == Term::small(static_cast<SWord>(position)) && n.children[1].kind == Node::Kind::Object;
}

}  // namespace

bool MatchSpec::keeps_element(std::size_t position) const {
  return std::all_of(clauses_.begin(), clauses_.end(), [&](const Clause& c) {
    if (c.body.size() != 1) return false;
    const Node& body = c.body[0];
    if (body.kind == Node::Kind::Object) return true;
    const Node* head_key =
        c.head.kind == Node::Kind::Tuple && c.head.children.size() >= position ? &c.head.children[position - 1] : nullptr;
    if (body.kind == Node::Kind::Constant && body.term.is_tuple() && Tuple::from(body.term).size() >= position)
      return head_key && is_ground(*head_key) && term::equal_exact(head_key->term, Tuple::from(body.term)[position - 1]);
    if (body.kind != Node::Kind::Tuple || body.children.size() < position) return false;
    const Node& key = body.children[position - 1];
    if (takes_element(key, position)) return true;
    return head_key && same_value(*head_key, key);
  });
}

bool MatchSpec::matches_nothing() const {
  return std::all_of(clauses_.begin(), clauses_.end(), [](const Clause& c) {
    return c.head.kind == Node::Kind::Constant || c.head.kind == Node::Kind::Cons || c.head.kind == Node::Kind::Map;
  });
}

namespace {

const char kSpecType = 0;
struct SpecReference : term::MagicData {
  std::shared_ptr<const MatchSpec> spec;
  explicit SpecReference(std::shared_ptr<const MatchSpec> s) : MagicData(&kSpecType, &drop), spec(std::move(s)) {
    proc::next_ref_numbers(numbers);
  }
  static void drop(term::MagicData* m) { delete static_cast<SpecReference*>(m); }
};

}  // namespace

Term make_reference(term::HeapWriter& h, std::shared_ptr<const MatchSpec> spec) {
  return term::make_magic_ref(h, new SpecReference(std::move(spec)));
}

std::shared_ptr<const MatchSpec> from_reference(Term t) {
  auto* m = static_cast<SpecReference*>(term::magic_of(t, &kSpecType));
  return m ? m->spec : nullptr;
}

}  // namespace vm::match
