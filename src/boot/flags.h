// SPDX-License-Identifier: Apache-2.0
//
// The emulator's command line, as `erlexec` hands it over: flags with `-` (the user wrote `+`), values glued or as the next word, up to
// the first `--`; the rest belongs to init. One table says what each flag takes, which values are right and how stock words the complaint.
#pragma once

#include <string>
#include <vector>

#include "proc/runtime.h"

namespace vm::boot {

struct Options {
  proc::Settings settings;
  sched::Config schedulers;
  heap::StressModes stress;
  bool boot_times = false;  // boot/boot_times.h
  std::string boot_module = "init";
  bool crash_dump = true;
  char break_mode = ' ';                    // +B: c, d or i
  std::vector<std::string> init_arguments;  // from the first `--` on, separators included
};

struct FlagError {
  std::string message;  // one line, in stock's words
  bool usage = true;    // print the flags after it
};

enum class Parsed { Run, Version };
// Fills `options` from argv. Parsed::Version: the version is to be printed, nothing run (-V). On a wrong flag answers false with *error set.
bool parse_flags(int argc, char** argv, Options* options, Parsed* what, FlagError* error);
// The list of flags, for standard error.
std::string usage_text();

}  // namespace vm::boot
