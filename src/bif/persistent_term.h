// SPDX-License-Identifier: Apache-2.0
//
// What tests of the machine ask of persistent terms.
#pragma once

#include <cstddef>

namespace vm::bif {

// Size of the table that finds them.
std::size_t persistent_term_slots();

}  // namespace vm::bif
