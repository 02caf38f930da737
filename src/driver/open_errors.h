// SPDX-License-Identifier: Apache-2.0
//
// Errors of erl_ddll as terms, and as text again. The system's texts are kept, each under a number of its own, as on stock.
#pragma once

#include <optional>
#include <string>

#include "driver/library.h"
#include "term/heap_writer.h"

namespace vm::driver {

// An atom, or {open_error, Number}.
Term fault_term(term::HeapWriter& h, const Fault& fault);
// What erl_ddll:format_error/1 says of such a term; nothing: it is none.
std::optional<std::string> fault_text(Term fault);

}  // namespace vm::driver
