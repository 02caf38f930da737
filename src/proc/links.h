// SPDX-License-Identifier: Apache-2.0
//
// Links, monitors and aliases of one process. Owned by the process's thread; other sides learn of changes by signals.
#pragma once

#include "proc/process.h"

namespace vm::proc {

enum class MonitorKind : std::uint8_t { Process, Port, TimeOffset, Node, Suspend };
enum class AliasMode : std::uint8_t { None, ExplicitUnalias, Demonitor, ReplyDemonitor };

// --- called by built-ins on the running process -------------------------------------------------------------------------
// link/1: target is a local pid (other targets are the caller's business). No such process: with trap_exit an {'EXIT',Pid,noproc} message,
// else the caller gets the exit signal as stock does.
void link(Process& self, Term target);
void unlink(Process& self, Term target);
bool is_linked(Process& self, Term target);

// monitor/2,3 of a local process, a registered name ({Name, Node} semantic: `name` given, else nil) or time_offset. Answers the reference.
struct MonitorOptions {
  Term tag = Term::non_value();      // {tag, T}: replaces 'DOWN'; deep copied
  AliasMode alias = AliasMode::None;
};
Term monitor(Process& self, MonitorKind kind, Term target, Term name, const MonitorOptions& options);
// demonitor: `flush` drops a 'DOWN' that is already in the mailbox; answers true when a monitor was removed (info).
bool demonitor(Process& self, Term ref, bool flush);
Term alias(Process& self, AliasMode mode);
bool unalias(Process& self, Term ref);

// --- signals (proc/handle_signals.cpp) -----------------------------------------------------------------------------------
// Acts on a signal that is no message. Receiver's thread. May end the process (then p.exiting()).
void handle_signal(Process& p, Signal* s);
// Fetches and handles everything that came in. Answers false when the process is now exiting.
bool handle_incoming(Process& p);

// Lists for process_info.
Term links_list(Process& p, term::HeapWriter& h);
Term monitors_list(Process& p, term::HeapWriter& h);
Term monitored_by_list(Process& p, term::HeapWriter& h);

}  // namespace vm::proc
