// SPDX-License-Identifier: Apache-2.0
//
// The installed OTP that this run serves: where it is, which release it is, and the modules that must be loaded before any Erlang code
// runs (its erts application's ebin folder).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace vm::boot {

struct OtpRoot {
  std::string dir;            // of -root
  std::string erts_version;   // "13.1.5"
  unsigned release = 0;       // 25
  std::string preloaded_dir;  // <root>/lib/erts-<vsn>/ebin
};

// From init's arguments (`-root DIR`). The error is one line that names what is missing and the way out.
base::Result<OtpRoot, std::string> find_otp_root(const std::vector<std::string>& init_arguments);

// Value of the first `-name VALUE` in init's arguments, or "".
std::string init_argument(const std::vector<std::string>& init_arguments, const char* name);

// Names of the modules to preload, in stock's order.
std::vector<std::string> preload_order(unsigned release);

}  // namespace vm::boot
