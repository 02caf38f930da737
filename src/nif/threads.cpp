// SPDX-License-Identifier: Apache-2.0
//
// Threads, locks and thread-specific data for native code: thin wrappers around POSIX threads that carry a name. Misuse that POSIX
// reports (unlocking what is not held) is fatal, as on stock.
#include <pthread.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <vector>

#include "nif/env_internal.h"
#include "os/cpu_topology.h"

struct ErlDrvMutex_ {
  pthread_mutex_t mutex;
  char* name;
};
struct ErlDrvCond_ {
  pthread_cond_t cond;
  char* name;
};
struct ErlDrvRWLock_ {
  pthread_rwlock_t lock;
  char* name;
};
struct ErlDrvTid_ {
  pthread_t thread;
  void* (*body)(void*);
  void* argument;
  char* name;
};

namespace {

char* copy_name(const char* name) { return strdup(name ? name : ""); }

thread_local ErlDrvTid_* self = nullptr;

// A thread that native code did not start gets its record when it first asks; the record dies with it.
struct ForeignRecord {
  ErlDrvTid_* record = nullptr;
  ~ForeignRecord() { std::free(record); }
};
thread_local ForeignRecord foreign;

// Thread-specific data: native code may have many more keys than POSIX threads give.
struct Specific {
  void* data = nullptr;
  std::uint32_t life = 0;  // of the key when it was set
};
std::mutex key_lock;
std::vector<std::uint32_t> key_lives;  // by key: how often it was destroyed, and 1
std::vector<ErlNifTSDKey> free_keys;
thread_local std::vector<Specific> own_data;

void* start_thread(void* raw) {
  self = static_cast<ErlDrvTid_*>(raw);
  return self->body(self->argument);
}

}  // namespace

extern "C" {

ErlNifMutex* enif_mutex_create(char* name) {
  auto* m = static_cast<ErlNifMutex*>(std::malloc(sizeof(ErlNifMutex)));
  if (!m) return nullptr;
  pthread_mutex_init(&m->mutex, nullptr);
  m->name = copy_name(name);
  return m;
}
void enif_mutex_destroy(ErlNifMutex* m) {
  if (!m) return;
  VM_CHECK(pthread_mutex_destroy(&m->mutex) == 0);
  std::free(m->name);
  std::free(m);
}
char* enif_mutex_name(ErlNifMutex* m) { return m ? m->name : nullptr; }
int enif_mutex_trylock(ErlNifMutex* m) { return pthread_mutex_trylock(&m->mutex); }
void enif_mutex_lock(ErlNifMutex* m) { VM_CHECK(pthread_mutex_lock(&m->mutex) == 0); }
void enif_mutex_unlock(ErlNifMutex* m) { VM_CHECK(pthread_mutex_unlock(&m->mutex) == 0); }

ErlNifCond* enif_cond_create(char* name) {
  auto* c = static_cast<ErlNifCond*>(std::malloc(sizeof(ErlNifCond)));
  if (!c) return nullptr;
  pthread_cond_init(&c->cond, nullptr);
  c->name = copy_name(name);
  return c;
}
void enif_cond_destroy(ErlNifCond* c) {
  if (!c) return;
  VM_CHECK(pthread_cond_destroy(&c->cond) == 0);
  std::free(c->name);
  std::free(c);
}
char* enif_cond_name(ErlNifCond* c) { return c ? c->name : nullptr; }
void enif_cond_signal(ErlNifCond* c) { pthread_cond_signal(&c->cond); }
void enif_cond_broadcast(ErlNifCond* c) { pthread_cond_broadcast(&c->cond); }
void enif_cond_wait(ErlNifCond* c, ErlNifMutex* m) { pthread_cond_wait(&c->cond, &m->mutex); }

ErlNifRWLock* enif_rwlock_create(char* name) {
  auto* l = static_cast<ErlNifRWLock*>(std::malloc(sizeof(ErlNifRWLock)));
  if (!l) return nullptr;
  pthread_rwlock_init(&l->lock, nullptr);
  l->name = copy_name(name);
  return l;
}
void enif_rwlock_destroy(ErlNifRWLock* l) {
  if (!l) return;
  VM_CHECK(pthread_rwlock_destroy(&l->lock) == 0);
  std::free(l->name);
  std::free(l);
}
char* enif_rwlock_name(ErlNifRWLock* l) { return l ? l->name : nullptr; }
int enif_rwlock_tryrlock(ErlNifRWLock* l) { return pthread_rwlock_tryrdlock(&l->lock); }
void enif_rwlock_rlock(ErlNifRWLock* l) { VM_CHECK(pthread_rwlock_rdlock(&l->lock) == 0); }
void enif_rwlock_runlock(ErlNifRWLock* l) { VM_CHECK(pthread_rwlock_unlock(&l->lock) == 0); }
int enif_rwlock_tryrwlock(ErlNifRWLock* l) { return pthread_rwlock_trywrlock(&l->lock); }
void enif_rwlock_rwlock(ErlNifRWLock* l) { VM_CHECK(pthread_rwlock_wrlock(&l->lock) == 0); }
void enif_rwlock_rwunlock(ErlNifRWLock* l) { VM_CHECK(pthread_rwlock_unlock(&l->lock) == 0); }

int enif_tsd_key_create(char*, ErlNifTSDKey* key) {
  std::lock_guard<std::mutex> hold(key_lock);
  if (free_keys.empty()) {
    *key = static_cast<ErlNifTSDKey>(key_lives.size());
    key_lives.push_back(1);
    return 0;
  }
  *key = free_keys.back();
  free_keys.pop_back();
  return 0;
}
void enif_tsd_key_destroy(ErlNifTSDKey key) {
  std::lock_guard<std::mutex> hold(key_lock);
  key_lives[static_cast<std::size_t>(key)]++;  // what threads have left under it is forgotten
  free_keys.push_back(key);
}
void enif_tsd_set(ErlNifTSDKey key, void* data) {
  const auto at = static_cast<std::size_t>(key);
  std::uint32_t life;
  {
    std::lock_guard<std::mutex> hold(key_lock);
    VM_CHECK(at < key_lives.size());
    life = key_lives[at];
  }
  if (at >= own_data.size()) own_data.resize(at + 1);
  own_data[at] = {data, life};
}
void* enif_tsd_get(ErlNifTSDKey key) {
  const auto at = static_cast<std::size_t>(key);
  if (at >= own_data.size() || !own_data[at].data) return nullptr;
  std::lock_guard<std::mutex> hold(key_lock);
  return own_data[at].life == key_lives[at] ? own_data[at].data : nullptr;
}

ErlNifThreadOpts* enif_thread_opts_create(char*) {
  auto* o = static_cast<ErlNifThreadOpts*>(std::malloc(sizeof(ErlNifThreadOpts)));
  if (o) o->suggested_stack_size = -1;  // no suggestion
  return o;
}
void enif_thread_opts_destroy(ErlNifThreadOpts* o) { std::free(o); }

int enif_thread_create(char* name, ErlNifTid* tid, void* (*body)(void*), void* argument, ErlNifThreadOpts* opts) {
  auto* t = static_cast<ErlDrvTid_*>(std::malloc(sizeof(ErlDrvTid_)));
  if (!t) return ENOMEM;
  t->body = body;
  t->argument = argument;
  t->name = copy_name(name);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (opts && opts->suggested_stack_size > 0) {
    // The suggestion is in kilowords.
    std::size_t bytes = static_cast<std::size_t>(opts->suggested_stack_size) * 1024 * sizeof(void*);
    constexpr std::size_t kMinimum = 64 * 1024;
    pthread_attr_setstacksize(&attributes, bytes < kMinimum ? kMinimum : bytes);
  }
  vm::os::start_unbound(&attributes);
  int error = pthread_create(&t->thread, &attributes, start_thread, t);
  pthread_attr_destroy(&attributes);
  if (error) {
    std::free(t->name);
    std::free(t);
    return error;
  }
  if (name && *name) {
    char shortened[16];
    std::strncpy(shortened, name, sizeof shortened - 1);
    shortened[sizeof shortened - 1] = 0;
    pthread_setname_np(t->thread, shortened);
  }
  *tid = t;
  return 0;
}
char* enif_thread_name(ErlNifTid t) { return t ? t->name : nullptr; }

ErlNifTid enif_thread_self(void) {
  if (!self) {
    self = foreign.record = static_cast<ErlDrvTid_*>(std::calloc(1, sizeof(ErlDrvTid_)));
    VM_CHECK(self != nullptr);
    self->thread = pthread_self();
  }
  return self;
}
int enif_equal_tids(ErlNifTid a, ErlNifTid b) { return a == b; }
void enif_thread_exit(void* result) { pthread_exit(result); }
int enif_thread_join(ErlNifTid t, void** result) {
  int error = pthread_join(t->thread, result);
  if (error == 0) {
    std::free(t->name);
    std::free(t);
  }
  return error;
}

}  // extern "C"
