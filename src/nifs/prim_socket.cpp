// SPDX-License-Identifier: Apache-2.0
//
// prim_socket: what all its natives share, and the table of them.
#include "nifs/prim_socket_internal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <new>

#include "nifs/entry.h"

namespace vm::nifs::socket {

Globals globals;
ErlNifResourceType* socket_type;

Socket::Socket(int fd_of, int domain_of, int type_of, int protocol_of)
    : domain(domain_of), type(type_of), protocol(protocol_of), fd(fd_of), meta(am.undefined) {
  enif_set_pid_undefined(&owner);
  enif_set_pid_undefined(&closer);
}

Socket::~Socket() {
  // A socket that nobody knows any more, with its owner alive.
  if (fd >= 0) ::close(fd);
  if (sendfile_fd >= 0) ::close(sendfile_fd);
  if (meta_env) enif_free_env(meta_env);
}

Socket* socket_of(ErlNifEnv* env, ERL_NIF_TERM t) {
  void* s = nullptr;
  return enif_get_resource(env, t, socket_type, &s) ? static_cast<Socket*>(s) : nullptr;
}

ErlNifPid self(ErlNifEnv* env) {
  ErlNifPid pid;
  enif_self(env, &pid);
  return pid;
}

ERL_NIF_TERM socket_term(ErlNifEnv* env, ERL_NIF_TERM ref) { return enif_make_tuple2(env, am.socket_tag, ref); }

ERL_NIF_TERM socket_message(ErlNifEnv* env, ERL_NIF_TERM ref, ERL_NIF_TERM tag, ERL_NIF_TERM info) {
  return enif_make_tuple4(env, am.socket_tag, socket_term(env, ref), tag, info);
}

void tell_registry(ErlNifEnv* env, ERL_NIF_TERM tag, ERL_NIF_TERM ref) {
  enif_send(env, &globals.registry, nullptr, enif_make_tuple3(env, am.socket_tag, tag, socket_term(env, ref)));
}

namespace {

enum class Count { Up, Down };

void count_socket(const Socket& s, Count way) {
  std::lock_guard<std::mutex> hold(globals.lock);
  auto add = [way](std::uint64_t& n) {
    if (way == Count::Up) n++;
    else if (n > 0) n--;
  };
  add(globals.sockets);
  if (s.domain == AF_INET) add(globals.inet);
  // Local sockets are counted among these, as in the stock emulator.
  else if (s.domain == AF_INET6 || s.domain == AF_LOCAL) add(globals.inet6);
  if (s.type == SOCK_STREAM) add(globals.streams);
  else if (s.type == SOCK_DGRAM) add(globals.datagrams);
  else if (s.type == SOCK_SEQPACKET) add(globals.sequenced);
  if (s.protocol == IPPROTO_IP) add(globals.ip);
  else if (s.protocol == IPPROTO_TCP) add(globals.tcp);
  else if (s.protocol == IPPROTO_UDP) add(globals.udp);
  else if (s.protocol == IPPROTO_SCTP) add(globals.sctp);
}

}  // namespace

Socket* make_socket(ErlNifEnv* env, const NewSocket& with, const ErlNifPid& owner, ERL_NIF_TERM* ref) {
  int flags = fcntl(with.fd, F_GETFL);
  fcntl(with.fd, F_SETFL, flags | O_NONBLOCK);
  auto* s = new (enif_alloc_resource(socket_type, sizeof(Socket))) Socket(with.fd, with.domain, with.type, with.protocol);
  s->debug = with.debug;
  s->use_registry = with.use_registry;
  *ref = enif_make_resource(env, s);
  enif_release_resource(s);
  s->owner = owner;
  s->owner_monitor.watch(env, s, owner);
  count_socket(*s, Count::Up);
  if (s->use_registry) tell_registry(env, am.add, *ref);
  return s;
}

int give_up_descriptor(Socket& s) {
  int fd = s.fd;
  s.fd = -1;
  s.read_state |= kClosed;
  s.write_state |= kClosed;
  count_socket(s, Count::Down);
  if (s.meta_env) enif_free_env(s.meta_env);
  s.meta_env = nullptr;
  s.meta = am.undefined;
  return fd;
}

int close_descriptor(ErlNifEnv* env, Socket& s, int fd) {
  // The descriptor is gone even when close is interrupted: no second try.
  int error = s.close_fd && ::close(fd) != 0 ? errno : 0;
  if (s.use_registry) tell_registry(env, am.del, enif_make_resource(env, &s));
  return error;
}

int get_int_option(const Socket& s, int level, int option, int* value) {
  socklen_t size = sizeof *value;
  *value = 0;
  return getsockopt(s.fd, level, option, value, &size) == 0 ? 0 : errno;
}

namespace {

void destroy(ErlNifEnv*, void* object) { static_cast<Socket*>(object)->~Socket(); }

// The end of selecting is always reported to its caller at once.
void stopped(ErlNifEnv*, void*, ErlNifEvent, int) {}

int load(ErlNifEnv* env, void** private_data, ERL_NIF_TERM argument) {
  make_atoms(env);
  ERL_NIF_TERM registry;
  if (!enif_get_map_value(env, argument, am.registry, &registry) || !enif_get_local_pid(env, registry, &globals.registry)) return 1;
  globals.use_registry = boolean_in(env, argument, am.use_registry, true);
  globals.counter_wraps = boolean_in(env, argument, am.iow, false);
  globals.debug = boolean_in(env, argument, am.debug, false);
  globals.socket_debug = boolean_in(env, argument, am.socket_debug, false);
  globals.longest_vector = static_cast<int>(sysconf(_SC_IOV_MAX));
  ErlNifResourceTypeInit callbacks{};
  callbacks.dtor = destroy;
  callbacks.stop = stopped;
  callbacks.down = process_down;
  callbacks.members = 3;
  socket_type = enif_init_resource_type(env, "socket", &callbacks, ERL_NIF_RT_CREATE, nullptr);
  *private_data = nullptr;
  return socket_type ? 0 : -1;
}

ErlNifFunc functions[] = {
    {"nif_info", 0, nif_info, 0},
    {"nif_info", 1, nif_info, 0},
    {"nif_supports", 0, nif_supports, 0},
    {"nif_supports", 1, nif_supports, 0},
    {"nif_command", 1, nif_command, 0},
    {"nif_open", 2, nif_open, 0},
    {"nif_open", 4, nif_open, 0},
    {"nif_bind", 2, nif_bind, 0},
    {"nif_connect", 1, nif_connect, 0},
    {"nif_connect", 3, nif_connect, 0},
    {"nif_listen", 2, nif_listen, 0},
    {"nif_accept", 2, nif_accept, 0},
    {"nif_send", 4, nif_send, 0},
    {"nif_sendto", 5, nif_sendto, 0},
    {"nif_sendmsg", 5, nif_sendmsg, 0},
    {"nif_sendfile", 5, nif_sendfile, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"nif_sendfile", 4, nif_sendfile, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"nif_sendfile", 1, nif_sendfile, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"nif_recv", 4, nif_recv, 0},
    {"nif_recvfrom", 4, nif_recvfrom, 0},
    {"nif_recvmsg", 5, nif_recvmsg, 0},
    {"nif_close", 1, nif_close, 0},
    {"nif_shutdown", 2, nif_shutdown, 0},
    {"nif_setopt", 5, nif_setopt, 0},
    {"nif_getopt", 3, nif_getopt, 0},
    {"nif_getopt", 4, nif_getopt, 0},
    {"nif_sockname", 1, nif_sockname, 0},
    {"nif_peername", 1, nif_peername, 0},
    {"nif_ioctl", 2, nif_ioctl, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"nif_ioctl", 3, nif_ioctl, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"nif_ioctl", 4, nif_ioctl, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"nif_cancel", 3, nif_cancel, 0},
    {"nif_finalize_close", 1, nif_finalize_close, ERL_NIF_DIRTY_JOB_IO_BOUND},
};

ErlNifEntry entry = vm::nifs::entry_of("prim_socket", functions, load);

}  // namespace
}  // namespace vm::nifs::socket

extern "C" ErlNifEntry* prim_socket_nif_init() { return &vm::nifs::socket::entry; }
