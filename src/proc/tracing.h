// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Tracing, as proc/, ops/ and the engines see it: flags of a process that are tested where something happens, and hooks that trace/ fills.
//
// Process::trace_flags is 0 for a process nobody traces; each place where something traceable happens tests its bit there and calls the hook out of line.
// The flags mirror an immutable Tracing (flags and tracer) that any thread may replace; who reads it holds an epoch or is a scheduler's thread.
// Calls are traced by breakpoints: nothing is tested at all where none is set (code/breakpoint.h).
#pragma once

#include <atomic>
#include <cstdint>

#include "heap/copy.h"
#include "term/term.h"

namespace vm::code {
struct Breakpoint;
struct Mfa;
}  // namespace vm::code

namespace vm::proc {

class Process;
struct Runtime;
struct Signal;

enum TraceFlag : std::uint32_t {
  kTraceSend = 1u << 0,
  kTraceReceive = 1u << 1,
  kTraceProcs = 1u << 2,
  kTraceCall = 1u << 3,
  kTraceReturnTo = 1u << 4,
  kTraceRunning = 1u << 5,
  kTraceExiting = 1u << 6,
  kTraceRunningProcs = 1u << 7,
  kTraceRunningPorts = 1u << 8,
  kTraceGc = 1u << 9,
  kTracePorts = 1u << 10,
  kTraceSilent = 1u << 11,
  kTraceArity = 1u << 12,
  kTraceSetOnSpawn = 1u << 13,
  kTraceSetOnFirstSpawn = 1u << 14,
  kTraceSetOnLink = 1u << 15,
  kTraceSetOnFirstLink = 1u << 16,
  kTraceTimestamp = 1u << 17,
  kTraceStrictMonotonic = 1u << 18,
  kTraceMonotonic = 1u << 19,
  kTraceSchedulerId = 1u << 20,
  kTraceAll = (1u << 21) - 1,
  // Not set by users: the process's own thread keeps these.
  kTraceToken = 1u << 24,   // has a sequential trace token
  kTraceFrames = 1u << 25,  // its stack may hold frames of tracing
  kTraceTimes = 1u << 26,   // call_time measures it
  kTraceSaves = 1u << 27,   // keeps its last calls (proc/saved_calls.h)
  kTraceOwn = kTraceToken | kTraceFrames | kTraceTimes | kTraceSaves,
  kSeesMessages = kTraceSend | kTraceToken | kTraceSaves,  // of a sender: each wants to hear of its messages
  kTraceScheduling = kTraceRunning | kTraceRunningProcs | kTraceExiting | kTraceTimes,
};

// What system profiling tells of (Runtime::profiled). Exclusive: a process does not run while a port does for it.
enum ProfileFlag : std::uint8_t { kProfileProcesses = 1, kProfilePorts = 2, kProfileSchedulers = 4, kProfileExclusive = 8 };

// Who gets trace messages: module and state; module erl_tracer means that the state is a pid or a port. Counted.
struct Tracer {
  std::atomic<std::uint32_t> references{1};
  Term module;
  heap::OwnedTerm state;
  void retain() { references.fetch_add(1, std::memory_order_relaxed); }
  void release();
};

// How one process or port is traced. Immutable; freed after a grace period.
struct Tracing {
  std::uint32_t flags;
  Tracer* tracer;
  ~Tracing() { tracer->release(); }
};

// What is traced of a port. Lies in the port, which names itself here; its lock is held whenever something happens to it.
struct TracedPort {
  Term id = term::kNil;
  std::atomic<std::uint32_t> flags{0};
  std::atomic<Tracing*> tracing{nullptr};
  bool is_traced(std::uint32_t bits) const { return flags.load(std::memory_order_relaxed) & bits; }
  ~TracedPort() { delete tracing.load(std::memory_order_relaxed); }
};

// What a call that is traced wants of the engine.
struct CallTrace {
  bool return_from = false, exception_from = false;  // a frame that tells of the return, of exceptions too
  bool return_to = false;                            // a frame that tells where a return goes
  bool timed = false;                                // a frame that stops the time
  bool debug = false;                                // go to the error handler's breakpoint/3 instead
  Term tracer = Term::non_value();                   // of the return: the atom true for the process's own, or {Module | State}
  Term previous = Term::non_value();                 // of the time frame: what was measured before
};

inline constexpr unsigned kCallSteps = 3;

struct TraceHooks {
  // A breakpoint was reached with its arguments in x. `caller`: return addresses lie on the stack. Own thread.
  // Called once per step, for each may want frames of its own: 0 call trace, 1 meta trace, 2 counts and times.
  CallTrace (*called)(Process& p, code::Breakpoint& at, const Term* x, unsigned step) = nullptr;
  void (*returned)(Process& p, const Term* frame, Term value) = nullptr;  // frame: module, function, arity, tracer
  void (*raised)(Process& p, const Term* frame, Term cls, Term reason) = nullptr;
  void (*returns_to)(Process& p, const Word* pc) = nullptr;
  void (*time_returned)(Process& p, Term previous) = nullptr;
  // Messages. sent: before it is sent, to whom it goes (or a name that nobody has). received: as it comes into the inbox; the signal may lose its token.
  void (*sent)(Process& p, Term to, Term message, bool exists) = nullptr;
  void (*received)(Process& p, Term from, Term message) = nullptr;  // as it enters the inbox; from: no pid when the emulator sends
  // {trace, Pid, What, A} or, with a value as b, {trace, Pid, What, A, B}.
  void (*process_event)(Process& p, Term what, Term a, Term b) = nullptr;
  // A child was made and nobody knows it yet. args: as given to spawn.
  void (*spawned)(Process* parent, Process& child, Term module, Term function, Term args, bool linked) = nullptr;
  void (*scheduled)(Process& p, bool in) = nullptr;
  void (*ending)(Process& p, Term reason) = nullptr;  // first thing, the heap is still there
  void (*ended)(Process& p) = nullptr;                // last thing
  // Before and after a collection; words: wanted, then reclaimed.
  void (*collecting)(Process& p, bool done, bool major, std::size_t words) = nullptr;
  // A link to `other` was made by p: flags that are inherited over links go there.
  void (*linked)(Process& p, Term other) = nullptr;
  // Sequential tracing: the token of a message that p sends, made current and copied; the non-value for none.
  heap::OwnedTerm (*token_for_send)(Process& p, Term to, Term message) = nullptr;
  // The message is taken from the inbox: its token becomes the process's.
  void (*took)(Process& p, Signal& message) = nullptr;
  // Ports. opened: nobody knows the port yet, it gets the flags of new ones. event: as process_event. where: what the port is asked to do, or 0.
  void (*port_opened)(Runtime& rt, TracedPort& port) = nullptr;
  void (*port_event)(Runtime& rt, TracedPort& port, Term what, Term a, Term b) = nullptr;
  void (*port_received)(Runtime& rt, TracedPort& port, Term message) = nullptr;
  void (*port_sent)(Runtime& rt, TracedPort& port, Term to, Term message, bool exists) = nullptr;
  void (*port_scheduled)(Runtime& rt, TracedPort& port, bool in, Term where) = nullptr;
  // System profiling. A process becomes runnable, before anybody can run it, or stops, before anybody can wake it; the same of ports. A scheduler finds
  // nothing to do, or something again.
  void (*process_runnable)(Process& p, bool runnable) = nullptr;
  void (*port_runnable)(Runtime& rt, Term port, bool runnable) = nullptr;
  void (*scheduler_rests)(Runtime& rt, unsigned id, bool rests) = nullptr;
};

}  // namespace vm::proc
