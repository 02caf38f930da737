// SPDX-License-Identifier: Apache-2.0
#include "sched/cpu_binding.h"

#include <algorithm>

namespace vm::sched {

using os::Cpu;

CpuBinding::CpuBinding(DetectTopology detect) {
  info_.update(detect == DetectTopology::Yes);
  take_detected_locked();
}

void CpuBinding::set_schedulers(unsigned n) {
  std::lock_guard<std::mutex> lock(lock_);
  slots_ = std::make_unique<Slot[]>(n);
  schedulers_ = n;
  assign_locked(used_locked());
}

// The system may show what makes no sense: then there is no topology.
void CpuBinding::take_detected_locked() {
  detected_.reset();
  std::vector<Cpu> cpus = info_.topology;
  if (!cpus.empty() && check_topology(cpus) == TopologyFault::None) detected_ = std::move(cpus);
}

const std::vector<Cpu>* CpuBinding::used_locked() const { return defined_ ? &*defined_ : detected_ ? &*detected_ : nullptr; }

// Usable processors go to schedulers in turn; when there are no more, the rest stays unbound.
void CpuBinding::assign_locked(const std::vector<Cpu>* cpus) {
  unsigned next = 0;
  if (cpus) {
    for (int logical : bind_sequence(*cpus, order_))
      if (next < schedulers_ && info_.usable.contains(logical)) slots_[next++].wanted.store(logical, std::memory_order_relaxed);
  }
  for (; next < schedulers_; next++) slots_[next].wanted.store(-1, std::memory_order_relaxed);
}

os::CpuInfo CpuBinding::info() const {
  std::lock_guard<std::mutex> lock(lock_);
  return info_;
}

std::optional<std::vector<Cpu>> CpuBinding::defined() const {
  std::lock_guard<std::mutex> lock(lock_);
  return defined_;
}

std::optional<std::vector<Cpu>> CpuBinding::detected() const {
  std::lock_guard<std::mutex> lock(lock_);
  return detected_;
}

std::optional<std::vector<Cpu>> CpuBinding::used() const {
  std::lock_guard<std::mutex> lock(lock_);
  return defined_ ? defined_ : detected_;
}

void CpuBinding::define(std::optional<std::vector<Cpu>> cpus) {
  std::lock_guard<std::mutex> lock(lock_);
  defined_ = std::move(cpus);
  assign_locked(used_locked());
}

BindOrder CpuBinding::order() const {
  std::lock_guard<std::mutex> lock(lock_);
  return order_;
}

bool CpuBinding::set_order(BindOrder order, BindOrder* before) {
  std::lock_guard<std::mutex> lock(lock_);
  *before = order_;
  const std::vector<Cpu>* cpus = used_locked();
  if (!cpus) return false;
  order_ = order;
  assign_locked(cpus);
  return true;
}

bool CpuBinding::update() {
  std::lock_guard<std::mutex> lock(lock_);
  if (!info_.update(true)) return false;
  take_detected_locked();
  assign_locked(used_locked());
  return true;
}

std::vector<int> CpuBinding::bindings() const {
  std::vector<int> bound;
  for (unsigned i = 0; i < schedulers_; i++) bound.push_back(slots_[i].bound.load(std::memory_order_relaxed));
  return bound;
}

int CpuBinding::settle(unsigned id, bool runs, int from) {
  Slot& slot = slots_[id - 1];
  const int to = runs ? slot.wanted.load(std::memory_order_relaxed) : -1;
  const os::CpuSet usable = info().usable;
  int now = from;
  if (to >= 0 && (to == from || os::bind_this_thread(to, usable) == 0)) now = to;
  else if (os::unbind_thread(pthread_self(), usable) == 0) now = -1;
  slot.bound.store(now, std::memory_order_relaxed);
  return now;
}

void CpuBinding::release(pthread_t thread) { os::unbind_thread(thread, info().usable); }

}  // namespace vm::sched
