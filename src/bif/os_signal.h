// SPDX-License-Identifier: Apache-2.0
//
// Signals of the operating system as messages: {notify, Signal} to the process registered as erl_signal_server.
#pragma once

namespace vm::proc {
struct Runtime;
}

namespace vm::bif {

// Starts handling, with the signals that are handled from the start: SIGTERM, SIGUSR1 and SIGQUIT, and SIGINT unless `interrupted` is null. It is called on
// the thread of signals, which hears of nothing else meanwhile.
void start_os_signals(proc::Runtime& runtime, void (*interrupted)(proc::Runtime&));

}  // namespace vm::bif
