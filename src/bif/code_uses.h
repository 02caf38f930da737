// SPDX-License-Identifier: Apache-2.0
//
// Who still runs code of a module: what purging asks every process. Called on the process's own thread between slices (its pc and
// stack are saved), under no lock.
#pragma once

#include "proc/process.h"

namespace vm::bif {

// Whether p's pc, return addresses or current function lie in the instance.
bool uses_module(proc::Process& p, const code::ModuleInstance& instance);

// Whether p uses old code of the module (proc::Hooks::check_process_code).
bool uses_old_code(proc::Process& p, Term module);

}  // namespace vm::bif
