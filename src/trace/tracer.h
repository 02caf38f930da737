// SPDX-License-Identifier: Apache-2.0
//
// Tracers and trace flags as Erlang writes them.
//
// A tracer is a pid or a port of this node, or {Module, State} where Module has native functions enabled/3 and trace/5. References are counted by hand
// because the owners are atomics that readers look at without a lock; TracerRef does it for locals. Any thread; nothing here collects.
#pragma once

#include "proc/runtime.h"
#include "proc/tracing.h"

namespace vm::trace {

using proc::Process;
using proc::Runtime;
using proc::Tracer;

// Owns one reference, or nothing.
class TracerRef {
 public:
  TracerRef() = default;
  explicit TracerRef(Tracer* owned) : tracer_(owned) {}
  TracerRef(const TracerRef& other) : tracer_(other.tracer_) {
    if (tracer_) tracer_->retain();
  }
  TracerRef& operator=(TracerRef other) {
    std::swap(tracer_, other.tracer_);
    return *this;
  }
  ~TracerRef() {
    if (tracer_) tracer_->release();
  }
  // Another reference to what somebody else owns.
  static TracerRef share(Tracer* t) {
    if (t) t->retain();
    return TracerRef(t);
  }
  Tracer* get() const { return tracer_; }
  Tracer* take() { return std::exchange(tracer_, nullptr); }
  explicit operator bool() const { return tracer_ != nullptr; }
  Tracer* operator->() const { return tracer_; }

 private:
  Tracer* tracer_ = nullptr;
};

// pid, port, {Prefix, pid | port}, {Prefix, Module, State}; without a prefix (the non-value) {Module, State}. Empty when it is none.
TracerRef tracer_of(Runtime& rt, Term prefix, Term t);
// The tracer as trace_info shows it; null: nil.
Term tracer_term(term::HeapWriter& h, const Tracer* t);
bool same_tracer(const Tracer& a, const Tracer& b);

// What an event is about, for tracer modules that have functions of their own for it.
enum class Topic : std::uint8_t { Status, Call, Send, Receive, Procs, RunningProcs, RunningPorts, Collection, Ports, Sequential };
enum class Verdict : std::uint8_t { Trace, Discard, Remove };
// Asks the tracer whether it wants to hear of this.
Verdict ask(Runtime& rt, const Tracer& tracer, Topic topic, Term tag, Term tracee);

// Flags as in erlang:trace/3; *tracer is replaced when the list names one. False: no proper list of known flags.
struct FlagList {
  std::uint32_t flags = 0;
  TracerRef tracer;
  bool cpu_timestamp = false;
  bool has_tracer = false;
};
bool parse_flags(Runtime& rt, Term list, FlagList* out);
std::uint32_t flag_of(Term name);  // 0: no flag
Term flags_term(term::HeapWriter& h, std::uint32_t flags);

}  // namespace vm::trace
