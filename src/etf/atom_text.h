// SPDX-License-Identifier: Apache-2.0
//
// Atoms from text that nobody checked yet: a file, the network, a binary.
#pragma once

#include <string_view>

#include "term/term.h"

namespace vm::etf {

enum class AtomLookup { Intern, ExistingOnly };

// The atom with this UTF-8 text. The non-value when it is not UTF-8, longer than an atom may be, unknown (ExistingOnly), or the table is full.
Term atom_from_utf8(std::string_view text, AtomLookup lookup = AtomLookup::Intern);
Term atom_from_latin1(std::string_view text, AtomLookup lookup = AtomLookup::Intern);

}  // namespace vm::etf
