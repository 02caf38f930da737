// SPDX-License-Identifier: Apache-2.0
//
// Links, monitors and aliases of one process. Owned by the process's thread; other sides learn of changes by signals.
#pragma once

#include "proc/process.h"

namespace vm::term {
class ListBuilder;
}

namespace vm::proc {

enum class MonitorKind : std::uint8_t { Process, Port, TimeOffset, Node, Suspend, Remote };
enum class AliasMode : std::uint8_t { None, ExplicitUnalias, Demonitor, ReplyDemonitor };

// --- called by built-ins on the running process -------------------------------------------------------------------------
// link/1: target is a local pid or port. False: there is no such process; nothing was done.
bool link(Process& self, Term target);
void unlink(Process& self, Term target);
bool is_linked(Process& self, Term target);

// monitor/2,3 of a local process, a registered name ({Name, Node} semantic: `name` given, else nil) or time_offset. Answers the reference.
struct MonitorOptions {
  Term tag = Term::non_value();  // {tag, T}: replaces 'DOWN'; deep copied
  AliasMode alias = AliasMode::None;
};
Term monitor(Process& self, MonitorKind kind, Term target, Term name, const MonitorOptions& options);
// monitor of something that does not exist or can't be reached: a 'DOWN' with this reason (an atom) is on its way at once.
Term monitor_nobody(Process& self, MonitorKind kind, Term target, Term reason, const MonitorOptions& options);
// Options of monitor/3 and of {monitor, Options} in spawn options; false: one is unknown.
bool parse_monitor_options(Term list, MonitorOptions* out);
// {'EXIT', From, Reason} as if a link had broken (Reason is an atom); for a process that traps exits it becomes a message.
void exit_signal_to_self(Process& self, Term from, Term reason);
// demonitor: `flush` drops a 'DOWN' that is already in the mailbox; answers true when a monitor was removed (info).
bool demonitor(Process& self, Term ref, bool flush);
// A monitor of something on another node: dist/ tells that node. `object` is what 'DOWN' shows, kept with the entry until it is removed.
// With an alias its entry is made, too, unless it is there.
void add_remote_monitor(Process& self, std::uint64_t key, Term object, Term tag, AliasMode alias);
// The key's reference as monitor/3 answers it.
Term monitor_reference(Process& self, std::uint64_t key, AliasMode alias, term::HeapWriter& h);
Term alias(Process& self, AliasMode mode);
bool unalias(Process& self, Term ref);

// True when the reference is an active alias of the process.
bool has_alias(Process& p, std::uint64_t key);

// --- signals (proc/handle_signals.cpp) -----------------------------------------------------------------------------------
// Acts on a signal that is no message, and frees it. Receiver's thread. Answers false when the signal ends the process: then *exit_reason holds the
// reason, alive until the signal is freed with Signal::destroy by the caller.
bool handle_signal(Process& p, Signal* s, Term* exit_reason);
// What an exit signal whose link was active does: kills, or becomes a message, or nothing. As handle_signal, but the caller frees s.
bool take_exit(Process& p, Signal* s, Term* exit_reason);
// 'DOWN' of the monitor with this key, for the reason in s (whose fragments it takes).
void take_down(Process& p, Signal* s);
// Fetches and handles everything that came in, in order: messages go to the inbox. Answers false when the process has ended.
bool handle_incoming(Process& p);

// Lists for process_info.
Term links_list(Process& p, term::HeapWriter& h);
Term monitors_list(Process& p, term::HeapWriter& h);
Term monitored_by_list(Process& p, term::HeapWriter& h);
// Adds what else monitors a process: resources of native code. Set once, before processes run.
using WatcherLister = void (*)(Process& p, term::HeapWriter& h, term::ListBuilder& list);
void list_watchers_with(WatcherLister lister);

}  // namespace vm::proc
