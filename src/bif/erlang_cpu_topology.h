// SPDX-License-Identifier: Apache-2.0
//
// The parts of system_info/1 and system_flag/2 that say which processors there are and which of them schedulers are bound to.
#pragma once

#include "proc/bif_context.h"

namespace vm::bif {

// Answers a key of system_info/1 through *out; false when the key is none of these.
bool cpu_info(BifContext& cx, Term key, BifResult* out);
// system_flag/2: the same.
bool cpu_flag(BifContext& cx, Term flag, Term value, BifResult* out);
// erts_debug:get_internal_state({reader_groups_map | fake_scheduler_bindings, Of}): how groups and bindings would be on the topology in use, whether its
// processors exist or not. The non-value: another key, or a wrong value.
Term cpu_state_by_tuple(BifContext& cx, Term what, Term of);

}  // namespace vm::bif
