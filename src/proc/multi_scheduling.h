// SPDX-License-Identifier: Apache-2.0
//
// system_flag(multi_scheduling, …): processes that keep all schedulers but the first from running. Each may do so several times and must undo each; its
// end undoes all. Any thread; the lock is held for a few steps only. Stopping others is asked for here and waited for by the built-in.
#pragma once

#include <mutex>
#include <vector>

#include "sched/scheduler.h"
#include "term/term.h"

namespace vm::proc {

class Process;

class MultiScheduling {
 public:
  // One block more of p, or one less (nothing when it has none).
  void block(Process& p, sched::Blocked what);
  void unblock(Process& p, sched::Blocked what);
  // p ends.
  void release_all(Process& p);
  sched::Blocked state() const;
  // Who blocks: pids, each once.
  std::vector<Term> blockers(sched::Blocked what) const;

 private:
  struct Blocker {
    Term pid;
    unsigned all = 0, normal = 0;
  };
  sched::Blocked state_locked() const;
  void apply_locked(Process& p);

  mutable std::mutex lock_;
  std::vector<Blocker> blockers_;
};

}  // namespace vm::proc
