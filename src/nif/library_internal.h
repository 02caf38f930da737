// SPDX-License-Identifier: Apache-2.0
//
// Loaded libraries, resource types and resources as this room sees them.
//
// Lifetimes. A Library lives as long as its module instance, any resource type with callbacks in it or a dirty or put-off call of it; then its unload callback
// runs and its shared object is closed. a ResourceType as long as it is named in the
// table or a resource of it lives; a Resource as long as terms or native code refer to it. Destructors run on the thread that drops the
// last reference.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "nif/env_internal.h"

namespace vm::nif {

// A library's table in today's form, whatever version it was built against.
struct Library {
  ErlNifEntry entry{};
  std::vector<ErlNifFunc> functions;
  void* handle = nullptr;  // of dlopen; nullptr: linked into the program
  void* private_data = nullptr;
  Term module;
  Natives* natives = nullptr;
  std::atomic<long> refs{1};  // module instance, owned resource types
  std::deque<NativeFunction> records;
  std::deque<code::Bif> bifs;      // engines keep their addresses; freed with the library
  std::deque<code::Export> cells;  // entry cells of the built-ins

  void release();
  void add_ref() { refs.fetch_add(1, std::memory_order_relaxed); }
};

struct ResourceTypeInit {
  ErlNifResourceDtor* dtor = nullptr;
  ErlNifResourceStop* stop = nullptr;
  ErlNifResourceDown* down = nullptr;
  ErlNifResourceDynCall* dyncall = nullptr;
};

}  // namespace vm::nif

struct enif_resource_type_t {
  vm::Term module;
  vm::Term name;
  vm::nif::Library* owner = nullptr;
  vm::nif::ResourceTypeInit init;
  std::atomic<long> refs{1};  // the table and every resource
  bool keeps_owner = false;   // has callbacks there
  bool withdrawn = false;     // its library is gone: may be taken over by name no longer

  void release();
};

namespace vm::nif {

struct Monitor {
  Monitor* next_of_resource;
  Monitor *next_of_process, *previous_of_process;  // a ring: one process may have very many
  Term pid;
  std::uint32_t numbers[3];
  Resource* resource;
};

// A resource object; native code sees the address of `data`.
struct Resource : term::MagicData {
  ErlNifResourceType* resource_type;
  std::size_t size;
  Natives* natives;
  Monitor* monitors = nullptr;  // under Impl::monitor_lock
  alignas(16) Byte data[];

  static Resource* of(void* object) { return reinterpret_cast<Resource*>(static_cast<Byte*>(object) - kDataOffset); }
  static const std::size_t kDataOffset;
};

// Tells resources from other magic references.
extern const char kResourceMagic;

// A type that load or upgrade opened; takes effect when that succeeds.
struct OpenedType {
  ErlNifResourceType* type;
  ResourceTypeInit init;
  bool created;
};

struct Natives::Impl {
  std::vector<StaticNif> statics;
  std::mutex type_lock;
  std::vector<ErlNifResourceType*> types;  // named ones
  std::vector<OpenedType> opened;          // during load, under the code lock
  mutable std::mutex taint_lock;
  std::vector<Term> taints;  // names of what was loaded

  std::mutex monitor_lock;
  std::unordered_map<Word, Monitor*> monitors;  // the oldest of a process, by bits of the pid

  void commit_opened(Library* library);
  void roll_back_opened();
  void withdraw_types_of(Library* library);
  // Both lists of a monitor. Lock held.
  void link_locked(Monitor* m);
  void unlink_locked(Monitor* m);
  void unlink_from_process_locked(Monitor* m);
  void drop_monitors_of(Resource* r);
};

// Kind of job the calling thread is at (ErlNifDirtyTaskFlags), 0 for a normal one.
unsigned current_job_kind();
// Whether the calling thread runs a native function.
bool in_native_call();

// A call that native code asked to have made later (enif_schedule_nif).
struct ScheduledCall final : term::MagicData {
  ERL_NIF_TERM (*function)(ErlNifEnv*, int, const ERL_NIF_TERM[]);
  Library* library;
  int flags;
  Term name;
  code::Mfa origin{};           // the native function that Erlang called, which errors name
  std::vector<Term> arguments;  // until the trap is set; afterwards in the trap's tuple
  explicit ScheduledCall(Library* lib);
  ~ScheduledCall();
};

}  // namespace vm::nif
