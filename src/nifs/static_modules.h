// SPDX-License-Identifier: Apache-2.0
//
// The native modules that are part of the emulator: those that OTP's preloaded modules (and a few others) expect to find linked in.
#pragma once

#include <span>

#include "nif/natives.h"

namespace vm::nifs {

std::span<const nif::StaticNif> static_modules();

}  // namespace vm::nifs
