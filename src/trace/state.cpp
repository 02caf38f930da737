// SPDX-License-Identifier: Apache-2.0
#include "trace/state.h"

#include "proc/process_table.h"
#include "sync/epoch.h"
#include "term/atoms.h"
#include "trace/hooks_internal.h"
#include "trace/seq_trace.h"

namespace vm::trace {

using namespace proc;  // NOLINT(google-build-using-namespace): the flags

namespace {

void set_bits(const Tracee& p, std::uint32_t flags) {
  std::uint32_t now = p.flags->load(std::memory_order_relaxed);
  while (!p.flags->compare_exchange_weak(now, (now & kTraceOwn) | flags, std::memory_order_seq_cst)) {
  }
}

void retire_tracing(Tracing* old) {
  if (old) sync::Epoch::defer(old, [](void* t) { delete static_cast<Tracing*>(t); });
}

}  // namespace

bool State::replace_locked(const Tracee& p, std::uint32_t flags, Tracer* tracer) {
  Tracing* fresh = nullptr;
  if (flags != 0 && tracer) {
    tracer->retain();
    fresh = new Tracing{flags, tracer};
  }
  retire_tracing(p.tracing->exchange(fresh, std::memory_order_acq_rel));
  set_bits(p, fresh ? flags : 0);
  return true;
}

bool State::change(Tracee p, bool on, std::uint32_t flags, const TracerRef& tracer) {
  sync::SpinGuard guard(lock_of(p));
  const Tracing* now = p.tracing->load(std::memory_order_acquire);
  const std::uint32_t before = now ? now->flags : 0;
  if (tracer && before != 0 && !same_tracer(*now->tracer, *tracer.get()) &&
      ask(runtime_, *now->tracer, Topic::Status, atoms::trace_status, p.id) != Verdict::Remove)
    return false;
  const std::uint32_t after = on ? before | flags : before & ~flags;
  return replace_locked(p, after, tracer ? tracer.get() : now ? now->tracer : nullptr);
}

bool State::change_both(Tracee p, std::uint32_t on, std::uint32_t off, Tracer* tracer) {
  sync::SpinGuard guard(lock_of(p));
  const Tracing* now = p.tracing->load(std::memory_order_acquire);
  const std::uint32_t before = now ? now->flags : 0;
  const std::uint32_t after = tracer ? (before & ~off) | on : 0;
  if (after == before && (!now || same_tracer(*now->tracer, *tracer))) return false;
  return replace_locked(p, after, tracer);
}

void State::clear(Tracee p) {
  sync::SpinGuard guard(lock_of(p));
  replace_locked(p, 0, nullptr);
}

void State::drop_dead(Tracee p, const Tracing* seen) {
  sync::SpinGuard guard(lock_of(p));
  if (p.tracing->load(std::memory_order_acquire) == seen) replace_locked(p, 0, nullptr);
}

void State::give(Tracee child, std::uint32_t flags, Tracer* tracer) {
  if (flags == 0 || !tracer) return;
  const Tracing* had = child.tracing->load(std::memory_order_relaxed);
  tracer->retain();
  child.tracing->store(new Tracing{(had ? had->flags : 0) | flags, tracer}, std::memory_order_release);
  set_bits(child, (had ? had->flags : 0) | flags);
  delete had;
}

void State::change_default(std::atomic<Tracing*>& which, bool on, std::uint32_t flags, const TracerRef& tracer) {
  const std::lock_guard<std::recursive_mutex> hold(runtime_.code->lock());
  Tracing* now = which.load(std::memory_order_acquire);
  const std::uint32_t after = on ? (now ? now->flags : 0) | flags : (now ? now->flags : 0) & ~flags;
  Tracer* t = tracer ? tracer.get() : now ? now->tracer : nullptr;
  Tracing* fresh = nullptr;
  if (after != 0 && t) {
    t->retain();
    fresh = new Tracing{after, t};
  }
  which.store(fresh, std::memory_order_release);
  if (&which == &new_processes) runtime_.trace_new_processes.store(fresh != nullptr, std::memory_order_release);
  retire_tracing(now);
}

const Tracing* State::live_default(std::atomic<Tracing*>& which) {
  const Tracing* t = which.load(std::memory_order_acquire);
  if (!t || ask(runtime_, *t->tracer, Topic::Status, atoms::trace_status, term::kNil) != Verdict::Remove) return t;
  change_default(which, false, ~std::uint32_t{0}, {});
  return nullptr;
}

void State::replace(std::atomic<MessagePattern*>& which, MessagePattern* with) {
  if (MessagePattern* old = which.exchange(with, std::memory_order_acq_rel))
    sync::Epoch::defer(old, [](void* p) { delete static_cast<MessagePattern*>(p); });
}

const Tracing* wanted(Process& p, std::uint32_t flag, Topic topic, Term tag) {
  if (p.flags & Process::kSensitive) return nullptr;
  const Tracing* t = p.tracing.load(std::memory_order_acquire);
  if (!t || !(t->flags & flag)) return nullptr;
  return ask(*p.runtime, *t->tracer, topic, tag, p.pid) == Verdict::Trace ? t : nullptr;
}

const Tracing* wanted(Runtime& rt, const TracedPort& p, std::uint32_t flag, Topic topic, Term tag) {
  const Tracing* t = p.tracing.load(std::memory_order_acquire);
  if (!t || !(t->flags & flag)) return nullptr;
  return ask(rt, *t->tracer, topic, tag, p.id) == Verdict::Trace ? t : nullptr;
}

void install(Runtime& rt) {
  static const TraceHooks hooks = [] {
    TraceHooks h;
    fill_event_hooks(h);
    fill_port_hooks(h);
    fill_profile_hooks(h);
    fill_call_hooks(h);
    fill_token_hooks(h);
    return h;
  }();
  rt.trace = &hooks;
  rt.tracer = new State(rt);
}

}  // namespace vm::trace
