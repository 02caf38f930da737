// SPDX-License-Identifier: Apache-2.0
//
// inet:setopts/2 and getopts/2: options of the system's socket by a table, those of the port by name.
//
// A request is a sequence of option numbers, each with a 32-bit value and for some more bytes. The system's refusal of an option is told for a few
// only (stock has kept silent about the others for too long to change it); an option it cannot read is left out of the answer.
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "port/inet_socket.h"
#include "term/atoms.h"

namespace vm::port {

namespace {

constexpr int kMinBuffer = 1;
constexpr int kMaxDatagram = 1 << 16;
constexpr std::size_t kMaxAnswer = 64 * 1024;  // bytes of all options asked for at once
constexpr std::size_t kRawHeader = 14;         // of the answer, its first byte and number, level, name, size of a raw option
// What erl_drv_busy_msgq_limits takes.
constexpr std::int32_t kMinQueueLimit = 1, kMaxQueueLimit = std::numeric_limits<std::int32_t>::max() - 1;

// An option whose value is an int of the system's socket.
struct SystemOption {
  std::uint8_t number;
  int level, name;
  bool refusal_tells;    // the system's refusal is an error
  unsigned control = 0;  // ControlMessage asked for by it
};
constexpr SystemOption kSystemOptions[] = {
    {inet::kReuseAddr, SOL_SOCKET, SO_REUSEADDR, false},
    {inet::kKeepAlive, SOL_SOCKET, SO_KEEPALIVE, false},
    {inet::kDontRoute, SOL_SOCKET, SO_DONTROUTE, false},
    {inet::kBroadcast, SOL_SOCKET, SO_BROADCAST, false},
    {inet::kOobInline, SOL_SOCKET, SO_OOBINLINE, false},
    {inet::kSendBuffer, SOL_SOCKET, SO_SNDBUF, false},
    {inet::kReceiveBuffer, SOL_SOCKET, SO_RCVBUF, false},
    {inet::kPriority, SOL_SOCKET, SO_PRIORITY, true},
    {inet::kTos, IPPROTO_IP, IP_TOS, true},
    {inet::kTtl, IPPROTO_IP, IP_TTL, true},
    {inet::kTrafficClass, IPPROTO_IPV6, IPV6_TCLASS, true},
    {inet::kReceiveTos, IPPROTO_IP, IP_RECVTOS, true, kWantTos},
    {inet::kReceiveTtl, IPPROTO_IP, IP_RECVTTL, true, kWantTtl},
    {inet::kReceiveTrafficClass, IPPROTO_IPV6, IPV6_RECVTCLASS, true, kWantTrafficClass},
    {inet::kNoDelay, IPPROTO_TCP, TCP_NODELAY, false},
    {inet::kNoPush, IPPROTO_TCP, TCP_CORK, false},
    {inet::kMulticastTtl, IPPROTO_IP, IP_MULTICAST_TTL, false},
    {inet::kMulticastLoop, IPPROTO_IP, IP_MULTICAST_LOOP, false},
    {inet::kIpv6Only, IPPROTO_IPV6, IPV6_V6ONLY, true},
};

const SystemOption* system_option(std::uint32_t number) {
  for (const SystemOption& o : kSystemOptions)
    if (o.number == number) return &o;
  return nullptr;
}

std::optional<PacketType> packet_type(unsigned number) {
  static constexpr PacketType kTypes[] = {PacketType::Raw,    PacketType::One,   PacketType::Two,       PacketType::Four,
                                          PacketType::Asn1,   PacketType::SunRm, PacketType::Cdr,       PacketType::Fcgi,
                                          PacketType::Line,   PacketType::Tpkt,  PacketType::Http,      PacketType::HttpHeader,
                                          PacketType::SslTls, PacketType::Http,  PacketType::HttpHeader};
  if (number >= std::size(kTypes)) return std::nullopt;
  return kTypes[number];
}

}  // namespace

PacketType InetSocket::packet_type_of(unsigned number) { return packet_type(number).value_or(PacketType::Raw); }

// --- setting -----------------------------------------------------------------------------------------------------------------------------

class InetOptionWriter {
 public:
  InetOptionWriter(InetSocket& socket, inet::WireReader& in) : s_(socket), o_(socket.options_), in_(in) {}
  // False: an option is wrong; those before it are set.
  bool run() {
    while (in_.rest().size() >= sizeof(std::int32_t) + 1) {
      const std::uint32_t number = in_.u8();
      if (!set(number, in_.i32())) return false;
    }
    return true;
  }

 private:
  bool system(int level, int name, const void* value, std::size_t size, bool refusal_tells) {
    const int done = setsockopt(s_.fd_, level, name, value, static_cast<socklen_t>(size));
    return done == 0 || !refusal_tells;
  }

  bool set(std::uint32_t number, std::int32_t value) {
    if (const SystemOption* option = system_option(number)) return set_system(*option, value);
    switch (number) {
      case inet::kActive: return set_active(value);
      case inet::kBuffer:
        o_.buffer = std::max(value, kMinBuffer);
        o_.buffer_set = true;
        return true;
      case inet::kHeader: o_.header = static_cast<unsigned>(value); return true;
      case inet::kPacket:
        if (!packet_type(static_cast<unsigned>(value))) return false;
        o_.packet = static_cast<unsigned>(value);
        return true;
      case inet::kMode: o_.binary = value != 0; return true;
      case inet::kDeliver: o_.as_port = value == 0; return true;
      case inet::kExitOnClose: o_.exit_on_close = value != 0; return true;
      case inet::kPacketSize: o_.limits.packet_size = static_cast<std::uint32_t>(value); return true;
      case inet::kLineDelimiter: o_.limits.line_delimiter = static_cast<char>(value); return true;
      case inet::kHighQueueWatermark:
      case inet::kLowQueueWatermark: return set_queue_limit(number == inet::kHighQueueWatermark, value);
      case inet::kDebug: return true;
      case inet::kLinger: return set_linger(value);
      case inet::kRaw: return set_raw(value);
      case inet::kNetworkNamespace: return text(value, &o_.network_namespace);
      case inet::kBindToDevice: return bind_to_device(value);
      case inet::kMulticastInterface: return set_multicast_interface(value);
      case inet::kAddMembership:
      case inet::kDropMembership: return set_membership(number == inet::kAddMembership, value);
      default: return s_.set_own_option(static_cast<std::uint8_t>(number), value) == InetSocket::OptionFate::Done;
    }
  }

  bool set_system(const SystemOption& option, std::int32_t value) {
    if (option.number == inet::kReceiveBuffer && !o_.buffer_set) {
      if (value > kMaxDatagram && s_.type_ == SOCK_DGRAM) o_.buffer = kMaxDatagram;
      else o_.buffer = std::max(o_.buffer, value);
    }
    const bool done = setsockopt(s_.fd_, option.level, option.name, &value, sizeof value) == 0;
    if (done && option.control) o_.packet_control = value ? o_.packet_control | option.control : o_.packet_control & ~option.control;
    return done || !option.refusal_tells;
  }

  bool set_active(std::int32_t value) {
    if (value < 0 || value > static_cast<std::int32_t>(inet::Active::Count)) return false;
    o_.active = static_cast<inet::Active>(value);
    if (o_.active == inet::Active::Count) {
      const int more = static_cast<std::int16_t>(in_.u16());
      const int sum = o_.active_count + more;
      if (!in_.ok() || sum > INT16_MAX || sum < INT16_MIN) return false;
      o_.active_count = static_cast<std::int16_t>(std::max(sum, 0));
      if (o_.active_count == 0) {
        o_.active = inet::Active::No;
        s_.tell(s_.passive_tag());
      }
    } else {
      o_.active_count = 0;
    }
    if (s_.type_ == SOCK_STREAM && o_.active != inet::Active::No && s_.state_ == inet::kStateClosed) s_.activated_when_closed();
    return true;
  }

  bool set_queue_limit(bool high, std::int32_t value) {
    if (value < kMinQueueLimit || value > kMaxQueueLimit) return false;
    (high ? o_.high_queue : o_.low_queue) = value;
    if (high) o_.low_queue = std::min(o_.low_queue, value);
    else o_.high_queue = std::max(o_.high_queue, value);
    return true;
  }

  bool set_linger(std::int32_t on) {
    linger l{};
    l.l_onoff = on;
    l.l_linger = in_.i32();
    if (!in_.ok()) return false;
    o_.linger_zero = on && l.l_linger == 0;
    return system(SOL_SOCKET, SO_LINGER, &l, sizeof l, false);
  }

  bool set_raw(std::int32_t level) {
    const std::int32_t name = in_.i32();
    const std::string_view value = in_.bytes(in_.u32());
    return in_.ok() && system(level, name, value.data(), value.size(), false);
  }

  bool text(std::int32_t size, std::string* out) {
    if (size < 0) return false;
    *out = in_.bytes(static_cast<std::size_t>(size));
    return in_.ok();
  }

  bool bind_to_device(std::int32_t size) {
    std::string name;
    return text(size, &name) && name.size() < IFNAMSIZ && system(SOL_SOCKET, SO_BINDTODEVICE, name.c_str(), name.size() + 1, true);
  }

  bool set_multicast_interface(std::int32_t value) {
    if (s_.domain_ == AF_INET) {
      const in_addr address{htonl(static_cast<std::uint32_t>(value))};
      return system(IPPROTO_IP, IP_MULTICAST_IF, &address, sizeof address, false);
    }
    return s_.domain_ == AF_INET6 && system(IPPROTO_IPV6, IPV6_MULTICAST_IF, &value, sizeof value, false);
  }

  // As on stock nobody is told that the system refuses a group.
  bool set_membership(bool join, std::int32_t family) {
    const std::int32_t interface = in_.i32();
    if (family == inet::kInet && s_.domain_ == AF_INET) {
      ip_mreqn group{};
      group.imr_multiaddr.s_addr = htonl(in_.u32());
      group.imr_address.s_addr = htonl(in_.u32());
      group.imr_ifindex = interface;
      return in_.ok() && system(IPPROTO_IP, join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &group, sizeof group, false);
    }
    if (family != inet::kInet6 || s_.domain_ != AF_INET6) return false;
    ipv6_mreq group{};
    const std::string_view address = in_.bytes(sizeof group.ipv6mr_multiaddr);
    if (!in_.ok()) return false;
    std::memcpy(&group.ipv6mr_multiaddr, address.data(), address.size());
    group.ipv6mr_interface = static_cast<unsigned>(interface);
    return system(IPPROTO_IPV6, join ? IPV6_ADD_MEMBERSHIP : IPV6_DROP_MEMBERSHIP, &group, sizeof group, false);
  }

  InetSocket& s_;
  InetOptions& o_;
  inet::WireReader& in_;
};

std::string InetSocket::set_options(inet::WireReader& in) {
  const InetOptions was = options_;
  const bool good = InetOptionWriter(*this, in).run();
  if (!good) return error(EINVAL);
  if (!port_.closed) options_changed(was);
  return ok();
}

// --- reading -----------------------------------------------------------------------------------------------------------------------------

class InetOptionReader {
 public:
  InetOptionReader(InetSocket& socket, inet::WireReader& in) : s_(socket), o_(socket.options_), in_(in) {}
  bool run(std::string* out) {
    while (!in_.empty())
      if (!get(static_cast<std::uint8_t>(in_.u8()))) return false;
    *out = std::move(out_);
    return true;
  }

 private:
  void add(std::uint8_t number, std::int64_t value) {
    inet::put_u8(out_, number);
    inet::put_u32(out_, static_cast<std::uint32_t>(value));
  }
  void add_text(std::uint8_t number, std::string_view text) {
    add(number, static_cast<std::int64_t>(text.size()));
    out_.append(text);
  }

  bool get(std::uint8_t number) {
    if (const SystemOption* option = system_option(number)) {
      int value = 0;
      socklen_t size = sizeof value;
      if (getsockopt(s_.fd_, option->level, option->name, &value, &size) == 0) add(number, value);
      return true;
    }
    switch (number) {
      case inet::kBuffer: add(number, o_.buffer); return true;
      case inet::kHeader: add(number, o_.header); return true;
      case inet::kMode: add(number, o_.binary); return true;
      case inet::kDeliver: add(number, !o_.as_port); return true;
      case inet::kPacket: add(number, o_.packet); return true;
      case inet::kPacketSize: add(number, o_.limits.packet_size); return true;
      case inet::kExitOnClose: add(number, o_.exit_on_close); return true;
      case inet::kHighQueueWatermark: add(number, o_.high_queue); return true;
      case inet::kLowQueueWatermark: add(number, o_.low_queue); return true;
      case inet::kDebug: add(number, 0); return true;
      case inet::kActive:
        add(number, static_cast<int>(o_.active));
        if (o_.active == inet::Active::Count) inet::put_u16(out_, static_cast<std::uint16_t>(o_.active_count));
        return true;
      case inet::kNetworkNamespace:
        if (!o_.network_namespace.empty()) add_text(number, o_.network_namespace);
        return true;
      case inet::kLinger: return get_linger();
      case inet::kRaw: return get_raw();
      case inet::kBindToDevice: return get_device();
      case inet::kMulticastInterface: return get_multicast_interface();
      case inet::kPacketOptions: return get_packet_options();
      default:
        if (const std::optional<std::int32_t> value = s_.own_option(number)) add(number, *value);
        return known_elsewhere(number);
    }
  }

  // Options of another kind of socket are left out; unknown ones are wrong.
  static bool known_elsewhere(std::uint8_t number) {
    switch (number) {
      case inet::kHighWatermark:
      case inet::kLowWatermark:
      case inet::kSendTimeout:
      case inet::kSendTimeoutClose:
      case inet::kDelaySend:
      case inet::kReadPackets:
      case inet::kShowReset: return true;
      default: return false;
    }
  }

  bool get_linger() {
    linger l{};
    socklen_t size = sizeof l;
    if (getsockopt(s_.fd_, SOL_SOCKET, SO_LINGER, &l, &size) != 0) return true;
    add(inet::kLinger, l.l_onoff);
    inet::put_u32(out_, static_cast<std::uint32_t>(l.l_linger));
    return true;
  }

  bool get_raw() {
    const std::int32_t level = in_.i32(), name = in_.i32();
    const bool given = in_.u8() != 0;
    const std::uint32_t room = in_.u32();
    if (!in_.ok() || out_.size() + kRawHeader + room > kMaxAnswer) return false;
    std::string value(room, '\0');
    if (given) value = in_.bytes(room);
    if (!in_.ok()) return false;
    auto size = static_cast<socklen_t>(value.size());
    if (getsockopt(s_.fd_, level, name, value.data(), &size) != 0) return true;
    add(inet::kRaw, level);
    inet::put_u32(out_, static_cast<std::uint32_t>(name));
    inet::put_u32(out_, size);
    out_.append(value, 0, size);
    return true;
  }

  bool get_device() {
    char name[IFNAMSIZ] = {};
    socklen_t size = sizeof name;
    if (getsockopt(s_.fd_, SOL_SOCKET, SO_BINDTODEVICE, name, &size) == 0) add_text(inet::kBindToDevice, {name, strnlen(name, size)});
    return true;
  }

  bool get_multicast_interface() {
    std::uint32_t value = 0;
    socklen_t size = sizeof value;
    const bool v4 = s_.domain_ == AF_INET;
    if (!v4 && s_.domain_ != AF_INET6) return false;
    if (getsockopt(s_.fd_, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_MULTICAST_IF : IPV6_MULTICAST_IF, &value, &size) != 0) return true;
    // Four bytes of address or interface number, then the family that tells which.
    inet::put_u8(out_, inet::kMulticastInterface);
    inet::put_u32(out_, v4 ? ntohl(value) : value);
    inet::put_u32(out_, v4 ? inet::kInet : inet::kInet6);
    return true;
  }

  // Control messages that came with the last packets of a stream.
  bool get_packet_options() {
    alignas(cmsghdr) char buffer[2 * CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(int))];
    socklen_t size = sizeof buffer;
    const bool v4 = s_.domain_ == AF_INET;
    if (getsockopt(s_.fd_, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_PKTOPTIONS : IPV6_2292PKTOPTIONS, buffer, &size) != 0) return true;
    msghdr message{};
    message.msg_control = buffer;
    message.msg_controllen = size;
    add_text(inet::kPacketOptions, inet::control_bytes(message));
    return true;
  }

  InetSocket& s_;
  const InetOptions& o_;
  inet::WireReader& in_;
  std::string out_;
};

std::string InetSocket::get_options(inet::WireReader& in) {
  std::string bytes;
  return InetOptionReader(*this, in).run(&bytes) ? ok(bytes) : error(EINVAL);
}

namespace inet {

std::vector<ControlValue> control_values(const msghdr& message) {
  std::vector<ControlValue> values;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(const_cast<msghdr*>(&message), c)) {
    const bool v4 = c->cmsg_level == IPPROTO_IP, v6 = c->cmsg_level == IPPROTO_IPV6;
    int value = 0;
    std::memcpy(&value, CMSG_DATA(c), std::min<std::size_t>(sizeof value, c->cmsg_len - CMSG_LEN(0)));
    if (v4 && c->cmsg_type == IP_TOS) values.push_back({kTos, value});
    else if (v4 && c->cmsg_type == IP_TTL) values.push_back({kTtl, value});
    else if (v6 && c->cmsg_type == IPV6_TCLASS) values.push_back({kTrafficClass, value});
  }
  return values;
}

std::string control_bytes(const msghdr& message) {
  std::string bytes;
  for (const ControlValue& v : control_values(message)) {
    put_u8(bytes, v.option);
    put_u32(bytes, static_cast<std::uint32_t>(v.value));
  }
  return bytes;
}

}  // namespace inet

}  // namespace vm::port
