// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Thread progress (quiescent-state based reclamation).
//
// A registered thread announces a quiescent point between slices: it then holds no pointer into a shared table. What was unlinked from a table
// is freed through `defer` once every registered thread passed such a point (or sleeps). Other threads read under a Guard.
#pragma once

#include <atomic>
#include <cstdint>

namespace vm::sync {

class Epoch {
 public:
  // Scheduler and dirty threads register; a registered thread must pass quiescent() regularly or be asleep.
  static void register_thread();
  static void unregister_thread();
  static bool registered();  // the calling thread
  static void quiescent();
  static void enter_sleep();  // about to block: counts as quiescent until leave_sleep
  static void leave_sleep();
  // Runs f(p) after all threads that are active now passed a quiescent point. Runs on some registered thread.
  static void defer(void* p, void (*f)(void*));
  // Same, for waits: calls f(p) once the grace period is over.
  static std::uint64_t current();

  // For threads that are not registered or asleep: readers of shared tables hold one for a short time.
  class Guard {
   public:
    Guard();
    ~Guard();
    Guard(const Guard&) = delete;

   private:
    bool entered_;
  };
};

}  // namespace vm::sync
