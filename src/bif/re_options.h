// SPDX-License-Identifier: Apache-2.0
//
// Option lists of module re, for compiling and for matching.
#pragma once

#include "proc/bif_context.h"

namespace vm::bif {

struct ReOptions {
  std::uint32_t compile = 0;  // RegexOption bits; newline and \R bits count for matching, too
  std::uint32_t match = 0;    // options of the library's matcher
  bool only_compile = false;  // an option that a compiled pattern cannot take was given
  bool only_match = false;    // an option that compile/2 does not take was given
  bool unicode = false;
  bool global = false;
  bool report_errors = false;
  std::size_t offset = 0;
  bool has_match_limit = false;
  std::uint32_t match_limit = 0;
  bool has_recursion_limit = false;
  std::uint32_t recursion_limit = 0;
  Term capture = Term::non_value();  // {capture, What, Type}
  Term capture_type = Term::non_value();
};

// False when the list is not a proper list of options.
bool parse_re_options(Term list, ReOptions* out);

// An integer that the library's `int` takes; negative ones are refused.
bool re_int(Term t, int* out);

}  // namespace vm::bif
