// SPDX-License-Identifier: Apache-2.0
//
// Names of system errors as Erlang programs see them: enoent, eacces… Any thread.
#pragma once

namespace vm::os {

// Lower-case symbolic name of an errno value; "unknown" for numbers Erlang has no name for. Lives for ever.
const char* errno_name(int error);

}  // namespace vm::os
