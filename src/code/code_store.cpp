// SPDX-License-Identifier: Apache-2.0
#include "code/code_store.h"

#include <cstring>
#include <unordered_map>

#include "code/backend.h"
#include "code/code_ranges_internal.h"
#include "code/lock_free_table_internal.h"

namespace vm::code {

namespace {

// Items of an append-only array that readers index without a lock; their addresses never change.
template <typename T, std::size_t kSegmentItems, std::size_t kSegments>
class StableArray {
 public:
  StableArray() : segments_(new std::atomic<T*>[kSegments]()) {}
  ~StableArray() {
    for (std::size_t i = 0; i < kSegments; i++) delete[] segments_[i].load(std::memory_order_relaxed);
  }
  std::size_t size() const { return size_.load(std::memory_order_acquire); }
  T& operator[](std::size_t i) const { return segments_[i / kSegmentItems].load(std::memory_order_acquire)[i % kSegmentItems]; }
  // The slot that the next commit() makes visible.
  T& next() {
    const std::size_t n = size_.load(std::memory_order_relaxed);
    VM_CHECK(n < kSegmentItems * kSegments);
    std::atomic<T*>& segment = segments_[n / kSegmentItems];
    if (segment.load(std::memory_order_relaxed) == nullptr) segment.store(new T[kSegmentItems](), std::memory_order_release);
    return segment.load(std::memory_order_relaxed)[n % kSegmentItems];
  }
  void commit() { size_.fetch_add(1, std::memory_order_release); }

 private:
  std::unique_ptr<std::atomic<T*>[]> segments_;
  std::atomic<std::size_t> size_{0};
};

constexpr std::size_t kItemsPerSegment = 512;
constexpr std::size_t kMaxSegments = 16384;

std::size_t mfa_hash(Term module, Term function, Word arity) {
  Word h = (module.bits() >> 6) * 0x9E3779B97F4A7C15u;
  h ^= (function.bits() >> 6) * 0xC2B2AE3D27D4EB4Fu;
  h += arity * 0x165667B19E3779F9u;
  return static_cast<std::size_t>(h ^ h >> 29 ^ h >> 47);
}

struct ExportTraits {
  static std::size_t hash(const Export& e) { return mfa_hash(e.mfa.module, e.mfa.function, e.mfa.arity); }
};
std::size_t module_hash(Term name) { return mfa_hash(name, Term::from_bits(0), 0); }
struct ModuleTraits {
  static std::size_t hash(const Module& m) { return module_hash(m.name); }
};

std::uint64_t fun_hash(Term module, const Byte uniq[16], std::uint32_t index) {
  std::uint64_t first;
  std::memcpy(&first, uniq, sizeof first);
  return first ^ module.bits() * 0x9E3779B97F4A7C15u ^ index * 0xC2B2AE3D27D4EB4Fu;
}

}  // namespace

struct CodeStore::Impl {
  std::atomic<Backend*> backend{nullptr};
  StableArray<Export, kItemsPerSegment, kMaxSegments> exports;
  LockFreeTable<Export, ExportTraits> export_table;
  StableArray<Module, kItemsPerSegment, kMaxSegments> modules;
  LockFreeTable<Module, ModuleTraits> module_table;
  StableArray<std::atomic<CodePtr>, kItemsPerSegment, kMaxSegments> catches;
  StableArray<FunEntry, kItemsPerSegment, kMaxSegments> funs;
  std::unordered_multimap<std::uint64_t, FunEntry*> fun_table;  // under lock_
};

CodeStore::CodeStore() : impl_(std::make_unique<Impl>()) {}
CodeStore::~CodeStore() = default;

Backend* CodeStore::backend() const { return impl_->backend.load(std::memory_order_relaxed); }

void CodeStore::set_backend(Backend* backend) {
  std::lock_guard guard(lock_);
  impl_->backend.store(backend);
  for (std::size_t i = 0; i < impl_->exports.size(); i++) {
    Export& e = impl_->exports[i];
    if (e.entry.load(std::memory_order_relaxed) == nullptr) {
      e.entry.store(e.bif != nullptr ? backend->bif_entry(*e.bif) : backend->undefined_entry(e), std::memory_order_release);
    }
  }
}

Export* CodeStore::find_export(Term module, Term function, Word arity) const {
  return impl_->export_table.find(mfa_hash(module, function, arity), [&](const Export& e) {
    return e.mfa.module == module && e.mfa.function == function && e.mfa.arity == arity;
  });
}

Export* CodeStore::export_for(Term module, Term function, Word arity) {
  if (Export* e = find_export(module, function, arity)) return e;
  std::lock_guard guard(lock_);
  if (Export* e = find_export(module, function, arity)) return e;
  Export& e = impl_->exports.next();
  e.mfa = {module, function, arity};
  e.index = static_cast<std::uint32_t>(impl_->exports.size());
  if (Backend* b = backend()) b->set_target(e, b->undefined_entry(e));
  impl_->exports.commit();
  impl_->export_table.insert(&e);
  return &e;
}

Export* CodeStore::export_at(std::uint32_t index) const { return index < impl_->exports.size() ? &impl_->exports[index] : nullptr; }
std::uint32_t CodeStore::export_count() const { return static_cast<std::uint32_t>(impl_->exports.size()); }

Module* CodeStore::find_module(Term name) const {
  return impl_->module_table.find(module_hash(name), [&](const Module& m) { return m.name == name; });
}

Module* CodeStore::module_for(Term name) {
  if (Module* m = find_module(name)) return m;
  std::lock_guard guard(lock_);
  if (Module* m = find_module(name)) return m;
  Module& m = impl_->modules.next();
  m.name = name;
  impl_->modules.commit();
  impl_->module_table.insert(&m);
  return &m;
}

std::vector<Module*> CodeStore::modules() const {
  std::vector<Module*> all(impl_->modules.size());
  for (std::size_t i = 0; i < all.size(); i++) all[i] = &impl_->modules[i];
  return all;
}

FunEntry* CodeStore::find_fun_entry(Term module, const Byte uniq[16], std::uint32_t index) {
  std::lock_guard guard(lock_);
  auto [at, end] = impl_->fun_table.equal_range(fun_hash(module, uniq, index));
  for (; at != end; ++at) {
    FunEntry* f = at->second;
    if (f->module == module && f->index == index && std::memcmp(f->uniq, uniq, sizeof f->uniq) == 0) return f;
  }
  return nullptr;
}

FunEntry* CodeStore::fun_entry(Term module, const Byte uniq[16], std::uint32_t index) {
  std::lock_guard guard(lock_);
  if (FunEntry* f = find_fun_entry(module, uniq, index)) return f;
  FunEntry& f = impl_->funs.next();
  f.module = module;
  f.index = index;
  f.entry_slot = static_cast<std::uint32_t>(impl_->funs.size());
  std::memcpy(f.uniq, uniq, sizeof f.uniq);
  f.target = {module, term::kNil, 0};
  impl_->funs.commit();
  impl_->fun_table.emplace(fun_hash(module, uniq, index), &f);
  return &f;
}

void CodeStore::add_bif(Bif* bif) {
  std::lock_guard guard(lock_);
  Export* e = export_for(bif->mfa.module, bif->mfa.function, bif->mfa.arity);
  bif->export_entry = e;
  e->bif = bif;
  if (Backend* b = backend()) e->entry.store(b->bif_entry(*bif), std::memory_order_release);
}

const Bif* CodeStore::find_bif(Term module, Term function, Word arity) const {
  const Export* e = find_export(module, function, arity);
  return e == nullptr ? nullptr : e->bif;
}

Word CodeStore::add_catch(CodePtr handler) {
  std::lock_guard guard(lock_);
  const Word index = impl_->catches.size();
  impl_->catches.next().store(handler, std::memory_order_relaxed);
  impl_->catches.commit();
  return index;
}

CodePtr CodeStore::catch_handler(Word index) const {
  VM_CHECK(index < impl_->catches.size());
  return impl_->catches[index].load(std::memory_order_relaxed);
}

void CodeStore::publish_code(Function* f, CodePtr begin, CodePtr end) { code_ranges().insert(f, begin, end); }
void CodeStore::retire_code(Function* f) {
  if (f->decoded_begin != nullptr) code_ranges().erase(f, f->decoded_begin);
}

}  // namespace vm::code
