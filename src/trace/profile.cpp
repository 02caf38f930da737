// SPDX-License-Identifier: Apache-2.0
#include "trace/profile.h"

#include <algorithm>

#include "proc/process_table.h"
#include "proc/send.h"
#include "sched/scheduler.h"
#include "sync/epoch.h"
#include "term/atoms.h"
#include "term/views.h"
#include "trace/emit.h"
#include "trace/hooks_internal.h"
#include "trace/state.h"

namespace vm::trace {

using namespace proc;  // NOLINT(google-build-using-namespace): the flags

namespace {

constexpr std::size_t kWords = 32;

bool is_there(Runtime& rt, Term profiler) {
  if (profiler.is_local_pid()) return rt.processes->lookup(profiler) != nullptr;
  return rt.hooks.port_alive && rt.hooks.port_alive(rt, profiler);
}

// The profiler has ended.
void forget(Runtime& rt, Term profiler) {
  Profile& profile = State::of(rt).profile;
  const std::lock_guard<sync::Spinlock> hold(profile.lock);
  if (profile.profiler.load(std::memory_order_relaxed) != profiler.bits()) return;  // there is another one
  profile.profiler.store(0, std::memory_order_relaxed);
  rt.profiled.store(0, std::memory_order_relaxed);
}

// {profile, ..., Time}; `fill` adds what is between.
template <typename Fill>
void tell(Runtime& rt, Term about, Fill&& fill) {
  Profile& profile = State::of(rt).profile;
  const Term to = Term::from_bits(profile.profiler.load(std::memory_order_acquire));
  if (to == about || !(to.is_local_pid() || to.is_local_port())) return;
  sync::Epoch::Guard guard;  // may be any thread
  heap::FragmentWriter w(kWords);
  Term parts[6] = {atoms::profile};
  std::size_t n = 1 + fill(w, parts + 1);
  parts[n++] = time_term(rt, w, profile.clock.load(std::memory_order_relaxed));
  term::Tuple message = term::Tuple::alloc(w, n);
  for (std::size_t i = 0; i < n; i++) message.set(i, parts[i]);
  if (to.is_local_pid()) {
    if (!rt.processes->lookup(to)) return forget(rt, to);
    send_owned(rt, to, {message.term(), w.take()});
  } else if (rt.hooks.term_to_port) {
    rt.hooks.term_to_port(rt, to, message.term(), true);
  }
}

Term place_of(Process& p, term::HeapWriter& w) {
  if (p.exiting()) return Term::small(0);
  const code::Function* f = p.runtime->engine->current_function(p);
  if (!f) return Term::small(0);
  return term::Tuple::make(w, f->mfa.module, f->mfa.function, Term::small(static_cast<SWord>(f->mfa.arity)));
}

Term activity(bool active) { return active ? atoms::active : atoms::inactive; }

void process_runnable(Process& p, bool runnable) {
  tell(*p.runtime, p.pid, [&](term::HeapWriter& w, Term* parts) {
    parts[0] = p.pid;
    parts[1] = activity(runnable);
    parts[2] = place_of(p, w);
    return std::size_t{3};
  });
}

void port_runnable(Runtime& rt, Term port, bool runnable) {
  tell(rt, port, [&](term::HeapWriter&, Term* parts) {
    parts[0] = port;
    parts[1] = activity(runnable);
    parts[2] = Term::small(0);
    return std::size_t{3};
  });
}

void scheduler_rests(Runtime& rt, unsigned id, bool rests) {
  Profile& profile = State::of(rt).profile;
  std::int64_t active = 0;
  {
    const std::lock_guard<sync::Spinlock> hold(profile.lock);
    if (id == 0 || id > profile.schedulers.size()) return;
    profile.schedulers[id - 1] = !rests;
    active = std::count(profile.schedulers.begin(), profile.schedulers.end(), true);
  }
  tell(rt, term::kNil, [&](term::HeapWriter&, Term* parts) {
    parts[0] = atoms::scheduler;
    parts[1] = Term::small(static_cast<SWord>(id));
    parts[2] = activity(!rests);
    parts[3] = Term::small(active);
    return std::size_t{4};
  });
}

}  // namespace

ProfileSettings profile(Runtime& rt) {
  Profile& kept = State::of(rt).profile;
  const Term profiler = Term::from_bits(kept.profiler.load(std::memory_order_acquire));
  if (!(profiler.is_local_pid() || profiler.is_local_port())) return {};
  if (!is_there(rt, profiler)) return {};
  return {profiler, rt.profiled.load(std::memory_order_relaxed), kept.clock.load(std::memory_order_relaxed)};
}

void set_profile(Runtime& rt, const ProfileSettings& settings) {
  Profile& kept = State::of(rt).profile;
  const std::lock_guard<sync::Spinlock> hold(kept.lock);
  if (settings.what & kProfileSchedulers) {
    kept.schedulers.assign(rt.schedulers->scheduler_count(), false);
    for (unsigned i = 0; i < rt.schedulers->active(); i++)
      kept.schedulers[i] = rt.schedulers->scheduler(i).running.load(std::memory_order_relaxed) != nullptr;
  }
  kept.clock.store(settings.clock, std::memory_order_relaxed);
  kept.profiler.store(settings.profiler.is_value() ? settings.profiler.bits() : 0, std::memory_order_release);
  rt.profiled.store(settings.what, std::memory_order_release);
}

void fill_profile_hooks(TraceHooks& h) {
  h.process_runnable = process_runnable;
  h.port_runnable = port_runnable;
  h.scheduler_rests = scheduler_rests;
}

}  // namespace vm::trace
