// SPDX-License-Identifier: Apache-2.0
//
// Making terms.
#include <cmath>
#include <cstring>
#include <string>

#include "nif/env_internal.h"
#include "term/compare.h"

using namespace vm;
using nif::in;
using nif::out;

namespace {

// OTP 26 (2.17) named a second encoding.
constexpr int kUtf8 = 2;

std::string utf8_of_latin1(std::string_view text) {
  std::string s;
  s.reserve(text.size());
  for (char c : text) {
    auto b = static_cast<unsigned char>(c);
    if (b < 0x80) {
      s += c;
    } else {
      s += static_cast<char>(0xC0 | b >> 6);
      s += static_cast<char>(0x80 | (b & 0x3F));
    }
  }
  return s;
}

ERL_NIF_TERM make_atom(ErlNifEnv* env, std::string_view latin1) {
  if (latin1.size() > term::AtomTable::kMaxCharacters) return nif::raise_badarg(env);
  Term t = term::AtomTable::intern_latin1(latin1);
  return t.is_value() ? out(t) : nif::raise(env, atoms::system_limit);
}

int find_atom(std::string_view text, ERL_NIF_TERM* atom, int encoding) {
  if (encoding != ERL_NIF_LATIN1 && encoding != kUtf8) return 0;
  Term t = term::AtomTable::find(encoding == kUtf8 ? std::string(text) : utf8_of_latin1(text));
  if (!t.is_value()) return 0;
  *atom = out(t);
  return 1;
}

// Decodes one character; false when the text is not UTF-8.
bool next_character(const unsigned char*& p, const unsigned char* end, std::uint32_t* c) {
  unsigned lead = *p++;
  if (lead < 0x80) {
    *c = lead;
    return true;
  }
  int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  if (lead < 0xC2 || lead > 0xF4 || end - p < more) return false;
  std::uint32_t v = lead & (0x3Fu >> more);
  for (int i = 0; i < more; i++) {
    if ((*p & 0xC0) != 0x80) return false;
    v = v << 6 | (*p++ & 0x3Fu);
  }
  if (v > 0x10FFFF || (v >= 0xD800 && v <= 0xDFFF) || v < (more == 1 ? 0x80u : more == 2 ? 0x800u : 0x10000u)) return false;
  *c = v;
  return true;
}

ERL_NIF_TERM make_string(ErlNifEnv* env, std::string_view text, int encoding) {
  term::ListBuilder list(*env->heap);
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* end = p + text.size();
  while (p < end) {
    std::uint32_t c = 0;
    if (encoding != kUtf8) c = *p++;
    else if (!next_character(p, end, &c)) return nif::raise_badarg(env);
    list.add(Term::small(c));
  }
  return out(list.finish());
}

ERL_NIF_TERM list_of(ErlNifEnv* env, const ERL_NIF_TERM* elements, std::size_t n) {
  Term list = term::kNil;
  while (n > 0) list = env->heap->cons(in(elements[--n]), list);
  return out(list);
}

ERL_NIF_TERM tuple_of(ErlNifEnv* env, const ERL_NIF_TERM* elements, std::size_t n) {
  term::Tuple t = term::Tuple::alloc(*env->heap, n);
  for (std::size_t i = 0; i < n; i++) t.set(i, in(elements[i]));
  return out(t.term());
}

}  // namespace

extern "C" {

ERL_NIF_TERM enif_make_badarg(ErlNifEnv* env) { return nif::raise_badarg(env); }
ERL_NIF_TERM enif_raise_exception(ErlNifEnv* env, ERL_NIF_TERM reason) { return nif::raise(env, in(reason)); }

int enif_has_pending_exception(ErlNifEnv* env, ERL_NIF_TERM* reason) {
  if (!env->exception) return 0;
  if (reason) *reason = out(env->reason);
  return 1;
}

int enif_is_exception(ErlNifEnv* env, ERL_NIF_TERM t) { return t == nif::kExceptionWord && env->exception; }

ERL_NIF_TERM enif_make_int(ErlNifEnv*, int i) { return out(Term::small(i)); }
ERL_NIF_TERM enif_make_uint(ErlNifEnv*, unsigned i) { return out(Term::small(i)); }
ERL_NIF_TERM enif_make_long(ErlNifEnv* env, long i) { return out(term::make_integer(*env->heap, i)); }
ERL_NIF_TERM enif_make_ulong(ErlNifEnv* env, unsigned long i) { return out(term::make_unsigned(*env->heap, i)); }

ERL_NIF_TERM enif_make_double(ErlNifEnv* env, double d) {
  return std::isfinite(d) ? out(term::make_float(*env->heap, d)) : nif::raise_badarg(env);
}

ERL_NIF_TERM enif_make_atom(ErlNifEnv* env, const char* name) { return make_atom(env, name); }
ERL_NIF_TERM enif_make_atom_len(ErlNifEnv* env, const char* name, size_t len) { return make_atom(env, {name, len}); }

int enif_make_existing_atom(ErlNifEnv*, const char* name, ERL_NIF_TERM* atom, ErlNifCharEncoding encoding) {
  return find_atom(name, atom, encoding);
}
int enif_make_existing_atom_len(ErlNifEnv*, const char* name, size_t len, ERL_NIF_TERM* atom, ErlNifCharEncoding encoding) {
  return find_atom({name, len}, atom, encoding);
}

ERL_NIF_TERM enif_make_string(ErlNifEnv* env, const char* text, ErlNifCharEncoding encoding) { return make_string(env, text, encoding); }
ERL_NIF_TERM enif_make_string_len(ErlNifEnv* env, const char* text, size_t len, ErlNifCharEncoding encoding) {
  return make_string(env, {text, len}, encoding);
}

ERL_NIF_TERM enif_make_tuple(ErlNifEnv* env, unsigned n, ...) {
  term::Tuple t = term::Tuple::alloc(*env->heap, n);
  va_list args;
  va_start(args, n);
  for (unsigned i = 0; i < n; i++) t.set(i, in(va_arg(args, ERL_NIF_TERM)));
  va_end(args);
  return out(t.term());
}
ERL_NIF_TERM enif_make_tuple_from_array(ErlNifEnv* env, const ERL_NIF_TERM elements[], unsigned n) { return tuple_of(env, elements, n); }

ERL_NIF_TERM enif_make_list(ErlNifEnv* env, unsigned n, ...) {
  term::ListBuilder list(*env->heap);
  va_list args;
  va_start(args, n);
  for (unsigned i = 0; i < n; i++) list.add(in(va_arg(args, ERL_NIF_TERM)));
  va_end(args);
  return out(list.finish());
}
ERL_NIF_TERM enif_make_list_from_array(ErlNifEnv* env, const ERL_NIF_TERM elements[], unsigned n) { return list_of(env, elements, n); }

ERL_NIF_TERM enif_make_list_cell(ErlNifEnv* env, ERL_NIF_TERM head, ERL_NIF_TERM tail) { return out(env->heap->cons(in(head), in(tail))); }

int enif_make_reverse_list(ErlNifEnv* env, ERL_NIF_TERM list, ERL_NIF_TERM* reversed) {
  Term result = term::kNil;
  Term rest = in(list);
  for (; rest.is_cons(); rest = rest.tail()) result = env->heap->cons(rest.head(), result);
  if (!rest.is_nil()) return 0;
  *reversed = out(result);
  return 1;
}

}  // extern "C"
