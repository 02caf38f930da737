// SPDX-License-Identifier: Apache-2.0
//
// erlang:load_nif/2: finding a library, checking its table, making its functions callable.
#include <dlfcn.h>

#include <algorithm>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <optional>

#include "nif/library_internal.h"
#include "term/print.h"

namespace vm::nif {

namespace {

constexpr int kMajor = 2;

// What the served release's headers say.
int newest_minor(unsigned otp_release) {
  if (otp_release >= 29) return 18;
  return otp_release >= 26 ? 17 : 16;
}

bool at_least(const ErlNifEntry& e, int major, int minor) { return e.major * 0x100 + e.minor >= major * 0x100 + minor; }

class Loading {
 public:
  using Declared = Natives::Declared;
  Loading(Natives& natives, proc::BifContext& cx, code::Function& caller, const std::string& path, Term info, Declared* is_declared)
      : natives_(natives), cx_(cx), caller_(caller), path_(path), info_(info), is_declared_(is_declared), module_name_(caller.mfa.module) {}

  // Closes what a failure leaves open.
  Term run() {
    Term status = try_to_load();
    if (status != atoms::ok && handle_) dlclose(handle_);
    return status;
  }

 private:
  Term try_to_load();
  Term failed(Term kind, const char* format, ...) __attribute__((format(printf, 3, 4)));
  Term open();  // sets entry_; ok or an error
  Term check_version();
  void adopt_table();  // entry_ -> library_
  Term bind_functions();
  bool may_be_native(const code::Function& f);
  Term call_library(ErlNifEnv& env, Library* previous);
  code::BifKind kind_of(unsigned job) const;
  void make_callable();
  std::string module_text() const { return term::atom_text(module_name_); }

  Natives& natives_;
  proc::BifContext& cx_;
  code::Function& caller_;
  const std::string& path_;
  Term info_;
  Declared* is_declared_;
  std::optional<bool> any_declared_;
  Term module_name_;
  code::ModuleInstance* instance_ = nullptr;
  ErlNifEntry* entry_ = nullptr;
  void* handle_ = nullptr;
  std::unique_ptr<Library> library_;
  std::vector<code::Function*> targets_;
};

Term Loading::failed(Term kind, const char* format, ...) {
  va_list args;
  va_start(args, format);
  va_list again;
  va_copy(again, args);
  int n = std::vsnprintf(nullptr, 0, format, args);
  va_end(args);
  std::string text(static_cast<std::size_t>(n) + 1, '\0');
  std::vsnprintf(text.data(), text.size(), format, again);
  va_end(again);
  text.pop_back();
  term::ListBuilder list(cx_.heap());
  for (char c : text) list.add(Term::small(static_cast<unsigned char>(c)));
  return term::Tuple::make(cx_.heap(), atoms::error, term::Tuple::make(cx_.heap(), kind, list.finish()));
}

Term Loading::open() {
  for (const StaticNif& s : natives_.impl().statics) {
    if (term::AtomTable::find(s.module) != module_name_) continue;
    entry_ = s.init();
    return atoms::ok;
  }
  handle_ = dlopen((path_ + ".so").c_str(), RTLD_NOW);
  if (!handle_) {
    std::string why = dlerror();
    if (why.find(path_) != std::string::npos) return failed(atoms::load_failed, "Failed to load NIF library: '%s'", why.c_str());
    return failed(atoms::load_failed, "Failed to load NIF library %s: '%s'", path_.c_str(), why.c_str());
  }
  void* init = dlsym(handle_, "nif_init");
  if (!init) init = dlsym(handle_, "_nif_init");
  if (!init) return failed(atoms::bad_lib, "Failed to find library init function: '%s'", dlerror());
  entry_ = reinterpret_cast<ErlNifEntry* (*)()>(init)();
  if (!entry_) return failed(atoms::bad_lib, "Library init-call unsuccessful");
  return atoms::ok;
}

Term Loading::check_version() {
  const ErlNifEntry& e = *entry_;
  int minor = newest_minor(cx_.runtime().settings.otp_release);
  if (e.major > kMajor || (e.major == kMajor && e.minor > minor)) {
    return failed(atoms::bad_lib,
                  "That '%s' NIF library needs %s or newer. Either try to recompile the NIF lib or use a newer erts runtime.",
                  module_text().c_str(), at_least(e, 2, 14) ? e.min_erts : "erts-?");
  }
  if (e.major < ERL_NIF_MIN_REQUIRED_MAJOR_VERSION_ON_LOAD || (e.major == 2 && e.minor == 5)) {
    return failed(atoms::bad_lib,
                  "That old NIF library (%d.%d) is not compatible with this erts runtime (%d.%d). Try recompile the NIF lib.", e.major,
                  e.minor, kMajor, minor);
  }
  if (at_least(e, 2, 1) && std::strcmp(e.vm_variant, ERL_NIF_VM_VARIANT) != 0)
    return failed(atoms::bad_lib, "Library (%s) not compiled for this vm variant (%s).", e.vm_variant, ERL_NIF_VM_VARIANT);
  if (term::AtomTable::find(e.name) != module_name_)
    return failed(atoms::bad_lib, "Library module name '%s' does not match calling module '%s'", e.name, module_text().c_str());
  return atoms::ok;
}

void Loading::adopt_table() {
  library_ = std::make_unique<Library>();
  Library& lib = *library_;
  lib.handle = handle_;
  lib.module = module_name_;
  lib.natives = &natives_;
  ErlNifEntry& to = lib.entry;
  std::memcpy(&to, entry_, offsetof(ErlNifEntry, vm_variant));
  to.vm_variant = at_least(*entry_, 2, 1) ? entry_->vm_variant : ERL_NIF_VM_VARIANT;
  to.options = at_least(*entry_, 2, 7) ? entry_->options : 0;
  to.sizeof_ErlNifResourceTypeInit = at_least(*entry_, 2, 12) ? entry_->sizeof_ErlNifResourceTypeInit : 0;
  to.min_erts = at_least(*entry_, 2, 14) ? entry_->min_erts : "erts-?";
  struct OldFunc {  // before 2.7 there were no flags
    const char* name;
    unsigned arity;
    ERL_NIF_TERM (*fptr)(ErlNifEnv*, int, const ERL_NIF_TERM[]);
  };
  for (int i = 0; i < to.num_of_funcs; i++) {
    if (at_least(*entry_, 2, 7)) {
      lib.functions.push_back(entry_->funcs[i]);
    } else {
      const OldFunc& old = reinterpret_cast<const OldFunc*>(entry_->funcs)[i];
      lib.functions.push_back({old.name, old.arity, old.fptr, 0});
    }
  }
  to.funcs = lib.functions.data();
}

// A module that declares some functions keeps the others.
bool Loading::may_be_native(const code::Function& f) {
  const auto& all = instance_->functions;
  if (!any_declared_) any_declared_ = std::any_of(all.begin(), all.end(), is_declared_);
  return !*any_declared_ || is_declared_(f);
}

Term Loading::bind_functions() {
  for (const ErlNifFunc& f : library_->functions) {
    std::string where = module_text() + ":" + f.name + "/" + std::to_string(f.arity);
    Term name = term::AtomTable::find(f.name);
    code::Function* target = nullptr;
    if (name.is_value()) {
      for (code::Function& candidate : instance_->functions)
        if (candidate.mfa.function == name && candidate.mfa.arity == f.arity) target = &candidate;
    }
    if (!target) return failed(atoms::bad_lib, "Function not found %s", where.c_str());
    if (!may_be_native(*target)) return failed(atoms::bad_lib, "Function not declared as nif %s", where.c_str());
    if (f.flags != 0 && f.flags != ERL_NIF_DIRTY_JOB_IO_BOUND && f.flags != ERL_NIF_DIRTY_JOB_CPU_BOUND)
      return failed(atoms::bad_lib, "Illegal flags field value %d for NIF %s", static_cast<int>(f.flags), where.c_str());
    for (code::Function* other : targets_)
      if (other == target) return failed(atoms::bad_lib, "Duplicate NIF entry for %s", where.c_str());
    targets_.push_back(target);
  }
  return atoms::ok;
}

Term Loading::call_library(ErlNifEnv& env, Library* previous) {
  Library& lib = *library_;
  env.runtime = &cx_.runtime();
  env.process = &cx_.process();
  env.heap = &cx_.heap();
  env.library = &lib;
  if (previous) {
    if (!lib.entry.upgrade) return failed(atoms::upgrade, "Upgrade not supported by this NIF library.");
    void* old_data = previous->private_data;
    int veto = lib.entry.upgrade(&env, &lib.private_data, &previous->private_data, out(info_));
    if (veto) {
      previous->private_data = old_data;
      return failed(atoms::upgrade, "Library upgrade-call unsuccessful (%d).", veto);
    }
  } else if (lib.entry.load) {
    int veto = lib.entry.load(&env, &lib.private_data, out(info_));
    if (veto) return failed(atoms::load, "Library load-call unsuccessful (%d).", veto);
  }
  return atoms::ok;
}

// The machine's own functions for files do not mind where they run.
code::BifKind Loading::kind_of(unsigned job) const {
  if (job == ERL_NIF_DIRTY_JOB_CPU_BOUND) return code::BifKind::DirtyCpu;
  if (job == ERL_NIF_DIRTY_JOB_IO_BOUND) return handle_ ? code::BifKind::DirtyIo : code::BifKind::BriefIo;
  return code::BifKind::Native;
}

void Loading::make_callable() {
  Library& lib = *library_;
  code::Backend& backend = *cx_.runtime().backend;
  for (std::size_t i = 0; i < targets_.size(); i++) {
    code::Function& target = *targets_[i];
    NativeFunction& record = lib.records.emplace_back(NativeFunction{&lib, &lib.functions[i]});
    code::Export& cell = lib.cells.emplace_back();
    code::Bif& bif = lib.bifs.emplace_back();
    cell.mfa = target.mfa;
    cell.function.store(&target, std::memory_order_relaxed);  // where a process is that stops in front of it
    bif.mfa = target.mfa;
    bif.kind = kind_of(lib.functions[i].flags);
    bif.flags = 0;
    bif.call = Natives::call;
    bif.native = &record;
    bif.export_entry = &cell;
    code::CodePtr entry = backend.bif_entry(bif);
    cell.entry.store(entry, std::memory_order_release);
    target.bif = &bif;
    target.entry.store(entry, std::memory_order_release);
    for (auto& [function, exported] : instance_->export_table) {
      if (function != &target || exported->function.load(std::memory_order_acquire) != &target) continue;
      backend.set_target(*exported, entry);
    }
  }
}

Term Loading::try_to_load() {
  instance_ = caller_.instance;
  code::Module& module = *instance_->module;
  if (instance_ == module.old) return failed(atoms::old_code, "Calling load_nif from old module '%s' not allowed", module_text().c_str());
  code::ModuleInstance* previous = instance_ == module.current ? module.old : module.current ? module.current : module.old;
  if (instance_->native_library) return failed(atoms::reload, "NIF library already loaded (reload disallowed since OTP 20).");
  if (Term t = open(); t != atoms::ok) return t;
  if (Term t = check_version(); t != atoms::ok) return t;
  adopt_table();
  if (Term t = bind_functions(); t != atoms::ok) return t;
  Natives::Impl& all = natives_.impl();
  enif_environment_t env;
  auto* old_library = previous ? static_cast<Library*>(previous->native_library) : nullptr;
  if (Term t = call_library(env, old_library); t != atoms::ok) {
    all.roll_back_opened();
    return t;
  }
  all.commit_opened(library_.get());
  if (handle_) natives_.add_taint(module_name_);
  make_callable();
  instance_->native_library = library_.release();
  return atoms::ok;
}

}  // namespace

Term Natives::load(proc::BifContext& cx, code::Function& caller, const std::string& path, Term info, Declared* is_declared) {
  std::lock_guard<std::recursive_mutex> hold(runtime_.code->lock());
  return Loading(*this, cx, caller, path, info, is_declared).run();
}

std::vector<Term> Natives::taints() const {
  std::lock_guard<std::mutex> hold(impl_->taint_lock);
  return impl_->taints;
}

void Natives::add_taint(Term name) {
  std::lock_guard<std::mutex> hold(impl_->taint_lock);
  if (std::find(impl_->taints.begin(), impl_->taints.end(), name) == impl_->taints.end()) impl_->taints.push_back(name);
}

void Natives::unload(void* library) {
  auto* lib = static_cast<Library*>(library);
  if (!lib) return;
  lib->natives->impl().withdraw_types_of(lib);
  lib->release();
}

}  // namespace vm::nif
