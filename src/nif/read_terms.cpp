// SPDX-License-Identifier: Apache-2.0
//
// Looking at terms.
#include <climits>
#include <cstring>

#include "nif/env_internal.h"
#include "sync/epoch.h"
#include "term/compare.h"
#include "term/hash.h"

using namespace vm;
using nif::in;
using nif::out;

namespace {

constexpr int kUtf8 = 2;  // encoding of OTP 26 (2.17)

// Latin-1 form of an atom's text; false when it has other characters.
bool latin1_text(Term atom, char* to, std::size_t capacity, std::size_t* length) {
  if (!term::AtomTable::is_latin1(atom)) return false;
  std::string_view text = term::AtomTable::text(atom);
  std::size_t n = 0;
  for (std::size_t i = 0; i < text.size(); i++, n++) {
    auto b = static_cast<unsigned char>(text[i]);
    if (b >= 0x80) b = static_cast<unsigned char>((b & 3) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3F));
    if (to && n < capacity) to[n] = static_cast<char>(b);
  }
  *length = n;
  return true;
}

}  // namespace

extern "C" {

int enif_is_atom(ErlNifEnv*, ERL_NIF_TERM t) { return in(t).is_atom(); }
int enif_is_binary(ErlNifEnv*, ERL_NIF_TERM t) { return in(t).is_binary(); }
int enif_is_ref(ErlNifEnv*, ERL_NIF_TERM t) { return in(t).is_ref(); }
int enif_is_fun(ErlNifEnv*, ERL_NIF_TERM t) { return in(t).is_fun(); }
int enif_is_pid(ErlNifEnv*, ERL_NIF_TERM t) { return in(t).is_pid(); }
int enif_is_port(ErlNifEnv*, ERL_NIF_TERM t) { return in(t).is_port(); }
int enif_is_list(ErlNifEnv*, ERL_NIF_TERM t) { return in(t).is_list(); }
int enif_is_tuple(ErlNifEnv*, ERL_NIF_TERM t) { return in(t).is_tuple(); }
int enif_is_empty_list(ErlNifEnv*, ERL_NIF_TERM t) { return in(t).is_nil(); }
int enif_is_map(ErlNifEnv*, ERL_NIF_TERM t) { return in(t).is_map(); }
int enif_is_number(ErlNifEnv*, ERL_NIF_TERM t) { return in(t).is_number(); }

ErlNifTermType enif_term_type(ErlNifEnv*, ERL_NIF_TERM w) {
  Term t = in(w);
  if (t.is_atom()) return ERL_NIF_TERM_TYPE_ATOM;
  if (t.is_integer()) return ERL_NIF_TERM_TYPE_INTEGER;
  if (t.is_list()) return ERL_NIF_TERM_TYPE_LIST;
  if (t.is_tuple()) return ERL_NIF_TERM_TYPE_TUPLE;
  if (t.is_bitstring()) return ERL_NIF_TERM_TYPE_BITSTRING;
  if (t.is_map()) return ERL_NIF_TERM_TYPE_MAP;
  if (t.is_float()) return ERL_NIF_TERM_TYPE_FLOAT;
  if (t.is_fun()) return ERL_NIF_TERM_TYPE_FUN;
  if (t.is_pid()) return ERL_NIF_TERM_TYPE_PID;
  if (t.is_port()) return ERL_NIF_TERM_TYPE_PORT;
  if (t.is_ref()) return ERL_NIF_TERM_TYPE_REFERENCE;
  VM_UNREACHABLE("native code passed a word that is no term to enif_term_type");
}

int enif_is_identical(ERL_NIF_TERM a, ERL_NIF_TERM b) { return term::equal_exact(in(a), in(b)); }
int enif_compare(ERL_NIF_TERM a, ERL_NIF_TERM b) {
  sync::Epoch::Guard guard;
  return term::compare(in(a), in(b));
}

ErlNifUInt64 enif_hash(ErlNifHash type, ERL_NIF_TERM t, ErlNifUInt64 salt) {
  sync::Epoch::Guard guard;
  switch (type) {
    case ERL_NIF_INTERNAL_HASH: return term::internal_hash(in(t), static_cast<std::uint32_t>(salt));
    case ERL_NIF_PHASH2: return term::phash2(in(t)) & ((1u << 27) - 1);
    default: return 0;
  }
}

int enif_get_int(ErlNifEnv*, ERL_NIF_TERM t, int* value) {
  SWord v;
  if (!term::to_int64(in(t), &v) || v < INT_MIN || v > INT_MAX) return 0;
  *value = static_cast<int>(v);
  return 1;
}
int enif_get_uint(ErlNifEnv*, ERL_NIF_TERM t, unsigned* value) {
  Word v;
  if (!term::to_uint64(in(t), &v) || v > UINT_MAX) return 0;
  *value = static_cast<unsigned>(v);
  return 1;
}
int enif_get_long(ErlNifEnv*, ERL_NIF_TERM t, long* value) {
  SWord v;
  if (!term::to_int64(in(t), &v)) return 0;
  *value = v;
  return 1;
}
int enif_get_ulong(ErlNifEnv*, ERL_NIF_TERM t, unsigned long* value) {
  Word v;
  if (!term::to_uint64(in(t), &v)) return 0;
  *value = v;
  return 1;
}
int enif_get_double(ErlNifEnv*, ERL_NIF_TERM t, double* value) {
  if (!in(t).is_float()) return 0;
  *value = term::float_value(in(t));
  return 1;
}

int enif_get_atom_length(ErlNifEnv*, ERL_NIF_TERM t, unsigned* len, ErlNifCharEncoding encoding) {
  if (!in(t).is_atom()) return 0;
  std::size_t n = 0;
  if (static_cast<int>(encoding) == kUtf8) n = term::AtomTable::text(in(t)).size();
  else if (encoding != ERL_NIF_LATIN1 || !latin1_text(in(t), nullptr, 0, &n)) return 0;
  *len = static_cast<unsigned>(n);
  return 1;
}

int enif_get_atom(ErlNifEnv*, ERL_NIF_TERM t, char* buf, unsigned len, ErlNifCharEncoding encoding) {
  if (!in(t).is_atom() || len == 0) return 0;
  std::size_t n = 0;
  if (static_cast<int>(encoding) == kUtf8) {
    std::string_view text = term::AtomTable::text(in(t));
    n = text.size();
    if (n < len) std::memcpy(buf, text.data(), n);
  } else if (encoding != ERL_NIF_LATIN1 || !latin1_text(in(t), nullptr, 0, &n)) {
    return 0;
  } else if (n < len) {
    latin1_text(in(t), buf, len, &n);
  }
  if (n >= len) return 0;
  buf[n] = 0;
  return static_cast<int>(n) + 1;
}

// Bytes written with the closing 0; negative when cut off; 0 when the list is no string of the encoding.
int enif_get_string(ErlNifEnv*, ERL_NIF_TERM list, char* buf, unsigned len, ErlNifCharEncoding) {
  if (len < 1) return 0;
  unsigned n = 0;
  Term rest = in(list);
  for (; rest.is_cons(); rest = rest.tail()) {
    Term c = rest.head();
    if (!c.is_small() || c.small_value() < 0 || c.small_value() > 255) {
      buf[n] = 0;
      return 0;
    }
    buf[n++] = static_cast<char>(c.small_value());
    if (n >= len) {
      buf[n - 1] = 0;
      return -static_cast<int>(len);
    }
  }
  buf[n] = 0;
  return rest.is_nil() ? static_cast<int>(n) + 1 : 0;
}

int enif_get_list_cell(ErlNifEnv*, ERL_NIF_TERM list, ERL_NIF_TERM* head, ERL_NIF_TERM* tail) {
  Term t = in(list);
  if (!t.is_cons()) return 0;
  *head = out(t.head());
  *tail = out(t.tail());
  return 1;
}

int enif_get_list_length(ErlNifEnv*, ERL_NIF_TERM list, unsigned* len) {
  SWord n = term::list_length(in(list));
  if (n < 0) return 0;
  *len = static_cast<unsigned>(n);
  return 1;
}

int enif_get_tuple(ErlNifEnv* env, ERL_NIF_TERM t, int* arity, const ERL_NIF_TERM** elements) {
  term::Tuple tuple = term::Tuple::try_from(in(t));
  if (!tuple) return 0;
  *arity = static_cast<int>(tuple.size());
  *elements = reinterpret_cast<const ERL_NIF_TERM*>(tuple.ptr() + 1);
  std::size_t n = tuple.size();
  std::size_t same = 0;
  while (same < n && !nif::has_alias(tuple[same])) same++;
  if (same == n || !env) return 1;
  auto* copy = static_cast<ERL_NIF_TERM*>(env->allocate_temporary(n * sizeof(ERL_NIF_TERM)));
  for (std::size_t i = 0; i < n; i++) copy[i] = out(tuple[i]);
  *elements = copy;
  return 1;
}

}  // extern "C"
