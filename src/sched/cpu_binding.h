// SPDX-License-Identifier: Apache-2.0
//
// Which processor each scheduler is to be bound to: the topology in use (the one that was defined, else the one that was detected), the order of
// binding, and what came of it.
//
// The binding belongs to a scheduler (P). A worker (M) that begins to drive one binds itself, and looks again when the group tells it to; who loses its
// scheduler is unbound. Schedulers that are not to run are bound to nothing. Changes are made under a lock of this object's own, inside of which nothing
// else is locked; workers read atomics.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "sched/cpu_order.h"

namespace vm::sched {

enum class DetectTopology : std::uint8_t { No, Yes };

class CpuBinding {
 public:
  explicit CpuBinding(DetectTopology detect);

  // How many schedulers there are, once, before they start. Before that nobody is bound.
  void set_schedulers(unsigned n);

  os::CpuInfo info() const;
  // Topologies; nothing where there is none.
  std::optional<std::vector<os::Cpu>> defined() const;
  std::optional<std::vector<os::Cpu>> detected() const;
  std::optional<std::vector<os::Cpu>> used() const;
  // Replaces the defined topology by a checked list, or takes it away.
  void define(std::optional<std::vector<os::Cpu>> cpus);
  BindOrder order() const;
  // Answers the order before. False: there is no topology to go by, nothing changed.
  bool set_order(BindOrder order, BindOrder* before);
  // Asks the system again. Answers whether something is another than before.
  bool update();
  // The processor that each scheduler's thread is bound to, -1: to none.
  std::vector<int> bindings() const;

  // Of the worker that drives scheduler `id`. What it is to be bound to; -1: to nothing.
  int wanted(unsigned id) const { return slots_[id - 1].wanted.load(std::memory_order_relaxed); }
  int bound(unsigned id) const { return slots_[id - 1].bound.load(std::memory_order_relaxed); }
  // Moves the calling thread, which is bound to `from`, to where scheduler `id` is to be, or away from any processor if that is not to run. Answers what it
  // is bound to now.
  int settle(unsigned id, bool runs, int from);
  // Takes the binding from a worker, the calling thread or another one.
  void release(pthread_t thread);

 private:
  struct Slot {
    std::atomic<int> wanted{-1}, bound{-1};
  };
  const std::vector<os::Cpu>* used_locked() const;
  void assign_locked(const std::vector<os::Cpu>* cpus);
  void take_detected_locked();

  mutable std::mutex lock_;
  os::CpuInfo info_;
  std::optional<std::vector<os::Cpu>> defined_, detected_;
  BindOrder order_ = BindOrder::Unbound;
  std::unique_ptr<Slot[]> slots_;
  unsigned schedulers_ = 0;
};

}  // namespace vm::sched
