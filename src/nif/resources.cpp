// SPDX-License-Identifier: Apache-2.0
//
// Resource types, resources and what monitors them.
//
// Rules. 1. A monitor stands in two lists under monitor_lock: by pid, and at its resource. 2. Who takes it out of both owns it. 3. A process sets
// its exiting mark before process_ending looks for monitors; whoever adds one looks at the mark afterwards, under the lock. So a
// monitor either fires or is refused. 4. A resource whose count reached 0 drops its monitors before its destructor runs; firing takes a
// reference only from a count above 0.
#include <dlfcn.h>

#include <cstring>

#include "nif/library_internal.h"
#include "proc/process_table.h"
#include "proc/send.h"
#include "sync/epoch.h"

using namespace vm;
using nif::in;
using nif::out;
using nif::Resource;
using term::BinaryData;

namespace vm::nif {

extern const char kResourceMagic = 0;
const std::size_t Resource::kDataOffset = sizeof(Resource);  // data is aligned as much as the object

// The record stays, as engines keep the addresses of its built-ins.
void Library::release() {
  if (refs.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (entry.unload) {
    OwnEnv env(&natives->runtime(), this);
    entry.unload(&env, private_data);
  }
  if (!handle) return;
  // Whoever runs native code may be on the way out of this very library.
  if (sched::Scheduler::current() && !in_native_call()) dlclose(handle);
  else sync::Epoch::defer(handle, [](void* h) { dlclose(h); });
}

void Natives::Impl::link_locked(Monitor* m) {
  m->next_of_resource = m->resource->monitors;
  m->resource->monitors = m;
  Monitor*& oldest = monitors[m->pid.bits()];
  if (!oldest) oldest = m->next_of_process = m->previous_of_process = m;
  m->next_of_process = oldest;
  m->previous_of_process = oldest->previous_of_process;
  m->previous_of_process->next_of_process = m;
  oldest->previous_of_process = m;
}

void Natives::Impl::unlink_from_process_locked(Monitor* m) {
  auto entry = monitors.find(m->pid.bits());
  if (m->next_of_process == m) {
    monitors.erase(entry);
    return;
  }
  if (entry->second == m) entry->second = m->next_of_process;
  m->next_of_process->previous_of_process = m->previous_of_process;
  m->previous_of_process->next_of_process = m->next_of_process;
}

void Natives::Impl::unlink_locked(Monitor* m) {
  Monitor** at = &m->resource->monitors;
  while (*at != m) at = &(*at)->next_of_resource;
  *at = m->next_of_resource;
  unlink_from_process_locked(m);
}

void Natives::Impl::drop_monitors_of(Resource* r) {
  std::lock_guard<std::mutex> hold(monitor_lock);
  while (Monitor* m = r->monitors) {
    r->monitors = m->next_of_resource;
    unlink_from_process_locked(m);
    delete m;
  }
}

void Natives::process_ending(proc::Process& p) {
  Impl& all = *impl_;
  for (;;) {
    Monitor* m = nullptr;
    {
      std::lock_guard<std::mutex> hold(all.monitor_lock);
      auto i = all.monitors.find(p.pid.bits());
      if (i == all.monitors.end()) return;
      m = i->second;
      all.unlink_locked(m);
      // The object may be on its way out: only a living one is told.
      std::intptr_t refs = m->resource->refs.load(std::memory_order_relaxed);
      while (refs > 0 && !m->resource->refs.compare_exchange_weak(refs, refs + 1, std::memory_order_acq_rel)) {
      }
      if (refs <= 0) {
        delete m;
        continue;
      }
    }
    Resource* r = m->resource;
    OwnEnv env(&runtime_, r->resource_type->owner);
    ErlNifPid pid{p.pid.bits()};
    ErlNifMonitor monitor{};
    std::memcpy(monitor.data, m->numbers, sizeof m->numbers);
    r->resource_type->init.down(&env, r->data, &pid, &monitor);
    delete m;
    r->release();
  }
}

void Natives::list_watching(proc::Process& p, term::HeapWriter& h, term::ListBuilder& list) const {
  std::vector<Resource*> found;
  {
    std::lock_guard<std::mutex> hold(impl_->monitor_lock);
    const auto i = impl_->monitors.find(p.pid.bits());
    if (i == impl_->monitors.end()) return;
    Monitor* m = i->second;
    do {
      // The object may be on its way out: only a living one is shown.
      std::intptr_t refs = m->resource->refs.load(std::memory_order_relaxed);
      while (refs > 0 && !m->resource->refs.compare_exchange_weak(refs, refs + 1, std::memory_order_acq_rel)) {
      }
      if (refs > 0) found.push_back(m->resource);
      m = m->next_of_process;
    } while (m != i->second);
  }
  for (Resource* r : found) {
    list.add(term::make_magic_ref(h, r));
    r->release();
  }
}

namespace {

void destroy_resource(term::MagicData* magic) {
  auto* r = static_cast<Resource*>(magic);
  if (r->monitors) r->natives->impl().drop_monitors_of(r);
  ErlNifResourceType* type = r->resource_type;
  if (type->init.dtor) {
    OwnEnv env(&r->natives->runtime(), type->owner);
    type->init.dtor(&env, r->data);
  }
  r->~Resource();
  std::free(static_cast<void*>(r));
  type->release();
}

// Bytes of a resource shown as a binary: the shared object holds nothing but the resource's address.
Resource* resource_in(BinaryData* data) {
  Resource* r;
  std::memcpy(&r, data->bytes, sizeof r);
  return r;
}
void release_resource_binary(BinaryData* data) { resource_in(data)->release(); }

// As enif_open_resource_type without the module, which is that of the library.
ErlNifResourceType* open_type(ErlNifEnv* env, const char* name, const ResourceTypeInit& init, ErlNifResourceFlags flags,
                              ErlNifResourceFlags* tried) {
  if (tried) *tried = flags;
  Library* library = env->library;
  if (!library) return nullptr;
  Natives::Impl& all = library->natives->impl();
  Term name_atom = term::AtomTable::intern_latin1(name);
  if (!name_atom.is_value()) return nullptr;
  std::lock_guard<std::mutex> hold(all.type_lock);
  ErlNifResourceType* type = nullptr;
  for (ErlNifResourceType* t : all.types)
    if (t->module == library->module && t->name == name_atom) type = t;
  ErlNifResourceFlags action = type ? ERL_NIF_RT_TAKEOVER : ERL_NIF_RT_CREATE;
  if (!(flags & action)) return nullptr;
  if (tried) *tried = action;
  if (!type) {
    type = new ErlNifResourceType;
    type->module = library->module;
    type->name = name_atom;
    all.types.push_back(type);
  }
  all.opened.push_back({type, init, action == ERL_NIF_RT_CREATE});
  return type;
}

ResourceTypeInit read_init(const ErlNifResourceTypeInit* from, const Library* library, bool with_members) {
  ResourceTypeInit init;
  if (with_members) {
    if (from->members > 0) init.dtor = from->dtor;
    if (from->members > 1) init.stop = from->stop;
    if (from->members > 2) init.down = from->down;
    if (from->members > 3) init.dyncall = from->dyncall;
    return init;
  }
  // Built against a version that had fewer members: the entry says how large the struct was then.
  std::size_t size = library ? library->entry.sizeof_ErlNifResourceTypeInit : sizeof *from;
  if (size >= offsetof(ErlNifResourceTypeInit, stop)) init.dtor = from->dtor;
  if (size >= offsetof(ErlNifResourceTypeInit, down)) init.stop = from->stop;
  if (size >= offsetof(ErlNifResourceTypeInit, members)) init.down = from->down;
  return init;
}

}  // namespace

void Natives::Impl::commit_opened(Library* library) {
  for (OpenedType& o : opened) {
    Library* former = o.type->keeps_owner ? o.type->owner : nullptr;
    o.type->owner = library;
    o.type->init = o.init;
    o.type->keeps_owner = o.init.dtor || o.init.stop || o.init.down || o.init.dyncall;
    if (o.type->keeps_owner) library->add_ref();
    if (former) former->release();
    o.type->withdrawn = false;
  }
  opened.clear();
}

void Natives::Impl::roll_back_opened() {
  std::lock_guard<std::mutex> hold(type_lock);
  for (OpenedType& o : opened) {
    if (!o.created) continue;
    std::erase(types, o.type);
    o.type->release();
  }
  opened.clear();
}

void Natives::Impl::withdraw_types_of(Library* library) {
  std::lock_guard<std::mutex> hold(type_lock);
  for (std::size_t i = 0; i < types.size();) {
    ErlNifResourceType* t = types[i];
    if (t->owner != library) {
      i++;
      continue;
    }
    types.erase(types.begin() + static_cast<std::ptrdiff_t>(i));
    t->withdrawn = true;
    t->release();
  }
}

}  // namespace vm::nif

void enif_resource_type_t::release() {
  if (refs.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (keeps_owner) owner->release();
  delete this;
}

extern "C" {

ErlNifResourceType* enif_open_resource_type(ErlNifEnv* env, const char* module, const char* name, ErlNifResourceDtor* dtor,
                                            ErlNifResourceFlags flags, ErlNifResourceFlags* tried) {
  if (module) return nullptr;  // documented: must be a null pointer
  nif::ResourceTypeInit init;
  init.dtor = dtor;
  return nif::open_type(env, name, init, flags, tried);
}

ErlNifResourceType* enif_open_resource_type_x(ErlNifEnv* env, const char* name, const ErlNifResourceTypeInit* init,
                                              ErlNifResourceFlags flags, ErlNifResourceFlags* tried) {
  return nif::open_type(env, name, nif::read_init(init, env->library, false), flags, tried);
}

ErlNifResourceType* enif_init_resource_type(ErlNifEnv* env, const char* name, const ErlNifResourceTypeInit* init, ErlNifResourceFlags flags,
                                            ErlNifResourceFlags* tried) {
  return nif::open_type(env, name, nif::read_init(init, env->library, true), flags, tried);
}

void* enif_alloc_resource(ErlNifResourceType* type, size_t size) {
  void* block = std::malloc(sizeof(Resource) + size);
  VM_CHECK(block != nullptr);
  struct Header : term::MagicData {
    Header() : MagicData(&nif::kResourceMagic, nif::destroy_resource) {}
  };
  auto* r = static_cast<Resource*>(block);
  new (static_cast<term::MagicData*>(r)) Header();
  r->refs.store(1, std::memory_order_relaxed);
  proc::next_ref_numbers(r->numbers);
  r->resource_type = type;
  r->size = size;
  r->natives = nif::Natives::default_runtime()->natives;
  if (type->owner) r->natives = type->owner->natives;
  r->monitors = nullptr;
  type->refs.fetch_add(1, std::memory_order_relaxed);
  return r->data;
}

void enif_keep_resource(void* object) { Resource::of(object)->add_ref(); }
void enif_release_resource(void* object) { Resource::of(object)->release(); }
size_t enif_sizeof_resource(void* object) { return Resource::of(object)->size; }

ERL_NIF_TERM enif_make_resource(ErlNifEnv* env, void* object) { return out(term::make_magic_ref(*env->heap, Resource::of(object))); }

ERL_NIF_TERM enif_make_resource_binary(ErlNifEnv* env, void* object, const void* bytes, size_t size) {
  Resource* r = Resource::of(object);
  BinaryData* data = BinaryData::create(sizeof r);
  std::memcpy(data->bytes, &r, sizeof r);
  r->add_ref();
  data->destructor = nif::release_resource_binary;
  return out(term::make_refc_binary(*env->heap, data, static_cast<const Byte*>(bytes), size));
}

int enif_get_resource(ErlNifEnv*, ERL_NIF_TERM w, ErlNifResourceType* type, void** object) {
  Term t = in(w);
  Resource* r = nullptr;
  if (term::MagicData* magic = term::magic_of(t, &nif::kResourceMagic)) {
    r = static_cast<Resource*>(magic);
  } else if (t.is_bitstring()) {
    const Word* p = t.boxed_ptr();
    if (term::HeaderWord(*p).kind() == term::Kind::SubBits) p = Term::from_bits(p[term::SubBitsWords::kOriginal]).boxed_ptr();
    if (term::HeaderWord(*p).kind() != term::Kind::RefcBinary) return 0;
    auto* data = reinterpret_cast<BinaryData*>(p[term::RefcBinaryWords::kData]);
    if (data->destructor != nif::release_resource_binary) return 0;
    r = nif::resource_in(data);
  }
  if (!r || r->resource_type != type) return 0;
  *object = r->data;
  return 1;
}

int enif_dynamic_resource_call(ErlNifEnv* env, ERL_NIF_TERM module, ERL_NIF_TERM name, ERL_NIF_TERM resource, void* data) {
  sync::Epoch::Guard guard;
  term::MagicData* magic = term::magic_of(in(resource), &nif::kResourceMagic);
  if (!magic) return 1;
  auto* r = static_cast<Resource*>(magic);
  ErlNifResourceType* type = r->resource_type;
  if (type->module != in(module) || type->name != in(name) || !type->init.dyncall) return 1;
  nif::OwnEnv callback(env->runtime, type->owner);
  type->init.dyncall(&callback, r->data, data);
  return 0;
}

int enif_monitor_process(ErlNifEnv* env, void* object, const ErlNifPid* pid, ErlNifMonitor* monitor) {
  Resource* r = Resource::of(object);
  if (!r->resource_type->init.down) return -1;
  Term target = in(pid->pid);
  if (!target.is_local_pid()) return 1;
  proc::Runtime* rt = env ? env->runtime : nif::Natives::default_runtime();
  auto* m = new nif::Monitor{nullptr, nullptr, nullptr, target, {}, r};
  proc::next_ref_numbers(m->numbers);
  if (monitor) {
    std::memset(monitor, 0, sizeof *monitor);
    std::memcpy(monitor->data, m->numbers, sizeof m->numbers);
  }
  sync::Epoch::Guard guard;
  proc::Process* p = rt->processes->lookup(target);
  nif::Natives::Impl& all = r->natives->impl();
  std::lock_guard<std::mutex> hold(all.monitor_lock);
  if (!p || !p->alive()) {
    delete m;
    return 1;
  }
  all.link_locked(m);
  p->has_native_monitors.store(true, std::memory_order_seq_cst);
  if (p->alive()) return 0;
  all.unlink_locked(m);
  delete m;
  return 1;
}

int enif_demonitor_process(ErlNifEnv*, void* object, const ErlNifMonitor* monitor) {
  sync::Epoch::Guard guard;
  Resource* r = Resource::of(object);
  nif::Natives::Impl& all = r->natives->impl();
  std::lock_guard<std::mutex> hold(all.monitor_lock);
  for (nif::Monitor* m = r->monitors; m; m = m->next_of_resource) {
    if (std::memcmp(m->numbers, monitor->data, sizeof m->numbers) != 0) continue;
    all.unlink_locked(m);
    delete m;
    return 0;
  }
  return 1;
}

int enif_compare_monitors(const ErlNifMonitor* a, const ErlNifMonitor* b) { return std::memcmp(a->data, b->data, sizeof a->data); }

ERL_NIF_TERM enif_make_monitor_term(ErlNifEnv* env, const ErlNifMonitor* monitor) {
  std::uint32_t numbers[3];
  std::memcpy(numbers, monitor->data, sizeof numbers);
  return out(term::make_ref(*env->heap, numbers));
}

}  // extern "C"
