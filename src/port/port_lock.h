// SPDX-License-Identifier: Apache-2.0
//
// PortLock: the lock of a port, which knows whether requests wait for the port (port/requests.h).
//
// Who may wait takes it with lock(). Who may not (a process's scheduler) tries: that fails while somebody holds it and while anything waits, so that
// nobody overtakes. Whoever gives it back while something waits has the port's turn scheduled; whoever adds something while nobody holds it does that.
// One word holds all of it: free and idle it costs one exchange to take and one to give back.
//
// What passes between taking and giving back is the work on ports of statistics(microstate_accounting).
//
// It has rank Port. The port must outlive unlock(): who holds the lock holds a reference to the port.
#pragma once

#include <atomic>
#include <cstdint>

#include "os/clock.h"
#include "sync/mutex.h"

namespace vm::port {

class Port;

class VM_CAPABILITY("mutex") PortLock {
 public:
  explicit PortLock(Port& port) : port_(port) {}
  PortLock(const PortLock&) = delete;
  void lock() VM_ACQUIRE();
  bool try_lock() VM_TRY_ACQUIRE(true);
  void unlock() VM_RELEASE();

  // --- for the port's requests
  // Something waits. True: the caller schedules the port's turn.
  bool add_work();
  // For a sender: whether anything of its own may wait.
  bool has_work() const { return state_.load(std::memory_order_relaxed) & kWork; }
  // Nothing waits; by the holder.
  void no_work() { state_.fetch_and(~kWork, std::memory_order_relaxed); }
  // The turn begins: takes the lock, unless somebody has it, who will schedule another turn.
  bool begin_turn();
  // The turn ends although something waits: another one has been scheduled (again), or wake() will come.
  void end_turn_again();
  void end_turn_until_woken();
  // Whoever the port waited for is gone.
  void wake();

 private:
  static constexpr std::uint32_t kHeld = 1, kWanted = 2, kWork = 4, kScheduled = 8, kWoken = 16;
  void lock_slow();
  void unlock_slow();
  void note();
  void taken() { taken_at_ = os::cheap_ticks(); }
  void giving();
  std::atomic<std::uint32_t> state_{0};
  std::uint64_t taken_at_ = 0;  // in cheap ticks; the holder's
  Port& port_;
};

}  // namespace vm::port
