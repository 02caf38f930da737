// SPDX-License-Identifier: Apache-2.0
//
// Exceptions as values: raw stack traces, and the Erlang form of them.
//
// When an exception is raised the engine saves a raw trace: one opaque term that holds code addresses and, for the first entry, the function with its
// arguments or arity and its error_info. build_stacktrace and catch turn it into [{M, F, ArityOrArgs, Location}] only when somebody looks.
#pragma once

#include <span>

#include "proc/bif_context.h"

namespace vm::ops {

// Saves the trace of p.scratch->exception: `first` is the function that raised (nullptr: take it from `pc`), then the return addresses found on the
// stack, consecutive duplicates dropped, at most settings.backtrace_depth entries.
Term save_raw_trace(proc::Process& p, const code::Mfa* first, code::CodePtr pc);
// The list for a raw trace, or the list itself when `trace` is one already.
Term build_stacktrace(proc::Process& p, Term trace);
// A saved trace (raw, or a finished list) as the trace of an exception of class cls; the `raise` instruction finds the class in it.
Term with_class(term::HeapWriter& h, Term trace, proc::ExceptionClass cls);
proc::ExceptionClass class_of_trace(Term trace);
// [{M,F,A,Loc}] of a process that is not running (process_info(current_stacktrace)), including `pc`.
Term current_stacktrace(proc::Process& p, std::size_t depth, term::HeapWriter& h);
// {M, F, A, [{file,..},{line,..}]} for one code address; false when it belongs to no function.
bool stack_entry(code::CodePtr pc, bool is_return_address, term::HeapWriter& h, Term* out);
// {module, function, arity} as location list entry of function f at pc.
Term location_of(code::Function& f, code::CodePtr pc, term::HeapWriter& h);
// Return addresses on the stack of p, innermost first.
std::size_t collect_return_addresses(proc::Process& p, std::span<code::CodePtr> out);
// The value `catch Expr` gives for an exception.
Term catch_value(proc::Process& p, proc::ExceptionClass cls, Term reason, Term trace);

}  // namespace vm::ops
