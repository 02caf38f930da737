// SPDX-License-Identifier: Apache-2.0
//
// Signals of the operating system. A handler may do next to nothing, so it writes the number to a pipe, and a thread of its own reads them
// and calls back.
#pragma once

namespace vm::os {

// Exit: the program ends at once, with status 0 and whatever the terminal is set to.
enum class SignalAction { Default, Ignore, Handle, Exit };

// Starts the thread that calls `received` for each handled signal. Once per program.
void start_signals(void (*received)(void* context, int number), void* context);

// Sets what happens on a signal. False when the system refuses (SIGSTOP, SIGKILL).
bool set_signal_action(int number, SignalAction action);

}  // namespace vm::os
