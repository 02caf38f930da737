// SPDX-License-Identifier: Apache-2.0
//
// Sending messages.
#pragma once

#include "proc/runtime.h"

namespace vm::proc {

// Copies `message` once and puts it into the receiver's queue. No process: dropped.
void send(Process& from, Term to_local_pid, Term message);
// From native code without a process (timers, ports, NIF threads): `message` is taken over.
void send_owned(Runtime& rt, Term to_local_pid, heap::OwnedTerm&& message, Term from = term::kNil);
void send_owned(Process& to, heap::OwnedTerm&& message, Term from = term::kNil);
// To an alias reference.
void send_to_alias(Process& from, Term ref, Term message);

// A signal with a copy of a message in a fragment.
Signal* message_signal(SignalKind kind, Term from, Term message);

enum class SendOutcome { Ok, Badarg, Trap };
// Erlang's `!` to any destination: pid, port, name, {name, node}, alias. Badarg: no such name or no destination. Trap: the pending action of
// `from` was set (busy port, remote connection).
SendOutcome send_any(Process& from, Term to, Term message);

// A fresh reference.
Term make_ref(Runtime& rt, term::HeapWriter& h);
void next_ref_numbers(std::uint32_t out[3]);
std::uint64_t next_unique_integer();   // unique, positive
std::int64_t next_monotonic_unique();  // strictly increasing from MIN as stock
// Hands a signal over; frees it and answers false when there is no such process.
bool deliver_to(Runtime& rt, Term pid, Signal* s);
}  // namespace vm::proc
