// SPDX-License-Identifier: Apache-2.0
//
// Errors of PCRE2's compiler in the words and with the positions of PCRE 8.44, which programs show to their users and compare with.
#pragma once

#include <string>

#include "bif/regex.h"

namespace vm::bif {

// The fault for the library's error number at an offset of `source`.
RegexFault regex_fault(const std::string& source, int error, std::size_t at);

// Where the first lookbehind assertion ends that holds a reference to a group; npos when there is none.
std::size_t loose_reference(const std::string& source);

}  // namespace vm::bif
