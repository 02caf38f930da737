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

// Links and monitors over connections (erts_debug_ties.cpp): a process's own, added to a list; all over the connection to a node, the atom undefined for
// an unknown one.
void add_remote_links(proc::Process& p, term::HeapWriter& h, term::ListBuilder& list);
void add_remote_monitors(proc::Process& p, term::HeapWriter& h, term::ListBuilder& list);
enum class ConnectionRows { Links, Monitors };
Term connection_list(proc::BifContext& cx, Term node, ConnectionRows what);

}  // namespace vm::bif
