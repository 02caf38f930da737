// SPDX-License-Identifier: Apache-2.0
//
// prim_socket: opening, names, closing.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "nifs/prim_socket_internal.h"

namespace vm::nifs::socket {

namespace {

bool ask_int(int fd, int option, int* value) {
  socklen_t size = sizeof *value;
  return getsockopt(fd, SOL_SOCKET, option, value, &size) == 0;
}

bool socket_debug() {
  std::lock_guard<std::mutex> hold(globals.lock);
  return globals.socket_debug;
}
bool use_registry() {
  std::lock_guard<std::mutex> hold(globals.lock);
  return globals.use_registry;
}

NewSocket describe(ErlNifEnv* env, int fd, int domain, int type, int protocol, ERL_NIF_TERM options) {
  return {fd,
          domain,
          type,
          protocol,
          boolean_in(env, options, am.debug, socket_debug()),
          boolean_in(env, options, am.use_registry, use_registry())};
}

// A descriptor from elsewhere. What the system can't say of it the options must.
ERL_NIF_TERM open_descriptor(ErlNifEnv* env, int fd, ERL_NIF_TERM options) {
  ERL_NIF_TERM t;
  int domain, type, protocol;
  if (!ask_int(fd, SO_DOMAIN, &domain) &&
      (!enif_get_map_value(env, options, am.domain, &t) || decode_domain(env, t, &domain) == Domain::Invalid))
    return invalid(env, am.domain);
  if (!ask_int(fd, SO_TYPE, &type) && (!enif_get_map_value(env, options, am.type, &t) || !decode_type(env, t, &type)))
    return invalid(env, am.type);
  if (!ask_int(fd, SO_PROTOCOL, &protocol) && (!enif_get_map_value(env, options, am.protocol, &t) || !enif_get_int(env, t, &protocol)))
    protocol = 0;
  bool duplicate = boolean_in(env, options, am.dup, true);
  int own = duplicate ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : fd;
  if (own < 0) return error_of(env, errno);
  ERL_NIF_TERM ref;
  Socket* s = make_socket(env, describe(env, own, domain, type, protocol, options), self(env), &ref);
  s->original_fd = fd;
  s->close_fd = duplicate;
  Address peer;
  socklen_t size = sizeof peer;
  if (getpeername(own, &peer.sa, &size) == 0) s->write_state |= kConnected;
  return ok(env, ref);
}

ERL_NIF_TERM open_new(ErlNifEnv* env, int domain, int type, int protocol, ERL_NIF_TERM options) {
  ERL_NIF_TERM t;
  ErlNifBinary path;
  std::string name;
  bool elsewhere = enif_get_map_value(env, options, am.netns, &t) && enif_inspect_binary(env, t, &path);
  if (elsewhere) name.assign(reinterpret_cast<const char*>(path.data), path.size);
  NetworkNamespace place(elsewhere ? name.c_str() : nullptr);
  if (place.error()) return error_of(env, place.error());
  int fd = ::socket(domain, type | SOCK_CLOEXEC, protocol);
  if (fd < 0) return error_of(env, errno);
  if (int failed = place.leave()) {
    ::close(fd);
    return error_of(env, failed);
  }
  if (protocol == 0) ask_int(fd, SO_PROTOCOL, &protocol);
  ERL_NIF_TERM ref;
  make_socket(env, describe(env, fd, domain, type, protocol, options), self(env), &ref);
  return ok(env, ref);
}

}  // namespace

// args: descriptor, options | domain, type, protocol, options
ERL_NIF_TERM nif_open(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  ERL_NIF_TERM number = argc == 2 ? argv[0] : argv[2], options = argv[argc - 1];
  int value, domain, type;
  if (!enif_get_int(env, number, &value)) return is_integer(env, number) ? out_of_range(env, number) : enif_make_badarg(env);
  if (!enif_is_map(env, options)) return enif_make_badarg(env);
  if (argc == 2) return open_descriptor(env, value, options);
  if (decode_domain(env, argv[0], &domain) == Domain::Invalid) return invalid(env, am.domain);
  if (!decode_type(env, argv[1], &type)) return invalid(env, am.type);
  return open_new(env, domain, type, value, options);
}

ERL_NIF_TERM nif_bind(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  Socket* s = socket_of(env, argv[0]);
  if (!s) return enif_make_badarg(env);
  Address address;
  socklen_t size;
  if (!decode_address(env, argv[1], &address, &size)) return invalid(env, am.sockaddr);
  std::lock_guard<std::mutex> hold(s->read_lock);
  if (!is_open(s->read_state)) return error(env, am.closed);
  if (::bind(s->fd, &address.sa, size) != 0) return error_of(env, errno);
  s->read_state |= kBound;
  return am.ok;
}

ERL_NIF_TERM nif_listen(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  Socket* s = socket_of(env, argv[0]);
  int backlog;
  if (!s) return enif_make_badarg(env);
  if (!enif_get_int(env, argv[1], &backlog)) return is_integer(env, argv[1]) ? out_of_range(env, argv[1]) : enif_make_badarg(env);
  std::lock_guard<std::mutex> hold(s->read_lock);
  if (!is_open(s->read_state)) return error(env, am.closed);
  if (::listen(s->fd, backlog) != 0) return error_of(env, errno);
  s->read_state |= kListening;
  return am.ok;
}

namespace {

ERL_NIF_TERM name_of(ErlNifEnv* env, ERL_NIF_TERM t, int (*ask)(int, sockaddr*, socklen_t*)) {
  Socket* s = socket_of(env, t);
  if (!s) return enif_make_badarg(env);
  std::lock_guard<std::mutex> hold(s->read_lock);
  if (!is_open(s->read_state)) return error(env, am.closed);
  Address address;
  std::memset(&address, 0, sizeof address);
  socklen_t size = sizeof address;
  if (ask(s->fd, &address.sa, &size) != 0) return error_of(env, errno);
  return ok(env, encode_address(env, &address.sa, static_cast<int>(size)));
}

}  // namespace

ERL_NIF_TERM nif_sockname(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  return name_of(env, argv[0], [](int fd, sockaddr* a, socklen_t* n) { return getsockname(fd, a, n); });
}

ERL_NIF_TERM nif_peername(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  return name_of(env, argv[0], [](int fd, sockaddr* a, socklen_t* n) { return getpeername(fd, a, n); });
}

// Ends everything that waits; finalize_close, which may block, closes the descriptor.
ERL_NIF_TERM nif_close(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  Socket* s = socket_of(env, argv[0]);
  if (!s) return enif_make_badarg(env);
  BothLocks hold(*s);
  if (!is_open(s->read_state)) return error(env, am.closed);
  s->closer = self(env);
  if (enif_compare_pids(&s->closer, &s->owner) != 0) s->closer_monitor.watch(env, s, s->closer);
  s->read_state |= kClosing;
  s->write_state |= kClosing;
  stop(env, *s);
  return am.ok;
}

ERL_NIF_TERM nif_finalize_close(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  Socket* s = socket_of(env, argv[0]);
  if (!s) return enif_make_badarg(env);
  ErlNifPid caller = self(env);
  int fd, file;
  {
    BothLocks hold(*s);
    if (s->read_state & kClosed) return error(env, am.closed);
    if (!(s->read_state & kClosing) || enif_compare_pids(&s->closer, &caller) != 0) return raise_invalid(env, am.state);
    enif_set_pid_undefined(&s->closer);
    s->closer_monitor.drop(env, s);
    enif_set_pid_undefined(&s->owner);
    s->owner_monitor.drop(env, s);
    file = std::exchange(s->sendfile_fd, -1);
    fd = give_up_descriptor(*s);
  }
  // What lingers is waited for here, on a dirty scheduler.
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  int failed = close_descriptor(env, *s, fd);
  if (file >= 0) ::close(file);
  if (failed == EAGAIN) return error(env, am.timeout);
  return failed ? error_of(env, failed) : am.ok;
}

ERL_NIF_TERM nif_shutdown(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  Socket* s = socket_of(env, argv[0]);
  if (!s) return enif_make_badarg(env);
  int how;
  if (argv[1] == am.read_write) how = SHUT_RDWR;
  else if (argv[1] == am.read) how = SHUT_RD;
  else if (argv[1] == am.write) how = SHUT_WR;
  else return raise_invalid(env, enif_make_tuple2(env, am.how, argv[1]));
  BothLocks hold(*s);
  if (!is_open(s->read_state)) return error(env, am.closed);
  return ::shutdown(s->fd, how) == 0 ? am.ok : error_of(env, errno);
}

}  // namespace vm::nifs::socket
