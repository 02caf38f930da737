// SPDX-License-Identifier: Apache-2.0
//
// Process table: pid → Process, lock-free for readers; slots are taken by compare-and-swap. Pids are handed out in increasing
// number order as stock does, skipping slots in use. Reserved address space, committed as it fills.
#pragma once

#include <vector>

#include "proc/process.h"

namespace vm::proc {

class ProcessTable {
 public:
  explicit ProcessTable(std::size_t limit);
  ~ProcessTable();
  // The living or exiting process, or nullptr. Valid until the calling thread's next quiescent point.
  Process* lookup(Term pid) const;
  // A pid for a new process together with its slot; the non-value when the table is full. The slot shows nothing until publish.
  Term reserve();
  void publish(Term pid, Process* p);
  void cancel(Term pid);  // reserve without publish
  void remove(Term pid);  // frees the slot; the object is freed by the caller through Epoch::defer
  std::size_t count() const;
  std::size_t limit() const;
  // The number that is tried next for a pid.
  Word next_number() const;
  // For tests: numbers may come a second time.
  void set_next_number(Word n);
  // Pids of all processes that are alive or exiting at one moment, in no particular order. O(n).
  std::vector<Term> pids() const;
  template <typename F>
  void for_each(F&& f) const {  // f(Process&)
    for (std::size_t i = 0; i < slot_count(); i++)
      if (Process* p = slot(i)) f(*p);
  }
  std::size_t slot_count() const;
  Process* slot(std::size_t index) const;

 private:
  struct Impl;
  Impl* impl_;
};

}  // namespace vm::proc
