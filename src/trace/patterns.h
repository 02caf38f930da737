// SPDX-License-Identifier: Apache-2.0
//
// Trace patterns: what happens when a function is called.
//
// A pattern is set on functions (local, by breakpoints in their code) or on what is called from other modules (global, by the entry of exports); built-ins
// have one breakpoint for both. BreakData is what a breakpoint does; it is replaced as a whole under the code lock, running code sees the old one or the
// new one. Code that is loaded loses its patterns, unless there is one for on_load.
#pragma once

#include "trace/call_time.h"
#include "trace/state.h"

namespace vm::trace {

struct BreakData {
  bool global = false, local = false;
  Spec spec;
  std::shared_ptr<MetaTracer> meta;
  Spec meta_spec;
  std::shared_ptr<std::atomic<std::uint64_t>> count;
  bool counting = false;
  std::shared_ptr<CallTimes> times;
  bool timing = false;
  bool debug = false;
  bool empty() const { return !global && !local && !meta && !count && !times && !debug; }
};

// {M, F, A} where '_' stands for anything, but not in front of something.
struct FunctionPattern {
  Term module, function, arity;
  static bool parse(Term t, FunctionPattern* out);
  bool matches(const code::Mfa& m) const;
};

enum class Change : std::uint8_t { Clear, Set, Pause, Restart };
struct PatternFlags {
  bool global = false, local = false, meta = false, count = false, time = false;
  bool breakpoint() const { return local || meta || count || time; }
};

// Changes all functions that match; answers how many they are.
SWord change_pattern(Runtime& rt, const FunctionPattern& which, Change change, const PatternFlags& flags, const Spec& spec,
                     const TracerRef& meta_tracer);
void change_load_pattern(State& state, Change change, const PatternFlags& flags, const Spec& spec, const TracerRef& meta_tracer);
// erts_debug:breakpoint/2: calls of matching functions go to the error handler.
SWord change_debug(Runtime& rt, const FunctionPattern& which, bool on);

// trace_info({M,F,A}, Key) and trace_info(on_load, Key); the non-value for a bad key.
Term function_info(proc::GuardContext& cx, const FunctionPattern& which, Term key);
Term load_pattern_info(proc::GuardContext& cx, Term key);

// A module instance is about to be replaced or deleted; it became current. Under the code lock.
void module_leaves(Runtime& rt, code::ModuleInstance& instance);
void module_comes(Runtime& rt, code::ModuleInstance& instance);
// Functions of the instance became native: what is traced of them stays traced.
void natives_came(Runtime& rt, code::ModuleInstance& instance);

}  // namespace vm::trace
