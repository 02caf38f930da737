// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Process: control block of one Erlang process.
//
// Hot fields first; what few processes need is allocated on demand. A process runs on at most one thread; that thread alone touches its heap, mailbox,
// dictionary, links and monitors. Everybody else goes through its signal queue (proc/signal.h) or reads the atomics.
//
// Life: created by spawn (proc/spawn.h), entered into the process table, scheduled through sched/. `state_` says whether it is queued, running,
// waiting, exiting. A Process object is freed through sync/epoch.h, so a pointer from ProcessTable::lookup stays valid until the
// calling thread's next quiescent point.
#pragma once

#include <atomic>

#include "code/module.h"
#include "heap/process_heap.h"
#include "proc/mailbox.h"
#include "proc/process_state.h"
#include "proc/signal.h"
#include "sched/scheduler.h"
#include "sync/relaxed.h"
#include "sync/spinlock.h"

namespace vm::proc {

struct Runtime;
class Links;       // proc/links.h
class Dictionary;  // proc/dictionary.h
struct ColdPart;   // proc/process_cold.h: rarely used fields
struct BifTimer;   // proc/timers.cpp
struct Tracing;    // proc/tracing.h

enum class ExceptionClass : std::uint8_t { Error = 0, Exit = 1, Throw = 2 };

// What a built-in or an instruction left behind when it answered "no value".
enum class PendingKind : std::uint8_t {
  None,
  Raise,   // exception_ says what
  Trap,    // call scratch->pending_export with the arguments in pending_args, as if the built-in had been that call
  Yield,   // as Trap, but give up the slice first
  Wait,    // leave the slice waiting (hibernate, suspend): the built-in is called again when woken unless `hibernate` said where to go
  Exit,    // the process has ended
  Recall,  // call scratch->pending_export with the same arguments
};

struct Exception {
  ExceptionClass cls = ExceptionClass::Error;
  Term reason = term::kNil;
  // Stack trace: non_value = take it from the stack; otherwise a ready list (raise/3) or the raw trace of an earlier raise.
  Term stacktrace = Term::non_value();
  Term args = Term::non_value();        // argument list for the first entry (error/2, undef, function_clause), else arity is shown
  Term cause = Term::non_value();       // error_info's cause for erl_*_errors (badarg details)
  Term error_info = Term::non_value();  // error/3: a ready error_info map
  bool save_trace = true;               // false: throw of an already saved trace
};

// What a built-in leaves for the engine, which takes it at once: nothing of it outlives a slice, so each thread has one for all processes.
struct Scratch {
  static constexpr std::size_t kMaxTrapArgs = 8;
  code::Export* pending_export = nullptr;
  std::uint32_t pending_arity = 0;
  Term pending_args[kMaxTrapArgs];
  Exception exception;

  void clear() {
    pending_export = nullptr;
    pending_arity = 0;
    exception = Exception{};
  }
  static Scratch& of_thread();
};

class Process final : public sched::Runnable, public heap::RootSource {
 public:
  static constexpr std::uint32_t kInlineRegisters = 4;
  // A process lies in a slab slot of this size; what it doesn't need itself is the home of its heap (heap::ProcessHeap::init).
  static constexpr std::size_t kSlotBytes = 1088;
  Word* home() { return reinterpret_cast<Word*>(this + 1); }
  static std::size_t home_words() { return (kSlotBytes - sizeof(Process)) / kWordBytes; }

  // --- identity (immutable)
  Term pid;
  Runtime* runtime;

  // --- engine state while not running
  heap::ProcessHeap heap;
  code::CodePtr pc = nullptr;       // where to go on
  std::uint32_t live = 0;           // how many argument registers are saved
  std::uint32_t catches = 0;        // catch tags on the stack; 0: an exception ends the process
  Term* saved_registers = nullptr;  // `live` terms; points to inline_registers or a block
  Term inline_registers[kInlineRegisters];
  std::uint32_t saved_capacity = kInlineRegisters;
  std::uint32_t slice_reductions = 0;  // what the slice started with
  SWord reductions_left = 0;           // of this slice; the engine keeps it in a register while running
  std::uint64_t reductions_done = 0;   // in earlier slices
  // While waiting in or calling a built-in or exiting: what current_function shows; else from pc. The watcher of sched/ looks at it, too.
  sync::Relaxed<const code::Mfa*> current_mfa = nullptr;
  const code::Mfa* initial_call = nullptr;  // lives for ever, in an export

  // --- pending action of a built-in; details in `scratch`
  PendingKind pending = PendingKind::None;
  bool in_engine = false;  // own thread: inside Engine::run
  bool waiting = false;    // own thread: the last slice ended in a receive
  // Owns or fixed a table at some time: ets/ wants to hear of its end.
  std::atomic<bool> has_tables{false};
  // A NIF resource monitors or monitored this process: nif/ wants to hear of its end.
  std::atomic<bool> has_native_monitors{false};
  Scratch* scratch;  // of the thread that runs it, or made it; empty between slices

  // --- Erlang-visible state
  Mailbox mailbox;
  Term group_leader = term::kNil;
  Term registered_name = term::kNil;  // atom or nil; owned by the registry
  Term parent = term::kNil;
  Dictionary* dictionary = nullptr;  // on demand
  Links* links = nullptr;            // links, monitors, aliases; on demand
  ColdPart* cold = nullptr;          // on demand
  Term seq_trace_token = term::kNil;
  std::atomic<Tracing*> tracing{nullptr};     // who traces it; trace/ replaces it
  std::atomic<std::uint32_t> trace_flags{0};  // TraceFlag bits of proc/tracing.h; 0 when nothing traces this process
  sync::Relaxed<std::uint32_t> flags = 0;     // ProcessFlag bits; others may look at them

  enum ProcessFlag : std::uint32_t {
    kTrapExit = 1,
    kOffHeapMessages = 2,
    kSystemProcess = 4,
    kSensitive = 8,
    kHibernated = 16,
    kDisableGc = 32,
    kUsingTimer = 64,
    kTimedOut = 128,
    kSaveCalls = 256,
    kDirtyRunning = 512,
    // Set by the engine before it answers Yielded: go on in a thread of that dirty pool (Process::run gets its Scheduler, dirty() == true).
    // Cleared by Process::run when it hands the process over.
    kWantsDirtyCpu = 1024,
    kWantsDirtyIo = 2048,
  };
  bool trap_exit() const { return flags & kTrapExit; }
  // Whether one of these TraceFlags is set.
  bool is_traced(std::uint32_t bits) const { return trace_flags.load(std::memory_order_relaxed) & bits; }

  // --- scheduling (proc/process.cpp)
  sched::After run(sched::Scheduler& scheduler) override;
  // Makes the process runnable after a push that answered First. Any thread.
  void wake();
  // Pushes and wakes. False: the process has ended and the caller still owns s.
  bool deliver(Signal* s) {
    const Mailbox::Push result = mailbox.push(s);
    if (VM_LIKELY(result == Mailbox::Push::First)) wake();
    return result != Mailbox::Push::Closed;
  }
  bool exiting() const { return state.load(std::memory_order_acquire) & kExiting; }
  bool alive() const { return !exiting(); }

  // Collector's roots outside stack and registers: dictionary, pending terms, mailbox terms that live on the heap.
  void visit_roots(heap::RootSink& sink) override;
  // Collects now, at a GC point: `registers` hold live terms. Charges reductions. Kills the process when max_heap_size says so: then returns false.
  bool collect(Term* registers, std::size_t live, std::size_t need_words, bool major = false);

  // What max_heap_size limits: the heap, and the messages that wait unless they are kept off the heap.
  std::size_t limited_words() const;

  // Collects and shrinks a process that waits. The caller holds it: kRunning is set.
  void collect_waiting();

  // State word, see proc/process_state.h.
  std::atomic<std::uint32_t> state{0};
  std::uint32_t suspend_count = 0;  // own thread
  // Of the sweeper (proc/sweeper.h): reductions_done when it last came by, passes since they changed, and how many it takes.
  std::uint8_t sweep_age = 0, sweep_patience = 0;
  // Timers whose destination is this process (proc/timers.cpp); any thread under the lock.
  sync::Spinlock timers_lock;
  bool timers_closed = false;
  std::uint32_t sweep_mark = 0;  // of the sweeper
  BifTimer* first_timer = nullptr;
  // Accounting group, for limits that bind several processes; nullptr = none.
  void* group = nullptr;

  // Takes a process that waits away from everybody else, or answers false. To be given back at once with release_waiting, which queues it if
  // somebody wanted to wake it meanwhile.
  bool hold_waiting() {
    std::uint32_t s = state.load(std::memory_order_relaxed);
    return !(s & (kQueued | kRunning | kExiting)) && state.compare_exchange_strong(s, s | kRunning, std::memory_order_seq_cst);
  }
  void release_waiting();
  // The same when the process has something to do now.
  void release_ready();

  // The cold part, made when missing.
  ColdPart& cold_part();

  Process(Runtime& rt, Term self);
  ~Process();
  static void* operator new(std::size_t);
  static void operator delete(void*);
};

}  // namespace vm::proc
