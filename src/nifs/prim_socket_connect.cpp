// SPDX-License-Identifier: Apache-2.0
//
// prim_socket: connecting and accepting.
#include <cerrno>

#include "nifs/prim_socket_internal.h"

namespace vm::nifs::socket {

namespace {

ERL_NIF_TERM select_failed(ErlNifEnv* env, ERL_NIF_TERM tag, int result) {
  return enif_raise_exception(env, enif_make_tuple2(env, tag, enif_make_int(env, result)));
}

// The process that waited was told that the descriptor is ready.
ERL_NIF_TERM finish_connecting(ErlNifEnv* env, Socket& s) {
  s.connectors.next(env);
  s.write_state &= ~unsigned{kConnecting};
  int result;
  int failed = get_int_option(s, SOL_SOCKET, SO_ERROR, &result);
  if (failed || result) return error_of(env, failed ? failed : result);
  s.write_state |= kConnected;
  return am.ok;
}

ERL_NIF_TERM connect(ErlNifEnv* env, Socket& s, ERL_NIF_TERM ref, const Address* to, socklen_t size) {
  if (!is_open(s.write_state)) return error(env, am.closed);
  if (s.writers.busy()) return error_invalid(env, am.state);
  if (s.connectors.busy()) {
    if (s.connectors.is_first(self(env))) return finish_connecting(env, s);
    return to ? error(env, am.already) : raise_invalid(env, am.state);
  }
  if (!to) return raise_invalid(env, am.state);
  if (::connect(s.fd, &to->sa, size) == 0) {
    s.write_state |= kConnected;
    return am.ok;
  }
  if (errno != EAGAIN && errno != EINPROGRESS) return error_of(env, errno);
  s.connectors.enter(env, ref);
  if (int result = s.connectors.select(env, ref); result < 0) {
    s.connectors.fail(env, am.undefined);
    return select_failed(env, am.select_write, result);
  }
  s.write_state |= kConnecting;
  return am.select;
}

}  // namespace

// args: socket | socket, reference, address
ERL_NIF_TERM nif_connect(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  Socket* s = socket_of(env, argv[0]);
  if (!s) return enif_make_badarg(env);
  Address to;
  socklen_t size = 0;
  if (argc == 3) {
    if (!enif_is_ref(env, argv[1])) return enif_make_badarg(env);
    if (!decode_address(env, argv[2], &to, &size)) return invalid(env, am.sockaddr);
  }
  std::lock_guard<std::mutex> hold(s->write_lock);
  return connect(env, *s, argc == 3 ? argv[1] : am.undefined, argc == 3 ? &to : nullptr, size);
}

namespace {

void leave_acceptors(ErlNifEnv* env, Socket& s) {
  s.acceptors.next(env);
  if (!s.acceptors.busy()) s.read_state &= ~unsigned{kAccepting};
}

ERL_NIF_TERM wait_for_connection(ErlNifEnv* env, Socket& s, ERL_NIF_TERM ref) {
  if (int result = s.acceptors.select(env, ref); result < 0) {
    leave_acceptors(env, s);
    return select_failed(env, am.select_read, result);
  }
  s.read_state |= kAccepting;
  return am.select;
}

// The new socket has the settings of the one that listens.
ERL_NIF_TERM accepted(ErlNifEnv* env, Socket& s, int fd) {
  s.accepted++;
  std::lock_guard<std::mutex> hold(s.write_lock);
  ERL_NIF_TERM ref;
  Socket* made = make_socket(env, {fd, s.domain, s.type, s.protocol, s.debug, s.use_registry}, self(env), &ref);
  made->read_size = s.read_size;
  made->reads_wanted = s.reads_wanted;
  made->read_control_size = s.read_control_size;
  made->write_control_size = s.write_control_size;
  made->counter_wraps = s.counter_wraps;
  s.write_state |= kConnected;  // it is the listening socket that stock marks
  return ok(env, ref);
}

ERL_NIF_TERM accept(ErlNifEnv* env, Socket& s, ERL_NIF_TERM ref) {
  if (!is_open(s.read_state)) return error(env, am.closed);
  if (s.readers.busy()) return error_invalid(env, am.state);
  bool waited = s.acceptors.busy();
  ErlNifPid caller = self(env);
  if (waited && !s.acceptors.is_first(caller)) {
    if (s.acceptors.waits(caller)) return raise_invalid(env, am.state);
    s.acceptors.enter(env, ref);
    return am.select;
  }
  s.accept_tries++;
  int fd = ::accept4(s.fd, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd >= 0) {
    ERL_NIF_TERM answer = accepted(env, s, fd);
    if (waited) leave_acceptors(env, s);
    return answer;
  }
  int failed = errno;
  if (failed == EAGAIN) {
    if (waited) s.accept_waits++;
    s.acceptors.stay(env, ref);
    return wait_for_connection(env, s, ref);
  }
  s.accept_fails++;
  ERL_NIF_TERM reason = errno_atom(env, failed);
  s.acceptors.fail(env, reason);
  return error(env, reason);
}

}  // namespace

ERL_NIF_TERM nif_accept(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  Socket* s = socket_of(env, argv[0]);
  if (!s) return enif_make_badarg(env);
  std::lock_guard<std::mutex> hold(s->read_lock);
  return accept(env, *s, argv[1]);
}

}  // namespace vm::nifs::socket
