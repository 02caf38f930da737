// SPDX-License-Identifier: Apache-2.0
//
// Calling native functions from Erlang, and calls that native code puts off (enif_schedule_nif).
//
// The engine calls a built-in with its arguments only; which native function is meant stands in the calling instruction, at Process::pc.
// Dirty functions are rows of a dirty kind: the engine moves the process to a dirty thread first. A put-off call becomes a trap to a hidden built-in whose arguments are the record of the call and a tuple
// {Arguments, those Erlang gave}, so that both are ordinary terms of the process meanwhile.
#include <algorithm>

#include "nif/library_internal.h"
#include "ops/raise.h"
#include "proc/send.h"

namespace vm::nif {

namespace {

const char kScheduledMagic = 0;
constexpr unsigned kMaxArity = 255;

proc::Runtime* newest = nullptr;

// Kind of job the calling thread is at (ErlNifDirtyTaskFlags), 0 for a normal one.
thread_local unsigned job_kind = 0;
thread_local unsigned native_calls = 0;  // that are under way

using Function = ERL_NIF_TERM (*)(ErlNifEnv*, int, const ERL_NIF_TERM[]);

// Nobody waits for what may last.
ERL_NIF_TERM call_function(unsigned flags, Function function, ErlNifEnv& env, std::size_t argc, const ERL_NIF_TERM* argv) {
  if (flags == 0) return function(&env, static_cast<int>(argc), argv);
  sched::OffDuty off_duty;
  return function(&env, static_cast<int>(argc), argv);
}

ERL_NIF_TERM run_job(unsigned flags, Function function, ErlNifEnv& env, std::size_t argc, const ERL_NIF_TERM* argv) {
  unsigned before = job_kind;
  job_kind = flags;
  native_calls++;
  ERL_NIF_TERM result = call_function(flags, function, env, argc, argv);
  job_kind = before;
  native_calls--;
  return result;
}

Term list_of(term::HeapWriter& h, const ERL_NIF_TERM* argv, std::size_t argc) {
  term::ListBuilder list(h);
  for (std::size_t i = 0; i < argc; i++) list.add(in(argv[i]));
  return list.finish();
}

// An error of a call that was put off looks as if the function that Erlang called had raised it.
Term fail_for(proc::BifContext& cx, Term reason, const code::Mfa& origin, Term arguments) {
  const Term answer = cx.error(reason).value();
  proc::Process& p = cx.process();
  proc::Exception& e = p.scratch->exception;
  e.args = arguments;
  e.stacktrace = ops::save_raw_trace(p, &origin, nullptr);
  return answer;
}

// Turns what native code answered into a built-in's answer. The function that Erlang called and its arguments; original: a list, or the non-value for
// those in argv.
Term finish(proc::BifContext& cx, ErlNifEnv& env, ERL_NIF_TERM result, const code::Mfa& origin, const ERL_NIF_TERM* argv,
            Term original = Term::non_value()) {
  env.free_temporary();
  if (env.exception) return original.is_value() ? fail_for(cx, env.reason, origin, original) : cx.error(env.reason).value();
  if (ScheduledCall* call = env.scheduled) {
    env.scheduled = nullptr;
    term::Tuple arguments = term::Tuple::alloc(cx.heap(), call->arguments.size());
    for (std::size_t i = 0; i < call->arguments.size(); i++) arguments.set(i, call->arguments[i]);
    call->arguments.clear();
    call->origin = origin;
    if (!original.is_value()) original = list_of(cx.heap(), argv, origin.arity);
    Term record = term::make_magic_ref(cx.heap(), call);
    code::Export* target = cx.runtime().natives->continue_export(call->flags);
    call->release();  // the term holds it now
    return cx.trap(target, record, term::Tuple::make(cx.heap(), arguments.term(), original)).value();
  }
  return in(result);
}

void prepare(ErlNifEnv& env, proc::BifContext& cx, Library* library) {
  env.runtime = &cx.runtime();
  env.process = &cx.process();
  env.heap = &cx.heap();
  env.library = library;
}

// Hidden built-in: makes a call that was put off.
Term run_scheduled(proc::BifContext& cx, const Term* args) {
  auto* call = static_cast<ScheduledCall*>(term::magic_of(args[0], &kScheduledMagic));
  VM_CHECK(call != nullptr);
  term::Tuple given = term::Tuple::from(term::Tuple::from(args[1])[0]);
  enif_environment_t env;
  prepare(env, cx, call->library);
  ERL_NIF_TERM argv[kMaxArity + 1];
  for (std::size_t i = 0; i < given.size(); i++) argv[i] = out(given[i]);
  ERL_NIF_TERM result = run_job(static_cast<unsigned>(call->flags), call->function, env, given.size(), argv);
  return finish(cx, env, result, call->origin, argv, term::Tuple::from(args[1])[1]);
}

}  // namespace

ScheduledCall::ScheduledCall(Library* lib)
    : MagicData(&kScheduledMagic, [](term::MagicData* m) { delete static_cast<ScheduledCall*>(m); }), library(lib) {
  library->add_ref();
  refs.store(1, std::memory_order_relaxed);
  proc::next_ref_numbers(numbers);
}

ScheduledCall::~ScheduledCall() { library->release(); }

Natives::Natives(proc::Runtime& runtime) : runtime_(runtime), impl_(new Impl) {
  newest = &runtime;
  runtime.natives = this;
  constexpr code::BifKind kKinds[] = {code::BifKind::Native, code::BifKind::DirtyCpu, code::BifKind::DirtyIo};
  for (int i = 0; i < 3; i++) {
    code::Bif& bif = continue_bifs_[i];
    bif.mfa = {atoms::erlang, atoms::nif_continue, 2};
    bif.kind = kKinds[i];
    bif.flags = 0;
    bif.call = run_scheduled;
    bif.export_entry = &continue_exports_[i];
    continue_exports_[i].mfa = bif.mfa;
    continue_exports_[i].bif = &bif;
    continue_exports_[i].entry = runtime.backend ? runtime.backend->bif_entry(bif) : nullptr;
  }
}

Natives::~Natives() {
  if (runtime_.natives == this) runtime_.natives = nullptr;
  if (newest == &runtime_) newest = nullptr;
  delete impl_;
}

void Natives::add_static(const StaticNif& table) { impl_->statics.push_back(table); }

proc::Runtime* Natives::default_runtime() { return newest; }

unsigned current_job_kind() { return job_kind; }

bool in_native_call() { return native_calls > 0; }

namespace {

// A process that a native function left without reductions stops in front of the next one.
Term stop_before(proc::Process& p, const code::Bif& bif, const Term* args) {
  std::copy_n(args, bif.mfa.arity, p.scratch->pending_args);
  p.scratch->pending_arity = bif.mfa.arity;
  p.scratch->pending_export = bif.export_entry;
  p.pending = proc::PendingKind::Yield;
  return Term::non_value();
}

bool may_stop_before(const proc::Process& p, const code::Bif& bif) {
  return p.reductions_left <= 0 && p.slice_reductions > 1 && bif.mfa.arity <= proc::Scratch::kMaxTrapArgs;
}

}  // namespace

Term Natives::call(proc::BifContext& cx, const Term* args) {
  // The instruction that calls a built-in: [label][Bif*].
  const auto& bif = *reinterpret_cast<const code::Bif*>(cx.process().pc[1]);
  VM_ASSERT(bif.call == &Natives::call && bif.native);
  const auto& native = *static_cast<const NativeFunction*>(bif.native);
  if (VM_UNLIKELY(may_stop_before(cx.process(), bif))) return stop_before(cx.process(), bif, args);
  enif_environment_t env;
  prepare(env, cx, native.library);
  ERL_NIF_TERM argv[kMaxArity + 1];
  for (Word i = 0; i < bif.mfa.arity; i++) argv[i] = out(args[i]);
  if (native.function->flags == 0) return finish(cx, env, run_job(0, native.function->fptr, env, bif.mfa.arity, argv), bif.mfa, argv);
  native.library->add_ref();  // purging does not wait for it
  const Term answer = finish(cx, env, run_job(native.function->flags, native.function->fptr, env, bif.mfa.arity, argv), bif.mfa, argv);
  native.library->release();
  return answer;
}

namespace {

const code::Bif* native_of(proc::Runtime& rt, Term module, Term function, unsigned arity) {
  const code::Module* m = rt.code->find_module(module);
  if (!m || !m->current || !m->current->native_library) return nullptr;
  const auto& lib = *static_cast<const Library*>(m->current->native_library);
  for (const code::Bif& b : lib.bifs)
    if (b.mfa.function == function && b.mfa.arity == arity) return &b;
  return nullptr;
}

}  // namespace

bool has_native(proc::Runtime& rt, Term module, Term function, unsigned arity) { return native_of(rt, module, function, arity) != nullptr; }

// The environment has no process: what it sends is sent by nobody, and so is not traced.
bool call_native(proc::Runtime& rt, proc::Process*, Term module, Term function, const Term* args, unsigned arity, Term* result) {
  const code::Bif* bif = native_of(rt, module, function, arity);
  if (!bif) return false;
  const auto& native = *static_cast<const NativeFunction*>(bif->native);
  OwnEnv env(&rt, native.library);
  ERL_NIF_TERM argv[kMaxArity + 1];
  for (unsigned i = 0; i < arity; i++) argv[i] = out(args[i]);
  const ERL_NIF_TERM answer = native.function->fptr(&env, static_cast<int>(arity), argv);
  *result = env.exception ? Term(atoms::badarg) : in(answer);
  if (result->is_pointer()) *result = atoms::undefined;  // lies in the environment; nobody asks for such answers
  return true;
}

}  // namespace vm::nif

using namespace vm;

extern "C" {

ERL_NIF_TERM enif_schedule_nif(ErlNifEnv* env, const char* name, int flags, ERL_NIF_TERM (*function)(ErlNifEnv*, int, const ERL_NIF_TERM[]),
                               int argc, const ERL_NIF_TERM argv[]) {
  if (!env->process || argc < 0 || argc > 255) return nif::raise_badarg(env);
  if (flags != 0 && flags != ERL_NIF_DIRTY_JOB_CPU_BOUND && flags != ERL_NIF_DIRTY_JOB_IO_BOUND) return nif::raise_badarg(env);
  Term name_atom = term::AtomTable::intern_latin1(name);
  if (!name_atom.is_value()) return nif::raise(env, atoms::system_limit);
  if (env->scheduled) env->scheduled->release();
  auto* call = new nif::ScheduledCall(env->library);
  call->function = function;
  call->flags = flags;
  call->name = name_atom;
  for (int i = 0; i < argc; i++) call->arguments.push_back(nif::in(argv[i]));
  env->scheduled = call;
  return nif::kExceptionWord;
}

int enif_consume_timeslice(ErlNifEnv* env, int percent) {
  if (percent < 1) percent = 1;
  if (percent > 100) percent = 100;
  if (!env->process) return 0;
  proc::Process& p = *env->process;
  const SWord left = p.reductions_left - static_cast<SWord>(env->runtime->settings.context_reductions) * percent / 100;
  p.reductions_left = std::max<SWord>(left, 0);  // as on stock nothing is taken of the next slice
  return left <= 0;
}

int enif_thread_type(void) {
  if (nif::current_job_kind() == ERL_NIF_DIRTY_JOB_CPU_BOUND) return ERL_NIF_THR_DIRTY_CPU_SCHEDULER;
  if (nif::current_job_kind() == ERL_NIF_DIRTY_JOB_IO_BOUND) return ERL_NIF_THR_DIRTY_IO_SCHEDULER;
  return sched::Scheduler::current() ? ERL_NIF_THR_NORMAL_SCHEDULER : ERL_NIF_THR_UNDEFINED;
}

}  // extern "C"
