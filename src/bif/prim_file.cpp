// SPDX-License-Identifier: Apache-2.0
//
// File names between Erlang (lists of characters, or raw binaries) and the system (bytes). What the natives of prim_file get ends with a 0
// and has none inside.
#include <string>

#include "base/utf8.h"
#include "bif/bif_decls.gen.h"
#include "proc/runtime.h"
#include "term/work_stack.h"

namespace vm::bif {

namespace {

bool utf8_names(BifContext& cx) { return cx.runtime().settings.file_name_encoding == 'u'; }

// Appends one character of a name; false when the encoding can't express it.
bool append_character(std::string& to, SWord c, bool utf8) {
  if (c <= 0) return false;
  if (!utf8) {
    if (c > 255) return false;
    to += static_cast<char>(c);
  } else {
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return false;
    base::append_utf8(to, static_cast<std::uint32_t>(c));
  }
  return true;
}

// A deep list of characters.
bool append_list(std::string& to, Term list, bool utf8) {
  term::WorkStack<Term, 16> rest;
  for (;;) {
    if (list.is_cons()) {
      Term head = list.head();
      Term tail = list.tail();
      if (head.is_small()) {
        if (!append_character(to, head.small_value(), utf8)) return false;
        list = tail;
      } else if (head.is_nil()) {
        list = tail;
      } else if (head.is_cons()) {
        rest.push(tail);
        list = head;
      } else {
        return false;
      }
      continue;
    }
    if (!list.is_nil()) return false;
    if (rest.empty()) return true;
    list = rest.pop();
  }
}

// The next character of UTF-8 text, or -1.
SWord next_utf8(std::span<const Byte>& text) {
  unsigned lead = text[0];
  if (lead < 0x80) {
    text = text.subspan(1);
    return lead;
  }
  std::size_t n = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < n) return -1;
  SWord c = lead & (0x7Fu >> n);
  for (std::size_t i = 1; i < n; i++) {
    if ((text[i] & 0xC0) != 0x80) return -1;
    c = c << 6 | (text[i] & 0x3F);
  }
  static constexpr SWord kLowest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (c < kLowest[n] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return -1;
  text = text.subspan(n);
  return c;
}

bool is_utf8(std::span<const Byte> text) {
  while (!text.empty())
    if (next_utf8(text) < 0) return false;
  return true;
}

}  // namespace

BifResult prim_file_internal_name2native_1(BifContext& cx, Term name) {
  std::string bytes;
  if (name.is_binary()) {
    term::ByteScratch scratch;
    std::span<const Byte> raw;
    term::binary_bytes(name, &raw, scratch);
    for (Byte b : raw)
      if (b == 0) return cx.badarg();
    bytes.assign(raw.begin(), raw.end());
  } else if (!name.is_list() || !append_list(bytes, name, utf8_names(cx))) {
    return cx.badarg();
  }
  bytes += '\0';
  return term::make_binary(cx.heap(), {reinterpret_cast<const Byte*>(bytes.data()), bytes.size()});
}

BifResult prim_file_internal_native2name_1(BifContext& cx, Term native) {
  term::ByteScratch scratch;
  std::span<const Byte> bytes;
  if (!term::binary_bytes(native, &bytes, scratch)) return cx.badarg();
  term::ListBuilder list(cx.heap());
  if (!utf8_names(cx)) {
    for (Byte b : bytes) list.add(Term::small(b));
    return list.finish();
  }
  if (!is_utf8(bytes)) {
    const std::string& severity = cx.runtime().settings.file_name_warning;
    Term kind = severity == "i" ? atoms::ignore : severity == "e" ? atoms::error : atoms::warning;
    return term::Tuple::make(cx.heap(), atoms::error, kind);
  }
  while (!bytes.empty()) list.add(Term::small(next_utf8(bytes)));
  return list.finish();
}

BifResult prim_file_is_translatable_1(BifContext& cx, Term native) {
  term::ByteScratch scratch;
  std::span<const Byte> bytes;
  if (!term::binary_bytes(native, &bytes, scratch)) return cx.badarg();
  return !utf8_names(cx) || is_utf8(bytes) ? atoms::true_ : atoms::false_;
}

BifResult file_native_name_encoding_0(BifContext& cx) { return utf8_names(cx) ? atoms::utf8 : atoms::latin1; }

}  // namespace vm::bif
