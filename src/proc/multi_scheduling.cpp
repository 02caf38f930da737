// SPDX-License-Identifier: Apache-2.0
#include "proc/multi_scheduling.h"

#include <algorithm>

#include "proc/process_cold.h"
#include "proc/runtime.h"

namespace vm::proc {

sched::Blocked MultiScheduling::state_locked() const {
  sched::Blocked state = sched::Blocked::None;
  for (const Blocker& b : blockers_) {
    if (b.all) return sched::Blocked::All;
    if (b.normal) state = sched::Blocked::Normal;
  }
  return state;
}

void MultiScheduling::apply_locked(Process& p) {
  blockers_.erase(std::remove_if(blockers_.begin(), blockers_.end(), [](const Blocker& b) { return b.all + b.normal == 0; }),
                  blockers_.end());
  p.runtime->schedulers->block(state_locked());
}

void MultiScheduling::block(Process& p, sched::Blocked what) {
  std::lock_guard<std::mutex> guard(lock_);
  auto mine = std::find_if(blockers_.begin(), blockers_.end(), [&](const Blocker& b) { return b.pid == p.pid; });
  if (mine == blockers_.end()) mine = blockers_.insert(mine, Blocker{p.pid});
  (what == sched::Blocked::All ? mine->all : mine->normal)++;
  p.cold_part().blocks_schedulers = true;
  apply_locked(p);
}

void MultiScheduling::unblock(Process& p, sched::Blocked what) {
  std::lock_guard<std::mutex> guard(lock_);
  for (Blocker& b : blockers_) {
    unsigned& count = what == sched::Blocked::All ? b.all : b.normal;
    if (b.pid == p.pid && count > 0) count--;
  }
  apply_locked(p);
}

void MultiScheduling::release_all(Process& p) {
  std::lock_guard<std::mutex> guard(lock_);
  for (Blocker& b : blockers_)
    if (b.pid == p.pid) b.all = b.normal = 0;
  apply_locked(p);
}

sched::Blocked MultiScheduling::state() const {
  std::lock_guard<std::mutex> guard(lock_);
  return state_locked();
}

std::vector<Term> MultiScheduling::blockers(sched::Blocked what) const {
  std::lock_guard<std::mutex> guard(lock_);
  std::vector<Term> pids;
  for (const Blocker& b : blockers_)
    if (what == sched::Blocked::All ? b.all : b.normal) pids.push_back(b.pid);
  return pids;
}

}  // namespace vm::proc
