// SPDX-License-Identifier: Apache-2.0
//
// Threads, locks and thread-specific data under the names that drivers know: the same objects as those of native functions (nif/threads.cpp).
#include <erl_nif.h>

#include "driver/abi.h"

extern "C" {

ErlDrvMutex* erl_drv_mutex_create(char* name) { return enif_mutex_create(name); }
void erl_drv_mutex_destroy(ErlDrvMutex* m) { enif_mutex_destroy(m); }
char* erl_drv_mutex_name(ErlDrvMutex* m) { return enif_mutex_name(m); }
int erl_drv_mutex_trylock(ErlDrvMutex* m) { return enif_mutex_trylock(m); }
void erl_drv_mutex_lock(ErlDrvMutex* m) { enif_mutex_lock(m); }
void erl_drv_mutex_unlock(ErlDrvMutex* m) { enif_mutex_unlock(m); }

ErlDrvCond* erl_drv_cond_create(char* name) { return enif_cond_create(name); }
void erl_drv_cond_destroy(ErlDrvCond* c) { enif_cond_destroy(c); }
char* erl_drv_cond_name(ErlDrvCond* c) { return enif_cond_name(c); }
void erl_drv_cond_signal(ErlDrvCond* c) { enif_cond_signal(c); }
void erl_drv_cond_broadcast(ErlDrvCond* c) { enif_cond_broadcast(c); }
void erl_drv_cond_wait(ErlDrvCond* c, ErlDrvMutex* m) { enif_cond_wait(c, m); }

ErlDrvRWLock* erl_drv_rwlock_create(char* name) { return enif_rwlock_create(name); }
void erl_drv_rwlock_destroy(ErlDrvRWLock* l) { enif_rwlock_destroy(l); }
char* erl_drv_rwlock_name(ErlDrvRWLock* l) { return enif_rwlock_name(l); }
int erl_drv_rwlock_tryrlock(ErlDrvRWLock* l) { return enif_rwlock_tryrlock(l); }
void erl_drv_rwlock_rlock(ErlDrvRWLock* l) { enif_rwlock_rlock(l); }
void erl_drv_rwlock_runlock(ErlDrvRWLock* l) { enif_rwlock_runlock(l); }
int erl_drv_rwlock_tryrwlock(ErlDrvRWLock* l) { return enif_rwlock_tryrwlock(l); }
void erl_drv_rwlock_rwlock(ErlDrvRWLock* l) { enif_rwlock_rwlock(l); }
void erl_drv_rwlock_rwunlock(ErlDrvRWLock* l) { enif_rwlock_rwunlock(l); }

int erl_drv_tsd_key_create(char* name, ErlDrvTSDKey* key) { return enif_tsd_key_create(name, key); }
void erl_drv_tsd_key_destroy(ErlDrvTSDKey key) { enif_tsd_key_destroy(key); }
void erl_drv_tsd_set(ErlDrvTSDKey key, void* data) { enif_tsd_set(key, data); }
void* erl_drv_tsd_get(ErlDrvTSDKey key) { return enif_tsd_get(key); }

ErlDrvThreadOpts* erl_drv_thread_opts_create(char* name) { return reinterpret_cast<ErlDrvThreadOpts*>(enif_thread_opts_create(name)); }
void erl_drv_thread_opts_destroy(ErlDrvThreadOpts* o) { enif_thread_opts_destroy(reinterpret_cast<ErlNifThreadOpts*>(o)); }
int erl_drv_thread_create(char* name, ErlDrvTid* tid, void* (*body)(void*), void* argument, ErlDrvThreadOpts* opts) {
  return enif_thread_create(name, tid, body, argument, reinterpret_cast<ErlNifThreadOpts*>(opts));
}
char* erl_drv_thread_name(ErlDrvTid tid) { return enif_thread_name(tid); }
ErlDrvTid erl_drv_thread_self(void) { return enif_thread_self(); }
int erl_drv_equal_tids(ErlDrvTid a, ErlDrvTid b) { return enif_equal_tids(a, b); }
void erl_drv_thread_exit(void* result) { enif_thread_exit(result); }
int erl_drv_thread_join(ErlDrvTid tid, void** result) { return enif_thread_join(tid, result); }

}  // extern "C"
