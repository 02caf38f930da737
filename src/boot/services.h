// SPDX-License-Identifier: Apache-2.0
//
// Services: everything a machine has beside processes and code, and the hooks by which lower rooms reach it: halting, timers, I/O
// polling, ports, tables, native libraries.
#pragma once

#include <memory>

#include "boot/flags.h"
#include "etf/decode.h"
#include "load/loader.h"

namespace vm::boot {

class Services {
 public:
  Services(proc::Runtime& runtime, const Options& options);
  ~Services();

  const etf::DecodeHooks* literal_hooks() const;
  void attach_loader(load::Loader& loader);
  sched::Hooks scheduler_hooks();
  // After all parts of the runtime exist.
  void start();
  void note_preloaded(Term module);
  void note_system_process(Term module, sched::Priority priority, Term pid);
  // Blocks the calling thread until somebody halts; answers the exit status.
  int wait_for_halt();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vm::boot
