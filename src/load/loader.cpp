// SPDX-License-Identifier: Apache-2.0
//
// Making modules current, old and gone; decoding functions on their first call.
#include "load/loader.h"

#include <algorithm>
#include <utility>

#include "heap/copy.h"
#include "load/lowering_internal.h"
#include "sync/epoch.h"
#include "term/atoms.h"

namespace vm::load {

using code::Export;
using code::Function;
using code::Module;
using code::ModuleInstance;

PreparedModule::~PreparedModule() {
  if (instance_ != nullptr) Loader::discard_instance(instance_.release());
}

Loader::Loader(code::CodeStore& store, const etf::DecodeHooks* hooks)
    : store_(store), hooks_(hooks), operators_(std::make_unique<Operators>(store)) {}
Loader::~Loader() = default;

// --- decoding -----------------------------------------------------------------------------------------------------------

namespace {

// What a function becomes that must not run: its head still raises function_clause, its entry raises badfile.
code::FunctionBody bad_body(Function& f) {
  code::FunctionBody body;
  body.function = &f;
  const auto emit = [&](Op op, std::initializer_list<code::Operand> operands) {
    body.instructions.push_back({op, static_cast<std::uint32_t>(body.operands.size()), static_cast<std::uint32_t>(operands.size())});
    body.operands.insert(body.operands.end(), operands);
  };
  emit(Op::func_info, {Lowering::constant(f.mfa.module), Lowering::constant(f.mfa.function), Lowering::plain(f.mfa.arity)});
  emit(Op::label, {Lowering::plain(f.entry_label)});
  emit(Op::function_entry, {});
  emit(Op::bad_code, {});
  return body;
}

}  // namespace

code::CodePtr Loader::decode(Function& f) {
  LoadExtra& extra = LoadExtra::of(*f.instance);
  Loader& loader = *extra.loader;
  std::lock_guard guard(loader.store_.lock());
  if (f.decoded_begin != nullptr || f.bif != nullptr) return f.entry.load(std::memory_order_acquire);
  Lowering lowering(f, loader);
  const bool good = lowering.run() && verify(lowering.body(), *loader.operators_);
  if (good) find_receive_shapes(lowering.body());
  if (loader.native_form_of_ != nullptr) lowering.body().native_form = loader.native_form_of_(f);
  const code::CodePtr entry = loader.store_.backend()->install(good ? lowering.body() : bad_body(f));
  f.entry.store(entry, std::memory_order_release);
  Export* e = loader.store_.find_export(f.mfa.module, f.mfa.function, f.mfa.arity);
  // A breakpoint of the export stays: it goes on to the function.
  code::Backend& backend = *loader.store_.backend();
  if (e != nullptr && e->function.load(std::memory_order_relaxed) == &f && backend.target_of(*e) == f.stub) backend.set_target(*e, entry);
  if (extra.on_load_cell != nullptr && f.instance->on_load == &f) extra.on_load_cell->entry.store(entry, std::memory_order_release);
  return entry;
}

bool Loader::lower(Function& f, code::FunctionBody* out) {
  Loader& loader = *LoadExtra::of(*f.instance).loader;
  std::lock_guard guard(loader.store_.lock());
  Lowering lowering(f, loader);
  const bool good = lowering.run() && verify(lowering.body(), *loader.operators_);
  if (good) find_receive_shapes(lowering.body());
  *out = good ? std::move(lowering.body()) : bad_body(f);
  return good;
}

// --- making current -----------------------------------------------------------------------------------------------------

// Points the module's exports at this instance.
void Loader::publish(ModuleInstance& instance) {
  for (auto& [f, e] : instance.export_table) {
    e->function.store(f, std::memory_order_release);
    store_.backend()->set_target(*e, f->entry.load(std::memory_order_acquire));
  }
}

// Undoes publish for what the successor (may be nullptr) does not export.
void Loader::withdraw(ModuleInstance& instance) {
  for (auto& [f, e] : instance.export_table) {
    if (e->function.load(std::memory_order_relaxed) != f) continue;
    e->function.store(nullptr, std::memory_order_release);
    code::Backend& backend = *store_.backend();
    backend.set_target(*e, e->bif != nullptr ? backend.bif_entry(*e->bif) : backend.undefined_entry(*e));
  }
}

void Loader::publish_funs(ModuleInstance& instance) {
  const LoadExtra& extra = LoadExtra::of(instance);
  for (std::size_t i = 0; i < instance.lambdas.size(); i++) {
    instance.lambdas[i]->function.store(extra.lambda_targets[i], std::memory_order_release);
  }
}

void Loader::make_current(Module& module, ModuleInstance* instance) {
  ModuleInstance* previous = module.current;
  if (previous != nullptr && leaves_ != nullptr) leaves_(watch_context_, *previous);
  module.current = instance;
  publish(*instance);
  if (previous != nullptr) {
    withdraw(*previous);
    module.old = previous;
  }
  if (comes_ != nullptr) comes_(watch_context_, *instance);
}

Loader::Outcome Loader::finish(std::span<PreparedModule* const> modules) {
  std::lock_guard guard(store_.lock());
  Outcome outcome{atoms::ok, {}};
  for (std::size_t i = 0; i < modules.size(); i++) {
    for (std::size_t k = 0; k < i; k++) {
      if (modules[k]->name_ == modules[i]->name_) {
        outcome.modules.push_back(modules[i]->name_);
        break;
      }
    }
  }
  if (!outcome.modules.empty()) {
    outcome.status = atoms::duplicated;
    return outcome;
  }
  for (PreparedModule* p : modules) {
    const Module* m = store_.find_module(p->name_);
    if (m != nullptr && m->current != nullptr && m->old != nullptr) outcome.modules.push_back(p->name_);
  }
  if (!outcome.modules.empty()) {
    outcome.status = atoms::not_purged;
    return outcome;
  }
  for (PreparedModule* p : modules) {
    ModuleInstance* instance = p->instance_.release();
    Module* m = store_.module_for(p->name_);
    instance->module = m;
    for (Function& f : instance->functions) {
      code::Backend& backend = *store_.backend();
      f.entry.store(f.bif != nullptr ? backend.bif_entry(*f.bif) : backend.lazy_entry(f), std::memory_order_release);
    }
    publish_funs(*instance);
    if (p->has_on_load_) {
      if (m->current != nullptr && leaves_ != nullptr) leaves_(watch_context_, *m->current);  // so early, as on stock
      instance->on_load_pending = true;
      m->on_load = instance;
      outcome.modules.push_back(p->name_);
    } else {
      make_current(*m, instance);
    }
  }
  if (!outcome.modules.empty()) outcome.status = atoms::on_load;
  return outcome;
}

Export* Loader::on_load_entry(Term module) {
  std::lock_guard guard(store_.lock());
  const Module* m = store_.find_module(module);
  if (m == nullptr || m->on_load == nullptr) return nullptr;
  LoadExtra& extra = LoadExtra::of(*m->on_load);
  Function* f = m->on_load->on_load;
  if (extra.on_load_cell == nullptr) {
    extra.on_load_cell = std::make_unique<Export>();
    extra.on_load_cell->mfa = f->mfa;
    extra.on_load_cell->function.store(f);
    extra.on_load_cell->index = UINT32_MAX;
  }
  extra.on_load_cell->entry.store(f->entry.load(std::memory_order_acquire), std::memory_order_release);
  return extra.on_load_cell.get();
}

bool Loader::finish_after_on_load(Term module, bool keep) {
  std::lock_guard guard(store_.lock());
  Module* m = store_.find_module(module);
  if (m == nullptr || m->on_load == nullptr) return false;
  if (!keep) return true;
  ModuleInstance* instance = m->on_load;
  m->on_load = nullptr;
  instance->on_load_pending = false;
  make_current(*m, instance);
  return true;
}

// --- old and gone -------------------------------------------------------------------------------------------------------

Loader::Deleted Loader::delete_module(Term module) {
  std::lock_guard guard(store_.lock());
  Module* m = store_.find_module(module);
  if (m == nullptr) return Deleted::NoModule;
  if (m->old != nullptr) return Deleted::NotPurged;
  if (m->current != nullptr && leaves_ != nullptr) leaves_(watch_context_, *m->current);
  if (m->current != nullptr) withdraw(*m->current);
  m->old = m->current;
  m->current = nullptr;
  return Deleted::Yes;
}

bool Loader::purge_prepare(Term module, bool on_load) {
  std::lock_guard guard(store_.lock());
  Module* m = store_.find_module(module);
  if (m == nullptr) return false;
  if (on_load && m->on_load != nullptr) {
    old_before_on_load_ = m->old;
    m->old = m->on_load;
    m->on_load = nullptr;
  }
  if (m->old == nullptr) return false;
  purging_ = module;
  hidden_funs_.clear();
  for (code::FunEntry* entry : m->old->lambdas) {
    const Function* f = entry->function.load(std::memory_order_relaxed);
    if (f == nullptr || f->instance != m->old) continue;
    entry->function.store(nullptr, std::memory_order_release);
    hidden_funs_.push_back(entry);
  }
  return true;
}

bool Loader::purge_abort(Term module) {
  std::lock_guard guard(store_.lock());
  Module* m = store_.find_module(module);
  if (purging_ != module || m == nullptr) return false;
  if (m->old != nullptr) {
    const LoadExtra& extra = LoadExtra::of(*m->old);
    for (std::size_t i = 0; i < m->old->lambdas.size(); i++) {
      code::FunEntry* entry = m->old->lambdas[i];
      const bool hidden = std::find(hidden_funs_.begin(), hidden_funs_.end(), entry) != hidden_funs_.end();
      if (hidden && entry->function.load(std::memory_order_relaxed) == nullptr) {
        entry->function.store(extra.lambda_targets[i], std::memory_order_release);
      }
    }
  }
  hidden_funs_.clear();
  purging_ = Term::non_value();
  return true;
}

bool Loader::purge_complete(Term module) {
  ModuleInstance* gone = take_purged(module);
  if (gone == nullptr) return false;
  if (gone->native_library != nullptr && unload_ != nullptr) unload_(std::exchange(gone->native_library, nullptr));
  sync::Epoch::defer(gone, &Loader::destroy_instance);
  return true;
}

// Ends the purge of a module. Answers the instance that is gone for everybody, or nullptr.
ModuleInstance* Loader::take_purged(Term module) {
  std::lock_guard guard(store_.lock());
  Module* m = store_.find_module(module);
  if (purging_ != module || m == nullptr) return nullptr;
  ModuleInstance* gone = m->old;
  m->old = old_before_on_load_;
  old_before_on_load_ = nullptr;
  hidden_funs_.clear();
  purging_ = Term::non_value();
  if (gone == nullptr) return nullptr;
  for (Function& f : gone->functions) store_.retire_code(&f);
  return gone;
}

std::vector<heap::LiteralArea*> Loader::areas_of(const ModuleInstance& instance) {
  std::vector<heap::LiteralArea*> areas;
  for (heap::LiteralArea* area : {instance.literal_area, instance.info_area})
    if (area != nullptr) areas.push_back(area);
  if (const auto* extra = static_cast<LoadExtra*>(instance.load_extra))
    areas.insert(areas.end(), extra->number_areas.begin(), extra->number_areas.end());
  return areas;
}

// Of an instance that was current once. Its literals go when nobody refers to them.
void Loader::destroy_instance(void* p) {
  auto* instance = static_cast<ModuleInstance*>(p);
  auto* extra = static_cast<LoadExtra*>(instance->load_extra);
  for (Function& f : instance->functions) {
    if (f.decoded_begin != nullptr) extra->loader->store_.backend()->discard(f);
  }
  const Loader& loader = *extra->loader;
  if (loader.retire_ != nullptr)
    for (heap::LiteralArea* area : areas_of(*instance)) loader.retire_(loader.retire_context_, area);
  delete extra;
  delete instance;
}

void Loader::discard_all() {
  std::lock_guard guard(store_.lock());
  for (Module* m : store_.modules()) {
    for (ModuleInstance** at : {&m->current, &m->old, &m->on_load}) {
      if (*at != nullptr) discard_instance(std::exchange(*at, nullptr));
    }
  }
}

// Of an instance that nobody ever saw, or sees any more.
void Loader::discard_instance(ModuleInstance* instance) {
  for (heap::LiteralArea* area : areas_of(*instance)) heap::LiteralArea::destroy(area);
  delete static_cast<LoadExtra*>(instance->load_extra);
  delete instance;
}

}  // namespace vm::load
