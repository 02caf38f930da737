// SPDX-License-Identifier: Apache-2.0
//
// Terms of the socket natives (prim_socket and prim_net): atoms, answers, addresses.
//
// Addresses are maps: #{family := inet, port, addr}, inet6 with flowinfo and scope_id, local with path, packet; any other family is a number (or
// unspec) with its bytes as addr.
#pragma once

#include <erl_nif.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <initializer_list>
#include <string>

namespace vm::nifs::socket {

// Atoms the natives compare with and answer; made when the first of the two libraries is loaded.
struct Atoms {
#define VM_ATOM(member, text) ERL_NIF_TERM member;
#include "nifs/socket_atoms.def"
#undef VM_ATOM
};
extern Atoms am;
void make_atoms(ErlNifEnv* env);

struct Pair {
  ERL_NIF_TERM key, value;
};
ERL_NIF_TERM make_map(ErlNifEnv* env, std::initializer_list<Pair> pairs);
inline ERL_NIF_TERM ok(ErlNifEnv* env, ERL_NIF_TERM t) { return enif_make_tuple2(env, am.ok, t); }
inline ERL_NIF_TERM error(ErlNifEnv* env, ERL_NIF_TERM reason) { return enif_make_tuple2(env, am.error, reason); }
// {error, Posix}
ERL_NIF_TERM error_of(ErlNifEnv* env, int number);
ERL_NIF_TERM errno_atom(ErlNifEnv* env, int number);
// {invalid, What}: the Erlang side completes it.
inline ERL_NIF_TERM invalid(ErlNifEnv* env, ERL_NIF_TERM what) { return enif_make_tuple2(env, am.invalid, what); }
inline ERL_NIF_TERM error_invalid(ErlNifEnv* env, ERL_NIF_TERM what) { return error(env, invalid(env, what)); }
inline ERL_NIF_TERM raise_invalid(ErlNifEnv* env, ERL_NIF_TERM what) { return enif_raise_exception(env, invalid(env, what)); }
inline ERL_NIF_TERM out_of_range(ErlNifEnv* env, ERL_NIF_TERM integer) {
  return invalid(env, enif_make_tuple2(env, am.integer_range, integer));
}
bool is_integer(ErlNifEnv* env, ERL_NIF_TERM t);
inline ERL_NIF_TERM boolean(bool b) { return b ? am.true_ : am.false_; }
bool get_boolean(ERL_NIF_TERM t, bool* value);
// The boolean under a key of a map; `otherwise` where there is none.
bool boolean_in(ErlNifEnv* env, ERL_NIF_TERM map, ERL_NIF_TERM key, bool otherwise);
// A list of Latin-1 characters without a 0.
bool get_text(ErlNifEnv* env, ERL_NIF_TERM t, std::string* text);
ERL_NIF_TERM make_text(ErlNifEnv* env, const char* text);
ERL_NIF_TERM make_bytes(ErlNifEnv* env, const void* bytes, std::size_t size);

union Address {
  sockaddr sa;
  sockaddr_in in4;
  sockaddr_in6 in6;
  sockaddr_un un;
  sockaddr_storage storage;
};

// False: not an address map.
bool decode_address(ErlNifEnv* env, ERL_NIF_TERM t, Address* address, socklen_t* size);
// size 0 or below: unknown, that of the family.
ERL_NIF_TERM encode_address(ErlNifEnv* env, const sockaddr* address, int size);
// Of a network card: the family is a type of hardware.
ERL_NIF_TERM encode_hardware_address(ErlNifEnv* env, const sockaddr* address);
bool decode_in_addr(ErlNifEnv* env, ERL_NIF_TERM t, in_addr* address);
bool decode_in6_addr(ErlNifEnv* env, ERL_NIF_TERM t, in6_addr* address);
ERL_NIF_TERM encode_in_addr(ErlNifEnv* env, const in_addr& address);
ERL_NIF_TERM encode_in6_addr(ErlNifEnv* env, const in6_addr& address);

enum class Domain { Invalid, Named, Number };
Domain decode_domain(ErlNifEnv* env, ERL_NIF_TERM t, int* domain);
ERL_NIF_TERM encode_domain(ErlNifEnv* env, int domain);
bool decode_type(ErlNifEnv* env, ERL_NIF_TERM t, int* type);
ERL_NIF_TERM encode_type(ErlNifEnv* env, int type);

// The calling thread works in another network namespace for as long as this lives (and says so in error() if it can't).
class NetworkNamespace {
 public:
  explicit NetworkNamespace(const char* path);  // null: stays where it is
  ~NetworkNamespace() { leave(); }
  NetworkNamespace(const NetworkNamespace&) = delete;
  NetworkNamespace& operator=(const NetworkNamespace&) = delete;
  int error() const { return error_; }
  // Back again, at the latest in the destructor. Answers the error or 0.
  int leave();

 private:
  int former_ = -1;
  int error_ = 0;
};

}  // namespace vm::nifs::socket
