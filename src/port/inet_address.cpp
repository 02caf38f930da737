// SPDX-License-Identifier: Apache-2.0
#include "port/inet_address.h"

#include <netinet/in.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>

#include "port/inet_protocol.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::port::inet {

namespace {

constexpr std::size_t kPathOffset = offsetof(sockaddr_un, sun_path);
constexpr const char* kWrongFamily = "eafnosupport";

template <typename T>
T& as(Address& a) {
  return *reinterpret_cast<T*>(&a.storage);
}
template <typename T>
const T& as(const Address& a) {
  return *reinterpret_cast<const T*>(&a.storage);
}

void set_ipv4(Address* out, std::uint32_t port, std::uint32_t address) {
  auto& in = as<sockaddr_in>(*out);
  in.sin_family = AF_INET;
  in.sin_port = htons(static_cast<std::uint16_t>(port));
  in.sin_addr.s_addr = htonl(address);
  out->size = sizeof in;
}

void set_ipv6(Address* out, std::uint32_t port, const in6_addr& address) {
  auto& in = as<sockaddr_in6>(*out);
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(static_cast<std::uint16_t>(port));
  in.sin6_addr = address;
  out->size = sizeof in;
}

const char* read_ipv6(WireReader& in, Address* out) {
  const std::uint32_t port = in.u16();
  const std::string_view bytes = in.bytes(sizeof(in6_addr));
  const std::uint32_t flow = in.u32(), scope = in.u32();
  if (!in.ok()) return "einval";
  in6_addr address;
  std::memcpy(&address, bytes.data(), sizeof address);
  set_ipv6(out, port, address);
  as<sockaddr_in6>(*out).sin6_flowinfo = htonl(flow);
  as<sockaddr_in6>(*out).sin6_scope_id = scope;
  return nullptr;
}

const char* read_local(WireReader& in, Address* out) {
  const std::string_view path = in.bytes(in.u8());
  auto& un = as<sockaddr_un>(*out);
  if (!in.ok() || path.size() > sizeof un.sun_path) return "einval";
  un.sun_family = AF_UNIX;
  std::memcpy(un.sun_path, path.data(), path.size());
  out->size = static_cast<socklen_t>(kPathOffset + path.size());
  // The name of a file ends with a zero when there is room; an abstract name begins with one, and for none the system makes one up.
  if (!path.empty() && path.front() != '\0' && path.size() < sizeof un.sun_path) {
    un.sun_path[path.size()] = '\0';
    out->size++;
  }
  return nullptr;
}

// `any` and `loopback` mean an address of the socket's own family.
const char* read_generic(WireReader& in, int domain, bool loopback, Address* out) {
  const std::uint32_t port = in.u16();
  if (!in.ok()) return "einval";
  if (domain == AF_INET) set_ipv4(out, port, loopback ? INADDR_LOOPBACK : INADDR_ANY);
  else if (domain == AF_INET6) set_ipv6(out, port, loopback ? in6addr_loopback : in6addr_any);
  else return kWrongFamily;
  return nullptr;
}

std::string_view local_path(const Address& a) {
  if (a.size <= kPathOffset) return {};
  const char* path = as<sockaddr_un>(a).sun_path;
  const std::size_t size = a.size - kPathOffset;
  return {path, path[0] == '\0' ? size : strnlen(path, size)};
}

}  // namespace

const char* read_address(WireReader& in, int domain, Address* out) {
  *out = {};
  const auto family = static_cast<Family>(in.u8());
  if (!in.ok()) return "einval";
  switch (family) {
    case kInet: {
      if (domain != AF_INET && domain != AF_UNSPEC) return kWrongFamily;
      const std::uint32_t port = in.u16(), address = in.u32();
      if (!in.ok()) return "einval";
      set_ipv4(out, port, address);
      return nullptr;
    }
    case kInet6: return domain == AF_INET6 || domain == AF_UNSPEC ? read_ipv6(in, out) : kWrongFamily;
    case kLocal: return domain == AF_UNIX || domain == AF_UNSPEC ? read_local(in, out) : kWrongFamily;
    case kAny: return read_generic(in, domain, false, out);
    case kLoopback: return read_generic(in, domain, true, out);
    default: return kWrongFamily;
  }
}

void put_address(std::string& to, const Address& a) {
  switch (a.storage.ss_family) {
    case AF_INET:
      put_u8(to, kInet);
      put_u16(to, port_number(a));
      to.append(reinterpret_cast<const char*>(&as<sockaddr_in>(a).sin_addr), sizeof(in_addr));
      return;
    case AF_INET6:
      put_u8(to, kInet6);
      put_u16(to, port_number(a));
      to.append(reinterpret_cast<const char*>(&as<sockaddr_in6>(a).sin6_addr), sizeof(in6_addr));
      return;
    case AF_UNIX: {
      const std::string_view path = local_path(a);
      put_u8(to, kLocal);
      put_u8(to, static_cast<std::uint32_t>(path.size()));
      to.append(path);
      return;
    }
    case AF_UNSPEC: put_u8(to, kUnspecified); return;
    default: put_u8(to, kUndefined);
  }
}

void put_host(std::string& to, const Address& a) {
  if (a.storage.ss_family == AF_INET) {
    put_u8(to, kInet);
    to.append(reinterpret_cast<const char*>(&as<sockaddr_in>(a).sin_addr), sizeof(in_addr));
  } else if (a.storage.ss_family == AF_INET6) {
    put_u8(to, kInet6);
    to.append(reinterpret_cast<const char*>(&as<sockaddr_in6>(a).sin6_addr), sizeof(in6_addr));
  }
}

std::uint16_t port_number(const Address& a) {
  if (a.storage.ss_family == AF_INET) return ntohs(as<sockaddr_in>(a).sin_port);
  return a.storage.ss_family == AF_INET6 ? ntohs(as<sockaddr_in6>(a).sin6_port) : std::uint16_t{0};
}

AddressTerms address_terms(term::HeapWriter& h, const Address& a) {
  const Term port = Term::small(port_number(a));
  if (a.storage.ss_family == AF_INET) {
    const auto* b = reinterpret_cast<const unsigned char*>(&as<sockaddr_in>(a).sin_addr);
    return {term::Tuple::make(h, Term::small(b[0]), Term::small(b[1]), Term::small(b[2]), Term::small(b[3])), port};
  }
  if (a.storage.ss_family == AF_INET6) {
    const auto* b = as<sockaddr_in6>(a).sin6_addr.s6_addr;
    auto part = [b](int i) { return Term::small(b[2 * i] << 8 | b[2 * i + 1]); };
    return {term::Tuple::make(h, part(0), part(1), part(2), part(3), part(4), part(5), part(6), part(7)), port};
  }
  const bool local = a.storage.ss_family == AF_UNIX;
  const std::string_view path = local ? local_path(a) : std::string_view();
  const Term name = local ? Term(atoms::local) : a.storage.ss_family == AF_UNSPEC ? Term(atoms::unspec) : Term(atoms::undefined);
  return {term::Tuple::make(h, name, term::make_binary(h, {reinterpret_cast<const Byte*>(path.data()), path.size()})), Term::small(0)};
}

}  // namespace vm::port::inet
