// SPDX-License-Identifier: Apache-2.0
//
// Compiled form of match specifications: trees of patterns and expressions.
#pragma once

#include <memory>
#include <vector>

#include "code/bif_table.h"
#include "term/term.h"

namespace vm::match {

// What a specification can do besides saying yes or no, in a trace.
enum class Action : unsigned char {
  Message,
  ReturnTrace,
  ExceptionTrace,
  IsSeqTrace,
  SetSeqToken,
  GetSeqToken,
  Display,
  ProcessDump,
  EnableTrace,
  DisableTrace,
  Trace,
  Caller,
  CallerLine,
  Silent,
  SetTcw,
  GetTcw,
};

struct Node {
  enum class Kind {
    // patterns and expressions
    Constant,  // term, compared with =:= / answered
    Variable,  // index
    Any,       // '_' (pattern)
    Tuple,     // children
    Cons,      // children: head, tail
    Map,       // children: key, value, ...
    // expressions
    Object,    // '$_'
    Bindings,  // '$$'
    Call,      // bif with children
    And,
    Or,  // strict, any number
    AndAlso,
    OrElse,
    IsRecord,
    Act,  // action with children
  } kind;
  Term term = term::kNil;
  std::size_t index = 0;
  bool first_use = false;  // Variable in a pattern: binds rather than compares
  const code::Bif* bif = nullptr;
  bool is_element = false;  // Call of element/2
  Action action{};          // of Act
  // Call of a comparison: which of less, equal, greater make it true, as bits 0 to 2; 0: something else.
  unsigned char orders = 0;
  std::vector<Node> children;
};

struct Clause {
  Node head;
  std::vector<Node> guards;
  std::vector<Node> body;              // the last one's value is the answer
  std::vector<std::size_t> variables;  // bound by the head, in order of their numbers, for '$$'
};

}  // namespace vm::match
