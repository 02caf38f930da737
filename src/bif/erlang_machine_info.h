// SPDX-License-Identifier: Apache-2.0
//
// Keys of erlang:system_info/1 about the computer and the C library underneath.
#pragma once

#include "proc/bif_context.h"

namespace vm::bif {

// Answers such a key through *out; false when the key is none of them.
bool machine_info(BifContext& cx, Term key, BifResult* out);

// erlang:system_info(system_version), with the end of its line.
std::string system_version_text(const proc::Runtime& rt);

}  // namespace vm::bif
