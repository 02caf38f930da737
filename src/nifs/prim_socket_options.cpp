// SPDX-License-Identifier: Apache-2.0
//
// prim_socket: options. The tables name all options there are on any system; what this one lacks, or what has no term for its value, is
// not_here.
#include <netinet/in.h>
#include <sys/socket.h>
// Behind the library's own headers, which it takes for granted.
#include <linux/sctp.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>

#include <cerrno>
#include <span>
#include <vector>

#include "nifs/prim_socket_options.h"

namespace vm::nifs::socket {

namespace {

using enum Kind;

constexpr Option not_here(const char* name) { return {name, 0, None}; }

constexpr Option kSocketOptions[] = {{"acceptconn", SO_ACCEPTCONN, Bool},
                                     not_here("acceptfilter"),
                                     {"bindtodevice", SO_BINDTODEVICE, Device},
                                     {"broadcast", SO_BROADCAST, Bool},
                                     not_here("busy_poll"),
                                     {"debug", SO_DEBUG, Int},
                                     {"domain", SO_DOMAIN, DomainName, Access::Get},
                                     {"dontroute", SO_DONTROUTE, Bool},
                                     not_here("error"),
                                     {"keepalive", SO_KEEPALIVE, Bool},
                                     {"linger", SO_LINGER, Linger},
                                     not_here("mark"),
                                     {"oobinline", SO_OOBINLINE, Bool},
                                     {"passcred", SO_PASSCRED, Bool},
                                     {"peek_off", SO_PEEK_OFF, Int},
                                     not_here("peercred"),
                                     {"priority", SO_PRIORITY, Int},
                                     {"protocol", SO_PROTOCOL, Protocol, Access::Get},
                                     {"rcvbuf", SO_RCVBUF, Int},
                                     not_here("rcvbufforce"),
                                     {"rcvlowat", SO_RCVLOWAT, Int},
                                     not_here("rcvtimeo"),
                                     {"reuseaddr", SO_REUSEADDR, Bool},
                                     {"reuseport", SO_REUSEPORT, Bool},
                                     not_here("rxq_ovfl"),
                                     not_here("setfib"),
                                     {"sndbuf", SO_SNDBUF, Int},
                                     not_here("sndbufforce"),
                                     {"sndlowat", SO_SNDLOWAT, Int},
                                     not_here("sndtimeo"),
                                     {"timestamp", SO_TIMESTAMP, Bool},
                                     {"type", SO_TYPE, Type, Access::Get}};

constexpr Option kIpOptions[] = {{"add_membership", IP_ADD_MEMBERSHIP, Membership, Access::Set},
                                 {"add_source_membership", IP_ADD_SOURCE_MEMBERSHIP, SourceMembership, Access::Set},
                                 {"block_source", IP_BLOCK_SOURCE, SourceMembership, Access::Set},
                                 not_here("dontfrag"),
                                 {"drop_membership", IP_DROP_MEMBERSHIP, Membership, Access::Set},
                                 {"drop_source_membership", IP_DROP_SOURCE_MEMBERSHIP, SourceMembership, Access::Set},
                                 {"freebind", IP_FREEBIND, Bool},
                                 {"hdrincl", IP_HDRINCL, Bool},
                                 {"minttl", IP_MINTTL, Int},
                                 {"msfilter", IP_MSFILTER, SourceFilter, Access::Set},
                                 {"mtu", IP_MTU, Int, Access::Get},
                                 {"mtu_discover", IP_MTU_DISCOVER, MtuDiscover},
                                 {"multicast_all", IP_MULTICAST_ALL, Bool},
                                 {"multicast_if", IP_MULTICAST_IF, Interface},
                                 {"multicast_loop", IP_MULTICAST_LOOP, Bool},
                                 {"multicast_ttl", IP_MULTICAST_TTL, Int},
                                 {"nodefrag", IP_NODEFRAG, Bool},
                                 not_here("options"),
                                 {"pktinfo", IP_PKTINFO, Bool},
                                 {"pktoptions", IP_PKTOPTIONS, PacketOptions, Access::Get},
                                 not_here("recvdstaddr"),
                                 {"recverr", IP_RECVERR, Bool},
                                 not_here("recvif"),
                                 {"recvopts", IP_RECVOPTS, Bool},
                                 {"recvorigdstaddr", IP_RECVORIGDSTADDR, Bool},
                                 {"recvtos", IP_RECVTOS, Bool},
                                 {"recvttl", IP_RECVTTL, Bool},
                                 {"retopts", IP_RETOPTS, Bool},
                                 {"router_alert", IP_ROUTER_ALERT, Int},
                                 not_here("sendsrcaddr"),
                                 {"tos", IP_TOS, Tos},
                                 {"transparent", IP_TRANSPARENT, Bool},
                                 {"ttl", IP_TTL, Int},
                                 {"unblock_source", IP_UNBLOCK_SOURCE, SourceMembership, Access::Set}};

constexpr Option kIpv6Options[] = {{"addrform", IPV6_ADDRFORM, AddressForm, Access::Set},
                                   {"add_membership", IPV6_ADD_MEMBERSHIP, Membership6, Access::Set},
                                   {"authhdr", IPV6_AUTHHDR, Bool},
                                   not_here("auth_level"),
                                   not_here("checksum"),
                                   {"drop_membership", IPV6_DROP_MEMBERSHIP, Membership6, Access::Set},
                                   {"dstopts", IPV6_DSTOPTS, Bool},
                                   not_here("esp_network_level"),
                                   not_here("esp_trans_level"),
                                   not_here("faith"),
                                   {"flowinfo", 11 /* IPV6_FLOWINFO, which only the kernel's headers have */, Bool},
                                   {"hoplimit", IPV6_HOPLIMIT, Bool},
                                   {"hopopts", IPV6_HOPOPTS, Bool},
                                   not_here("ipcomp_level"),
                                   not_here("join_group"),
                                   not_here("leave_group"),
                                   {"mtu", IPV6_MTU, Int},
                                   {"mtu_discover", IPV6_MTU_DISCOVER, MtuDiscover},
                                   {"multicast_hops", IPV6_MULTICAST_HOPS, Hops},
                                   {"multicast_if", IPV6_MULTICAST_IF, Int},
                                   {"multicast_loop", IPV6_MULTICAST_LOOP, Bool},
                                   not_here("portrange"),
                                   not_here("pktoptions"),
                                   {"recverr", IPV6_RECVERR, Bool},
                                   {"recvhoplimit", IPV6_RECVHOPLIMIT, Bool},
                                   {"recvpktinfo", IPV6_RECVPKTINFO, Bool},
                                   {"recvtclass", IPV6_RECVTCLASS, Bool},
                                   {"router_alert", IPV6_ROUTER_ALERT, Int},
                                   {"rthdr", IPV6_RTHDR, Bool},
                                   {"tclass", IPV6_TCLASS, Int},
                                   {"unicast_hops", IPV6_UNICAST_HOPS, Hops},
                                   not_here("use_min_mtu"),
                                   {"v6only", IPV6_V6ONLY, Bool}};

constexpr Option kSctpOptions[] = {not_here("adaption_layer"),
                                   {"associnfo", SCTP_ASSOCINFO, SctpAssociation},
                                   not_here("auth_active_key"),
                                   not_here("auth_chunk"),
                                   not_here("auth_delete_key"),
                                   not_here("auth_key"),
                                   {"autoclose", SCTP_AUTOCLOSE, Int},
                                   not_here("context"),
                                   not_here("default_send_params"),
                                   not_here("delayed_ack_time"),
                                   {"disable_fragments", SCTP_DISABLE_FRAGMENTS, Bool},
                                   not_here("hmac_ident"),
                                   {"events", SCTP_EVENTS, SctpEvents, Access::Set},
                                   not_here("explicit_eor"),
                                   not_here("fragment_interleave"),
                                   not_here("get_peer_addr_info"),
                                   {"initmsg", SCTP_INITMSG, SctpInit},
                                   not_here("i_want_mapped_v4_addr"),
                                   not_here("local_auth_chunks"),
                                   {"maxseg", SCTP_MAXSEG, Int},
                                   not_here("maxburst"),
                                   {"nodelay", SCTP_NODELAY, Bool},
                                   not_here("partial_delivery_point"),
                                   not_here("peer_addr_params"),
                                   not_here("peer_auth_chunks"),
                                   not_here("primary_addr"),
                                   not_here("reset_streams"),
                                   {"rtoinfo", SCTP_RTOINFO, Listed},
                                   not_here("set_peer_primary_addr"),
                                   not_here("status"),
                                   not_here("use_ext_recvinfo")};

constexpr Option kTcpOptions[] = {{"congestion", TCP_CONGESTION, Congestion},
                                  {"cork", TCP_CORK, Bool},
                                  not_here("info"),
                                  not_here("keepcnt"),
                                  not_here("keepidle"),
                                  not_here("keepintvl"),
                                  {"maxseg", TCP_MAXSEG, Int},
                                  not_here("md5sig"),
                                  {"nodelay", TCP_NODELAY, Bool},
                                  not_here("noopt"),
                                  not_here("nopush"),
                                  not_here("syncnt"),
                                  not_here("user_timeout")};

constexpr Option kUdpOptions[] = {{"cork", UDP_CORK, Bool}};

struct Level {
  int number;
  std::span<const Option> options;
};
constexpr Level kLevels[] = {{SOL_SOCKET, kSocketOptions}, {IPPROTO_IP, kIpOptions},   {IPPROTO_IPV6, kIpv6Options},
                             {IPPROTO_SCTP, kSctpOptions}, {IPPROTO_UDP, kUdpOptions}, {IPPROTO_TCP, kTcpOptions}};

const Option* find_option(int level, int number) {
  for (const Level& l : kLevels) {
    if (l.number != level) continue;
    for (const Option& o : l.options)
      if (o.number == number && o.kind != None && o.kind != Listed) return &o;
  }
  return nullptr;
}

ERL_NIF_TERM level_term(ErlNifEnv* env, int level) { return level == SOL_SOCKET ? am.socket : enif_make_int(env, level); }

bool decode_level(ErlNifEnv* env, ERL_NIF_TERM t, int* level) {
  if (t != am.socket) return enif_get_int(env, t, level);
  *level = SOL_SOCKET;
  return true;
}

}  // namespace

// [{Level, [{Name, Number} | Name]}]
ERL_NIF_TERM supported_options(ErlNifEnv* env) {
  ERL_NIF_TERM levels = enif_make_list(env, 0);
  for (const Level& l : kLevels) {
    ERL_NIF_TERM options = enif_make_list(env, 0);
    for (const Option& o : l.options) {
      ERL_NIF_TERM name = enif_make_atom(env, o.name);
      options = enif_make_list_cell(env, o.kind == None ? name : enif_make_tuple2(env, name, enif_make_int(env, o.number)), options);
    }
    levels = enif_make_list_cell(env, enif_make_tuple2(env, level_term(env, l.number), options), levels);
  }
  return levels;
}

ERL_NIF_TERM set_raw_option(ErlNifEnv* env, Socket& s, int level, int option, const void* value, socklen_t size) {
  // Linux derives the priority from the type of service and the other way round: what wasn't asked for stays as it was.
  int priority = 0, tos = 0;
  int no_priority = get_int_option(s, SOL_SOCKET, SO_PRIORITY, &priority), no_tos = get_int_option(s, IPPROTO_IP, IP_TOS, &tos);
  if (setsockopt(s.fd, level, option, value, size) != 0) return error_of(env, errno);
  if (option == SO_PRIORITY) return am.ok;
  if (option != IP_TOS && !no_tos && setsockopt(s.fd, IPPROTO_IP, IP_TOS, &tos, sizeof tos) != 0) return error_of(env, errno);
  // Some priorities only the superuser may set.
  if (!no_priority && setsockopt(s.fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof priority) != 0 && errno != EPERM)
    return error_of(env, errno);
  return am.ok;
}

namespace {

// A value that is no option of the tables: bytes, an integer or a boolean.
ERL_NIF_TERM set_native(ErlNifEnv* env, Socket& s, int level, int option, ERL_NIF_TERM value) {
  ErlNifBinary bytes;
  int number;
  bool truth;
  if (enif_inspect_iolist_as_binary(env, value, &bytes))
    return set_raw_option(env, s, level, option, bytes.data, static_cast<socklen_t>(bytes.size));
  if (!enif_get_int(env, value, &number)) {
    if (!get_boolean(value, &truth)) return error_invalid(env, am.value);
    number = truth;
  }
  return set_raw_option(env, s, level, option, &number, sizeof number);
}

// The bytes of an option, in a buffer that starts with `initial`.
ERL_NIF_TERM get_bytes(ErlNifEnv* env, const Socket& s, int level, int option, std::vector<unsigned char> buffer) {
  auto size = static_cast<socklen_t>(buffer.size());
  if (getsockopt(s.fd, level, option, buffer.data(), &size) != 0) return error_of(env, errno);
  return ok(env, make_bytes(env, buffer.data(), size));
}

ERL_NIF_TERM get_native(ErlNifEnv* env, const Socket& s, int level, int option, ERL_NIF_TERM wanted) {
  int size;
  ErlNifBinary bytes;
  if (enif_get_int(env, wanted, &size)) {
    if (size < 0) return invalid(env, am.value);
    if (size > 0) return get_bytes(env, s, level, option, std::vector<unsigned char>(static_cast<std::size_t>(size)));
    return getsockopt(s.fd, level, option, nullptr, nullptr) == 0 ? am.ok : error_of(env, errno);
  }
  if (wanted == am.integer) return get_option_value(env, s, {"", option, Int}, level);
  if (wanted == am.boolean) return get_option_value(env, s, {"", option, Bool}, level);
  if (!enif_inspect_binary(env, wanted, &bytes)) return invalid(env, am.value);
  return get_bytes(env, s, level, option, std::vector<unsigned char>(bytes.data, bytes.data + bytes.size));
}

// What is wrong with a level that decode_level doesn't know.
ERL_NIF_TERM bad_level(ErlNifEnv* env, ERL_NIF_TERM t) { return is_integer(env, t) ? out_of_range(env, t) : enif_make_badarg(env); }

}  // namespace

// args: socket, level, number, value, whether the value is native
ERL_NIF_TERM nif_setopt(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  Socket* s = socket_of(env, argv[0]);
  int level, number, native;
  if (!s || !enif_get_int(env, argv[4], &native)) return enif_make_badarg(env);
  if (!enif_get_int(env, argv[2], &number)) return bad_level(env, argv[2]);
  if (!decode_level(env, argv[1], &level)) {
    if (argv[1] != am.otp) return bad_level(env, argv[1]);
    return native ? enif_make_badarg(env) : set_otp_option(env, *s, number, argv[3]);
  }
  std::lock_guard<std::mutex> hold(s->write_lock);
  if (!is_open(s->write_state)) return error(env, am.closed);
  if (native) return set_native(env, *s, level, number, argv[3]);
  const Option* o = find_option(level, number);
  if (!o || o->access == Access::Get) return invalid(env, am.socket_option);
  return set_option_value(env, *s, *o, level, argv[3]);
}

// args: socket, level, number | socket, level, number, what is wanted of a native value
ERL_NIF_TERM nif_getopt(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  Socket* s = socket_of(env, argv[0]);
  int level, number;
  if (!s) return enif_make_badarg(env);
  if (!enif_get_int(env, argv[2], &number)) return bad_level(env, argv[2]);
  if (!decode_level(env, argv[1], &level))
    return argv[1] == am.otp && argc == 3 ? get_otp_option(env, *s, number) : bad_level(env, argv[1]);
  std::lock_guard<std::mutex> hold(s->read_lock);
  if (!is_open(s->read_state)) return error(env, am.closed);
  if (argc == 4) return get_native(env, *s, level, number, argv[3]);
  const Option* o = find_option(level, number);
  if (!o || o->access == Access::Set) return invalid(env, am.socket_option);
  return get_option_value(env, *s, *o, level);
}

}  // namespace vm::nifs::socket
