// SPDX-License-Identifier: Apache-2.0
//
// erlang:system_monitor/2: one process that is told of long collections, large heaps and long time slices of others.
//
// Runtime::monitor is null until somebody asks for it the first time, so that the checks cost one load in a collection or a slice. Limits are
// read without a lock; who sets them holds the lock. Who has to wait for a
// busy port or connection tells the monitor itself.
#pragma once

#include <atomic>

#include "proc/process.h"
#include "sync/mutex.h"

namespace vm::proc {

struct MonitorSettings {
  Term pid = Term::non_value();                                              // non-value: nobody
  std::uint64_t long_gc_ms = 0, long_schedule_ms = 0, large_heap_words = 0;  // 0: not asked for
  bool busy_port = false, busy_dist_port = false;
};

class SystemMonitor {
 public:
  MonitorSettings settings();  // nobody when the process has ended
  void set(const MonitorSettings& wanted);
  explicit SystemMonitor(Runtime& rt) : runtime_(rt) {}

  bool times_collections() const { return long_gc_ms_.load(std::memory_order_relaxed) != 0; }
  bool times_slices() const { return long_schedule_ms_.load(std::memory_order_relaxed) != 0; }
  // After a collection of p that took `ns` (0 when not timed); on p's thread.
  void collected(Process& p, std::int64_t ns);
  // p has to wait for a connection whose controller (a port or process) does not keep up.
  void busy_connection(Process& p, Term controller);
  // p has to wait for a busy port.
  void busy_port(Process& p, Term port);
  // After a slice of p between two functions (null: unknown).
  void scheduled(Process& p, std::int64_t ns, const code::Function* in, const code::Function* out);

 private:
  void send(Process& about, Term event, Term information, heap::FragmentWriter& w);

  Runtime& runtime_;
  sync::Mutex lock_{sync::LockRank::Leaf};
  MonitorSettings settings_;
  std::atomic<std::uint64_t> long_gc_ms_{0}, long_schedule_ms_{0}, large_heap_words_{0};
};

// The runtime's monitor, made when missing.
SystemMonitor& system_monitor(Runtime& rt);

}  // namespace vm::proc
