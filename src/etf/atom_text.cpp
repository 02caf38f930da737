// SPDX-License-Identifier: Apache-2.0
#include "etf/atom_text.h"

#include <string>

#include "term/atoms.h"

namespace vm::etf {

namespace {

using term::AtomTable;

// Bytes of the character that begins at `at`, 0 when it is none: overlong forms, surrogates and numbers above 10FFFF are none.
std::size_t character_bytes(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> unsigned { return i < text.size() ? static_cast<Byte>(text[i]) : 0; };
  const unsigned b = byte(at);
  if (b < 0x80) return 1;
  const std::size_t length = b >= 0xC2 && b < 0xE0 ? 2 : (b & 0xF0) == 0xE0 ? 3 : b >= 0xF0 && b < 0xF5 ? 4 : 0;
  if (length == 0) return 0;
  unsigned code_point = b & (0x7Fu >> length);
  for (std::size_t k = 1; k < length; k++) {
    if ((byte(at + k) & 0xC0) != 0x80) return 0;
    code_point = code_point << 6 | (byte(at + k) & 0x3F);
  }
  const bool overlong = (length == 3 && code_point < 0x800) || (length == 4 && code_point < 0x10000);
  const bool surrogate = code_point >= 0xD800 && code_point < 0xE000;
  return overlong || surrogate || code_point > 0x10FFFF ? 0 : length;
}

}  // namespace

Term atom_from_utf8(std::string_view text, AtomLookup lookup) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); characters++) {
    const std::size_t bytes = character_bytes(text, i);
    if (bytes == 0) return Term::non_value();
    i += bytes;
  }
  if (characters > AtomTable::kMaxCharacters) return Term::non_value();
  return lookup == AtomLookup::Intern ? AtomTable::intern(text) : AtomTable::find(text);
}

Term atom_from_latin1(std::string_view text, AtomLookup lookup) {
  if (text.size() > AtomTable::kMaxCharacters) return Term::non_value();
  if (lookup == AtomLookup::Intern) return AtomTable::intern_latin1(text);
  std::string utf8;
  for (const char c : text) {
    const auto b = static_cast<Byte>(c);
    if (b < 0x80) {
      utf8.push_back(c);
    } else {
      utf8.push_back(static_cast<char>(0xC0 | b >> 6));
      utf8.push_back(static_cast<char>(0x80 | (b & 0x3F)));
    }
  }
  return AtomTable::find(utf8);
}

}  // namespace vm::etf
