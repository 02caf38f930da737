// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Releasing literal areas: of purged modules, and of persistent terms that were replaced or erased.
//
// Who has an area that nobody can come to refer to any more hands it over (retire). Areas that come while others are under way wait, and go
// together. One evacuation (heap/evacuation.h) at a time goes through these phases:
//
//   Announced   copies between heaps no longer share the areas. After a grace period every signal that shares them is in its receiver's queue.
//   Ready       the system process erts_literal_area_collector was told; OTP's module of that name does the rounds.
//   Rounds      it asks every process to look (SystemTask copy_literals), and those that hold references to copy them to their heaps: two at a time.
//   Withdrawn   all have answered. After a grace period nobody is in the middle of a copy, and the areas are freed.
//
// A process that was spawned during the rounds got its arguments by a copy, and one that ended has no heap: neither needs to be asked.
// Threading: any.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "heap/evacuation.h"

namespace vm::proc {

struct Runtime;
class Process;

class LiteralRelease {
 public:
  explicit LiteralRelease(Runtime& runtime) : runtime_(runtime) {}
  // Takes over an area (nullptr: nothing happens).
  void retire(heap::LiteralArea* area);
  // For the collecting process. Ends the rounds that were under way. True: others begin.
  bool switch_areas();
  // Words of areas that are not freed yet.
  std::size_t waiting_words();

  // On p's own thread between slices. `look`: messages are set free of references; answers whether the heap is. `copy`: the heap is, too.
  bool look(Process& p);
  void copy(Process& p);

 private:
  enum class Phase { Idle, Announced, Ready, Rounds, Withdrawn };
  void announce_locked();
  static void on_announced(void* self);
  static void on_withdrawn(void* self);

  Runtime& runtime_;
  std::mutex lock_;
  Phase phase_ = Phase::Idle;
  std::vector<heap::LiteralArea*> waiting_;
  std::unique_ptr<heap::Evacuation> current_;
  std::size_t words_ = 0;  // of all
};

}  // namespace vm::proc
