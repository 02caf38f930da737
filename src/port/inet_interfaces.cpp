// SPDX-License-Identifier: Apache-2.0
//
// Network interfaces: inet:getifaddrs/0, getiflist/0, ifget/2, ifset/2.
#include <ifaddrs.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "port/inet_socket.h"

namespace vm::port::inet {

namespace {

constexpr std::size_t kEthernetBytes = 6;

std::uint32_t flags_of(unsigned system) {
  std::uint32_t flags = 0;
  if (system & IFF_UP) flags |= kIfUp;
  if (system & IFF_BROADCAST) flags |= kIfHasBroadcast;
  if (system & IFF_LOOPBACK) flags |= kIfLoopback;
  if (system & IFF_POINTOPOINT) flags |= kIfPointToPoint;
  if (system & IFF_RUNNING) flags |= kIfRunning;
  if (system & IFF_MULTICAST) flags |= kIfMulticast;
  return flags;
}

Address address_of(const sockaddr* from) {
  Address a;
  a.size = from->sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  std::memcpy(&a.storage, from, a.size);
  return a;
}

bool has_host(const sockaddr* a) { return a && (a->sa_family == AF_INET || a->sa_family == AF_INET6); }

void put_option(std::string& to, InterfaceOption which, const sockaddr* address) {
  if (!has_host(address)) return;
  put_u8(to, which);
  put_host(to, address_of(address));
}

// A socket to ask the system with.
class Asker {
 public:
  Asker() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}
  ~Asker() {
    if (fd_ >= 0) ::close(fd_);
  }
  Asker(const Asker&) = delete;
  bool ask(unsigned long what, ifreq* request) const { return ioctl(fd_, what, request) == 0; }

 private:
  int fd_;
};

bool read_name(WireReader& in, ifreq* request) {
  *request = {};
  const std::string_view name = in.bytes(in.u8());
  if (!in.ok() || name.empty()) return false;
  std::memcpy(request->ifr_name, name.data(), std::min<std::size_t>(name.size(), IFNAMSIZ - 1));
  return true;
}

}  // namespace

std::string interface_addresses(int* error) {
  ifaddrs* list;
  if (getifaddrs(&list) != 0) {
    *error = errno;
    return {};
  }
  std::string bytes;
  for (const ifaddrs* i = list; i; i = i->ifa_next) {
    bytes.append(i->ifa_name);
    bytes.push_back('\0');
    put_u8(bytes, kIfFlags);
    put_u32(bytes, flags_of(i->ifa_flags));
    put_option(bytes, kIfAddress, i->ifa_addr);
    if (has_host(i->ifa_addr)) put_option(bytes, kIfNetmask, i->ifa_netmask);
    if (has_host(i->ifa_addr)) {
      if (i->ifa_flags & IFF_POINTOPOINT) put_option(bytes, kIfDestination, i->ifa_dstaddr);
      else if (i->ifa_flags & IFF_BROADCAST) put_option(bytes, kIfBroadcast, i->ifa_broadaddr);
    }
    if (i->ifa_addr && i->ifa_addr->sa_family == AF_PACKET) {
      const auto* link = reinterpret_cast<const sockaddr_ll*>(i->ifa_addr);
      put_u8(bytes, kIfHardware);
      put_u16(bytes, link->sll_halen);
      bytes.append(reinterpret_cast<const char*>(link->sll_addr), link->sll_halen);
    }
    bytes.push_back('\0');
  }
  freeifaddrs(list);
  return bytes;
}

std::string interface_names(int* error) {
  struct if_nameindex* list = if_nameindex();
  if (!list) {
    *error = errno;
    return {};
  }
  std::string bytes;
  for (const struct if_nameindex* i = list; i->if_index != 0; i++) {
    bytes.append(i->if_name);
    bytes.push_back('\0');
  }
  if_freenameindex(list);
  return bytes;
}

std::string get_interface(WireReader& in, int* error) {
  ifreq request;
  if (!read_name(in, &request)) {
    *error = EINVAL;
    return {};
  }
  const Asker system;
  std::string bytes;
  auto address = [&](std::uint32_t which, unsigned long what, const sockaddr& found) {
    if (!system.ask(what, &request)) return;
    put_u8(bytes, which);
    put_host(bytes, address_of(&found));
  };
  while (!in.empty()) {
    const std::uint32_t which = in.u8();
    switch (which) {
      case kIfAddress: address(which, SIOCGIFADDR, request.ifr_addr); break;
      case kIfBroadcast: address(which, SIOCGIFBRDADDR, request.ifr_broadaddr); break;
      case kIfDestination: address(which, SIOCGIFDSTADDR, request.ifr_dstaddr); break;
      case kIfNetmask: address(which, SIOCGIFNETMASK, request.ifr_netmask); break;
      case kIfMtu:
        if (!system.ask(SIOCGIFMTU, &request)) break;
        put_u8(bytes, which);
        put_u32(bytes, static_cast<std::uint32_t>(request.ifr_mtu));
        break;
      case kIfFlags: {
        const bool known = system.ask(SIOCGIFFLAGS, &request);
        put_u8(bytes, which);
        put_u32(bytes, known ? flags_of(static_cast<std::uint16_t>(request.ifr_flags)) : 0);
        break;
      }
      case kIfHardware:
        if (!system.ask(SIOCGIFHWADDR, &request)) break;
        put_u8(bytes, which);
        put_u16(bytes, kEthernetBytes);
        bytes.append(request.ifr_hwaddr.sa_data, kEthernetBytes);
        break;
      default: *error = EINVAL; return {};
    }
  }
  return bytes;
}

int set_interface(WireReader& in) {
  ifreq request;
  if (!read_name(in, &request)) return EINVAL;
  const Asker system;
  while (!in.empty()) {
    const std::uint32_t which = in.u8();
    unsigned long what = 0;
    switch (which) {
      case kIfAddress: what = SIOCSIFADDR; break;
      case kIfBroadcast: what = SIOCSIFBRDADDR; break;
      case kIfDestination: what = SIOCSIFDSTADDR; break;
      case kIfNetmask: what = SIOCSIFNETMASK; break;
      case kIfMtu:
        request.ifr_mtu = in.i32();
        system.ask(SIOCSIFMTU, &request);
        continue;
      case kIfFlags: {
        const std::uint32_t flags = in.u32();
        if (!system.ask(SIOCGIFFLAGS, &request)) continue;
        auto now = static_cast<std::uint16_t>(request.ifr_flags);
        if (flags & kIfUp) now |= IFF_UP;
        if (flags & kIfDown) now &= static_cast<std::uint16_t>(~IFF_UP);
        if (flags & kIfHasBroadcast) now |= IFF_BROADCAST;
        if (flags & kIfNoBroadcast) now &= static_cast<std::uint16_t>(~IFF_BROADCAST);
        if (flags & kIfPointToPoint) now |= IFF_POINTOPOINT;
        if (flags & kIfNotPointToPoint) now &= static_cast<std::uint16_t>(~IFF_POINTOPOINT);
        request.ifr_flags = static_cast<short>(now);
        system.ask(SIOCSIFFLAGS, &request);
        continue;
      }
      case kIfHardware: {
        const std::string_view hardware = in.bytes(in.u16());
        if (!in.ok() || hardware.size() > sizeof request.ifr_hwaddr.sa_data) return EINVAL;
        request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
        std::memcpy(request.ifr_hwaddr.sa_data, hardware.data(), hardware.size());
        system.ask(SIOCSIFHWADDR, &request);
        continue;
      }
      default: return EINVAL;
    }
    if (in.u8() != kInet) return EINVAL;
    const std::string_view address = in.bytes(sizeof(in_addr));
    if (!in.ok()) return EINVAL;
    auto& to = *reinterpret_cast<sockaddr_in*>(&request.ifr_addr);
    to = {};
    to.sin_family = AF_INET;
    std::memcpy(&to.sin_addr, address.data(), address.size());
    system.ask(what, &request);
  }
  return in.ok() ? 0 : EINVAL;
}

}  // namespace vm::port::inet
