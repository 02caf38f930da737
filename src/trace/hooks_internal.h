// SPDX-License-Identifier: Apache-2.0
//
// Who fills which of proc/'s hooks.
#pragma once

#include "proc/tracing.h"

namespace vm::trace {

void fill_event_hooks(proc::TraceHooks& hooks);
void fill_call_hooks(proc::TraceHooks& hooks);
void fill_token_hooks(proc::TraceHooks& hooks);
void fill_port_hooks(proc::TraceHooks& hooks);
void fill_profile_hooks(proc::TraceHooks& hooks);

}  // namespace vm::trace
