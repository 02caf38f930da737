// SPDX-License-Identifier: Apache-2.0
//
// Machine: one running virtual machine, put together. The order of start: settings, tables, engine, built-ins, preloaded modules,
// system processes, schedulers.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "boot/flags.h"
#include "boot/otp_root.h"

namespace vm::boot {

class Machine {
 public:
  Machine(Options options, OtpRoot root);
  ~Machine();
  // Loads the preloaded modules and starts the first processes. The error is one line.
  base::Status<std::string> start();
  // Until halt. Answers the exit status.
  int wait();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace vm::boot
