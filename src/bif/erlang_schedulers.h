// SPDX-License-Identifier: Apache-2.0
//
// The parts of system_flag/2 and system_info/1 that say which schedulers run, and the switches of what statistics/1 measures.
#pragma once

#include "proc/bif_context.h"

namespace vm::bif {

// Answers a key of system_info/1 about schedulers through *out; false when the key is none of them.
bool schedulers_info(BifContext& cx, Term key, BifResult* out);
// system_flag/2: the same.
bool schedulers_flag(BifContext& cx, Term flag, Term value, BifResult* out);

// process_flag(scheduler, N): moves the process there, to stay. 0: it may run anywhere.
BifResult set_home_scheduler(BifContext& cx, Term flag, Term value);

// system_flag(microstate_accounting, true | false | reset).
BifResult set_microstate_accounting(BifContext& cx, Term value);

}  // namespace vm::bif
