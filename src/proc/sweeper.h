// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Sweeper: gives memory of sleeping processes back.
//
// A process that stopped working keeps its garbage: nothing makes it collect. The sweeper walks the process table as a runnable of low priority; a
// process that did nothing since its last few passes and holds a lot is collected and moved to a block that just fits. Whoever was swept
// in vain (little came free) is left alone for twice as long the next time. At the end of a pass memory that nobody uses goes back to the
// system.
//
// Passes are started by tick, which the watcher thread of sched/ calls. They are at least kPassNs apart, and a hundred times as far apart as a
// pass takes, so that it costs a hundredth of one scheduler at most; they end some passes after the last process ran.
// Collections count less, for they are rare: a process is collected again only after it has worked, and later each time it was in vain.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "sched/runnable.h"

namespace vm::proc {

struct Runtime;
class Process;

class Sweeper final : public sched::Runnable {
 public:
  explicit Sweeper(Runtime& rt) : runtime_(rt) { priority.store(sched::Priority::Low); }
  // Watcher thread. True while passes are still to come.
  bool tick();
  // A part of a pass.
  sched::After run(sched::Scheduler& scheduler) override;
  std::uint64_t swept() const { return swept_.load(std::memory_order_relaxed); }

 private:
  void visit(Process& p);

  Runtime& runtime_;
  std::atomic<bool> queued_{false};
  std::atomic<std::uint64_t> own_slices_{0};
  std::atomic<std::uint64_t> swept_{0};
  // Watcher thread.
  std::uint64_t seen_slices_ = 0;
  unsigned calm_passes_ = 0;
  std::size_t peak_bytes_ = 0;
  std::int64_t trimmed_at_ns_ = 0;
  bool asked_ = false;       // threads to free the blocks they hold ready
  bool slots_went_ = false;  // many processes ended, and with them their links and dictionaries, which no count of blocks shows
  bool again_ = false;       // after a while: what belonged to the blocks' processes may come free only when no thread can see it any more
  std::int64_t slabs_looked_at_ns_ = 0;
  bool slabs_idle_ = true;      // some may still be
  std::size_t idle_bytes_ = 0;  // of slabs, when last looked at: some cannot be given back, and are no reason to look for more
  // Of the pass; the runnable's, read by the watcher when queued_ is false.
  std::size_t cursor_ = 0;
  std::int64_t work_ns_ = 0;
  std::int64_t collecting_ns_ = 0;  // not part of work_ns_
  std::int64_t ended_ns_ = 0;
};

}  // namespace vm::proc
