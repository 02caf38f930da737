// SPDX-License-Identifier: Apache-2.0
//
// prim_net: names of hosts, services and network cards, as the system's library answers them.
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <vector>

#include "nifs/entry.h"
#include "nifs/socket_terms.h"

namespace vm::nifs::socket {
namespace {

std::atomic<bool> debug{false};

ERL_NIF_TERM list_of(ErlNifEnv* env, const std::vector<ERL_NIF_TERM>& terms) {
  return enif_make_list_from_array(env, terms.data(), static_cast<unsigned>(terms.size()));
}

ERL_NIF_TERM net_info(ErlNifEnv* env, int, const ERL_NIF_TERM[]) { return make_map(env, {{am.debug, boolean(debug)}}); }

// args: {debug, boolean()}
ERL_NIF_TERM net_command(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  const ERL_NIF_TERM* element;
  int arity;
  bool value;
  if (!enif_get_tuple(env, argv[0], &arity, &element) || arity != 2 || element[0] != am.debug || !get_boolean(element[1], &value))
    return error(env, am.einval);
  debug = value;
  return am.ok;
}

ERL_NIF_TERM host_name(ErlNifEnv* env, int, const ERL_NIF_TERM[]) {
  char name[256];
  // The answer is the number -1 for what has no name of its own.
  if (gethostname(name, sizeof name) != 0) return error(env, enif_make_int(env, -1));
  return ok(env, make_text(env, name));
}

// Errors of getnameinfo and getaddrinfo have names of their own.
struct ResolverError {
  int number;
  ERL_NIF_TERM Atoms::*name;
};

bool get_name_flags(ErlNifEnv* env, ERL_NIF_TERM t, int* flags) {
  const struct {
    ERL_NIF_TERM name;
    int flag;
  } all[] = {{am.namereqd, NI_NAMEREQD},       {am.dgram, NI_DGRAM},     {am.nofqdn, NI_NOFQDN}, {am.numerichost, NI_NUMERICHOST},
             {am.numericserv, NI_NUMERICSERV}, {am.idn, 32 /* NI_IDN */}};
  *flags = 0;
  if (t == am.undefined) return true;
  if (!enif_is_list(env, t)) return false;
  ERL_NIF_TERM head;
  while (enif_get_list_cell(env, t, &head, &t)) {
    bool known = false;
    for (const auto& f : all) {
      if (f.name != head) continue;
      *flags |= f.flag;
      known = true;
    }
    if (!known) return false;
  }
  return true;
}

// args: address, flags
ERL_NIF_TERM name_info(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  Address address;
  socklen_t size;
  int flags;
  if (!decode_address(env, argv[0], &address, &size)) return error(env, am.einval);
  if (!get_name_flags(env, argv[1], &flags)) return enif_make_badarg(env);
  char host[256], service[256];
  int result = getnameinfo(&address.sa, size, host, sizeof host, service, sizeof service, flags);
  switch (result) {
    case 0: return ok(env, make_map(env, {{am.host, make_text(env, host)}, {am.service, make_text(env, service)}}));
    case EAI_AGAIN: return error(env, am.eagain);
    case EAI_BADFLAGS: return error(env, am.ebadflags);
    case EAI_FAIL: return error(env, am.efail);
    case EAI_FAMILY: return error(env, am.efamily);
    case EAI_MEMORY: return error(env, am.emem);
    case EAI_NONAME: return error(env, am.enoname);
    case EAI_OVERFLOW: return error(env, am.eoverflow);
    case EAI_SYSTEM: return error_of(env, errno);
    default: return error(env, am.einval);
  }
}

ERL_NIF_TERM address_info_error(ErlNifEnv* env, int result) {
  static constexpr ResolverError all[] = {{EAI_ADDRFAMILY, &Atoms::eaddrfamily}, {EAI_AGAIN, &Atoms::eagain},
                                          {EAI_BADFLAGS, &Atoms::ebadflags},     {EAI_FAIL, &Atoms::efail},
                                          {EAI_FAMILY, &Atoms::efamily},         {EAI_MEMORY, &Atoms::emem},
                                          {EAI_NODATA, &Atoms::enodata},         {EAI_NONAME, &Atoms::enoname},
                                          {EAI_SERVICE, &Atoms::eservice},       {EAI_SOCKTYPE, &Atoms::esocktype},
                                          {EAI_SYSTEM, &Atoms::esystem}};
  for (const ResolverError& e : all)
    if (e.number == result) return error(env, am.*e.name);
  return error(env, am.einval);
}

// A text, or undefined (nothing).
bool get_optional_text(ErlNifEnv* env, ERL_NIF_TERM t, std::string* text, const char** pointer) {
  *pointer = nullptr;
  if (t == am.undefined) return true;
  if (!get_text(env, t, text)) return false;
  *pointer = text->c_str();
  return true;
}

// args: host, service, hints (not used)
ERL_NIF_TERM address_info(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  std::string host_text, service_text;
  const char *host, *service;
  if (!get_optional_text(env, argv[0], &host_text, &host) || !get_optional_text(env, argv[1], &service_text, &service) ||
      (!host && !service))
    return enif_make_badarg(env);
  addrinfo* found = nullptr;
  if (int result = getaddrinfo(host, service, nullptr, &found)) return address_info_error(env, result);
  std::vector<ERL_NIF_TERM> list;
  for (const addrinfo* a = found; a; a = a->ai_next)
    list.push_back(make_map(env, {{am.family, encode_domain(env, a->ai_family)},
                                  {am.type, encode_type(env, a->ai_socktype)},
                                  {am.protocol, enif_make_int(env, a->ai_protocol)},
                                  {am.addr, encode_address(env, a->ai_addr, static_cast<int>(a->ai_addrlen))}}));
  freeaddrinfo(found);
  return ok(env, list_of(env, list));
}

ERL_NIF_TERM card_flags(ErlNifEnv* env, unsigned flags) {
  const struct {
    unsigned bit;
    ERL_NIF_TERM name;
  } all[] = {{IFF_UP, am.up},
             {IFF_BROADCAST, am.broadcast},
             {IFF_DEBUG, am.debug},
             {IFF_LOOPBACK, am.loopback},
             {IFF_POINTOPOINT, am.pointopoint},
             {IFF_NOTRAILERS, am.notrailers},
             {IFF_RUNNING, am.running},
             {IFF_NOARP, am.noarp},
             {IFF_PROMISC, am.promisc},
             {IFF_MASTER, am.master},
             {IFF_SLAVE, am.slave},
             {IFF_MULTICAST, am.multicast},
             {IFF_PORTSEL, am.portsel},
             {IFF_AUTOMEDIA, am.automedia},
             {IFF_DYNAMIC, am.dynamic}};
  std::vector<ERL_NIF_TERM> names;
  for (const auto& f : all)
    if (flags & f.bit) names.push_back(f.name);
  return list_of(env, names);
}

ERL_NIF_TERM card(ErlNifEnv* env, const ifaddrs& a) {
  auto address = [env](const sockaddr* sa) { return sa ? encode_address(env, sa, -1) : 0; };
  // ifa_dstaddr and ifa_broadaddr are one field.
  ERL_NIF_TERM other_key = 0, other = 0;
  if (a.ifa_dstaddr && (a.ifa_flags & IFF_POINTOPOINT)) other_key = am.dstaddr;
  else if (a.ifa_broadaddr && (a.ifa_flags & IFF_BROADCAST)) other_key = am.broadaddr;
  if (other_key) other = address(a.ifa_dstaddr);
  return make_map(env, {{am.name, make_text(env, a.ifa_name)},
                        {am.flags, card_flags(env, a.ifa_flags)},
                        {a.ifa_addr ? am.addr : 0, address(a.ifa_addr)},
                        {a.ifa_netmask ? am.netmask : 0, address(a.ifa_netmask)},
                        {other_key, other}});
}

// args: #{netns => Path}; a map with more is taken for one without.
ERL_NIF_TERM card_addresses(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  std::size_t size;
  ERL_NIF_TERM t;
  std::string path;
  if (!enif_get_map_size(env, argv[0], &size)) return enif_make_badarg(env);
  bool elsewhere = size == 1 && enif_get_map_value(env, argv[0], am.netns, &t);
  if (elsewhere && !get_text(env, t, &path)) return enif_make_badarg(env);
  NetworkNamespace place(elsewhere ? path.c_str() : nullptr);
  if (place.error()) return error_of(env, place.error());
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return error_of(env, errno);
  std::vector<ERL_NIF_TERM> list;
  for (const ifaddrs* a = all; a; a = a->ifa_next) list.push_back(card(env, *a));
  freeifaddrs(all);
  if (int failed = place.leave()) return error_of(env, failed);
  return ok(env, list_of(env, list));
}

// What only Windows has.
ERL_NIF_TERM not_supported(ErlNifEnv* env, int, const ERL_NIF_TERM[]) { return enif_raise_exception(env, am.notsup); }

ERL_NIF_TERM card_index(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  std::string name;
  if (!get_text(env, argv[0], &name) || name.size() > IF_NAMESIZE) return error(env, am.einval);
  unsigned index = if_nametoindex(name.c_str());
  return index ? ok(env, enif_make_int(env, static_cast<int>(index))) : error_of(env, errno);
}

ERL_NIF_TERM card_name(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  unsigned index;
  char name[IF_NAMESIZE + 1];
  if (!enif_get_uint(env, argv[0], &index)) return enif_make_badarg(env);
  return if_indextoname(index, name) ? ok(env, make_text(env, name)) : error(env, am.enxio);
}

ERL_NIF_TERM card_names(ErlNifEnv* env, int, const ERL_NIF_TERM[]) {
  struct if_nameindex* all = if_nameindex();
  if (!all) return error_of(env, errno);
  std::vector<ERL_NIF_TERM> list;
  for (auto* i = all; i->if_index != 0 || i->if_name; i++)
    list.push_back(enif_make_tuple2(env, enif_make_int(env, static_cast<int>(i->if_index)), make_text(env, i->if_name)));
  if_freenameindex(all);
  return ok(env, list_of(env, list));
}

int load(ErlNifEnv* env, void** private_data, ERL_NIF_TERM argument) {
  make_atoms(env);
  debug = boolean_in(env, argument, am.debug, false);
  *private_data = nullptr;
  return 0;
}

ErlNifFunc functions[] = {
    {"nif_info", 0, net_info, 0},
    {"nif_command", 1, net_command, 0},
    {"nif_gethostname", 0, host_name, 0},
    {"nif_getnameinfo", 2, name_info, 0},
    {"nif_getaddrinfo", 3, address_info, 0},
    {"nif_getifaddrs", 1, card_addresses, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"nif_get_adapters_addresses", 1, not_supported, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"nif_get_if_entry", 1, not_supported, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"nif_get_interface_info", 1, not_supported, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"nif_get_ip_address_table", 1, not_supported, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"nif_if_name2index", 1, card_index, 0},
    {"nif_if_index2name", 1, card_name, 0},
    {"nif_if_names", 0, card_names, 0},
};

ErlNifEntry entry = vm::nifs::entry_of("prim_net", functions, load);

}  // namespace
}  // namespace vm::nifs::socket

extern "C" ErlNifEntry* prim_net_nif_init() { return &vm::nifs::socket::entry; }
