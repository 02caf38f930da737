// SPDX-License-Identifier: Apache-2.0
//
// Requests that other processes make of a process: information, suspension, collection, code checks. All run on the thread of the process asked,
// between slices, while its engine state is in memory.
#pragma once

#include "proc/process.h"

namespace vm::proc {

// Keeps a signal until the slice ends, or the one after that.
void defer(Process& p, Signal* s);
// Acts on ProcessInfo, Suspend, Resume, SystemTask and Rpc, and frees the signal. False: the process must end (as handle_signal).
bool handle_request(Process& p, Signal* s, Term* exit_reason);
// The same for a process that is ending: answers that it is gone.
void refuse_request(Runtime& rt, Signal* s);
// {Ref, Answer} to the asker of an IsAlive signal.
void answer_alive(Runtime& rt, Signal* s, Term alive);
void answer_group_leader(Runtime& rt, Signal* s, Term result);
void resume_one(Process& p);
// Ends the suspensions that p holds over others.
void release_suspended(Process& p);

// --- a built-in that asks another process and waits. Usage:
//   if (!asking(self)) start_asking(...) and answer Wait; else take_answer, nullptr means wait on.
bool asking(Process& self);
// Registers a new request and answers its number, to be carried by the signal.
std::uint64_t start_asking(Process& self);
// The answer to the current request when it came (the caller owns it and the request is over), else nullptr.
Signal* take_answer(Process& self);
// Sends the answer to request `id` of process `to`; takes over `term`.
void send_answer(Runtime& rt, Term to, std::uint64_t id, heap::OwnedTerm term);

}  // namespace vm::proc
