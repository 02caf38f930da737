// SPDX-License-Identifier: Apache-2.0
//
// What processes and the machine look like in the words of crash dumps and of the menu behind ^C: sections that begin with "=name", then lines
// "Key: value", which tools read.
//
// Everything here looks into processes that run elsewhere, so the world must be stopped (sched::SchedulerGroup::stop_the_world).
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "proc/runtime.h"

namespace vm::boot {

enum class ReportFor { Menu, Dump };

// One process: state, names, queue, links, sizes. For the menu also its dictionary and messages.
void report_process(std::FILE* out, proc::Process& p, ReportFor use);
void report_processes(std::FILE* out, proc::Runtime& rt, ReportFor use);
void report_ports(std::FILE* out, proc::Runtime& rt);
void report_tables(std::FILE* out, proc::Runtime& rt);
void report_memory(std::FILE* out, proc::Runtime& rt);
// Loaded modules with their sizes in bytes.
void report_modules(std::FILE* out, proc::Runtime& rt, ReportFor use);

// One process as report_process prints it for dumps.
std::string process_text(proc::Process& p);
// One of system_info's texts: info, procs, loaded or dist. Stops the world itself.
std::string report_text(proc::Runtime& rt, std::string_view what);

}  // namespace vm::boot
