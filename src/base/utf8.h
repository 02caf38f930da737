// SPDX-License-Identifier: Apache-2.0
// UTF-8 written one code point at a time.
//
// Rooms that turn lists of characters into names, command lines or terminal output share this. It encodes and does not judge: surrogates
// are encoded as they come, since whether they are welcome depends on the caller (stock takes them in arguments and refuses them in file
// names).
#pragma once
#include <cstdint>
#include <string>

namespace vm::base {

// Appends the one to four bytes of `c`, which must be below 0x110000.
inline void append_utf8(std::string& to, std::uint32_t c) {
  if (c < 0x80) {
    to.push_back(static_cast<char>(c));
    return;
  }
  const unsigned more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  constexpr std::uint32_t kLead[] = {0, 0xC0, 0xE0, 0xF0};
  to.push_back(static_cast<char>(kLead[more] | c >> (6 * more)));
  for (unsigned i = more; i-- > 0;) to.push_back(static_cast<char>(0x80 | (c >> (6 * i) & 0x3F)));
}

}  // namespace vm::base
