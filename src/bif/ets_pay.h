// SPDX-License-Identifier: Apache-2.0
//
// What rows that are deleted all at once cost their process.
//
// They are gone at once; their memory is freed in slices beside the caller. Whoever fills and empties tables faster than that would have ever more
// memory waiting, so it gives up about as many slices as the work takes, as on stock, where it does the work itself.
#pragma once

#include "proc/bif_context.h"

namespace vm::bif {

enum class Freed { Table, Rows };  // ets:delete/1, ets:delete_all_objects/1: where a process that pays is shown

// `words` of memory wait to be freed. Answers `answer` in the end.
proc::BifResult pay_for_freeing(proc::YieldContext& cx, Freed what, std::size_t words, term::Term answer);

}  // namespace vm::bif
