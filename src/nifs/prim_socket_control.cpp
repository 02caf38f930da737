// SPDX-License-Identifier: Apache-2.0
//
// prim_socket: control messages. Received ones are #{level, type, data, value}: data is always there, value where it is understood. To send
// one, either data (a binary, an integer or a boolean) or value is given.
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sys/time.h>
#include <time.h>
// Behind the library's own headers, which they leave alone then.
#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>

#include <cstring>
#include <vector>

#include "nifs/prim_socket_internal.h"

namespace vm::nifs::socket {

namespace {

using Bytes = std::pair<const unsigned char*, std::size_t>;

template <class T>
bool read_as(Bytes from, T* value) {
  if (from.second < sizeof *value) return false;
  std::memcpy(value, from.first, sizeof *value);
  return true;
}

// --- values of received messages; 0: not understood ---------------------------------------------------------------------------------

ERL_NIF_TERM time_value(ErlNifEnv* env, Bytes from) {
  timeval v;
  if (!read_as(from, &v)) return 0;
  return make_map(env, {{am.sec, enif_make_int64(env, v.tv_sec)}, {am.usec, enif_make_int64(env, v.tv_usec)}});
}

ERL_NIF_TERM tos_value(ErlNifEnv* env, Bytes from) {
  unsigned char v;
  return read_as(from, &v) ? encode_tos(env, v) : 0;
}

ERL_NIF_TERM int_value(ErlNifEnv* env, Bytes from) {
  int v;
  return read_as(from, &v) ? enif_make_int(env, v) : 0;
}

ERL_NIF_TERM byte_value(ErlNifEnv* env, Bytes from) {
  unsigned char v;
  return read_as(from, &v) ? enif_make_uint(env, v) : 0;
}

ERL_NIF_TERM packet_info(ErlNifEnv* env, Bytes from) {
  in_pktinfo v;
  if (!read_as(from, &v)) return 0;
  return make_map(env, {{am.ifindex, enif_make_uint(env, static_cast<unsigned>(v.ipi_ifindex))},
                        {am.spec_dst, encode_in_addr(env, v.ipi_spec_dst)},
                        {am.addr, encode_in_addr(env, v.ipi_addr)}});
}

ERL_NIF_TERM packet_info6(ErlNifEnv* env, Bytes from) {
  in6_pktinfo v;
  if (!read_as(from, &v)) return 0;
  return make_map(env, {{am.addr, encode_in6_addr(env, v.ipi6_addr)}, {am.ifindex, enif_make_int(env, static_cast<int>(v.ipi6_ifindex))}});
}

// An address of at most `from.second` bytes.
ERL_NIF_TERM address_value(ErlNifEnv* env, Bytes from) {
  Address a;
  std::memset(&a, 0, sizeof a);
  std::memcpy(&a, from.first, from.second < sizeof a ? from.second : sizeof a);
  return encode_address(env, &a.sa, static_cast<int>(from.second));
}

struct Name {
  unsigned number;
  ERL_NIF_TERM name;
};

ERL_NIF_TERM name_of(ErlNifEnv* env, std::initializer_list<Name> names, unsigned number) {
  for (const Name& n : names)
    if (n.number == number) return n.name;
  return enif_make_uint(env, number);
}

ERL_NIF_TERM icmp_type(ErlNifEnv* env, unsigned type) {
  return name_of(env, {{ICMP_DEST_UNREACH, am.dest_unreach}, {ICMP_TIME_EXCEEDED, am.time_exceeded}}, type);
}

ERL_NIF_TERM icmp6_type(ErlNifEnv* env, unsigned type) {
  return name_of(env, {{ICMPV6_DEST_UNREACH, am.dest_unreach}, {ICMPV6_PKT_TOOBIG, am.pkt_toobig}, {ICMPV6_TIME_EXCEED, am.time_exceeded}},
                 type);
}

ERL_NIF_TERM icmp_code(ErlNifEnv* env, unsigned type, unsigned code) {
  if (type != ICMP_DEST_UNREACH) return enif_make_uint(env, code);
  return name_of(env,
                 {{ICMP_NET_UNREACH, am.net_unreach},
                  {ICMP_HOST_UNREACH, am.host_unreach},
                  {ICMP_PORT_UNREACH, am.port_unreach},
                  {ICMP_FRAG_NEEDED, am.frag_needed},
                  {ICMP_NET_UNKNOWN, am.net_unknown},
                  {ICMP_HOST_UNKNOWN, am.host_unknown}},
                 code);
}

ERL_NIF_TERM icmp6_code(ErlNifEnv* env, unsigned type, unsigned code) {
  if (type != ICMPV6_DEST_UNREACH) return enif_make_uint(env, code);
  return name_of(env,
                 {{ICMPV6_NOROUTE, am.noroute},
                  {ICMPV6_ADM_PROHIBITED, am.adm_prohibited},
                  {ICMPV6_NOT_NEIGHBOUR, am.not_neighbour},
                  {ICMPV6_ADDR_UNREACH, am.addr_unreach},
                  {ICMPV6_PORT_UNREACH, am.port_unreach},
                  {ICMPV6_POLICY_FAIL, am.policy_fail},
                  {ICMPV6_REJECT_ROUTE, am.reject_route}},
                 code);
}

ERL_NIF_TERM queued_error(ErlNifEnv* env, Bytes from) {
  sock_extended_err e;
  if (!read_as(from, &e)) return 0;
  ERL_NIF_TERM type = enif_make_uint(env, e.ee_type), code = enif_make_uint(env, e.ee_code);
  if (e.ee_origin == SO_EE_ORIGIN_ICMP) {
    type = icmp_type(env, e.ee_type);
    code = icmp_code(env, e.ee_type, e.ee_code);
  } else if (e.ee_origin == SO_EE_ORIGIN_ICMP6) {
    type = icmp6_type(env, e.ee_type);
    code = icmp6_code(env, e.ee_type, e.ee_code);
  }
  ERL_NIF_TERM where = name_of(env,
                               {{SO_EE_ORIGIN_NONE, am.none},
                                {SO_EE_ORIGIN_LOCAL, am.local},
                                {SO_EE_ORIGIN_ICMP, am.icmp},
                                {SO_EE_ORIGIN_ICMP6, am.icmp6},
                                {SO_EE_ORIGIN_TXSTATUS, am.txstatus},
                                {SO_EE_ORIGIN_ZEROCOPY, am.zerocopy},
                                {SO_EE_ORIGIN_TXTIME, am.txtime}},
                               e.ee_origin);
  // Whoever caused it stands behind.
  bool known = from.second > sizeof e;
  return make_map(env, {{am.error, errno_atom(env, static_cast<int>(e.ee_errno))},
                        {am.origin, where},
                        {am.type, type},
                        {am.code, code},
                        {am.info, enif_make_int(env, static_cast<int>(e.ee_info))},
                        {am.data, enif_make_int(env, static_cast<int>(e.ee_data))},
                        {known ? am.offender : 0, known ? address_value(env, {from.first + sizeof e, from.second - sizeof e}) : 0}});
}

// --- values to send -----------------------------------------------------------------------------------------------------------------

// Room for one message.
struct Space {
  unsigned char* buffer;
  std::size_t size;
  std::size_t used = 0;

  bool put(const void* data, std::size_t length) {
    if (length > size || CMSG_SPACE(length) > size) return false;
    used = CMSG_SPACE(length);
    std::memset(buffer, 0, used);
    cmsghdr header{};
    header.cmsg_len = CMSG_LEN(length);
    std::memcpy(buffer, &header, sizeof header);
    if (length > 0) std::memcpy(buffer + CMSG_LEN(0), data, length);
    return true;
  }
  void name(int level, int type) {
    cmsghdr header;
    std::memcpy(&header, buffer, sizeof header);
    header.cmsg_level = level;
    header.cmsg_type = type;
    std::memcpy(buffer, &header, sizeof header);
  }
};

bool put_time(ErlNifEnv* env, ERL_NIF_TERM t, Space& to) {
  ERL_NIF_TERM seconds, microseconds;
  ErlNifSInt64 s, us;
  if (!enif_get_map_value(env, t, am.sec, &seconds) || !enif_get_map_value(env, t, am.usec, &microseconds) ||
      !enif_get_int64(env, seconds, &s) || !enif_get_int64(env, microseconds, &us))
    return false;
  timeval v{s, us};
  return to.put(&v, sizeof v);
}

bool put_tos(ErlNifEnv* env, ERL_NIF_TERM t, Space& to) {
  int v;
  return decode_tos(env, t, &v) && to.put(&v, sizeof v);
}

bool put_int(ErlNifEnv* env, ERL_NIF_TERM t, Space& to) {
  int v;
  return enif_get_int(env, t, &v) && to.put(&v, sizeof v);
}

bool put_data(ErlNifEnv* env, ERL_NIF_TERM t, Space& to) {
  ErlNifBinary bytes;
  bool truth;
  if (enif_inspect_iolist_as_binary(env, t, &bytes)) return to.put(bytes.data, bytes.size);
  if (!get_boolean(t, &truth)) return put_int(env, t, to);
  int v = truth;
  return to.put(&v, sizeof v);
}

// --- the kinds of messages ------------------------------------------------------------------------------------------------------------

struct Message {
  int level, type;
  ERL_NIF_TERM Atoms::*name;
  ERL_NIF_TERM (*value)(ErlNifEnv*, Bytes);
  bool (*put)(ErlNifEnv*, ERL_NIF_TERM, Space&);
};
constexpr Message kMessages[] = {
    {SOL_SOCKET, SCM_CREDENTIALS, &Atoms::credentials, nullptr, nullptr},
    {SOL_SOCKET, SCM_RIGHTS, &Atoms::rights, nullptr, nullptr},
    {SOL_SOCKET, SCM_TIMESTAMP, &Atoms::timestamp, time_value, put_time},
    {IPPROTO_IP, IP_TOS, &Atoms::tos, tos_value, put_tos},
    {IPPROTO_IP, IP_TTL, &Atoms::ttl, int_value, put_int},
    {IPPROTO_IP, IP_RECVTTL, &Atoms::recvttl, byte_value, nullptr},
    {IPPROTO_IP, IP_PKTINFO, &Atoms::pktinfo, packet_info, nullptr},
    {IPPROTO_IP, IP_ORIGDSTADDR, &Atoms::origdstaddr, address_value, nullptr},
    {IPPROTO_IP, IP_RECVTOS, &Atoms::recvtos, tos_value, nullptr},
    {IPPROTO_IP, IP_RECVERR, &Atoms::recverr, queued_error, nullptr},
    {IPPROTO_IPV6, IPV6_PKTINFO, &Atoms::pktinfo, packet_info6, nullptr},
    {IPPROTO_IPV6, IPV6_HOPLIMIT, &Atoms::hoplimit, int_value, put_int},
    {IPPROTO_IPV6, IPV6_TCLASS, &Atoms::tclass, int_value, put_int},
    {IPPROTO_IPV6, IPV6_RECVTCLASS, &Atoms::recvtclass, int_value, nullptr},
    {IPPROTO_IPV6, IPV6_RECVERR, &Atoms::recverr, queued_error, nullptr},
};

const Message* find_message(int level, ERL_NIF_TERM name) {
  for (const Message& m : kMessages)
    if (m.level == level && am.*m.name == name) return &m;
  return nullptr;
}

bool decode_message(ErlNifEnv* env, ERL_NIF_TERM t, Space& to) {
  ERL_NIF_TERM level_term, type_term, data, value;
  int level = SOL_SOCKET, type;
  if (!enif_get_map_value(env, t, am.level, &level_term) || !enif_get_map_value(env, t, am.type, &type_term)) return false;
  if (level_term != am.socket && !enif_get_int(env, level_term, &level)) return false;
  const Message* m = find_message(level, type_term);
  bool has_value = enif_get_map_value(env, t, am.value, &value);
  if (enif_get_map_value(env, t, am.data, &data)) {
    if (has_value) return false;
    if (m) type = m->type;
    else if (!enif_get_int(env, type_term, &type)) return false;
    if (!put_data(env, data, to)) return false;
  } else {
    if (!has_value || !m || !m->put || !m->put(env, value, to)) return false;
    type = m->type;
  }
  to.name(level, type);
  return true;
}

ERL_NIF_TERM encode_message(ErlNifEnv* env, const cmsghdr& c, Bytes data, ERL_NIF_TERM data_term) {
  ERL_NIF_TERM type = enif_make_int(env, c.cmsg_type), value = 0;
  for (const Message& m : kMessages) {
    if (m.level != c.cmsg_level || m.type != c.cmsg_type) continue;
    type = am.*m.name;
    if (m.value) value = m.value(env, data);
  }
  return make_map(env, {{am.level, c.cmsg_level == SOL_SOCKET ? am.socket : enif_make_int(env, c.cmsg_level)},
                        {am.type, type},
                        {am.data, data_term},
                        {value ? am.value : 0, value}});
}

}  // namespace

ERL_NIF_TERM encode_control(ErlNifEnv* env, const msghdr& message, ERL_NIF_TERM buffer, const unsigned char* start) {
  std::vector<ERL_NIF_TERM> messages;
  msghdr walk = message;
  const unsigned char* end = start + message.msg_controllen;
  for (cmsghdr* c = CMSG_FIRSTHDR(&walk); c; c = CMSG_NXTHDR(&walk, c)) {
    const auto* at = reinterpret_cast<const unsigned char*>(c);
    const unsigned char* data = CMSG_DATA(c);
    if (c->cmsg_len < CMSG_LEN(0) || c->cmsg_len > static_cast<std::size_t>(end - at)) {
      messages.push_back(am.bad_data);
      break;
    }
    std::size_t length = c->cmsg_len - CMSG_LEN(0);
    ERL_NIF_TERM part = enif_make_sub_binary(env, buffer, static_cast<std::size_t>(data - start), length);
    messages.push_back(encode_message(env, *c, {data, length}, part));
  }
  return enif_make_list_from_array(env, messages.data(), static_cast<unsigned>(messages.size()));
}

bool decode_control(ErlNifEnv* env, ERL_NIF_TERM list, unsigned char* buffer, std::size_t size, std::size_t* used) {
  ERL_NIF_TERM head;
  *used = 0;
  while (enif_get_list_cell(env, list, &head, &list)) {
    Space space{buffer + *used, size - *used};
    if (!decode_message(env, head, space)) return false;
    *used += space.used;
  }
  return enif_is_empty_list(env, list);
}

}  // namespace vm::nifs::socket
