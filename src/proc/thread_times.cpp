// SPDX-License-Identifier: Apache-2.0
#include "proc/thread_times.h"

namespace vm::proc {

namespace {

std::vector<sched::ThreadTimes> all_times(const sched::SchedulerGroup& group) {
  std::vector<sched::ThreadTimes> v(group.thread_count());
  for (unsigned i = 0; i < v.size(); i++) v[i] = group.times(i);
  return v;
}

// What is read while the threads go on may be behind what was read before.
std::uint64_t more(std::uint64_t now, std::uint64_t before) { return now > before ? now - before : 0; }

void add_difference(sched::ThreadTimes& to, const sched::ThreadTimes& now, const sched::ThreadTimes& before) {
  to.busy += more(now.busy, before.busy);
  to.collecting += more(now.collecting, before.collecting);
  to.ports += more(now.ports, before.ports);
  to.sleeping += more(now.sleeping, before.sleeping);
  to.polling += more(now.polling, before.polling);
  to.timers += more(now.timers, before.timers);
  to.total += more(now.total, before.total);
}

}  // namespace

std::vector<sched::ThreadTimes> Stopwatch::read_locked(const sched::SchedulerGroup& group) const {
  std::vector<sched::ThreadTimes> v = saved_;
  v.resize(group.thread_count());
  if (!on_) return v;
  const std::vector<sched::ThreadTimes> now = all_times(group);
  for (std::size_t i = 0; i < v.size(); i++) add_difference(v[i], now[i], base_[i]);
  return v;
}

bool Stopwatch::start(const sched::SchedulerGroup& group) {
  std::lock_guard<std::mutex> guard(lock_);
  if (on_) return true;
  base_ = all_times(group);
  on_ = true;
  return false;
}

bool Stopwatch::stop(const sched::SchedulerGroup& group) {
  std::lock_guard<std::mutex> guard(lock_);
  if (!on_) return false;
  saved_ = read_locked(group);
  on_ = false;
  return true;
}

bool Stopwatch::reset(const sched::SchedulerGroup& group) {
  std::lock_guard<std::mutex> guard(lock_);
  saved_.clear();
  base_ = all_times(group);
  return on_;
}

bool Stopwatch::on() const {
  std::lock_guard<std::mutex> guard(lock_);
  return on_;
}

std::vector<sched::ThreadTimes> Stopwatch::read(const sched::SchedulerGroup& group) const {
  std::lock_guard<std::mutex> guard(lock_);
  return read_locked(group);
}

}  // namespace vm::proc
