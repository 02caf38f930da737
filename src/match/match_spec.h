// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Match specifications: [{Head, Guards, Body}, ...] compiled once, run on many terms.
//
// Compiling checks everything that can be wrong (unknown functions, unbound variables, malformed guards), so running raises nothing: a guard
// that fails rejects the clause; a body that fails gives the atom 'EXIT' as on stock. A compiled specification owns a copy of its terms and
// is immutable: any number of threads may run it at once.
//
// The object that is matched may lie outside the process heap (a table row): guards look at it in place, and what the body answers
// is copied to the writer of the context.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "code/code_store.h"
#include "heap/copy.h"
#include "proc/bif_context.h"

namespace vm::match {

// What the head matches: one tuple or term, or an argument list. Traces have actions too: of calls all of them, of sent messages those that ask
// nothing about a caller, of received ones only `message` and a few others.
enum class Use { Table, TraceCall, TraceSend, TraceReceive };
enum class Action : unsigned char;  // match/node.h

struct Node;  // one expression or pattern
struct Clause;

// Copies the object that is matched to a heap; for objects that have a faster way than a term by term copy.
using CopyObject = Term (*)(const void* source, term::HeapWriter& h);

// Does what actions say.
class ActionHandler {
 public:
  virtual ~ActionHandler() = default;
  // The action's value, or the non-value when its arguments are bad.
  virtual Term act(Action action, const Term* args, std::size_t count) = 0;
};

class MatchSpec {
 public:
  ~MatchSpec();

  // Compiles; nullptr when the specification is wrong, with *problems (may be nullptr) saying how, one text each;
  // *too_deep (may be nullptr) is set when it is nested deeper than the machine can go.
  static std::shared_ptr<const MatchSpec> compile(code::CodeStore& code, Term spec, Use use, std::vector<std::string>* problems = nullptr,
                                                  bool* too_deep = nullptr);

  // Runs on `object`. Answers the non-value when no clause matches. The result lies on cx.heap() and shares nothing with the object.
  // `copy(source, heap)`, when given, copies the object.
  Term run(proc::GuardContext& cx, Term object, CopyObject copy = nullptr, const void* source = nullptr) const;
  // Whether some clause matches and its body gives `true`.
  bool accepts(proc::GuardContext& cx, Term object) const;

  // For traces: runs the whole body of the clause that matches. Answers false when none does, else true or what {message, M} said. Terms of the
  // answer may lie in the object.
  Term run_trace(proc::GuardContext& cx, Term arguments, ActionHandler& actions) const;

  // When every clause's head fixes the element at `position` (1-based) to a ground term: that term (all clauses the same), else the non-value.
  Term ground_key(std::size_t position) const;
  // When there is one clause whose head has a tuple at `position` (1-based) that begins with ground terms: the tuple's size and those terms.
  bool key_prefix(std::size_t position, std::size_t* size, std::vector<Term>* first) const;
  // Whether every answer is a tuple with the object's own element at `position`, as far as can be seen without running.
  bool keeps_element(std::size_t position) const;
  // No object can match (a head that is neither variable nor tuple).
  bool matches_nothing() const;

  // The specification as it was given; lives as long as this object.
  Term source() const { return source_.term; }

 private:
  MatchSpec() = default;
  friend class Compiler;
  heap::OwnedTerm source_;
  std::vector<Clause> clauses_;
  std::size_t variables_ = 0;
};

// As a term: a magic reference.
Term make_reference(term::HeapWriter& h, std::shared_ptr<const MatchSpec> spec);
std::shared_ptr<const MatchSpec> from_reference(Term t);  // nullptr when t is none

}  // namespace vm::match
