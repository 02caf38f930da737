// SPDX-License-Identifier: Apache-2.0
//
// Parts of erts_debug's internal state that are about processes and schedulers: what OTP's own tests ask for. Each function answers the non-value
// when the key is none of its keys.
#pragma once

#include "proc/bif_context.h"

namespace vm::bif {

Term process_state_of(proc::BifContext& cx, Term key);                  // get_internal_state
Term process_state_by_tuple(proc::BifContext& cx, Term name, Term of);  // get_internal_state({Name, Of})
Term set_process_state(proc::BifContext& cx, Term key, Term value);     // set_internal_state

}  // namespace vm::bif
