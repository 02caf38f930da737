// SPDX-License-Identifier: Apache-2.0
//
// prim_socket: values of options as terms.
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "nifs/prim_socket_options.h"

namespace vm::nifs::socket {

bool decode_tos(ErlNifEnv* env, ERL_NIF_TERM t, int* value) {
  if (t == am.lowdelay) *value = IPTOS_LOWDELAY;
  else if (t == am.throughput) *value = IPTOS_THROUGHPUT;
  else if (t == am.reliability) *value = IPTOS_RELIABILITY;
  else if (t == am.mincost) *value = IPTOS_MINCOST;
  else return enif_get_int(env, t, value);
  return true;
}

ERL_NIF_TERM encode_tos(ErlNifEnv* env, int value) {
  switch (IPTOS_TOS(value)) {
    case IPTOS_LOWDELAY: return am.lowdelay;
    case IPTOS_THROUGHPUT: return am.throughput;
    case IPTOS_RELIABILITY: return am.reliability;
    case IPTOS_MINCOST: return am.mincost;
    default: return enif_make_int(env, value);
  }
}

namespace {

// The same numbers for IPv4 and IPv6.
bool decode_mtu_discover(ErlNifEnv* env, ERL_NIF_TERM t, int* value) {
  if (t == am.want) *value = IP_PMTUDISC_WANT;
  else if (t == am.dont) *value = IP_PMTUDISC_DONT;
  else if (t == am.do_) *value = IP_PMTUDISC_DO;
  else if (t == am.probe) *value = IP_PMTUDISC_PROBE;
  else return enif_get_int(env, t, value);
  return true;
}

ERL_NIF_TERM encode_mtu_discover(ErlNifEnv* env, int value) {
  switch (value) {
    case IP_PMTUDISC_WANT: return am.want;
    case IP_PMTUDISC_DONT: return am.dont;
    case IP_PMTUDISC_DO: return am.do_;
    case IP_PMTUDISC_PROBE: return am.probe;
    default: return enif_make_int(env, value);
  }
}

bool decode_hops(ErlNifEnv* env, ERL_NIF_TERM t, int* value) {
  if (enif_get_int(env, t, value)) return *value >= 0 && *value <= 255;
  *value = -1;
  return t == am.default_;
}

bool decode_linger(ErlNifEnv* env, ERL_NIF_TERM t, linger* value) {
  ERL_NIF_TERM on_off, seconds;
  bool on;
  *value = {};
  if (!enif_get_map_value(env, t, am.onoff, &on_off) || !enif_get_map_value(env, t, am.linger, &seconds)) {
    value->l_onoff = 1;
    return t == am.abort;
  }
  if (!get_boolean(on_off, &on) || !enif_get_int(env, seconds, &value->l_linger) || value->l_linger < 0) return false;
  value->l_onoff = on;
  return true;
}

bool address_in(ErlNifEnv* env, ERL_NIF_TERM map, ERL_NIF_TERM key, in_addr* address) {
  ERL_NIF_TERM t;
  return enif_get_map_value(env, map, key, &t) && decode_in_addr(env, t, address);
}

bool decode_membership(ErlNifEnv* env, ERL_NIF_TERM t, ip_mreq* value) {
  return address_in(env, t, am.multiaddr, &value->imr_multiaddr) && address_in(env, t, am.interface, &value->imr_interface);
}

bool decode_source_membership(ErlNifEnv* env, ERL_NIF_TERM t, ip_mreq_source* value) {
  return address_in(env, t, am.multiaddr, &value->imr_multiaddr) && address_in(env, t, am.interface, &value->imr_interface) &&
         address_in(env, t, am.sourceaddr, &value->imr_sourceaddr);
}

bool decode_membership6(ErlNifEnv* env, ERL_NIF_TERM t, ipv6_mreq* value) {
  ERL_NIF_TERM address, interface;
  return enif_get_map_value(env, t, am.multiaddr, &address) && enif_get_map_value(env, t, am.interface, &interface) &&
         decode_in6_addr(env, address, &value->ipv6mr_multiaddr) && enif_get_uint(env, interface, &value->ipv6mr_interface);
}

// Bytes of an ip_msfilter with its sources behind it.
bool decode_source_filter(ErlNifEnv* env, ERL_NIF_TERM t, std::vector<unsigned char>* bytes) {
  ERL_NIF_TERM mode, sources, head;
  unsigned count;
  ip_msfilter filter{};
  if (!address_in(env, t, am.multiaddr, &filter.imsf_multiaddr) || !address_in(env, t, am.interface, &filter.imsf_interface) ||
      !enif_get_map_value(env, t, am.mode, &mode) || !enif_get_map_value(env, t, am.slist, &sources) ||
      !enif_get_list_length(env, sources, &count))
    return false;
  if (mode == am.include) filter.imsf_fmode = MCAST_INCLUDE;
  else if (mode == am.exclude) filter.imsf_fmode = MCAST_EXCLUDE;
  else return false;
  filter.imsf_numsrc = count;
  bytes->resize(IP_MSFILTER_SIZE(count));
  unsigned char* to = bytes->data();
  std::memcpy(to, &filter, IP_MSFILTER_SIZE(0));
  to += IP_MSFILTER_SIZE(0);
  while (enif_get_list_cell(env, sources, &head, &sources)) {
    in_addr source;
    if (!decode_in_addr(env, head, &source)) return false;
    std::memcpy(to, &source, sizeof source);
    to += sizeof source;
  }
  return true;
}

template <class T>
using Decode = bool (*)(ErlNifEnv*, ERL_NIF_TERM, T*);

template <class T>
ERL_NIF_TERM set_as(ErlNifEnv* env, Socket& s, const Option& o, int level, ERL_NIF_TERM t, Decode<T> decode) {
  T value{};
  if (!decode(env, t, &value)) return invalid(env, am.value);
  return set_raw_option(env, s, level, o.number, &value, sizeof value);
}

// Text shorter than `limit` bytes.
ERL_NIF_TERM set_text(ErlNifEnv* env, Socket& s, const Option& o, int level, ERL_NIF_TERM t, std::size_t limit) {
  std::string text;
  if (!get_text(env, t, &text) || text.size() >= limit) return invalid(env, am.value);
  return set_raw_option(env, s, level, o.number, text.data(), static_cast<socklen_t>(text.size()));
}

ERL_NIF_TERM set_filter(ErlNifEnv* env, Socket& s, const Option& o, int level, ERL_NIF_TERM t) {
  if (t == am.null) return set_raw_option(env, s, level, o.number, nullptr, 0);
  std::vector<unsigned char> bytes;
  if (!decode_source_filter(env, t, &bytes)) return invalid(env, am.value);
  return set_raw_option(env, s, level, o.number, bytes.data(), static_cast<socklen_t>(bytes.size()));
}

constexpr std::size_t kLongestCongestionName = 256;

}  // namespace

ERL_NIF_TERM set_option_value(ErlNifEnv* env, Socket& s, const Option& o, int level, ERL_NIF_TERM t) {
  auto set = [&]<class T>(Decode<T> decode) { return set_as<T>(env, s, o, level, t, decode); };
  switch (o.kind) {
    case Kind::Bool:
      return set(Decode<int>([](ErlNifEnv*, ERL_NIF_TERM v, int* value) {
        bool truth;
        if (!get_boolean(v, &truth)) return false;
        *value = truth;
        return true;
      }));
    case Kind::Int: return set(Decode<int>([](ErlNifEnv* e, ERL_NIF_TERM v, int* value) { return enif_get_int(e, v, value) != 0; }));
    case Kind::AddressForm:
      return set(Decode<int>([](ErlNifEnv* e, ERL_NIF_TERM v, int* value) { return decode_domain(e, v, value) != Domain::Invalid; }));
    case Kind::Linger: return set(Decode<linger>(decode_linger));
    case Kind::Membership: return set(Decode<ip_mreq>(decode_membership));
    case Kind::SourceMembership: return set(Decode<ip_mreq_source>(decode_source_membership));
    case Kind::Membership6: return set(Decode<ipv6_mreq>(decode_membership6));
    case Kind::MtuDiscover: return set(Decode<int>(decode_mtu_discover));
    case Kind::Interface: return set(Decode<in_addr>(decode_in_addr));
    case Kind::Tos: return set(Decode<int>(decode_tos));
    case Kind::Hops: return set(Decode<int>(decode_hops));
    case Kind::SourceFilter: return set_filter(env, s, o, level, t);
    case Kind::Device: return set_text(env, s, o, level, t, IFNAMSIZ);
    case Kind::Congestion: return set_text(env, s, o, level, t, kLongestCongestionName + 1);
    case Kind::SctpAssociation:
    case Kind::SctpEvents:
    case Kind::SctpInit: return set_sctp_option(env, s, o, t);
    default: return invalid(env, am.socket_option);
  }
}

namespace {

ERL_NIF_TERM get_text_option(ErlNifEnv* env, const Socket& s, const Option& o, int level) {
  char text[kLongestCongestionName + 1] = {};
  socklen_t size = o.kind == Kind::Device ? IFNAMSIZ + 1 : sizeof text;
  if (getsockopt(s.fd, level, o.number, text, &size) != 0) return error_of(env, errno);
  // Linux answers names of cards without a closing 0, those of algorithms with all their zeros, the last of which goes.
  if (o.kind == Kind::Congestion && size > 0 && text[size - 1] == 0) size--;
  return ok(env, enif_make_string_len(env, text, size, ERL_NIF_LATIN1));
}

ERL_NIF_TERM get_linger(ErlNifEnv* env, const Socket& s, const Option& o, int level) {
  linger value{};
  socklen_t size = sizeof value;
  if (getsockopt(s.fd, level, o.number, &value, &size) != 0) return error_of(env, errno);
  return ok(env, make_map(env, {{am.onoff, boolean(value.l_onoff)}, {am.linger, enif_make_int(env, value.l_linger)}}));
}

ERL_NIF_TERM get_interface(ErlNifEnv* env, const Socket& s, const Option& o, int level) {
  in_addr value{};
  socklen_t size = sizeof value;
  if (getsockopt(s.fd, level, o.number, &value, &size) != 0) return error_of(env, errno);
  return ok(env, encode_in_addr(env, value));
}

ERL_NIF_TERM get_packet_options(ErlNifEnv* env, const Socket& s, const Option& o, int level) {
  std::vector<unsigned char> buffer(s.read_control_size);
  auto size = static_cast<socklen_t>(buffer.size());
  if (getsockopt(s.fd, level, o.number, buffer.data(), &size) != 0) return error_of(env, errno);
  msghdr message{};
  message.msg_control = buffer.data();
  message.msg_controllen = size;
  return ok(env, encode_control(env, message, make_bytes(env, buffer.data(), buffer.size()), buffer.data()));
}

ERL_NIF_TERM encode_int(ErlNifEnv* env, const Socket& s, Kind kind, int value) {
  switch (kind) {
    case Kind::Bool: return boolean(value);
    case Kind::DomainName: return encode_domain(env, value);
    case Kind::Type: return encode_type(env, value);
    case Kind::Protocol: return value == 0 && s.domain == AF_LOCAL ? am.default_ : enif_make_int(env, value);
    case Kind::MtuDiscover: return encode_mtu_discover(env, value);
    case Kind::Tos: return encode_tos(env, value);
    default: return enif_make_int(env, value);
  }
}

}  // namespace

ERL_NIF_TERM get_option_value(ErlNifEnv* env, const Socket& s, const Option& o, int level) {
  switch (o.kind) {
    case Kind::Linger: return get_linger(env, s, o, level);
    case Kind::Interface: return get_interface(env, s, o, level);
    case Kind::Device:
    case Kind::Congestion: return get_text_option(env, s, o, level);
    case Kind::PacketOptions: return get_packet_options(env, s, o, level);
    case Kind::SctpAssociation:
    case Kind::SctpInit: return get_sctp_option(env, s, o);
    default: break;
  }
  int value;
  if (int failed = get_int_option(s, level, o.number, &value)) return error_of(env, failed);
  return ok(env, encode_int(env, s, o.kind, value));
}

}  // namespace vm::nifs::socket
