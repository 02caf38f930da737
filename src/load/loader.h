// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Loading modules.
//
// prepare() reads the tables of a .beam file, interns its atoms, links its imports, walks the Code chunk once to check every instruction's
// shape and to find functions and labels, and answers a PreparedModule that nobody sees yet. finish() makes prepared modules current. No
// instruction is translated before its function is called: the engine's entry stub of a function calls decode(), which verifies and
// lowers that one function (lower_*.cpp, verify.cpp) and hands it to the Backend. Literals, line numbers and attributes are unpacked
// when somebody first needs them.
//
// A module has at most two instances, current and old, as in Erlang. finish() refuses with not_purged where both exist. A module with an
// on_load function stays aside (Module::on_load) until finish_after_on_load.
//
// Bad input: a file that prepare() refuses has no effect. What only decoding can see (bad literals, registers used before they are set, frames
// that do not fit) turns the one function into code that raises badfile.
//
// Threading: prepare() may run on any number of threads at once. Everything else takes CodeStore::lock for as long as it runs.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "code/backend.h"
#include "etf/decode.h"

namespace vm::load {

// Why prepare() refused. `text` says what is wrong with the file, for a log that names the module.
struct PrepareFault {
  Term reason = term::kNil;  // what the caller of erlang:prepare_loading sees: badfile
  std::string text;
};

struct LoadExtra;  // module_extra_internal.h
struct Operators;  // lowering_internal.h

class PreparedModule {
 public:
  explicit PreparedModule(std::unique_ptr<code::ModuleInstance> instance);
  ~PreparedModule();  // what was not finished is discarded
  Term name() const { return name_; }
  bool has_on_load() const { return has_on_load_; }
  bool is_finished() const { return instance_ == nullptr; }

 private:
  friend class Loader;
  std::unique_ptr<code::ModuleInstance> instance_;
  Term name_;
  bool has_on_load_;
};

class Loader {
 public:
  // `hooks`: how literals that need other rooms are decoded. Both outlive the loader.
  Loader(code::CodeStore& store, const etf::DecodeHooks* hooks);
  ~Loader();

  // `expected`: the name the module must have; nil to accept any.
  base::Result<std::unique_ptr<PreparedModule>, PrepareFault> prepare(Term expected, std::span<const Byte> file);

  // Makes all of them current, or none. Each was not finished before; names are all different.
  struct Outcome {
    Term status = term::kNil;   // ok, not_purged, on_load or duplicated
    std::vector<Term> modules;  // that are the reason for a status other than ok
  };
  Outcome finish(std::span<PreparedModule* const> modules);

  // erlang:finish_after_on_load/2. keep: the instance that waited becomes current. False: no such module waits.
  bool finish_after_on_load(Term module, bool keep);
  // A cell that calls the on_load function of the instance that waits, or nullptr.
  code::Export* on_load_entry(Term module);

  enum class Deleted { Yes, NoModule, NotPurged };
  Deleted delete_module(Term module);

  // Purging, one module at a time. prepare: hides the funs of old code from callers; false when there is nothing to purge. After it, processes
  // are examined by the caller. abort: makes the funs callable again. complete: destroys the old instance once no thread can be in it.
  bool purge_prepare(Term module, bool on_load);
  bool purge_abort(Term module);
  bool purge_complete(Term module);
  // Frees every instance with its literals: nothing may run or refer to them any more.
  void discard_all();
  // Called with the native library of an instance that was purged, when no process is in its code any more.
  void set_unload(void (*unload)(void* library)) { unload_ = unload; }
  // Told under the code lock: an instance will be replaced or deleted; it has become current.
  void set_watch(void (*leaves)(void* context, code::ModuleInstance&), void (*comes)(void* context, code::ModuleInstance&), void* context) {
    leaves_ = leaves;
    comes_ = comes;
    watch_context_ = context;
  }
  // Takes over the literals of instances that were purged: terms in heaps and messages may still refer to them. Without it they are kept.
  void set_retire(void (*retire)(void* context, heap::LiteralArea* area), void* context) {
    retire_ = retire;
    retire_context_ = context;
  }
  // Tells which functions have a native form (FunctionBody::native_form): nullptr for the others. Called under the code lock.
  void set_native_forms(const code::Bif* (*form_of)(const code::Function&)) { native_form_of_ = form_of; }
  Term purging() const { return purging_; }  // the non-value when no purge goes on

  // Decodes a function: the hook engines call (LoadHooks::decode).
  static code::CodePtr decode(code::Function& f);

  // What decode() would install, without doing so (tests, disassembly). False: the function does not verify and *out raises badfile.
  static bool lower(code::Function& f, code::FunctionBody* out);

  // Calls f(code::Function&) for each function of a module that is prepared only (tests, disassembly).
  template <typename F>
  static void for_each_function(PreparedModule& module, F&& f) {
    for (code::Function& function : module.instance_->functions) f(function);
  }

  // Whether a -nifs() attribute names the function.
  static bool is_declared_native(const code::Function& f);

  // Attributes and compile info as terms on h; nil when the module has none. False when the chunk is no term.
  bool attributes(const code::ModuleInstance& instance, term::HeapWriter& h, Term* out);
  bool compile_info(const code::ModuleInstance& instance, term::HeapWriter& h, Term* out);

  code::CodeStore& store() { return store_; }

 private:
  friend struct LoadExtra;
  friend class PreparedModule;
  friend class Lowering;
  void make_current(code::Module& module, code::ModuleInstance* instance);
  void publish(code::ModuleInstance& instance);
  void withdraw(code::ModuleInstance& instance);
  void publish_funs(code::ModuleInstance& instance);
  code::ModuleInstance* take_purged(Term module);
  static std::vector<heap::LiteralArea*> areas_of(const code::ModuleInstance& instance);
  static void destroy_instance(void* instance);
  static void discard_instance(code::ModuleInstance* instance);

  code::CodeStore& store_;
  const etf::DecodeHooks* hooks_;
  std::unique_ptr<Operators> operators_;
  void (*unload_)(void*) = nullptr;
  const code::Bif* (*native_form_of_)(const code::Function&) = nullptr;
  void (*leaves_)(void*, code::ModuleInstance&) = nullptr;
  void (*comes_)(void*, code::ModuleInstance&) = nullptr;
  void* watch_context_ = nullptr;
  void (*retire_)(void*, heap::LiteralArea*) = nullptr;
  void* retire_context_ = nullptr;
  Term purging_ = Term::non_value();
  bool purging_on_load_ = false;
  code::ModuleInstance* old_before_on_load_ = nullptr;  // set aside while a failed on_load instance is purged
  std::vector<code::FunEntry*> hidden_funs_;
};

}  // namespace vm::load
