// SPDX-License-Identifier: Apache-2.0
//
// Text arguments of built-ins: lists of characters and binaries, as bytes or UTF-8.
#pragma once

#include <string>
#include <string_view>

#include "term/views.h"

namespace vm::bif {

// A proper list of integers 0..255 as bytes. False when it is anything else, or longer than `limit`.
bool latin1_text(Term list, std::string* out, std::size_t limit = std::size_t(-1));

enum class TextFault { None, Bad, TooLong };
// A proper list of Unicode characters (no surrogates) as UTF-8; more than `max_characters` is TooLong.
TextFault unicode_text(Term list, std::size_t max_characters, std::string* out);

// Number of characters of valid UTF-8, or -1 when it is not valid.
SWord utf8_length(std::string_view bytes);

// Characters of ASCII or Latin-1 bytes as a list, in front of tail.
Term list_of_bytes(term::HeapWriter& h, std::string_view bytes, Term tail = term::kNil);
// Code points of valid UTF-8 as a list.
Term list_of_utf8(term::HeapWriter& h, std::string_view utf8);
inline Term binary_of(term::HeapWriter& h, std::string_view bytes) {
  return term::make_binary(h, {reinterpret_cast<const Byte*>(bytes.data()), bytes.size()});
}

}  // namespace vm::bif
