// SPDX-License-Identifier: Apache-2.0
//
// Direct delivery: a sender does at once what a process that waits would do with a signal.
//
// A process that waits in a receive, with nothing in its mailbox, belongs to nobody until it is woken. So who sends to it may take it for a moment
// (Process::hold_waiting), write a small message to its heap and put it into its inbox, or note a monitor without waking it. That saves the fragment,
// the second copy, the queue of incoming signals, and for monitors two switches. Order is kept: what the sender, or anybody, sent before must have been
// taken from the queue, and whoever sends meanwhile finds a process that runs.
//
// What is traced, kept off the heap, hibernated or suspended goes the ordinary way, and so does a message of more than a few words.
#pragma once

#include "proc/process.h"

namespace vm::proc {

// A message from a process whose messages nobody traces, to a process or to an alias of it, told by the key of its reference. False: nothing was done.
bool deliver_message_directly(Process& from, Process& to, Term message);
bool deliver_alias_message_directly(Process& from, Process& to, std::uint64_t key, Term message);

// A message to oneself, at once. False: nothing was done, for somebody traces, or something came in that must be looked at first.
bool send_to_self(Process& p, Term message);

// A signal of kind Monitor or Demonitor, which is destroyed. False: nothing was done, the caller still owns it.
bool handle_directly(Process& from, Process& to, Signal* s);

}  // namespace vm::proc
