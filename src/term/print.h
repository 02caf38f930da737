// SPDX-License-Identifier: Apache-2.0
//
// Text of a term as erlang:display/1 and the emulator's own messages print it (%T of stock), without recursion limits. The Erlang
// libraries print for users; this is for display, crash reports and diagnostics.
#pragma once

#include <string>

#include "term/term.h"

namespace vm::term {

// limit: characters after which "... " ends the text.
std::string to_text(Term t, std::size_t limit = static_cast<std::size_t>(-1));
// An atom with quotes where Erlang needs them.
std::string atom_text(Term atom);

}  // namespace vm::term
