// SPDX-License-Identifier: Apache-2.0
//
// What one machine traces.
//
// Tracing of a process or port is an immutable proc::Tracing behind an atomic, so is everything else here that events look at. Writers of one
// process take a spinlock that some processes share; default values, patterns and breakpoints are changed under the code lock.
#pragma once

#include <memory>

#include "code/breakpoint.h"
#include "match/match_spec.h"
#include "sync/spinlock.h"
#include "trace/profile.h"
#include "trace/tracer.h"

namespace vm::trace {

using Spec = std::shared_ptr<const match::MatchSpec>;  // empty: everything

// trace_pattern(send | 'receive', ...): which messages are told of.
struct MessagePattern {
  bool on = true;
  Spec spec;
};

// A replaceable meta tracer: it goes when it turns out to be dead.
struct MetaTracer {
  explicit MetaTracer(TracerRef t) : tracer(t.take()) {}
  ~MetaTracer() {
    if (Tracer* t = tracer.load()) t->release();
  }
  std::atomic<Tracer*> tracer;
};

// What trace_pattern(on_load, ...) said; modules that are loaded get it.
struct LoadPattern {
  bool on = false, global = false, local = false, count = false, time = false;
  bool meta = false;
  Spec spec, meta_spec;
  std::shared_ptr<MetaTracer> meta_tracer;
};

// Whose tracing is changed: a process or a port.
struct Tracee {
  Tracee(Process& p) : id(p.pid), flags(&p.trace_flags), tracing(&p.tracing) {}    // NOLINT(google-explicit-constructor)
  Tracee(proc::TracedPort& p) : id(p.id), flags(&p.flags), tracing(&p.tracing) {}  // NOLINT(google-explicit-constructor)
  Term id;
  std::atomic<std::uint32_t>* flags;
  std::atomic<proc::Tracing*>* tracing;
};

class State {
 public:
  explicit State(Runtime& rt) : runtime_(rt) {}
  static State& of(const Runtime& rt) { return *static_cast<State*>(rt.tracer); }
  Runtime& runtime() { return runtime_; }

  // --- one process or port
  // Sets or clears flags of a tracee. False: somebody else traces it already and is alive.
  bool change(Tracee p, bool on, std::uint32_t flags, const TracerRef& tracer);
  // Flags on and off at once and whoever traces, for actions of match specifications; without a tracer nothing is traced any more. Whether that
  // changed anything.
  bool change_both(Tracee p, std::uint32_t on, std::uint32_t off, Tracer* tracer);
  // Nothing traces p any more.
  void clear(Tracee p);
  // The same if its tracer is still this dead one.
  void drop_dead(Tracee p, const proc::Tracing* seen);
  // Gives a new process or port, which nobody knows yet, these flags.
  static void give(Tracee child, std::uint32_t flags, Tracer* tracer);

  // --- new ones
  std::atomic<proc::Tracing*> new_processes{nullptr}, new_ports{nullptr};
  // The same when its tracer is alive, else it is cleared.
  const proc::Tracing* live_default(std::atomic<proc::Tracing*>& which);
  void change_default(std::atomic<proc::Tracing*>& which, bool on, std::uint32_t flags, const TracerRef& tracer);

  // --- messages
  std::atomic<MessagePattern*> send_pattern{nullptr}, receive_pattern{nullptr};  // null: all of them
  static void replace(std::atomic<MessagePattern*>& which, MessagePattern* with);

  LoadPattern load_pattern;                // under the code lock
  std::vector<code::Breakpoint*> exports;  // of all exports and built-ins that ever had one; under the code lock

  // --- sequential tracing
  std::atomic<Tracer*> sequential_tracer{nullptr};
  std::atomic<bool> cpu_timestamp{false};

  Profile profile;

 private:
  sync::Spinlock& lock_of(const Tracee& p) { return locks_[p.id.bits() >> 6 & (kLocks - 1)]; }
  static bool replace_locked(const Tracee& p, std::uint32_t flags, Tracer* tracer);
  static constexpr std::size_t kLocks = 64;
  Runtime& runtime_;
  sync::Spinlock locks_[kLocks];
};

// Tracing as hooks want it: nullptr when p is sensitive, or not traced, or its tracer does not want to hear of this.
const proc::Tracing* wanted(Process& p, std::uint32_t flag, Topic topic, Term tag);
const proc::Tracing* wanted(Runtime& rt, const proc::TracedPort& p, std::uint32_t flag, Topic topic, Term tag);

// Fills Runtime::trace and the state. Once, by boot/.
void install(Runtime& rt);

}  // namespace vm::trace
