// SPDX-License-Identifier: Apache-2.0
//
// What tests of the machine ask of persistent terms.
#pragma once

#include <cstddef>

#include "term/term.h"

namespace vm::bif {

// The value of a key, or the non-value.
Term persistent_term_value(Term key);
// Size of the table that finds them.
std::size_t persistent_term_slots();

}  // namespace vm::bif
