// SPDX-License-Identifier: Apache-2.0
//
// Making and ending processes.
#pragma once

#include "proc/links.h"

namespace vm::proc {

struct SpawnOptions {
  bool link = false;
  bool monitor = false;
  MonitorOptions monitor_options;
  sched::Priority priority = sched::Priority::Normal;
  heap::HeapLimits limits;  // start from runtime.limits.now()
  bool off_heap_messages = false;
  unsigned scheduler = 0;  // 0 = any
  bool system_process = false;
  // spawn_request: a message {ReplyTag, Ref, ok, Pid} for the parent, queued before anything the child can send. Ref is the
  // monitor's reference, or a new one.
  bool request = false;
  // For a parent on another node: its pid and group leader (copied), and what is to be done with the child before anybody can see it.
  Term remote_parent = Term::non_value(), group_leader = Term::non_value();
  void (*prepare)(Process& child, void* context) = nullptr;
  void* prepare_context = nullptr;
  bool reply_success = true;
  Term reply_tag = Term::non_value();
};
struct Spawned {
  Term pid = Term::non_value();  // non-value: process table full (system_limit)
  Term monitor_ref = Term::non_value();
  Term request_ref = Term::non_value();
};
// Starts m:f(args...) (args is a proper list, checked by the caller). `parent` may be nullptr for the first process.
Spawned spawn(Runtime& rt, Process* parent, Term module, Term function, Term args, const SpawnOptions& options);
// Starts a fun of no arguments.
Spawned spawn_fun(Runtime& rt, Process* parent, Term fun, const SpawnOptions& options);

// Ends the running process with this reason: sends exit signals and 'DOWN's, releases everything. Called by the engine on an uncaught exception
// or a normal return, and by signal handling. The heap is gone afterwards.
void end_process(Process& p, Term reason);
// As end_process, while these signals (linked by next) are taken from the queue but not handled yet.
void end_process_with_pending(Process& p, Term reason, Signal* pending);
// Frees an ended process once nobody can see it any more.
void free_process(Process& p);
// Answers signals that were taken from the queue of a process that has ended since.
void refuse_pending(Process& p, Signal* pending);
// Prints "Error in process <0.1.0> with exit value:" through the logger as stock does for an uncaught error (class error, or exit/throw forms),
// then answers the exit reason: {Reason, Stacktrace} or as is.
Term exit_reason_of_exception(Process& p, const Exception& e, Term stacktrace);

// exit/2 from self to pid (local).
void send_exit(Process& self, Term to, Term reason);

}  // namespace vm::proc
