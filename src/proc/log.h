// SPDX-License-Identifier: Apache-2.0
//
// What the emulator itself reports: messages to the registered process `logger` in the form stock sends them. While there is no such
// process, text to standard error.
#pragma once

#include <span>

#include "proc/process.h"

namespace vm::proc {

// {log, Level, Format, Args, Metadata}. level: atoms::error, warning or info. `about`: the process the report is of, or nullptr.
void log_to_logger(Runtime& rt, Process* about, Term level, const char* format, std::span<const Term> args);
// "Error in process ~p with exit value:~n~p~n"
void log_process_error(Process& p, Term reason);
// A process could not be made, for the table is full. `parent` wanted it; may be nullptr.
void log_too_many_processes(Runtime& rt, Process* parent);
// The report of a heap that passed max_heap_size.
void log_max_heap(Process& p);

}  // namespace vm::proc
