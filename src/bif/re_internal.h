// SPDX-License-Identifier: Apache-2.0
//
// What compiling and matching of module re share: between terms and images of regular expressions.
#pragma once

#include "bif/re_options.h"
#include "bif/regex.h"

namespace vm::bif {

// The image of a source given as an iolist. False when it is none.
bool regex_image_of(Term source, std::uint32_t options, std::string* image);

// {re_pattern, Captures, Unicode, CrlfMode, Image}.
Term re_pattern(term::HeapWriter& h, const Regex& regex, std::string_view image, bool unicode);
bool is_re_pattern(Term t);
// Code of a compiled pattern (is_re_pattern), with other newline and \R conventions where `conventions` has any. Null when the binary in it
// is no image.
std::shared_ptr<const Regex> regex_of(Term pattern, std::uint32_t conventions);

// {error, {Text, Position}}, or {error, {compile, {Text, Position}}} when a source was given to a match.
Term regex_error(term::HeapWriter& h, const RegexFault& fault, bool while_running);

}  // namespace vm::bif
