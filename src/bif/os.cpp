// SPDX-License-Identifier: Apache-2.0
//
// Environment and identity of the operating-system process. Names and values are character lists in the file name encoding; what is not valid
// in it comes as raw bytes.
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "bif/bif_decls.gen.h"
#include "bif/text_input.h"
#include "proc/runtime.h"

extern char** environ;

namespace vm::bif {

namespace {

// The C library's environment is not safe against concurrent change.
std::mutex& environment_lock() {
  static std::mutex* m = new std::mutex;
  return *m;
}

bool is_utf8(BifContext& cx) { return cx.runtime().settings.file_name_encoding == 'u'; }

Term native_list(BifContext& cx, std::string_view bytes) {
  if (is_utf8(cx) && utf8_length(bytes) >= 0) return list_of_utf8(cx.heap(), bytes);
  return list_of_bytes(cx.heap(), bytes);
}

// Characters without NUL, in lists in any depth, as native bytes.
bool native_text(BifContext& cx, Term t, std::string* out) {
  const bool utf8 = is_utf8(cx);
  out->clear();
  std::vector<Term> rest;
  for (;;) {
    for (; t.is_cons(); t = t.tail()) {
      Term c = t.head();
      if (c.is_nil()) continue;
      if (c.is_cons()) {
        rest.push_back(t.tail());
        t = c;
        break;
      }
      if (!c.is_small() || c.small_value() <= 0 || c.small_value() > (utf8 ? 0x10FFFF : 0xFF)) return false;
      if (c.small_value() >= 0xD800 && c.small_value() <= 0xDFFF) return false;
      if (utf8) base::append_utf8(*out, static_cast<std::uint32_t>(c.small_value()));
      else out->push_back(static_cast<char>(c.small_value()));
    }
    if (t.is_cons()) continue;
    if (!t.is_nil()) return false;
    if (rest.empty()) return true;
    t = rest.back();
    rest.pop_back();
  }
}

bool is_name(const std::string& name) { return name.find('=') == std::string::npos; }

}  // namespace

BifResult os_getenv_1(BifContext& cx, Term name) {
  std::string key;
  if (!native_text(cx, name, &key) || !is_name(key)) return cx.badarg();
  std::lock_guard<std::mutex> hold(environment_lock());
  const char* value = std::getenv(key.c_str());
  return value ? BifResult(native_list(cx, value)) : BifResult(atoms::false_);
}

BifResult os_putenv_2(BifContext& cx, Term name, Term value) {
  std::string key, text;
  if (!native_text(cx, name, &key) || !native_text(cx, value, &text) || !is_name(key)) return cx.badarg();
  std::lock_guard<std::mutex> hold(environment_lock());
  if (!key.empty()) setenv(key.c_str(), text.c_str(), 1);
  return atoms::true_;
}

BifResult os_unsetenv_1(BifContext& cx, Term name) {
  std::string key;
  if (!native_text(cx, name, &key) || !is_name(key)) return cx.badarg();
  std::lock_guard<std::mutex> hold(environment_lock());
  if (!key.empty()) unsetenv(key.c_str());
  return atoms::true_;
}

BifResult os_env_0(BifContext& cx) {
  std::lock_guard<std::mutex> hold(environment_lock());
  Term list = term::kNil;
  for (char** p = environ; p && *p; p++) {
    std::string_view pair = *p;
    std::size_t split = pair.find('=', 1);
    if (split == std::string_view::npos) continue;
    Term name = native_list(cx, pair.substr(0, split));
    Term value = native_list(cx, pair.substr(split + 1));
    list = cx.heap().cons(term::Tuple::make(cx.heap(), name, value), list);
  }
  return list;
}

BifResult os_getpid_0(BifContext& cx) { return list_of_bytes(cx.heap(), std::to_string(getpid())); }

}  // namespace vm::bif
