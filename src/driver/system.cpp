// SPDX-License-Identifier: Apache-2.0
//
// Memory, time, environment, shared objects and names of errors for drivers.
#include <dlfcn.h>
#include <erl_nif.h>

#include <cerrno>
#include <cstdlib>
#include <limits>

#include "driver/abi.h"
#include "os/errno_name.h"
#include "proc/time.h"

namespace {

ErlNifTimeUnit nif_unit(ErlDrvTimeUnit unit) { return static_cast<ErlNifTimeUnit>(unit); }

}  // namespace

extern "C" {

void* driver_alloc(ErlDrvSizeT size) { return std::malloc(size ? size : 1); }
void* driver_realloc(void* p, ErlDrvSizeT size) { return std::realloc(p, size ? size : 1); }
void driver_free(void* p) { std::free(p); }

ErlDrvTime erl_drv_monotonic_time(ErlDrvTimeUnit unit) { return enif_monotonic_time(nif_unit(unit)); }
ErlDrvTime erl_drv_time_offset(ErlDrvTimeUnit unit) { return enif_time_offset(nif_unit(unit)); }
ErlDrvTime erl_drv_convert_time_unit(ErlDrvTime value, ErlDrvTimeUnit from, ErlDrvTimeUnit to) {
  return enif_convert_time_unit(value, nif_unit(from), nif_unit(to));
}

int driver_get_now(ErlDrvNowData* now) {
  if (!now) return -1;
  constexpr std::int64_t kMillion = 1'000'000;
  const std::int64_t us = vm::proc::system_time_ns() / 1000;
  now->megasecs = static_cast<unsigned long>(us / kMillion / kMillion);
  now->secs = static_cast<unsigned long>(us / kMillion % kMillion);
  now->microsecs = static_cast<unsigned long>(us % kMillion);
  return 0;
}

void driver_system_info(ErlDrvSysInfo* info, size_t size) { enif_system_info(reinterpret_cast<ErlNifSysInfo*>(info), size); }

int erl_drv_getenv(const char* key, char* value, size_t* size) { return enif_getenv(key, value, size); }
int erl_drv_putenv(const char* key, char* value) { return setenv(key, value, 1); }

char* erl_errno_id(int error) { return const_cast<char*>(vm::os::errno_name(error)); }

void* driver_dl_open(char* path) { return dlopen(path, RTLD_NOW); }
void* driver_dl_sym(void* handle, char* name) { return dlsym(handle, name); }
int driver_dl_close(void* handle) { return dlclose(handle); }
char* driver_dl_error(void) { return dlerror(); }

int null_func(void) { return 0; }

}  // extern "C"
