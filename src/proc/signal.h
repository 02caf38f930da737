// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Signals: everything one process does to another.
//
// A Signal is one node of the receiver's incoming queue. The queue is a lock-free multi-producer list that keeps the order of each sender
// (one atomic exchange per send), so all kinds between one pair are ordered. Only the receiver's thread takes them: messages go
// to its mailbox, all other kinds are acted on (proc/handle_signals.cpp) when the receiver looks for a message, is scheduled in with kSignals set,
// or is asked for information.
//
// The terms of a signal live in its own fragment, which the receiver adopts.
#pragma once

#include <atomic>

#include "heap/copy.h"
#include "term/term.h"

namespace vm::proc {

class Process;

enum class SignalKind : std::uint8_t {
  Message,
  Exit,          // exit/2: term = reason, from, may kill
  LinkExit,      // a linked process ended: term = reason
  Link,          // from links itself to us
  Unlink,        // with id; answered by UnlinkAck
  UnlinkAck,
  Monitor,       // from monitors us: ref
  Demonitor,     // ref
  MonitorDown,   // a monitored thing ended: ref, term = reason
  GroupLeader,   // new group leader in term
  IsAlive,       // answer with a message to from: ref
  ProcessInfo,   // request: see proc/process_info.cpp
  Suspend,
  Resume,
  SystemTask,    // garbage_collect, check_process_code, ...: request data in term
  Rpc,           // runs `function(receiver, argument)` in the receiver
  AliasMessage,  // message sent to an alias: ref names it; dropped when inactive
  SyncFlush,     // answered when handled (erts_internal tests, is_process_alive)
};

struct Signal {
  std::atomic<Signal*> next{nullptr};
  SignalKind kind = SignalKind::Message;
  std::uint8_t flags = 0;
  Term from = term::kNil;        // pid, port or node of the sender; nil when unknown
  Term term = term::kNil;        // message, reason, …: lives in fragments (or is immediate/literal)
  Term ref = term::kNil;         // monitor or alias reference; lives in fragments too
  Term token = term::kNil;       // sequential trace token
  std::uint64_t id = 0;          // unlink id
  heap::HeapFragment* fragments = nullptr;
  void (*function)(Process& receiver, void* argument) = nullptr;
  void* argument = nullptr;

  static Signal* create(SignalKind kind);  // from a slab
  static void destroy(Signal* s);          // frees fragments too
};

}  // namespace vm::proc
