// SPDX-License-Identifier: Apache-2.0
#include "nifs/socket_terms.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "os/errno_name.h"

namespace vm::nifs::socket {

Atoms am;

void make_atoms(ErlNifEnv* env) {
  if (am.ok) return;
#define VM_ATOM(member, text) am.member = enif_make_atom(env, text);
#include "nifs/socket_atoms.def"
#undef VM_ATOM
}

ERL_NIF_TERM make_map(ErlNifEnv* env, std::initializer_list<Pair> pairs) {
  std::vector<ERL_NIF_TERM> keys, values;
  for (const Pair& p : pairs) {
    if (!p.key) continue;
    keys.push_back(p.key);
    values.push_back(p.value);
  }
  ERL_NIF_TERM map = 0;
  enif_make_map_from_arrays(env, keys.data(), values.data(), keys.size(), &map);
  return map;
}

ERL_NIF_TERM errno_atom(ErlNifEnv* env, int number) { return enif_make_atom(env, os::errno_name(number)); }
ERL_NIF_TERM error_of(ErlNifEnv* env, int number) { return error(env, errno_atom(env, number)); }

bool is_integer(ErlNifEnv* env, ERL_NIF_TERM t) {
  double d;
  return enif_is_number(env, t) && !enif_get_double(env, t, &d);
}

bool get_boolean(ERL_NIF_TERM t, bool* value) {
  if (t != am.true_ && t != am.false_) return false;
  *value = t == am.true_;
  return true;
}

bool boolean_in(ErlNifEnv* env, ERL_NIF_TERM map, ERL_NIF_TERM key, bool otherwise) {
  ERL_NIF_TERM t;
  bool value;
  return enif_get_map_value(env, map, key, &t) && get_boolean(t, &value) ? value : otherwise;
}

bool get_text(ErlNifEnv* env, ERL_NIF_TERM t, std::string* text) {
  unsigned length;
  if (!enif_get_list_length(env, t, &length)) return false;
  text->resize(length + 1);
  if (enif_get_string(env, t, text->data(), length + 1, ERL_NIF_LATIN1) <= 0) return false;
  text->resize(length);
  return true;
}

ERL_NIF_TERM make_text(ErlNifEnv* env, const char* text) { return enif_make_string(env, text, ERL_NIF_LATIN1); }

ERL_NIF_TERM make_bytes(ErlNifEnv* env, const void* bytes, std::size_t size) {
  ERL_NIF_TERM t;
  unsigned char* to = enif_make_new_binary(env, size, &t);
  if (size > 0) std::memcpy(to, bytes, size);
  return t;
}

NetworkNamespace::NetworkNamespace(const char* path) {
  if (!path) return;
  int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  if (here < 0) {
    error_ = errno;
    return;
  }
  int there = open(path, O_RDONLY | O_CLOEXEC);
  if (there < 0 || setns(there, CLONE_NEWNET) != 0) error_ = errno;
  if (there >= 0) close(there);
  if (error_) close(here);
  else former_ = here;
}

int NetworkNamespace::leave() {
  if (former_ < 0) return 0;
  int result = setns(former_, CLONE_NEWNET) == 0 ? 0 : errno;
  close(former_);
  former_ = -1;
  return result;
}

}  // namespace vm::nifs::socket
