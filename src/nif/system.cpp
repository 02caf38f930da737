// SPDX-License-Identifier: Apache-2.0
//
// Time, system information, environment variables, shared objects.
#include <dlfcn.h>

#include <cstring>
#include <string>

#include "nif/env_internal.h"
#include "os/clock.h"
#include "proc/references.h"
#include "proc/send.h"
#include "proc/time.h"

using namespace vm;
using nif::out;

namespace {

// Nanoseconds in one unit; 0 for what is no unit.
std::int64_t unit_ns(ErlNifTimeUnit unit) {
  switch (unit) {
    case ERL_NIF_SEC: return 1'000'000'000;
    case ERL_NIF_MSEC: return 1'000'000;
    case ERL_NIF_USEC: return 1'000;
    case ERL_NIF_NSEC: return 1;
  }
  return 0;
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

bool on_scheduler() { return sched::Scheduler::current() != nullptr || enif_thread_type() != ERL_NIF_THR_UNDEFINED; }

ErlNifTime in_unit(std::int64_t ns, ErlNifTimeUnit unit) {
  std::int64_t size = unit_ns(unit);
  return size && on_scheduler() ? floor_div(ns, size) : ERL_NIF_TIME_ERROR;
}

}  // namespace

extern "C" {

ErlNifTime enif_monotonic_time(ErlNifTimeUnit unit) { return in_unit(proc::monotonic_ns(), unit); }
ErlNifTime enif_time_offset(ErlNifTimeUnit unit) { return in_unit(proc::time_offset_ns(), unit); }

ErlNifTime enif_convert_time_unit(ErlNifTime value, ErlNifTimeUnit from, ErlNifTimeUnit to) {
  std::int64_t a = unit_ns(from);
  std::int64_t b = unit_ns(to);
  if (!a || !b) return ERL_NIF_TIME_ERROR;
  return a >= b ? value * (a / b) : floor_div(value, b / a);
}

ERL_NIF_TERM enif_now_time(ErlNifEnv* env) {
  std::int64_t us = proc::next_now_us();
  term::HeapWriter& h = *env->heap;
  return out(
      term::Tuple::make(h, Term::small(us / 1'000'000'000'000), Term::small(us / 1'000'000 % 1'000'000), Term::small(us % 1'000'000)));
}

ERL_NIF_TERM enif_cpu_time(ErlNifEnv* env) {
  std::int64_t ns = os::process_cpu_ns();
  term::HeapWriter& h = *env->heap;
  return out(term::Tuple::make(h, Term::small(ns / 1'000'000'000'000'000), Term::small(ns / 1'000'000'000 % 1'000'000),
                               Term::small(ns / 1000 % 1'000'000)));
}

ERL_NIF_TERM enif_make_unique_integer(ErlNifEnv* env, ErlNifUniqueInteger properties) {
  return out(
      proc::make_unique_integer(*env->heap, (properties & ERL_NIF_UNIQUE_MONOTONIC) != 0, (properties & ERL_NIF_UNIQUE_POSITIVE) != 0));
}

void enif_system_info(ErlNifSysInfo* info, size_t size) {
  proc::Runtime* rt = nif::Natives::default_runtime();
  ErlNifSysInfo all{};
  static thread_local std::string version, release;  // the caller may look at them until it asks again
  version = rt->settings.erts_version;
  release = std::to_string(rt->settings.otp_release);
  all.driver_major_version = 3;
  all.driver_minor_version = 3;
  all.erts_version = version.data();
  all.otp_release = release.data();
  all.thread_support = 1;
  all.smp_support = 1;
  all.async_threads = static_cast<int>(rt->settings.async_threads);
  all.scheduler_threads = rt->schedulers ? static_cast<int>(rt->schedulers->scheduler_count()) : 1;
  all.nif_major_version = 2;
  all.nif_minor_version = rt->settings.otp_release >= 29 ? 18 : rt->settings.otp_release >= 26 ? 17 : 16;
  all.dirty_scheduler_support = 1;
  std::memcpy(info, &all, size < sizeof all ? size : sizeof all);
}

// 0: found; positive: the buffer is too small and *size says what is needed; negative: no such variable.
int enif_getenv(const char* key, char* value, size_t* size) {
  const char* found = std::getenv(key);
  if (!found) return -1;
  std::size_t n = std::strlen(found);
  if (n >= *size) {
    *size = n + 1;
    return 1;
  }
  std::memcpy(value, found, n + 1);
  *size = n;
  return 0;
}

void* enif_dlopen(const char* path, void (*on_error)(void*, const char*), void* argument) {
  // As with load_nif/2, the name comes without its extension.
  void* handle = dlopen((std::string(path) + ".so").c_str(), RTLD_NOW);
  if (!handle && on_error) on_error(argument, dlerror());
  return handle;
}

void* enif_dlsym(void* handle, const char* symbol, void (*on_error)(void*, const char*), void* argument) {
  dlerror();
  void* address = dlsym(handle, symbol);
  const char* error = dlerror();
  if (!error) return address;
  if (on_error) on_error(argument, error);
  return nullptr;
}

}  // extern "C"
