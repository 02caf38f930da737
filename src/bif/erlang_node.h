// SPDX-License-Identifier: Apache-2.0
//
// For boot/: what dist/ and proc/ need of the built-ins about nodes.
#pragma once

#include "proc/runtime.h"

namespace vm::bif {

// process_flag(monitor_nodes | {monitor_nodes, Options}, On): the old value, or the non-value for bad arguments.
Term monitor_nodes(proc::Process& p, Term on, Term options);

}  // namespace vm::bif
