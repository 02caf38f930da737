// SPDX-License-Identifier: Apache-2.0
//
// prim_socket: what the library and single sockets say of themselves; global settings.
#include <net/if.h>
#include <netdb.h>

#include <vector>

#include "nifs/prim_socket_internal.h"

namespace vm::nifs::socket {

namespace {

ERL_NIF_TERM global_info(ErlNifEnv* env) {
  std::lock_guard<std::mutex> hold(globals.lock);
  auto count = [env](std::uint64_t n) { return enif_make_uint64(env, n); };
  ERL_NIF_TERM counters = make_map(env, {{am.num_cnt_bits, count(64)},
                                         {am.num_sockets, count(globals.sockets)},
                                         {am.num_tdgrams, count(globals.datagrams)},
                                         {am.num_tstreams, count(globals.streams)},
                                         {am.num_tseqpkgs, count(globals.sequenced)},
                                         {am.num_dlocal, count(globals.local)},
                                         {am.num_dinet, count(globals.inet)},
                                         {am.num_dinet6, count(globals.inet6)},
                                         {am.num_pip, count(globals.ip)},
                                         {am.num_ptcp, count(globals.tcp)},
                                         {am.num_pudp, count(globals.udp)},
                                         {am.num_psctp, count(globals.sctp)}});
  return make_map(env, {{am.debug, boolean(globals.debug)},
                        {am.socket_debug, boolean(globals.socket_debug)},
                        {am.use_registry, boolean(globals.use_registry)},
                        {am.iow, boolean(globals.counter_wraps)},
                        {am.counters, counters},
                        {am.iov_max, enif_make_int(env, globals.longest_vector)}});
}

ERL_NIF_TERM state_names(ErlNifEnv* env, unsigned state) {
  const struct {
    State bit;
    ERL_NIF_TERM name;
  } all[] = {{kBound, am.bound},         {kListening, am.listening}, {kAccepting, am.accepting}, {kConnecting, am.connecting},
             {kConnected, am.connected}, {kSelected, am.selected},   {kClosing, am.closing},     {kClosed, am.closed}};
  std::vector<ERL_NIF_TERM> names;
  for (const auto& s : all)
    if (state & s.bit) names.push_back(s.name);
  return enif_make_list_from_array(env, names.data(), static_cast<unsigned>(names.size()));
}

ERL_NIF_TERM counters_of(ErlNifEnv* env, const Socket& s) {
  auto count = [env](std::uint64_t n) { return enif_make_uint64(env, n); };
  const SendfileCounters none;
  const SendfileCounters& f = s.sendfile ? *s.sendfile : none;
  auto sendfile_key = [&s](ERL_NIF_TERM key) { return s.sendfile ? key : 0; };
  return make_map(env, {{am.read_byte, count(s.read.bytes)},
                        {am.read_fails, count(s.read.fails)},
                        {am.read_pkg, count(s.read.packages)},
                        {am.read_pkg_max, count(s.read.largest)},
                        {am.read_tries, count(s.read.tries)},
                        {am.read_waits, count(s.read.waits)},
                        {am.write_byte, count(s.written.bytes)},
                        {am.write_fails, count(s.written.fails)},
                        {am.write_pkg, count(s.written.packages)},
                        {am.write_pkg_max, count(s.written.largest)},
                        {am.write_tries, count(s.written.tries)},
                        {am.write_waits, count(s.written.waits)},
                        {am.acc_success, count(s.accepted)},
                        {am.acc_fails, count(s.accept_fails)},
                        {am.acc_tries, count(s.accept_tries)},
                        {am.acc_waits, count(s.accept_waits)},
                        {sendfile_key(am.sendfile), count(f.calls)},
                        {sendfile_key(am.sendfile_byte), count(f.bytes)},
                        {sendfile_key(am.sendfile_fails), count(f.fails)},
                        {sendfile_key(am.sendfile_max), count(f.largest)},
                        {sendfile_key(am.sendfile_pkg), count(f.packages)},
                        {sendfile_key(am.sendfile_pkg_max), count(f.largest_package)},
                        {sendfile_key(am.sendfile_tries), count(f.tries)},
                        {sendfile_key(am.sendfile_waits), count(f.waits)}});
}

// normal; or of a given descriptor, with its number if the socket has a duplicate of it.
ERL_NIF_TERM origin(ErlNifEnv* env, const Socket& s) {
  if (s.original_fd <= 0) return am.normal;
  return s.close_fd ? enif_make_tuple2(env, am.fromfd, enif_make_int(env, s.original_fd)) : am.fromfd;
}

}  // namespace

ERL_NIF_TERM nif_info(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  if (argc == 0) return global_info(env);
  Socket* s = socket_of(env, argv[0]);
  if (!s) return enif_make_badarg(env);
  BothLocks hold(*s);
  auto waiting = [env](const Line& line) { return enif_make_uint(env, line.size()); };
  return make_map(env, {{am.domain, encode_domain(env, s->domain)},
                        {am.type, encode_type(env, s->type)},
                        {am.protocol, enif_make_int(env, s->protocol)},
                        {am.owner, enif_make_pid(env, &s->owner)},
                        {am.rstates, state_names(env, s->read_state)},
                        {am.wstates, state_names(env, s->write_state)},
                        {am.ctype, origin(env, *s)},
                        {am.counters, counters_of(env, *s)},
                        {am.num_readers, waiting(s->readers)},
                        {am.num_writers, waiting(s->writers)},
                        {am.num_acceptors, waiting(s->acceptors)}});
}

// args: #{command, data}
ERL_NIF_TERM nif_command(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  ERL_NIF_TERM command, data;
  if (!enif_get_map_value(env, argv[0], am.command, &command) || !enif_get_map_value(env, argv[0], am.data, &data))
    return enif_make_badarg(env);
  std::lock_guard<std::mutex> hold(globals.lock);
  bool* setting;
  if (command == am.debug) setting = &globals.debug;
  else if (command == am.socket_debug) setting = &globals.socket_debug;
  else if (command == am.use_registry) setting = &globals.use_registry;
  else return raise_invalid(env, enif_make_tuple2(env, am.command, command));
  if (!get_boolean(data, setting)) return raise_invalid(env, enif_make_tuple2(env, am.data, data));
  return am.ok;
}

namespace {

ERL_NIF_TERM named_protocol(ErlNifEnv* env, ERL_NIF_TERM name, int number) {
  return enif_make_tuple2(env, enif_make_list1(env, name), enif_make_int(env, number));
}

// [{Names, Number}]: what the system's list of protocols says, then those every system has.
ERL_NIF_TERM protocols(ErlNifEnv* env) {
  ERL_NIF_TERM list = enif_make_list(env, 0);
  {
    std::lock_guard<std::mutex> hold(globals.lock);
    setprotoent(1);
    while (const protoent* p = getprotoent()) {
      ERL_NIF_TERM names = enif_make_list(env, 0);
      for (char** alias = p->p_aliases; *alias; alias++) names = enif_make_list_cell(env, enif_make_atom(env, *alias), names);
      names = enif_make_list_cell(env, enif_make_atom(env, p->p_name), names);
      list = enif_make_list_cell(env, enif_make_tuple2(env, names, enif_make_int(env, p->p_proto)), list);
    }
    endprotoent();
  }
  const struct {
    ERL_NIF_TERM name;
    int number;
  } always[] = {{am.ip, IPPROTO_IP}, {am.ipv6, IPPROTO_IPV6}, {am.tcp, IPPROTO_TCP}, {am.udp, IPPROTO_UDP}, {am.sctp, IPPROTO_SCTP}};
  for (const auto& p : always) list = enif_make_list_cell(env, named_protocol(env, p.name, p.number), list);
  return list;
}

struct Flag {
  const char* name;
  int value;
};
// In the order message_flags takes them out of a number.
constexpr Flag kMessageFlags[] = {{"cmsg_cloexec", MSG_CMSG_CLOEXEC},
                                  {"confirm", MSG_CONFIRM},
                                  {"ctrunc", MSG_CTRUNC},
                                  {"dontroute", MSG_DONTROUTE},
                                  {"eor", MSG_EOR},
                                  {"errqueue", MSG_ERRQUEUE},
                                  {"more", MSG_MORE},
                                  {"nosignal", MSG_NOSIGNAL},
                                  {"oob", MSG_OOB},
                                  {"peek", MSG_PEEK},
                                  {"trunc", MSG_TRUNC}};

}  // namespace

ERL_NIF_TERM supported_message_flags(ErlNifEnv* env) {
  ERL_NIF_TERM list = enif_make_list(env, 0);
  for (const Flag& f : kMessageFlags)
    list = enif_make_list_cell(env, enif_make_tuple2(env, enif_make_atom(env, f.name), enif_make_int(env, f.value)), list);
  return list;
}

ERL_NIF_TERM message_flags(ErlNifEnv* env, int flags) {
  std::vector<ERL_NIF_TERM> names;
  for (const Flag& f : kMessageFlags) {
    if ((flags & f.value) != f.value) continue;
    flags &= ~f.value;
    names.push_back(enif_make_atom(env, f.name));
  }
  if (flags) names.push_back(enif_make_int(env, flags));
  return enif_make_list_from_array(env, names.data(), static_cast<unsigned>(names.size()));
}

// args: none | what
ERL_NIF_TERM nif_supports(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  if (argc == 0) {
    auto yes = [env](ERL_NIF_TERM what) { return enif_make_tuple2(env, what, am.true_); };
    return enif_make_list5(env, yes(am.sctp), yes(am.ipv6), yes(am.local), yes(am.netns), yes(am.sendfile));
  }
  if (argv[0] == am.msg_flags) return supported_message_flags(env);
  if (argv[0] == am.protocols) return protocols(env);
  if (argv[0] == am.ioctl_requests) return supported_ioctl_requests(env);
  if (argv[0] == am.ioctl_flags) return supported_ioctl_flags(env);
  if (argv[0] == am.options) return supported_options(env);
  return enif_make_list(env, 0);
}

}  // namespace vm::nifs::socket
