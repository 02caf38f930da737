// SPDX-License-Identifier: Apache-2.0
//
// For boot/: what dist/ and proc/ need of the built-ins about nodes.
#pragma once

#include "proc/runtime.h"

namespace vm::bif {

// process_flag(monitor_nodes | {monitor_nodes, Options}, On): the old value, or the non-value for bad arguments.
Term monitor_nodes(proc::Process& p, Term on, Term options);

// erlang:is_alive/0: this node has a name, or will have one that another node gives it.
bool is_alive(proc::Process& p);

}  // namespace vm::bif
