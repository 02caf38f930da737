// SPDX-License-Identifier: Apache-2.0
//
// Addresses, domains and types of sockets as terms.
#include <net/if_arp.h>
#include <netpacket/packet.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "nifs/socket_terms.h"

namespace vm::nifs::socket {

namespace {

constexpr std::size_t kPathOffset = offsetof(sockaddr_un, sun_path), kDataOffset = offsetof(sockaddr, sa_data);
// No path of a local address is longer, whatever size somebody reports.
constexpr std::size_t kLongestPath = 255;

bool get_port(ErlNifEnv* env, ERL_NIF_TERM map, in_port_t* port) {
  ERL_NIF_TERM t;
  int value;
  if (!enif_get_map_value(env, map, am.port, &t) || !enif_get_int(env, t, &value)) return false;
  *port = htons(static_cast<std::uint16_t>(value));
  return true;
}

bool get_unsigned(ErlNifEnv* env, ERL_NIF_TERM map, ERL_NIF_TERM key, std::uint32_t* value) {
  ERL_NIF_TERM t;
  return enif_get_map_value(env, map, key, &t) && enif_get_uint(env, t, value);
}

bool decode_inet(ErlNifEnv* env, ERL_NIF_TERM map, Address* a, socklen_t* size) {
  ERL_NIF_TERM t;
  a->in4.sin_family = AF_INET;
  *size = sizeof a->in4;
  return get_port(env, map, &a->in4.sin_port) && enif_get_map_value(env, map, am.addr, &t) && decode_in_addr(env, t, &a->in4.sin_addr);
}

bool decode_inet6(ErlNifEnv* env, ERL_NIF_TERM map, Address* a, socklen_t* size) {
  ERL_NIF_TERM t;
  a->in6.sin6_family = AF_INET6;
  *size = sizeof a->in6;
  return get_port(env, map, &a->in6.sin6_port) && get_unsigned(env, map, am.flowinfo, &a->in6.sin6_flowinfo) &&
         get_unsigned(env, map, am.scope_id, &a->in6.sin6_scope_id) && enif_get_map_value(env, map, am.addr, &t) &&
         decode_in6_addr(env, t, &a->in6.sin6_addr);
}

// A path ends with a 0, unless it starts with one: then its length counts (Linux's names outside the file system).
bool decode_local(ErlNifEnv* env, ERL_NIF_TERM map, Address* a, socklen_t* size) {
  ERL_NIF_TERM t;
  ErlNifBinary path;
  if (!enif_get_map_value(env, map, am.path, &t) || !enif_inspect_iolist_as_binary(env, t, &path)) return false;
  bool abstract = path.size > 0 && path.data[0] == 0;
  if (path.size + (abstract ? 0 : 1) > sizeof a->un.sun_path) return false;
  a->un.sun_family = AF_LOCAL;
  if (path.size > 0) std::memcpy(a->un.sun_path, path.data, path.size);
  *size = static_cast<socklen_t>(kPathOffset + path.size);
  return true;
}

bool decode_native(ErlNifEnv* env, ERL_NIF_TERM map, int family, Address* a, socklen_t* size) {
  ERL_NIF_TERM t;
  ErlNifBinary bytes;
  if (!enif_get_map_value(env, map, am.addr, &t) || !enif_inspect_iolist_as_binary(env, t, &bytes)) return false;
  if (bytes.size > sizeof *a - kDataOffset) return false;
  a->sa.sa_family = static_cast<sa_family_t>(family);
  if (bytes.size > 0) std::memcpy(reinterpret_cast<char*>(a) + kDataOffset, bytes.data, bytes.size);
  *size = static_cast<socklen_t>(kDataOffset + bytes.size);
  return true;
}

ERL_NIF_TERM encode_native(ErlNifEnv* env, const sockaddr* address, std::size_t size, ERL_NIF_TERM family) {
  std::size_t bytes = size > kDataOffset ? size - kDataOffset : 0;
  return make_map(env, {{am.family, family}, {am.addr, make_bytes(env, reinterpret_cast<const char*>(address) + kDataOffset, bytes)}});
}

ERL_NIF_TERM encode_local(ErlNifEnv* env, const sockaddr* address, int size) {
  const char* path = reinterpret_cast<const char*>(address) + kPathOffset;
  std::size_t length;
  if (size <= 0) length = strnlen(path, sizeof(sockaddr_un) - kPathOffset);
  else length = static_cast<std::size_t>(size) - kPathOffset;
  if (length > kLongestPath) return am.bad_data;
  std::size_t text = strnlen(path, length);
  return make_map(env, {{am.family, am.local}, {am.path, make_bytes(env, path, text == 0 ? length : text)}});
}

ERL_NIF_TERM hardware_type(ErlNifEnv* env, unsigned type) {
  const struct {
    unsigned type;
    ERL_NIF_TERM name;
  } all[] = {{ARPHRD_NETROM, am.netrom},
             {ARPHRD_ETHER, am.ether},
             {ARPHRD_EETHER, am.eether},
             {ARPHRD_AX25, am.ax25},
             {ARPHRD_PRONET, am.pronet},
             {ARPHRD_CHAOS, am.chaos},
             {ARPHRD_IEEE802, am.ieee802},
             {ARPHRD_ARCNET, am.arcnet},
             {ARPHRD_APPLETLK, am.appletlk},
             {ARPHRD_DLCI, am.dlci},
             {ARPHRD_ATM, am.atm},
             {ARPHRD_METRICOM, am.metricom},
             {ARPHRD_IEEE1394, am.ieee1394},
             {ARPHRD_EUI64, am.eui64},
             {ARPHRD_INFINIBAND, am.infiniband},
             {ARPHRD_TUNNEL, am.tunnel},
             {ARPHRD_TUNNEL6, am.tunnel6},
             {ARPHRD_LOOPBACK, am.loopback},
             {ARPHRD_LOCALTLK, am.localtlk},
             {0xFFFE /* ARPHRD_NONE */, am.none},
             {0xFFFF /* ARPHRD_VOID */, am.void_}};
  for (const auto& h : all)
    if (h.type == type) return h.name;
  return enif_make_uint(env, type);
}

ERL_NIF_TERM packet_type(ErlNifEnv* env, unsigned type) {
  switch (type) {
    case PACKET_HOST: return am.host;
    case PACKET_BROADCAST: return am.broadcast;
    case PACKET_MULTICAST: return am.multicast;
    case PACKET_OTHERHOST: return am.otherhost;
    case PACKET_OUTGOING: return am.outgoing;
    case PACKET_LOOPBACK: return am.loopback;
    case 6: return am.user;
    case 7: return am.kernel;
    default: return enif_make_uint(env, type);
  }
}

ERL_NIF_TERM encode_packet(ErlNifEnv* env, const sockaddr_ll& a) {
  return make_map(env, {{am.family, am.packet},
                        {am.protocol, enif_make_uint(env, ntohs(a.sll_protocol))},
                        {am.ifindex, enif_make_int(env, a.sll_ifindex)},
                        {am.hatype, hardware_type(env, a.sll_hatype)},
                        {am.pkttype, packet_type(env, a.sll_pkttype)},
                        {am.addr, make_bytes(env, a.sll_addr, std::min<std::size_t>(a.sll_halen, sizeof a.sll_addr))}});
}

}  // namespace

bool decode_address(ErlNifEnv* env, ERL_NIF_TERM t, Address* address, socklen_t* size) {
  ERL_NIF_TERM family_term;
  int family;
  if (!enif_is_map(env, t) || !enif_get_map_value(env, t, am.family, &family_term)) return false;
  std::memset(address, 0, sizeof *address);
  switch (decode_domain(env, family_term, &family)) {
    case Domain::Invalid: return false;
    case Domain::Number: return decode_native(env, t, family, address, size);
    case Domain::Named: break;
  }
  switch (family) {
    case AF_INET: return decode_inet(env, t, address, size);
    case AF_INET6: return decode_inet6(env, t, address, size);
    case AF_LOCAL: return decode_local(env, t, address, size);
    default: return decode_native(env, t, AF_UNSPEC, address, size);
  }
}

ERL_NIF_TERM encode_address(ErlNifEnv* env, const sockaddr* address, int size) {
  if (size > 0 && static_cast<std::size_t>(size) < kDataOffset) return make_bytes(env, address, static_cast<std::size_t>(size));
  // Where the size is unknown it is the family's.
  auto known = [size](std::size_t natural) { return size > 0 ? static_cast<std::size_t>(size) : natural; };
  sa_family_t family;
  std::memcpy(&family, address, sizeof family);
  switch (family) {
    case AF_INET: {
      if (known(sizeof(sockaddr_in)) < sizeof(sockaddr_in)) return encode_native(env, address, known(0), am.inet);
      sockaddr_in a;
      std::memcpy(&a, address, sizeof a);
      return make_map(env,
                      {{am.family, am.inet}, {am.port, enif_make_int(env, ntohs(a.sin_port))}, {am.addr, encode_in_addr(env, a.sin_addr)}});
    }
    case AF_INET6: {
      if (known(sizeof(sockaddr_in6)) < sizeof(sockaddr_in6)) return encode_native(env, address, known(0), am.inet6);
      sockaddr_in6 a;
      std::memcpy(&a, address, sizeof a);
      return make_map(env, {{am.family, am.inet6},
                            {am.port, enif_make_int(env, ntohs(a.sin6_port))},
                            {am.addr, encode_in6_addr(env, a.sin6_addr)},
                            {am.flowinfo, enif_make_int(env, static_cast<int>(a.sin6_flowinfo))},
                            {am.scope_id, enif_make_int(env, static_cast<int>(a.sin6_scope_id))}});
    }
    case AF_LOCAL: return encode_local(env, address, size);
    case AF_UNSPEC: return encode_native(env, address, known(0), am.unspec);
    case AF_PACKET: {
      if (known(sizeof(sockaddr_ll)) < sizeof(sockaddr_ll)) return encode_native(env, address, known(0), am.packet);
      sockaddr_ll a;
      std::memcpy(&a, address, sizeof a);
      return encode_packet(env, a);
    }
    default: return encode_native(env, address, known(0), enif_make_int(env, family));
  }
}

ERL_NIF_TERM encode_hardware_address(ErlNifEnv* env, const sockaddr* address) {
  ERL_NIF_TERM family;
  switch (address->sa_family) {
    case ARPHRD_NETROM:
    case ARPHRD_ETHER:
    case ARPHRD_IEEE802:
    case ARPHRD_DLCI:
    case ARPHRD_IEEE1394:
    case ARPHRD_LOOPBACK:
    case 0xFFFE: family = hardware_type(env, address->sa_family); break;

    default: family = enif_make_int(env, address->sa_family); break;
  }
  return encode_native(env, address, sizeof *address, family);
}

bool decode_in_addr(ErlNifEnv* env, ERL_NIF_TERM t, in_addr* address) {
  if (t == am.any) address->s_addr = htonl(INADDR_ANY);
  else if (t == am.loopback) address->s_addr = htonl(INADDR_LOOPBACK);
  else if (t == am.broadcast) address->s_addr = htonl(INADDR_BROADCAST);
  else {
    const ERL_NIF_TERM* element;
    int arity, value;
    unsigned char bytes[4];
    if (!enif_get_tuple(env, t, &arity, &element) || arity != 4) return false;
    for (int i = 0; i < 4; i++) {
      if (!enif_get_int(env, element[i], &value) || value < 0 || value > 255) return false;
      bytes[i] = static_cast<unsigned char>(value);
    }
    std::memcpy(address, bytes, sizeof bytes);
  }
  return true;
}

bool decode_in6_addr(ErlNifEnv* env, ERL_NIF_TERM t, in6_addr* address) {
  if (t == am.any) *address = in6addr_any;
  else if (t == am.loopback) *address = in6addr_loopback;
  else {
    const ERL_NIF_TERM* element;
    int arity, value;
    if (!enif_get_tuple(env, t, &arity, &element) || arity != 8) return false;
    for (int i = 0; i < 8; i++) {
      if (!enif_get_int(env, element[i], &value) || value < 0 || value > 65535) return false;
      address->s6_addr[2 * i] = static_cast<unsigned char>(value >> 8);
      address->s6_addr[2 * i + 1] = static_cast<unsigned char>(value);
    }
  }
  return true;
}

ERL_NIF_TERM encode_in_addr(ErlNifEnv* env, const in_addr& address) {
  unsigned char b[4];
  std::memcpy(b, &address, sizeof b);
  return enif_make_tuple4(env, enif_make_int(env, b[0]), enif_make_int(env, b[1]), enif_make_int(env, b[2]), enif_make_int(env, b[3]));
}

ERL_NIF_TERM encode_in6_addr(ErlNifEnv* env, const in6_addr& address) {
  ERL_NIF_TERM element[8];
  for (int i = 0; i < 8; i++) element[i] = enif_make_int(env, address.s6_addr[2 * i] << 8 | address.s6_addr[2 * i + 1]);
  return enif_make_tuple_from_array(env, element, 8);
}

Domain decode_domain(ErlNifEnv* env, ERL_NIF_TERM t, int* domain) {
  if (t == am.inet) *domain = AF_INET;
  else if (t == am.inet6) *domain = AF_INET6;
  else if (t == am.local) *domain = AF_LOCAL;
  else if (t == am.unspec) *domain = AF_UNSPEC;
  else return enif_get_int(env, t, domain) ? Domain::Number : Domain::Invalid;
  return Domain::Named;
}

ERL_NIF_TERM encode_domain(ErlNifEnv* env, int domain) {
  switch (domain) {
    case AF_INET: return am.inet;
    case AF_INET6: return am.inet6;
    case AF_LOCAL: return am.local;
    case AF_UNSPEC: return am.unspec;
    default: return enif_make_int(env, domain);
  }
}

bool decode_type(ErlNifEnv* env, ERL_NIF_TERM t, int* type) {
  if (t == am.stream) *type = SOCK_STREAM;
  else if (t == am.dgram) *type = SOCK_DGRAM;
  else if (t == am.raw) *type = SOCK_RAW;
  else if (t == am.seqpacket) *type = SOCK_SEQPACKET;
  else return enif_get_int(env, t, type);
  return true;
}

ERL_NIF_TERM encode_type(ErlNifEnv* env, int type) {
  switch (type) {
    case SOCK_STREAM: return am.stream;
    case SOCK_DGRAM: return am.dgram;
    case SOCK_RAW: return am.raw;
    case SOCK_SEQPACKET: return am.seqpacket;
    case SOCK_RDM: return am.rdm;
    default: return enif_make_int(env, type);
  }
}

}  // namespace vm::nifs::socket
