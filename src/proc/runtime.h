// SPDX-License-Identifier: Apache-2.0
//
// Runtime: one virtual machine. boot/ makes it; everything reaches it through the process or the scheduler at hand. The services of higher rooms
// hang here by opaque pointer, so that lower rooms need not know them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "code/backend.h"
#include "code/code_store.h"
#include "heap/default_limits.h"
#include "proc/multi_scheduling.h"
#include "proc/process.h"
#include "proc/thread_times.h"
#include "sched/scheduler.h"
#include "sched/timer_wheel.h"

namespace vm::ets {
class Tables;
}
namespace vm::port {
class Ports;
}
namespace vm::nif {
class Natives;
}
namespace vm::dist {
class Nodes;
}
namespace vm::term {
class ListBuilder;
}
namespace vm::load {
class Loader;
}

namespace vm::proc {

struct MonitorOptions;  // proc/links.h
class ProcessTable;
class Registry;
class Sweeper;         // proc/sweeper.h
class SystemMonitor;   // proc/system_monitor.h
class TimeService;     // proc/time.h
class BifTimers;       // proc/timers.h
struct TraceHooks;     // proc/tracing.h
class LiteralRelease;  // proc/literal_release.h

// What proc/ needs of an engine.
class Engine {
 public:
  virtual ~Engine() = default;
  enum class Stop { Yielded, Waiting, Ended };
  // Runs `p` until its reductions are used, it waits, or it ended. The process is Running on this thread.
  virtual Stop run(Process& p, sched::Scheduler& scheduler) = 0;
  // Prepares p to call m:f with these arguments (already on p's heap) when it is first scheduled.
  virtual void prepare_call(Process& p, code::Export& target, const Term* args, std::size_t count) = 0;
  // Register block of a scheduler thread.
  virtual void attach(sched::Scheduler& scheduler) = 0;
  // Raises in a process that is not inside the engine (exit signal that kills: ends it with the reason).
  virtual Term stack_trace_of(Process& p, std::size_t depth, term::HeapWriter& h) = 0;  // current_stacktrace
  virtual code::Function* current_function(Process& p) = 0;
};

// What sched::Scheduler::counters count for this room.
enum SchedulerCounter : unsigned { kReductionsCounter, kCollectionsCounter, kReclaimedWordsCounter };

// Upward calls that other rooms fill in (boot/).
struct Hooks {
  void (*process_ending)(Process& p) = nullptr;  // ETS tables, owned ports, …: called on the process's own thread while exiting
  // link/monitor/exit/unlink to a port; owns s. False: there is no such port.
  bool (*port_signal)(Runtime& rt, Term port, Signal* s) = nullptr;
  void (*send_to_port)(Runtime& rt, Process* from, Term port, Term message) = nullptr;  // Port ! {Pid, {command, ..}}
  // For native code: whether a port is open, and output as if its owner had sent it (false: no such port).
  bool (*port_alive)(Runtime& rt, Term port) = nullptr;
  bool (*port_output)(Runtime& rt, Term port, std::string bytes) = nullptr;
  bool (*send_remote)(Runtime& rt, Process& from, Term to, Term message) = nullptr;
  // erlang:send/3 to another node: ok, nosuspend or noconnect.
  Term (*send_remote_if)(Process& from, Term to, Term message, bool nosuspend, bool noconnect) = nullptr;
  // SignalKind::Remote: as handle_signal; for a process that has ended; the end of a process with remote ties (before its heap goes).
  bool (*remote_signal)(Process& p, Signal* s, Term* exit_reason) = nullptr;
  void (*remote_refused)(Runtime& rt, Process& p, Signal* s) = nullptr;
  void (*remote_ended)(Process& p, Term reason) = nullptr;
  // A remote monitor was taken away by its owner.
  void (*remote_demonitor)(Process& p, std::uint64_t key, Term object) = nullptr;
  // For process_info: what is on other nodes.
  void (*remote_links)(Process& p, term::HeapWriter& h, term::ListBuilder& list) = nullptr;
  void (*remote_watchers)(Process& p, term::HeapWriter& h, term::ListBuilder& list) = nullptr;
  // Monitors and links to other nodes' processes; nullptr: such a monitor or link reports noconnection at once. What they answer is the
  // built-in's result (the non-value: p's pending action says more).
  Term (*monitor_remote)(Process& p, Term target, const MonitorOptions& options) = nullptr;
  Term (*link_remote)(Process& p, Term target) = nullptr;
  Term (*exit_remote)(Process& p, Term target, Term reason) = nullptr;
  Term (*group_leader_remote)(Process& p, Term leader, Term target) = nullptr;
  // process_flag(monitor_nodes | {monitor_nodes, Options}, OnOff): old value, or the non-value for bad arguments.
  Term (*monitor_nodes)(Process& p, Term on, Term options) = nullptr;
  // Names of ports: the port room keeps the port's own idea of its name and calls Registry. False: name taken, no such port.
  bool (*register_port)(Runtime& rt, Term port, Term name) = nullptr;
  bool (*unregister_port)(Runtime& rt, Term port, Term name) = nullptr;
  Term (*unlink_remote)(Process& p, Term target) = nullptr;
  // Whether p's stack, heap or pending calls refer to old code of the module. Runs on p's thread between slices.
  bool (*check_process_code)(Process& p, Term module) = nullptr;
  Term (*port_by_name)(Runtime& rt, Term name) = nullptr;
  // For tracing. Calls the native function of a module outside of any Erlang call (false: there is none), whether it has one, sends a term in the
  // external format to a port (later: who calls holds a port), and tells of one process in the words of crash dumps.
  bool (*call_native)(Runtime& rt, Process* p, Term module, Term function, const Term* args, unsigned arity, Term* result) = nullptr;
  bool (*has_native)(Runtime& rt, Term module, Term function, unsigned arity) = nullptr;
  void (*term_to_port)(Runtime& rt, Term port, Term term, bool later) = nullptr;
  std::string (*process_text)(Process& p) = nullptr;
  // Text about the machine, in the words of crash dumps: info, procs, loaded or dist.
  std::string (*report)(Runtime& rt, std::string_view what) = nullptr;
};

// The C library's own heap (mallopt), in bytes: how much may be free at its end, and how much more than needed is asked for. As the library has them.
struct LibraryHeap {
  std::size_t trim_threshold = 131072, top_pad = 0;
  bool operator==(const LibraryHeap&) const = default;
};

struct Settings {  // from flags (boot/)
  std::size_t process_limit = 262144;
  std::size_t port_limit = 65536;
  std::size_t atom_limit = 1048576;
  std::size_t ets_limit = 8192;
  unsigned otp_release = 25;  // of the OTP root being served
  std::string erts_version = "13.1.5";
  std::string root_dir, bin_dir, program_name, home;
  std::vector<std::string> init_arguments;      // what follows `--`, for init
  std::vector<std::string> emulator_arguments;  // emu_args
  heap::HeapLimits heap_limits;                 // of the flags; Runtime::limits has those in force
  std::uint32_t context_reductions = 4000;
  bool single_reduction = false;  // stress: one reduction per slice
  bool off_heap_messages = false;
  int backtrace_depth = 8;
  char file_name_encoding = 'u';  // 'u' or 'l'
  std::string file_name_warning = "w";
  std::string printable_range = "latin1";  // +pc
  std::string time_warp = "no_time_warp";
  bool time_correction = true;
  std::string warning_map = "warning";  // +W
  unsigned async_threads = 1;
  std::size_t dist_buffer_limit = 1024 * 1024;
  std::size_t decentralized_counter_groups = 0;
  LibraryHeap library_heap;
};

struct Runtime {
  Settings settings;
  heap::DefaultLimits limits;
  Hooks hooks;
  code::CodeStore* code = nullptr;
  code::Backend* backend = nullptr;
  code::LoadHooks load_hooks;
  Engine* engine = nullptr;
  sched::SchedulerGroup* schedulers = nullptr;
  sched::TimerService* timers = nullptr;
  ProcessTable* processes = nullptr;
  Registry* registry = nullptr;
  BifTimers* bif_timers = nullptr;
  LiteralRelease* literals = nullptr;
  std::atomic<Sweeper*> sweeper{nullptr};
  ets::Tables* ets = nullptr;
  port::Ports* ports = nullptr;
  nif::Natives* natives = nullptr;
  Term system_logger = term::kNil;  // pid, or the atoms logger and undefined; boot/ sets logger
  std::uint32_t trace_control_word = 0;
  const TraceHooks* trace = nullptr;             // trace/ fills them; called only where something is traced
  std::atomic<bool> trace_new_processes{false};  // new processes are traced from the beginning
  std::atomic<std::uint8_t> profiled{0};         // ProfileFlags (proc/tracing.h)
  bool profiles(std::uint8_t what) const { return VM_UNLIKELY(profiled.load(std::memory_order_relaxed) & what); }
  struct {
    code::CodePtr returned = nullptr, raised = nullptr, returns_to = nullptr, timed = nullptr;
  } trace_frames;  // return addresses of frames that trace/ asked for (proc/tracing.h); set by the engine
  bool is_trace_frame(code::CodePtr pc) const {
    return pc == trace_frames.returned || pc == trace_frames.raised || pc == trace_frames.returns_to || pc == trace_frames.timed;
  }
  void* tracer = nullptr;                        // trace/'s own state
  std::atomic<SystemMonitor*> monitor{nullptr};  // once somebody asked for it
  Stopwatch wall_time, microstates;              // for statistics/1
  MultiScheduling multi_scheduling;
  dist::Nodes* nodes = nullptr;
  load::Loader* loader = nullptr;
  void* service_owner = nullptr;                        // boot/'s own state
  std::vector<Term> preloaded;                          // names of the preloaded modules
  std::vector<std::pair<Term, Term>> system_processes;  // module, pid
  Term node_name = atoms_nonode();                      // nonode@nohost until set
  std::uint32_t creation = 0;
  // Bytes that went through ports, for statistics(io).
  std::atomic<std::uint64_t> bytes_in{0}, bytes_out{0};
  // The machine halts as soon as its ports have written what is queued: no process gets another slice.
  std::atomic<bool> stopping{false};
  void (*halt)(Runtime&, int status, bool flush, bool abort_with_dump, const char* slogan) = nullptr;

 private:
  static Term atoms_nonode();
};

}  // namespace vm::proc
