// SPDX-License-Identifier: Apache-2.0
//
// Environments, processes and messages.
#include "nif/library_internal.h"
#include "proc/process_table.h"
#include "proc/registry.h"
#include "proc/send.h"
#include "proc/tracing.h"
#include "sync/epoch.h"

using namespace vm;
using nif::in;
using nif::out;

void* enif_environment_t::allocate_temporary(std::size_t bytes) {
  std::size_t rounded = (bytes + 15) & ~std::size_t{15};
  if (rounded <= sizeof first_temporary - first_used) {
    first_used += rounded;
    return first_temporary + first_used - rounded;
  }
  void* p = std::malloc(bytes);
  VM_CHECK(p != nullptr);
  temporary.push_back(p);
  return p;
}

void enif_environment_t::free_temporary() {
  for (void* p : temporary) std::free(p);
  temporary.clear();
  first_used = 0;
}

namespace {

proc::Runtime* runtime_of(ErlNifEnv* env) { return env ? env->runtime : nif::Natives::default_runtime(); }

// The living process, or nullptr. The caller holds an epoch guard.
proc::Process* living(proc::Runtime* rt, Term pid) {
  if (!pid.is_local_pid()) return nullptr;
  proc::Process* p = rt->processes->lookup(pid);
  return p && p->alive() ? p : nullptr;
}

}  // namespace

bool nif::caller_ended(const ErlNifEnv* env) { return env && env->process && !env->process->alive(); }

extern "C" {

void* enif_priv_data(ErlNifEnv* env) { return env->library ? env->library->private_data : nullptr; }

void* enif_alloc(size_t size) { return std::malloc(size); }
void* enif_realloc(void* p, size_t size) { return std::realloc(p, size); }
void enif_free(void* p) { std::free(p); }

ErlNifEnv* enif_alloc_env(void) { return new nif::OwnEnv(nif::Natives::default_runtime()); }

void enif_free_env(ErlNifEnv* env) { delete static_cast<nif::OwnEnv*>(env); }

void enif_clear_env(ErlNifEnv* env) {
  env->free_temporary();
  env->exception = false;
  static_cast<nif::OwnEnv*>(env)->restart();
}

ERL_NIF_TERM enif_make_copy(ErlNifEnv* to, ERL_NIF_TERM t) {
  // Nobody asks environments of their own whether they refer to literals.
  return out(to->process ? heap::copy(in(t), *to->heap) : heap::copy_with_literals(in(t), *to->heap));
}

int enif_send(ErlNifEnv* env, const ErlNifPid* to_pid, ErlNifEnv* msg_env, ERL_NIF_TERM msg) {
  if (nif::caller_ended(env)) return 0;
  proc::Runtime* rt = runtime_of(env ? env : msg_env);
  Term to = in(to_pid->pid);
  sync::Epoch::Guard guard;
  proc::Process* receiver = living(rt, to);
  if (!receiver) return 0;
  Term from = env && env->process ? env->process->pid : term::kNil;
  heap::OwnedTerm message;
  if (msg_env) {
    auto* own = static_cast<nif::OwnEnv*>(msg_env);
    message.term = in(msg);
    message.fragments = own->writer->take();
    own->free_temporary();
    own->restart();
  } else {
    message = heap::copy_to_fragment(in(msg));
  }
  if (env && env->process && VM_UNLIKELY(env->process->is_traced(proc::kTraceSend))) rt->trace->sent(*env->process, to, message.term, true);
  proc::send_owned(*receiver, std::move(message), from);
  return 1;
}

ErlNifPid* enif_self(ErlNifEnv* env, ErlNifPid* pid) {
  if (!env->process) return nullptr;
  pid->pid = env->process->pid.bits();
  return pid;
}

int enif_get_local_pid(ErlNifEnv*, ERL_NIF_TERM t, ErlNifPid* pid) {
  if (!in(t).is_local_pid()) return 0;
  pid->pid = t;
  return 1;
}

int enif_get_local_port(ErlNifEnv*, ERL_NIF_TERM t, ErlNifPort* port) {
  if (!in(t).is_local_port()) return 0;
  port->port_id = t;
  return 1;
}

void enif_set_pid_undefined(ErlNifPid* pid) { pid->pid = out(atoms::undefined); }
int enif_is_pid_undefined(const ErlNifPid* pid) { return in(pid->pid) == atoms::undefined; }

int enif_is_process_alive(ErlNifEnv* env, ErlNifPid* pid) {
  sync::Epoch::Guard guard;
  return living(runtime_of(env), in(pid->pid)) != nullptr;
}

int enif_is_current_process_alive(ErlNifEnv* env) { return env->process && env->process->alive(); }

int enif_whereis_pid(ErlNifEnv* env, ERL_NIF_TERM name, ErlNifPid* pid) {
  if (!in(name).is_atom() || nif::caller_ended(env)) return 0;
  Term found = runtime_of(env)->registry->lookup(in(name));
  if (!found.is_value() || !found.is_local_pid()) return 0;
  pid->pid = out(found);
  return 1;
}

int enif_whereis_port(ErlNifEnv* env, ERL_NIF_TERM name, ErlNifPort* port) {
  if (!in(name).is_atom() || nif::caller_ended(env)) return 0;
  Term found = runtime_of(env)->registry->lookup(in(name));
  if (!found.is_value() || !found.is_local_port()) return 0;
  port->port_id = found.bits();
  return 1;
}

ERL_NIF_TERM enif_make_ref(ErlNifEnv* env) { return out(proc::make_ref(*env->runtime, *env->heap)); }

}  // extern "C"
