// SPDX-License-Identifier: Apache-2.0
//
// Moving work between schedulers that are all busy. Those with nothing to do steal; nobody else looks at the queues of others but the watcher, now and
// then:
//
// 1. What waits behind more urgent work that never ends goes where its like is served.
// 2. Urgent work that waits goes where only ordinary work is done.
// 3. Queues are evened out, each priority on its own, so that everybody of one priority gets about as many turns.
#include "sched/scheduler_internal.h"

namespace vm::sched {

namespace {

constexpr Priority kPriorities[] = {Priority::Max, Priority::High, Priority::Normal, Priority::Low};

bool waits_at(RunQueue& queue, unsigned level) {
  if (level == 0) return queue.waiting(Priority::Normal) + queue.waiting(Priority::Low) != 0;
  return queue.waiting(level == 1 ? Priority::High : Priority::Max) != 0;
}

}  // namespace

// Up to n runnables of a priority, to these schedulers in turn.
void SchedulerGroup::Impl::give(SchedulerAccess& from, Priority priority, std::size_t n, const std::vector<unsigned>& to) {
  std::size_t turn = 0;
  for (Runnable* r = from.queue.take(priority, n); r;) {
    Runnable* next = r->next;
    push_to(to[turn++ % to.size()], *r, true);
    r = next;
  }
  from.queue.arrived();
}

void SchedulerGroup::Impl::note_served(std::int64_t now) {
  const unsigned n = online.load(std::memory_order_relaxed);
  for (unsigned i = 0; i < n; i++) {
    SchedulerAccess& s = *all[i];
    s.lowest_served = RunQueue::kLevels;
    for (unsigned level = RunQueue::kLevels; level-- > 0;) {
      auto& at = s.levels[level];
      const std::uint32_t pops = s.queue.pops(level);
      if (pops != at.pops) s.lowest_served = level;
      if (std::exchange(at.pops, pops) != pops || !waits_at(s.queue, level)) at.starving_since_ns = 0;
      else if (at.starving_since_ns == 0) at.starving_since_ns = now;
    }
  }
}

void SchedulerGroup::Impl::relieve(std::int64_t now) {
  const unsigned n = online.load(std::memory_order_relaxed);
  std::vector<unsigned> serving;
  for (unsigned level : {1u, 0u}) {
    serving.clear();
    for (unsigned i = 0; i < n; i++)
      if (all[i]->lowest_served <= level || (all[i]->lowest_served == RunQueue::kLevels && all[i]->queue.empty())) serving.push_back(i);
    if (serving.empty()) continue;
    for (unsigned i = 0; i < n; i++) {
      std::int64_t& since = all[i]->levels[level].starving_since_ns;
      if (since == 0 || now - since < kStarvingNs) continue;
      for (Priority priority : kPriorities)
        if (RunQueue::level_of(priority) == level) give(*all[i], priority, all[i]->queue.waiting(priority), serving);
      since = now;
    }
  }
}

void SchedulerGroup::Impl::share_urgent() {
  const unsigned n = online.load(std::memory_order_relaxed);
  std::vector<unsigned> ordinary;
  for (unsigned i = 0; i < n; i++)
    if (all[i]->lowest_served == 0) ordinary.push_back(i);
  for (unsigned i = 0; i < n && !ordinary.empty(); i++) {
    SchedulerAccess& s = *all[i];
    if (s.lowest_served != 1 && s.lowest_served != 2) continue;
    for (Priority priority : {Priority::Max, Priority::High}) {
      const std::size_t waiting = s.queue.waiting(priority);
      if (waiting == 0) continue;
      give(s, priority, (waiting + 1) / 2, {ordinary.back()});
      ordinary.pop_back();
      break;
    }
  }
}

void SchedulerGroup::Impl::even_out() {
  const unsigned n = online.load(std::memory_order_relaxed);
  for (Priority priority : kPriorities) {
    SchedulerAccess* longest = nullptr;
    std::size_t most = 0, least = SIZE_MAX;
    unsigned shortest = 0;
    for (unsigned i = 0; i < n; i++) {
      if (all[i]->lowest_served > RunQueue::level_of(priority)) continue;  // others come first there
      const std::size_t waiting = all[i]->queue.waiting(priority);
      if (waiting > most) longest = all[i].get(), most = waiting;
      if (waiting < least) shortest = i, least = waiting;
    }
    if (longest && most > least + least / 8 + kUnbalanced) give(*longest, priority, (most - least) / 2, {shortest});
  }
}

void SchedulerGroup::Impl::balance(std::int64_t now) {
  if (online.load(std::memory_order_relaxed) < 2) return;
  note_served(now);
  relieve(now);
  share_urgent();
  if (now - balanced_ns < kBalanceNs) return;
  balanced_ns = now;
  even_out();
}

}  // namespace vm::sched
