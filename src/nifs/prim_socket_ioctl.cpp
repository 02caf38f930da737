// SPDX-License-Identifier: Apache-2.0
//
// prim_socket: requests about network cards.
#include <net/if.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "nifs/prim_socket_internal.h"

namespace vm::nifs::socket {

namespace {

struct Request {
  const char* name;
  unsigned long number;
};
constexpr Request kRequests[] = {{"gifname", SIOCGIFNAME},       {"gifindex", SIOCGIFINDEX},     {"gifflags", SIOCGIFFLAGS},
                                 {"gifaddr", SIOCGIFADDR},       {"gifdstaddr", SIOCGIFDSTADDR}, {"gifbrdaddr", SIOCGIFBRDADDR},
                                 {"gifnetmask", SIOCGIFNETMASK}, {"gifmtu", SIOCGIFMTU},         {"gifhwaddr", SIOCGIFHWADDR},
                                 {"gifmap", SIOCGIFMAP},         {"giftxqlen", SIOCGIFTXQLEN},   {"gifconf", SIOCGIFCONF},
                                 {"sifflags", SIOCSIFFLAGS},     {"sifaddr", SIOCSIFADDR},       {"sifdstaddr", SIOCSIFDSTADDR},
                                 {"sifbrdaddr", SIOCSIFBRDADDR}, {"sifmtu", SIOCSIFMTU},         {"siftxqlen", SIOCSIFTXQLEN}};

// All flags of all systems; 0: not of this one.
struct Flag {
  const char* name;
  int value;
};
constexpr Flag kFlags[] = {{"up", IFF_UP},
                           {"broadcast", IFF_BROADCAST},
                           {"debug", IFF_DEBUG},
                           {"loopback", IFF_LOOPBACK},
                           {"pointopoint", IFF_POINTOPOINT},
                           {"notrailers", IFF_NOTRAILERS},
                           {"knowsepoch", 0},
                           {"running", IFF_RUNNING},
                           {"noarp", IFF_NOARP},
                           {"promisc", IFF_PROMISC},
                           {"allmulti", IFF_ALLMULTI},
                           {"master", IFF_MASTER},
                           {"oactive", 0},
                           {"slave", IFF_SLAVE},
                           {"simplex", 0},
                           {"multicast", IFF_MULTICAST},
                           {"link0", 0},
                           {"link1", 0},
                           {"link2", 0},
                           {"portsel", IFF_PORTSEL},
                           {"automedia", IFF_AUTOMEDIA},
                           {"dynamic", IFF_DYNAMIC},
                           {"cantconfig", 0},
                           {"lower_up", 1 << 16},  // this and dormant and echo: only in the kernel's header
                           {"ppromisc", 0},
                           {"dormant", 1 << 17},
                           {"monitor", 0},
                           {"echo", 1 << 18},
                           {"staticarp", 0},
                           {"dying", 0},
                           {"renaming", 0},
                           {"nogroup", 0}};

}  // namespace

ERL_NIF_TERM supported_ioctl_requests(ErlNifEnv* env) {
  ERL_NIF_TERM list = enif_make_list(env, 0);
  for (const Request& r : kRequests)
    list = enif_make_list_cell(env, enif_make_tuple2(env, enif_make_atom(env, r.name), enif_make_ulong(env, r.number)), list);
  return list;
}

ERL_NIF_TERM supported_ioctl_flags(ErlNifEnv* env) {
  ERL_NIF_TERM list = enif_make_list(env, 0);
  for (const Flag& f : kFlags)
    list = enif_make_list_cell(env, enif_make_tuple2(env, enif_make_atom(env, f.name), enif_make_int(env, f.value)), list);
  return list;
}

namespace {

ERL_NIF_TERM flag_names(ErlNifEnv* env, int flags) {
  std::vector<ERL_NIF_TERM> names;
  for (const Flag& f : kFlags) {
    if (f.value == 0 || (flags & f.value) != f.value) continue;
    flags &= ~f.value;
    names.push_back(enif_make_atom(env, f.name));
  }
  if (flags) names.push_back(enif_make_int(env, flags));
  return enif_make_list_from_array(env, names.data(), static_cast<unsigned>(names.size()));
}

// A request about the card of that name. False: not a name.
bool name_card(ErlNifEnv* env, ERL_NIF_TERM t, ifreq* request) {
  std::string name;
  if (!get_text(env, t, &name)) return false;
  std::memset(request, 0, sizeof *request);
  std::memcpy(request->ifr_name, name.data(), std::min<std::size_t>(strnlen(name.c_str(), name.size()), IFNAMSIZ - 1));
  return true;
}

ERL_NIF_TERM card_map(ErlNifEnv* env, const ifmap& m) {
  return make_map(env, {{am.mem_start, enif_make_ulong(env, m.mem_start)},
                        {am.mem_end, enif_make_ulong(env, m.mem_end)},
                        {am.base_addr, enif_make_uint(env, m.base_addr)},
                        {am.irq, enif_make_uint(env, m.irq)},
                        {am.dma, enif_make_uint(env, m.dma)},
                        {am.port, enif_make_uint(env, m.port)}});
}

// All cards that have an address: #{name, addr}.
ERL_NIF_TERM cards(ErlNifEnv* env, const Socket& s) {
  ifconf all{};
  std::vector<ifreq> requests;
  // Nobody says how many there are: until there is room left.
  do {
    requests.resize(requests.size() + 100);
    all.ifc_len = static_cast<int>(requests.size() * sizeof(ifreq));
    all.ifc_req = requests.data();
    if (ioctl(s.fd, SIOCGIFCONF, &all) < 0) return error_of(env, errno);
  } while (static_cast<std::size_t>(all.ifc_len) == requests.size() * sizeof(ifreq));
  std::vector<ERL_NIF_TERM> list;
  for (std::size_t i = 0; i < static_cast<std::size_t>(all.ifc_len) / sizeof(ifreq); i++) {
    const ifreq& r = requests[i];
    list.push_back(make_map(env, {{am.name, make_text(env, r.ifr_name)}, {am.addr, encode_address(env, &r.ifr_addr, -1)}}));
  }
  return ok(env, enif_make_list_from_array(env, list.data(), static_cast<unsigned>(list.size())));
}

ERL_NIF_TERM card_name(ErlNifEnv* env, const Socket& s, ERL_NIF_TERM index) {
  ifreq request{};
  if (!enif_get_int(env, index, &request.ifr_ifindex)) return enif_make_badarg(env);
  if (ioctl(s.fd, SIOCGIFNAME, &request) < 0) return error_of(env, errno);
  return ok(env, make_text(env, request.ifr_name));
}

ERL_NIF_TERM get_request(ErlNifEnv* env, const Socket& s, unsigned long number, ERL_NIF_TERM name) {
  if (number == SIOCGIFNAME) return card_name(env, s, name);
  switch (number) {
    case SIOCGIFINDEX:
    case SIOCGIFFLAGS:
    case SIOCGIFADDR:
    case SIOCGIFDSTADDR:
    case SIOCGIFBRDADDR:
    case SIOCGIFNETMASK:
    case SIOCGIFMTU:
    case SIOCGIFHWADDR:
    case SIOCGIFMAP:
    case SIOCGIFTXQLEN: break;
    default: return error(env, am.enotsup);
  }
  ifreq r;
  if (!name_card(env, name, &r)) return enif_make_badarg(env);
  if (ioctl(s.fd, number, &r) < 0) return error_of(env, errno);
  switch (number) {
    case SIOCGIFINDEX: return ok(env, enif_make_int(env, r.ifr_ifindex));
    case SIOCGIFFLAGS: return ok(env, flag_names(env, r.ifr_flags));
    case SIOCGIFMTU: return ok(env, enif_make_int(env, r.ifr_mtu));
    case SIOCGIFHWADDR: return ok(env, encode_hardware_address(env, &r.ifr_hwaddr));
    case SIOCGIFMAP: return ok(env, card_map(env, r.ifr_map));
    case SIOCGIFTXQLEN: return ok(env, enif_make_int(env, r.ifr_qlen));
    default: return ok(env, encode_address(env, &r.ifr_addr, -1));
  }
}

// args: #{Number := boolean()}
ERL_NIF_TERM set_flags(ErlNifEnv* env, const Socket& s, ifreq& r, ERL_NIF_TERM changes) {
  if (ioctl(s.fd, SIOCGIFFLAGS, &r) < 0) return error_of(env, errno);
  ErlNifMapIterator i;
  ERL_NIF_TERM key, value;
  if (!enif_map_iterator_create(env, changes, &i, ERL_NIF_MAP_ITERATOR_FIRST)) return enif_make_badarg(env);
  int flags = r.ifr_flags, flag;
  bool good = true;
  for (; good && enif_map_iterator_get_pair(env, &i, &key, &value); enif_map_iterator_next(env, &i)) {
    good = enif_get_int(env, key, &flag);
    if (good && value == am.true_) flags |= flag;
    else if (good) flags &= ~flag;
  }
  enif_map_iterator_destroy(env, &i);
  if (!good) return enif_make_badarg(env);
  r.ifr_flags = static_cast<short>(flags);
  return ioctl(s.fd, SIOCSIFFLAGS, &r) < 0 ? error_of(env, errno) : am.ok;
}

ERL_NIF_TERM set_request(ErlNifEnv* env, const Socket& s, unsigned long number, ERL_NIF_TERM name, ERL_NIF_TERM value) {
  switch (number) {
    case SIOCSIFFLAGS:
    case SIOCSIFADDR:
    case SIOCSIFDSTADDR:
    case SIOCSIFBRDADDR:
    case SIOCSIFNETMASK:
    case SIOCSIFMTU:
    case SIOCSIFTXQLEN: break;
    default: return error(env, am.enotsup);
  }
  ifreq r;
  if (!name_card(env, name, &r)) return enif_make_badarg(env);
  if (number == SIOCSIFFLAGS) return set_flags(env, s, r, value);
  if (number == SIOCSIFMTU || number == SIOCSIFTXQLEN) {
    if (!enif_get_int(env, value, number == SIOCSIFMTU ? &r.ifr_mtu : &r.ifr_qlen))
      return invalid(env, number == SIOCSIFMTU ? am.mtu : am.txqlen);
  } else {
    Address address;
    socklen_t size;
    if (!decode_address(env, value, &address, &size)) return invalid(env, am.sockaddr);
    std::memcpy(&r.ifr_addr, &address, sizeof r.ifr_addr);
  }
  return ioctl(s.fd, number, &r) < 0 ? error_of(env, errno) : am.ok;
}

}  // namespace

// args: socket, request | socket, request, name | socket, request, name, value
ERL_NIF_TERM nif_ioctl(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  Socket* s = socket_of(env, argv[0]);
  unsigned long number;
  if (!s || !enif_get_ulong(env, argv[1], &number)) return enif_make_badarg(env);
  std::lock_guard<std::mutex> hold(s->read_lock);
  if (!is_open(s->read_state)) return error(env, am.closed);
  if (argc == 2) return number == SIOCGIFCONF ? cards(env, *s) : error(env, am.enotsup);
  return argc == 3 ? get_request(env, *s, number, argv[2]) : set_request(env, *s, number, argv[2], argv[3]);
}

}  // namespace vm::nifs::socket
