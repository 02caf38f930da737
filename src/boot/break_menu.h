// SPDX-License-Identifier: Apache-2.0
//
// What ^C does (SIGINT): a menu on the terminal while everything stands still.
#pragma once

#include "proc/runtime.h"

namespace vm::boot {

// Begins to listen to signals. `mode` is the letter of +B: i ignores interrupts, d leaves them deadly, c hands the key to the shell; anything else shows
// the menu.
void start_break_menu(proc::Runtime& rt, char mode);

}  // namespace vm::boot
