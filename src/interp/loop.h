// SPDX-License-Identifier: Apache-2.0
//
// The interpreter loop's entry (loop.cpp).
#pragma once

#include "interp/registers.h"

namespace vm::interp {

// Runs p from p.pc until it yields, waits or ends. x registers were loaded. With r == nullptr: stores the label table and returns.
proc::Engine::Stop run_loop(Registers* r, const void* const** labels);

}  // namespace vm::interp
