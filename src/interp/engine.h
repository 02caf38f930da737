// SPDX-License-Identifier: Apache-2.0
//
// Interpreter: both sides of an engine. As code::Backend it turns resolved functions into direct-threaded code, as proc::Engine it runs
// processes on that code.
//
// Code is a row of 8-byte cells: the address of the instruction's label in the loop, then its operands. Code of a function belongs to the
// function and is freed by discard. Entries of functions not yet decoded, of undefined exports and of built-ins are cells inside the
// Function or Export itself.
//
// Threading: install, discard and the entry makers run under the code lock (the caller holds it or is alone); run runs on any scheduler
// thread.
#pragma once

#include <memory>
#include <vector>

#include "code/backend.h"
#include "interp/registers.h"

namespace vm::interp {

class Interpreter final : public code::Backend, public proc::Engine {
 public:
  explicit Interpreter(proc::Runtime& runtime);
  ~Interpreter() override = default;

  // --- code::Backend
  CodePtr install(const code::FunctionBody& body) override;
  void discard(code::Function& f) override;
  CodePtr lazy_entry(code::Function& f) override;
  CodePtr undefined_entry(code::Export& e) override;
  CodePtr bif_entry(const code::Bif& bif) override;
  void arm(code::Breakpoint& b) override;
  void disarm(code::Breakpoint& b) override;
  void keep_calls(bool begin) override;
  CodePtr target_of(const code::Export& e) override;
  void set_target(code::Export& e, CodePtr target) override;

  // --- proc::Engine
  Stop run(Process& p, sched::Scheduler& scheduler) override;
  void prepare_call(Process& p, code::Export& target, const Term* args, std::size_t count) override;
  void attach(sched::Scheduler& scheduler) override;
  Term stack_trace_of(Process& p, std::size_t depth, term::HeapWriter& h) override;
  code::Function* current_function(Process& p) override;

  // Runs with the given registers: `run` without a scheduler (tests).
  Stop run_with(Process& p, Registers& r);

 private:
  CodePtr dirty_bif_entry(const code::Bif& bif);
  // The detour of an export (slow_saved_calls.cpp), or nullptr when it needs none or never had one.
  code::CodeWord* detour_of(const code::Export& e) const;
  void set_detour(code::Export& e, CodePtr target);
  // What callers of a built-in of the tables run, given who looks on.
  void set_enter(const code::Bif& bif);
  proc::Runtime& runtime_;
  code::CodeWord normal_exit_[1];
  code::CodeWord trace_frames_[4];
  // Under the code lock: processes that keep their calls, and the cells of each export's detour, made when first needed; threads may run in them for ever.
  std::size_t keepers_ = 0;
  std::vector<std::unique_ptr<code::CodeWord[]>> detours_;
};

}  // namespace vm::interp
