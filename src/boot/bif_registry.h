// SPDX-License-Identifier: Apache-2.0
//
// Registers the rows of bif/ that exist in the served OTP release.
#pragma once

#include "code/code_store.h"

namespace vm::boot {

void register_bifs(code::CodeStore& store, unsigned otp_release);

}  // namespace vm::boot
