// SPDX-License-Identifier: Apache-2.0
//
// Options of the operating system: the rows of the tables (prim_socket_options.cpp) and what their values look like
// (prim_socket_option_values.cpp, prim_socket_sctp_options.cpp).
#pragma once

#include "nifs/prim_socket_internal.h"

namespace vm::nifs::socket {

enum class Kind {
  None,
  Listed,  // with its number, but nobody finds it by that
  Bool,
  Int,
  Linger,
  Device,      // name of a network card
  DomainName,  // as socket:open takes it
  Type,
  Protocol,
  Membership,
  SourceMembership,
  SourceFilter,
  MtuDiscover,
  Interface,  // IPv4 address of a network card
  PacketOptions,
  Tos,
  AddressForm,
  Hops,
  Membership6,
  Congestion,
  SctpAssociation,
  SctpEvents,
  SctpInit,
};
enum class Access { Both, Get, Set };

struct Option {
  const char* name;
  int number;
  Kind kind;
  Access access = Access::Both;
};

// ok, {error, Posix} or {invalid, value}.
ERL_NIF_TERM set_option_value(ErlNifEnv* env, Socket& s, const Option& o, int level, ERL_NIF_TERM value);
// {ok, Value} or {error, Posix}.
ERL_NIF_TERM get_option_value(ErlNifEnv* env, const Socket& s, const Option& o, int level);
ERL_NIF_TERM set_sctp_option(ErlNifEnv* env, Socket& s, const Option& o, ERL_NIF_TERM value);
ERL_NIF_TERM get_sctp_option(ErlNifEnv* env, const Socket& s, const Option& o);

}  // namespace vm::nifs::socket
