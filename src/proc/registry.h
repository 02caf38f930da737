// SPDX-License-Identifier: Apache-2.0
//
// Registered names of processes and ports. Looking a name up is one load from any thread; changes take a lock.
#pragma once

#include <vector>

#include "sync/mutex.h"
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
  // Held while a process gets or loses its name (Process::registered_name and its kNamed bit).
  sync::Mutex& naming_lock();

 private:
  struct Impl;
  Impl* impl_;
};

class Process;
struct Runtime;
// register/2 and unregister/1 of a process. False: name taken, process named already or ending; no such name.
bool register_process(Runtime& rt, Process& p, Term name);
bool unregister_process(Runtime& rt, Process& p, Term name);

}  // namespace vm::proc
