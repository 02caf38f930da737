// SPDX-License-Identifier: Apache-2.0
//
// Sequential tracing: a token {Flags, Label, Serial, Sender, LastSerial} that goes with every message.
//
// Who has a token numbers what it sends; who takes a message out of its inbox has the message's token from then on, or none if it came without. The
// token lies on its process's heap (Process::seq_trace_token); kTraceToken among the trace flags says that there is one. Own thread.
#pragma once

#include "proc/bif_context.h"
#include "trace/tracer.h"

namespace vm::trace {

bool has_token(const Process& p);
Term token_of(const Process& p);  // nil: none
// seq_trace:set_token of one part: the old value, or the non-value for bad arguments.
Term set_token_part(Process& p, Term part, Term value);
// What that would have answered.
Term check_token_part(Term part, Term value);
// One part: {Part, Value}, [] without a token where stock says so, the non-value for a bad part.
Term token_part(Process& p, Term part);
// Tells the system tracer of a message of the user. label: only if the token has it; the non-value: any. False: nothing to tell of.
bool print(Process& p, Term label, Term message);
// A child inherits the token of its parent.
void token_for_child(Process& parent, Process& child, Term module, Term function, Term args);
// No process has a token any more, nor any message that waits for one. Stops the world for it.
void reset_tokens(Runtime& rt);
// system_flag(sequential_tracer): sets it. False: bad argument.
bool set_sequential_tracer(Runtime& rt, Term tracer);
Term sequential_tracer(Runtime& rt, term::HeapWriter& h);  // false: none

}  // namespace vm::trace
