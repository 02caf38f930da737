// SPDX-License-Identifier: Apache-2.0
//
// Arguments of open_port/2 and data for ports.
#include <algorithm>
#include <cstdint>

#include "base/utf8.h"
#include "port/port.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::port {

namespace {

bool append_binary(Term t, std::string* out) {
  term::ByteScratch scratch;
  std::span<const Byte> bytes;
  if (!term::binary_bytes(t, &bytes, scratch)) return false;
  out->append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return true;
}

// Flattens an iolist with an explicit stack. `unicode`: characters above 127 become UTF-8 and there are no binaries among them (names), else bytes
// above 255 are wrong (data).
bool flatten(Term t, bool unicode, std::string* out) {
  const bool whole = t.is_binary();
  std::vector<Term> rest;
  for (;;) {
    while (t.is_cons()) {
      Term head = t.head();
      t = t.tail();
      if (head.is_small()) {
        SWord c = head.small_value();
        if (c < 0 || c > (unicode ? 0x10FFFF : 255)) return false;
        if (unicode) base::append_utf8(*out, static_cast<std::uint32_t>(c));
        else out->push_back(static_cast<char>(c));
      } else {
        rest.push_back(t);
        t = head;
      }
    }
    if (!t.is_nil() && ((unicode && !whole) || !append_binary(t, out))) return false;
    if (rest.empty()) return true;
    t = rest.back();
    rest.pop_back();
  }
}

bool path_of(Term t, std::string* out) {
  out->clear();
  if (t.is_atom()) {
    *out = term::AtomTable::text(t);
    return true;
  }
  return (t.is_list() || t.is_binary()) && flatten(t, true, out) && out->find('\0') == std::string::npos;
}

bool read_environment(Term list, PortOptions* o) {
  for (; list.is_cons(); list = list.tail()) {
    if (!list.head().is_tuple_of(2)) return false;
    term::Tuple pair = term::Tuple::from(list.head());
    std::string name, value;
    if (!pair[0].is_list() || !path_of(pair[0], &name) || name.find('=') != std::string::npos) return false;
    if (pair[1] == atoms::false_) {
      o->removed_environment.push_back(name);
    } else {
      if (!pair[1].is_list() || !path_of(pair[1], &value)) return false;
      o->environment.push_back({name, value});
    }
  }
  return list.is_nil();
}

bool read_arguments(Term list, PortOptions* o) {
  o->has_arguments = true;
  for (; list.is_cons(); list = list.tail()) {
    std::string word;
    if (!path_of(list.head(), &word)) return false;
    o->arguments.push_back(word);
  }
  return list.is_nil();
}

bool read_size(Term t, std::size_t* out) {
  Word n = 0;
  if (!term::to_uint64(t, &n) || n == 0) return false;
  *out = n;
  return true;
}

// {Low, High} or disabled.
bool read_limits(Term value, std::size_t* low, std::size_t* high) {
  if (value == atoms::disabled) {
    *low = *high = SIZE_MAX;
    return true;
  }
  if (!value.is_tuple_of(2)) return false;
  const term::Tuple pair = term::Tuple::from(value);
  if (!read_size(pair[0], low) || !read_size(pair[1], high)) return false;
  *high = std::max(*low, *high);
  return true;
}

bool read_pair(Term key, Term value, PortOptions* o) {
  if (key == atoms::packet) {
    if (!value.is_small()) return false;
    SWord n = value.small_value();
    if (n != 1 && n != 2 && n != 4) return false;
    o->packet_bytes = static_cast<unsigned>(n);
    return true;
  }
  if (key == atoms::line) {
    if (!value.is_small() || value.small_value() <= 0) return false;
    o->line_limit = static_cast<std::size_t>(value.small_value());
    return true;
  }
  if (key == atoms::cd) return path_of(value, &o->directory);
  if (key == atoms::env) return read_environment(value, o);
  if (key == atoms::args) return read_arguments(value, o);
  if (key == atoms::arg0) return o->has_arg0 = true, path_of(value, &o->arg0);
  if (key == atoms::parallelism) return o->parallelism = value == atoms::true_, value.is_boolean();
  if (key == atoms::busy_limits_port) return read_limits(value, &o->busy_low, &o->busy_high);
  return key == atoms::busy_limits_msgq && read_limits(value, &o->queue_low, &o->queue_high);
}

bool read_word(Term word, PortOptions* o, bool* in, bool* out) {
  constexpr std::size_t kUsualLine = 512;
  if (word == atoms::stream) o->packet_bytes = 0;
  else if (word == atoms::line) o->line_limit = kUsualLine;
  else if (word == atoms::use_stdio) o->use_stdio = true;
  else if (word == atoms::nouse_stdio) o->use_stdio = false;
  else if (word == atoms::stderr_to_stdout) o->stderr_to_stdout = true;
  else if (word == atoms::binary) o->binary = true;
  else if (word == atoms::in) *in = true;
  else if (word == atoms::out) *out = true;
  else if (word == atoms::eof) o->eof = true;
  else if (word == atoms::exit_status) o->exit_status = true;
  else return word == atoms::hide || word == atoms::overlapped_io;
  return true;
}

}  // namespace

bool native_name(Term t, std::string* out) {
  out->clear();
  return (t.is_list() || t.is_binary()) && flatten(t, false, out);
}

bool read_options(Term list, PortOptions* o) {
  bool in = false, out = false;
  for (; list.is_cons(); list = list.tail()) {
    Term option = list.head();
    bool ok =
        option.is_tuple_of(2) ? read_pair(term::Tuple::from(option)[0], term::Tuple::from(option)[1], o) : read_word(option, o, &in, &out);
    if (!ok) return false;
  }
  if (o->line_limit && o->packet_bytes) return false;
  o->framing = o->line_limit ? PortOptions::Framing::Line : o->packet_bytes ? PortOptions::Framing::Packet : PortOptions::Framing::Stream;
  if (in || out) {
    o->in = in;
    o->out = out;
  }
  return list.is_nil();
}

}  // namespace vm::port
