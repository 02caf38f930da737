// SPDX-License-Identifier: Apache-2.0
//
// Terms as bytes, and ports.
#include <cstring>
#include <string>

#include "etf/decode.h"
#include "etf/encode.h"
#include "nif/env_internal.h"
#include "sync/epoch.h"

using namespace vm;
using nif::in;
using nif::out;

extern "C" {

int enif_term_to_binary(ErlNifEnv*, ERL_NIF_TERM t, ErlNifBinary* bin) {
  sync::Epoch::Guard guard;
  etf::Encoder encoder(in(t), {});
  std::size_t budget;
  do {
    budget = SIZE_MAX / 2;
  } while (!encoder.step(&budget));
  if (encoder.too_large() || !enif_alloc_binary(encoder.bytes().size(), bin)) return 0;
  std::memcpy(bin->data, encoder.bytes().data(), encoder.bytes().size());
  return 1;
}

// Bytes read; 0 when they are no term.
size_t enif_binary_to_term(ErlNifEnv* env, const unsigned char* data, size_t size, ERL_NIF_TERM* t, unsigned options) {
  sync::Epoch::Guard guard;
  if (options & ~static_cast<unsigned>(ERL_NIF_BIN2TERM_SAFE)) return 0;
  etf::DecodeOptions how;
  how.hooks = env->runtime->natives ? env->runtime->natives->decode_hooks() : nullptr;
  how.existing_atoms_only = options & ERL_NIF_BIN2TERM_SAFE;
  Term decoded;
  std::size_t used = 0;
  if (!etf::decode({data, size}, *env->heap, &decoded, how, &used)) return 0;
  *t = out(decoded);
  return used;
}

int enif_is_port_alive(ErlNifEnv* env, ErlNifPort* port) {
  sync::Epoch::Guard guard;
  proc::Runtime* rt = env ? env->runtime : nif::Natives::default_runtime();
  return rt->hooks.port_alive && rt->hooks.port_alive(*rt, in(port->port_id));
}

int enif_port_command(ErlNifEnv* env, const ErlNifPort* port, ErlNifEnv* msg_env, ERL_NIF_TERM message) {
  sync::Epoch::Guard guard;
  proc::Runtime* rt = env ? env->runtime : nif::Natives::default_runtime();
  ErlNifEnv* holder = msg_env ? msg_env : env;
  ErlNifBinary bytes;
  if (nif::caller_ended(env) || !rt->hooks.port_output || !enif_inspect_iolist_as_binary(holder, message, &bytes)) return 0;
  int sent = rt->hooks.port_output(*rt, in(port->port_id), {reinterpret_cast<const char*>(bytes.data), bytes.size});
  if (sent && msg_env) enif_clear_env(msg_env);
  return sent;
}

}  // extern "C"
