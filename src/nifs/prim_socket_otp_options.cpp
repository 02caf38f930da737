// SPDX-License-Identifier: Apache-2.0
//
// prim_socket: options of level `otp`, which belong to the emulator. Their numbers are shared with prim_socket.erl.
#include <cstdint>

#include "nifs/prim_socket_internal.h"

namespace vm::nifs::socket {

namespace {

enum OtpOption {
  kDebug = 1001,
  kCounterWraps = 1002,
  kControllingProcess = 1003,
  kReadBuffer = 1004,
  kReadControlBuffer = 1006,
  kWriteControlBuffer = 1007,
  kDescriptor = 1008,
  kMeta = 1009,
  kUseRegistry = 1010,
  kDomain = 1999,
};

// A size above 0, or `default`.
bool get_size(ErlNifEnv* env, ERL_NIF_TERM t, std::size_t otherwise, std::size_t* size) {
  unsigned long value;
  if (enif_get_ulong(env, t, &value)) {
    *size = value;
    return value != 0;
  }
  *size = otherwise;
  return t == am.default_;
}

ERL_NIF_TERM set_flag(ErlNifEnv* env, bool* flag, ERL_NIF_TERM value) { return get_boolean(value, flag) ? am.ok : invalid(env, am.value); }

ERL_NIF_TERM set_owner(ErlNifEnv* env, Socket& s, ERL_NIF_TERM value) {
  ErlNifPid caller = self(env), owner;
  if (enif_compare_pids(&s.owner, &caller) != 0) return error_invalid(env, am.not_owner);
  if (!enif_get_local_pid(env, value, &owner)) return invalid(env, am.value);
  s.owner_monitor.drop(env, &s);
  s.owner = owner;
  if (s.owner_monitor.watch(env, &s, owner)) return am.ok;
  // It is dead already: that ends the socket.
  enif_set_pid_undefined(&s.owner);
  stop(env, s);
  s.read_state |= kClosing;
  s.write_state |= kClosing;
  if (s.sendfile_fd >= 0) tell_registry(env, am.sendfile_deferred_close, enif_make_resource(env, &s));
  close_descriptor(env, s, give_up_descriptor(s));
  return am.ok;
}

// A size, or {How often, Size}.
ERL_NIF_TERM set_read_buffer(ErlNifEnv* env, Socket& s, ERL_NIF_TERM value) {
  const ERL_NIF_TERM* element;
  int arity;
  unsigned count = 0;
  std::size_t size;
  if (!get_size(env, value, kDefaultReadSize, &size)) {
    if (!enif_get_tuple(env, value, &arity, &element) || arity != 2 || !enif_get_uint(env, element[0], &count) || count == 0 ||
        !get_size(env, element[1], kDefaultReadSize, &size))
      return invalid(env, am.value);
  }
  s.reads_wanted = count;
  s.read_size = size;
  return am.ok;
}

ERL_NIF_TERM set_control_size(ErlNifEnv* env, std::size_t* size, ERL_NIF_TERM value) {
  std::size_t wanted;
  if (!get_size(env, value, kDefaultControlSize, &wanted)) return invalid(env, am.value);
  *size = wanted;
  return am.ok;
}

ERL_NIF_TERM set_meta(ErlNifEnv* env, Socket& s, ERL_NIF_TERM value) {
  ErlNifPid caller = self(env);
  if (enif_compare_pids(&s.owner, &caller) != 0) return error_invalid(env, am.not_owner);
  if (s.meta_env) enif_clear_env(s.meta_env);
  else s.meta_env = enif_alloc_env();
  s.meta = enif_make_copy(s.meta_env, value);
  return am.ok;
}

// The registry can only be turned on.
ERL_NIF_TERM set_registry(ErlNifEnv* env, Socket& s, ERL_NIF_TERM value) {
  if (value != am.true_) return invalid(env, am.value);
  if (!s.use_registry) tell_registry(env, am.add, enif_make_resource(env, &s));
  s.use_registry = true;
  return am.ok;
}

ERL_NIF_TERM unknown(ErlNifEnv* env, int option) {
  return raise_invalid(env, enif_make_tuple2(env, am.otp_socket_option, enif_make_int(env, option)));
}

}  // namespace

ERL_NIF_TERM set_otp_option(ErlNifEnv* env, Socket& s, int option, ERL_NIF_TERM value) {
  switch (option) {
    case kDebug:
    case kCounterWraps:
    case kControllingProcess:
    case kReadBuffer:
    case kReadControlBuffer:
    case kWriteControlBuffer:
    case kMeta:
    case kUseRegistry: break;
    default: return unknown(env, option);
  }
  BothLocks hold(s);
  if (!is_open(s.write_state)) return error(env, am.closed);
  switch (option) {
    case kDebug: return set_flag(env, &s.debug, value);
    case kCounterWraps: return set_flag(env, &s.counter_wraps, value);
    case kControllingProcess: return set_owner(env, s, value);
    case kReadBuffer: return set_read_buffer(env, s, value);
    case kReadControlBuffer: return set_control_size(env, &s.read_control_size, value);
    case kWriteControlBuffer: return set_control_size(env, &s.write_control_size, value);
    case kMeta: return set_meta(env, s, value);
    default: return set_registry(env, s, value);
  }
}

ERL_NIF_TERM get_otp_option(ErlNifEnv* env, Socket& s, int option) {
  BothLocks hold(s);
  if (option == kUseRegistry) return ok(env, boolean(s.use_registry));
  auto size = [env](std::size_t n) { return enif_make_ulong(env, n); };
  ERL_NIF_TERM value;
  switch (option) {
    case kDebug: value = boolean(s.debug); break;
    case kCounterWraps: value = boolean(s.counter_wraps); break;
    case kControllingProcess: value = enif_make_pid(env, &s.owner); break;
    case kReadBuffer:
      value = s.reads_wanted ? enif_make_tuple2(env, enif_make_uint(env, s.reads_wanted), size(s.read_size)) : size(s.read_size);
      break;
    case kReadControlBuffer: value = size(s.read_control_size); break;
    case kWriteControlBuffer: value = size(s.write_control_size); break;
    case kDescriptor: value = enif_make_int(env, s.fd); break;
    case kMeta: value = s.meta_env ? enif_make_copy(env, s.meta) : am.undefined; break;
    case kDomain: value = encode_domain(env, s.domain); break;
    default: return unknown(env, option);
  }
  return is_open(s.read_state) ? ok(env, value) : error(env, am.closed);
}

}  // namespace vm::nifs::socket
