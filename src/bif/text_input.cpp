// SPDX-License-Identifier: Apache-2.0
#include "bif/text_input.h"

#include <vector>

#include "base/utf8.h"

namespace vm::bif {

bool latin1_text(Term list, std::string* out, std::size_t limit) {
  out->clear();
  for (; list.is_cons(); list = list.tail()) {
    Term c = list.head();
    if (!c.is_small() || c.small_value() < 0 || c.small_value() > 255 || out->size() >= limit) return false;
    out->push_back(static_cast<char>(c.small_value()));
  }
  return list.is_nil();
}

TextFault unicode_text(Term list, std::size_t max_characters, std::string* out) {
  out->clear();
  std::size_t n = 0;
  for (; list.is_cons(); list = list.tail(), n++) {
    Term c = list.head();
    if (!c.is_small() || c.small_value() < 0 || c.small_value() > 0x10FFFF) return TextFault::Bad;
    if (c.small_value() >= 0xD800 && c.small_value() <= 0xDFFF) return TextFault::Bad;
    if (n >= max_characters) return term::list_length(list) < 0 ? TextFault::Bad : TextFault::TooLong;
    base::append_utf8(*out, static_cast<std::uint32_t>(c.small_value()));
  }
  return list.is_nil() ? TextFault::None : TextFault::Bad;
}

namespace {

// Decodes one character at *at; -1 when the bytes are no valid UTF-8 there.
SWord next_character(std::string_view s, std::size_t* at) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  unsigned first = byte(*at);
  if (first < 0x80) return (*at)++, static_cast<SWord>(first);
  unsigned more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
  if (first < 0xC2 || first > 0xF4 || *at + more >= s.size()) return -1;
  SWord c = first & (0x3F >> more);
  for (unsigned i = 1; i <= more; i++) {
    unsigned next = byte(*at + i);
    if ((next & 0xC0) != 0x80) return -1;
    c = c << 6 | (next & 63);
  }
  const SWord smallest[] = {0, 0x80, 0x800, 0x10000};
  if (c < smallest[more] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return -1;
  *at += more + 1;
  return c;
}

}  // namespace

SWord utf8_length(std::string_view bytes) {
  SWord n = 0;
  for (std::size_t at = 0; at < bytes.size(); n++)
    if (next_character(bytes, &at) < 0) return -1;
  return n;
}

Term list_of_bytes(term::HeapWriter& h, std::string_view bytes, Term tail) {
  for (std::size_t i = bytes.size(); i-- > 0;) tail = h.cons(Term::small(static_cast<unsigned char>(bytes[i])), tail);
  return tail;
}

Term list_of_utf8(term::HeapWriter& h, std::string_view utf8) {
  term::ListBuilder list(h);
  for (std::size_t at = 0; at < utf8.size();) list.add(Term::small(next_character(utf8, &at)));
  return list.finish();
}

}  // namespace vm::bif
