// SPDX-License-Identifier: Apache-2.0
//
// Registered names of processes and ports. Reader-writer locked buckets; a send to a name takes one shared bucket lock for a
// few instructions.
#pragma once

#include <vector>

#include "term/term.h"

namespace vm::proc {

class Registry {
 public:
  Registry();
  ~Registry();
  // pid or port; false when the name is taken.
  bool add(Term name, Term pid_or_port);
  bool remove(Term name, Term expected = Term::non_value());
  Term lookup(Term name) const;  // pid, port, or the non-value
  std::vector<Term> names() const;

 private:
  struct Impl;
  Impl* impl_;
};

}  // namespace vm::proc
