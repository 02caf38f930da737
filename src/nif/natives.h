// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Native libraries of one Runtime: who may be loaded, what they brought, what happens when they are called.
//
// A library is a table of C functions (an ErlNifEntry) that replaces functions of one Erlang module instance. erlang:load_nif/2 finds the
// table (linked into the program, or nif_init of a shared object), checks it, runs its load callback, and gives every function of the
// table a built-in of kind Native: the record hangs at Bif::native and the engine calls Natives::call like any other built-in.
//
// The C ABI is in the *.cpp files of this room (enif_*, C linkage, exported by the executable). It identifies the Runtime by the environment
// that native code passes in; the few functions without one (enif_alloc_env, a null environment on a foreign thread) use the Runtime of
// the newest Natives: the ABI has no place for more.
//
// Threading: load and unload take the code lock. Calls run on any scheduler thread. Monitors and resources have locks of their own.
// GC: native code never moves terms: what a call makes goes to the caller's heap or to fragments.
#pragma once

#include <string>

#include "proc/bif_context.h"
#include "proc/runtime.h"

struct enif_entry_t;
struct enif_func_t;
struct enif_resource_type_t;
namespace vm::etf {
struct DecodeHooks;
}

namespace vm::nif {

// A table linked into the program.
struct StaticNif {
  const char* module;
  enif_entry_t* (*init)();
};

struct Library;

// What a native built-in's record points at (Bif::native).
struct NativeFunction {
  Library* library;
  const enif_func_t* function;
};

class Natives {
 public:
  explicit Natives(proc::Runtime& runtime);
  ~Natives();

  void add_static(const StaticNif& table);
  // How enif_binary_to_term makes terms that other rooms know about.
  void set_decode_hooks(const etf::DecodeHooks* hooks) { decode_hooks_ = hooks; }
  const etf::DecodeHooks* decode_hooks() const { return decode_hooks_; }

  // erlang:load_nif/2 called from function `caller`: ok or {error, {Reason, Text}}. Where functions of the module are declared to be native, only they may.
  using Declared = bool(const code::Function&);
  Term load(proc::BifContext& cx, code::Function& caller, const std::string& path, Term info, Declared* is_declared);
  // The instance is being destroyed: runs the library's unload callback. Resources that still live keep the library's code.
  static void unload(void* library);

  // Modules that have loaded a shared object, and drivers.
  std::vector<Term> taints() const;
  void add_taint(Term name);
  // The resources that monitor the process, as references on h.
  void list_watching(proc::Process& p, term::HeapWriter& h, term::ListBuilder& list) const;

  // Call of every native built-in (Bif::call).
  static Term call(proc::BifContext& cx, const Term* args);
  // Hook: the process ends. Tells resources that monitor it. On the process's own thread.
  void process_ending(proc::Process& p);

  proc::Runtime& runtime() { return runtime_; }
  // The Runtime of native code that names none.
  static proc::Runtime* default_runtime();

  // Continuation of a call that asked to be scheduled again: hidden built-in with two arguments (call record, argument tuple).
  // One for each kind of job (ErlNifDirtyTaskFlags, 0 = normal).
  code::Export* continue_export(int job) { return &continue_exports_[job]; }

  // Resource types by (module, name); the room's own business.
  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  proc::Runtime& runtime_;
  Impl* impl_;
  const etf::DecodeHooks* decode_hooks_ = nullptr;
  code::Bif continue_bifs_[3]{};
  code::Export continue_exports_[3]{};
};

// Descriptors that native code has selected (enif_select) and not stopped.
std::size_t selected_descriptors();

// Calls a native function of a module's current code outside of any call of Erlang's. False: it has none.
bool call_native(proc::Runtime& rt, proc::Process* p, Term module, Term function, const Term* args, unsigned arity, Term* result);
bool has_native(proc::Runtime& rt, Term module, Term function, unsigned arity);

}  // namespace vm::nif
