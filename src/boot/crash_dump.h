// SPDX-License-Identifier: Apache-2.0
//
// erl_crash.dump: what the machine looked like when it went down by itself, readable by the tools that come with OTP.
#pragma once

#include "proc/runtime.h"

namespace vm::boot {

// Writes the dump and tells so on standard error. ERL_CRASH_DUMP names the file, ERL_CRASH_DUMP_SECONDS=0 or ERL_CRASH_DUMP_BYTES=0 asks for none.
// Stops the world meanwhile; from a scheduler inside a slice or from any other thread that holds no lock.
void write_crash_dump(proc::Runtime& rt, const char* slogan);

}  // namespace vm::boot
