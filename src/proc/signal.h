// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Signals: everything one process does to another.
//
// A Signal is one node of the receiver's incoming queue. The queue is a lock-free multi-producer list that keeps the order of each sender
// (one compare-and-swap per send), so all kinds between one pair are ordered. Only the receiver's thread takes them: messages go
// to its mailbox, all other kinds are acted on (proc/handle_signals.cpp) when the receiver looks for a message, is scheduled in with kSignals set,
// or is asked for information.
//
// The terms of a signal live in its own fragment, which the receiver adopts.
#pragma once

#include <new>

#include "heap/copy.h"
#include "sync/slab.h"
#include "term/atoms.h"
#include "term/term.h"

namespace vm::proc {

class Process;

enum class SignalKind : std::uint8_t {
  Message,
  Exit,      // exit/2: term = reason, from; may kill
  LinkExit,  // a linked process or port ended: term = reason
  Link,      // from links itself to us
  Unlink,    // with id; answered by UnlinkAck
  UnlinkAck,
  Monitor,      // from monitors us: id = key of the reference
  Demonitor,    // id
  MonitorDown,  // a monitored thing ended: id, term = reason
  GroupLeader,  // term = {Ref, NewLeader}; answered with the message {Ref, true | badarg}
  IsAlive,      // answered with {Ref, true | false}; term = Ref
  ProcessInfo,  // term = list of items (argument = flags); answered by Answer
  Suspend,      // flags = SuspendReply; term = tag of the answering message
  Resume,
  SystemTask,      // term = request tuple of erts_internal:request_system_task
  Rpc,             // runs function(receiver, argument) in the receiver; dropped when the receiver is gone
  AliasMessage,    // message sent to an alias: id = key of the reference; dropped when inactive
  Answer,          // to a request of ours: id = request, term = result
  ReceiveTimeout,  // id = number of the time-out
  Remote,          // of another node or about one: flags, argument and the rest are dist/'s (hooks.remote_signal)
};

// How a Suspend signal is answered: not, with {Tag, true | badarg}, or with {Tag, suspended | exited}.
enum SuspendReply : std::uint8_t { kSuspendSilent, kSuspendSync, kSuspendAsync };

// Flags of a message.
enum MessageFlag : std::uint8_t {
  kListed = 1,   // in the mailbox's list of those with terms on the heap
  kIndexed = 2,  // id is a node of the mailbox's index
  kGapless = 4,  // its one fragment holds nothing but the message's terms, one behind the other
};

struct Signal {
  Signal() : function(nullptr), argument(nullptr) {}

  Signal* next = nullptr;  // towards newer ones in an inbox
  Signal* prev = nullptr;  // inbox only
  SignalKind kind = SignalKind::Message;
  std::uint8_t flags = 0;
  Term from = term::kNil;         // pid, port or node of the sender; nil when unknown
  Term term = term::kNil;         // message, reason, …: lives in fragments (or is immediate/literal)
  Term token = atoms::undefined;  // sequential trace token; nil: none; undefined: says nothing about tokens
  std::uint64_t id = 0;           // key of a reference (ref_key), unlink id, request number; number of a message in the inbox
  heap::HeapFragment* fragments = nullptr;
  union {
    struct {  // SignalKind::Rpc; of Remote only the argument
      void (*function)(Process& receiver, void* argument);
      void* argument;
    };
    struct {  // a message: the list of those whose terms lie on the receiver's heap (proc/mailbox.h)
      Signal* heap_next;
      Signal* heap_prev;
    };
  };

  static Signal* create(SignalKind kind) {  // from a slab
    auto* s = new (sync::Slab<sizeof(Signal), Signal>::allocate()) Signal;
    s->kind = kind;
    return s;
  }
  static void destroy(Signal* s) {  // frees fragments too
    if (s->fragments) release_fragments(*s);
    sync::Slab<sizeof(Signal), Signal>::release(s);
  }

 private:
  static void release_fragments(Signal& s);
};

}  // namespace vm::proc
