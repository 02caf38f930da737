// SPDX-License-Identifier: Apache-2.0
//
// What module prim_inet and a socket's port say to each other: numbers of requests, options, families and states, and the bytes they travel in
// (big-endian). The numbers are those of stock's prim_inet and can't be chosen.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vm::port::inet {

// Added to the number of each request by port_control/3.
constexpr unsigned kControlBase = 0x03f1a300;

enum class Request : unsigned {
  Open = 1,
  Close = 2,
  Connect = 3,
  PeerName = 4,
  Name = 5,
  Bind = 6,
  SetOptions = 7,
  GetOptions = 8,
  GetStatistics = 11,
  GetHostName = 12,
  FdOpen = 13,
  GetFd = 14,
  GetType = 15,
  GetStatus = 16,
  GetServiceByName = 17,
  GetServiceByPort = 18,
  SetName = 19,
  SetPeer = 20,
  GetInterfaceList = 21,
  GetInterface = 22,
  SetInterface = 23,
  Subscribe = 24,
  GetInterfaceAddresses = 25,
  Accept = 26,
  Listen = 27,
  IgnoreFd = 28,
  GetLocalAddresses = 29,
  GetPeerAddresses = 30,
  TcpReceive = 42,
  TcpUnreceive = 43,
  TcpShutdown = 44,
  TcpSendFile = 45,
  PacketReceive = 60,
};

enum Family : std::uint8_t { kUnspecified = 0, kInet = 1, kInet6 = 2, kAny = 3, kLoopback = 4, kLocal = 5, kUndefined = 6 };
enum SocketType : std::uint8_t { kStream = 1, kDatagram = 2 };
enum Reply : std::uint8_t { kError = 0, kOk = 1 };

enum Option : std::uint8_t {
  kReuseAddr = 0,
  kKeepAlive = 1,
  kDontRoute = 2,
  kLinger = 3,
  kBroadcast = 4,
  kOobInline = 5,
  kSendBuffer = 6,
  kReceiveBuffer = 7,
  kPriority = 8,
  kTos = 9,
  kNoDelay = 10,
  kMulticastInterface = 11,
  kMulticastTtl = 12,
  kMulticastLoop = 13,
  kAddMembership = 14,
  kDropMembership = 15,
  kIpv6Only = 16,
  // Of the port, not of the system's socket:
  kBuffer = 20,
  kHeader = 21,
  kActive = 22,
  kPacket = 23,
  kMode = 24,
  kDeliver = 25,
  kExitOnClose = 26,
  kHighWatermark = 27,
  kLowWatermark = 28,
  kSendTimeout = 30,
  kDelaySend = 31,
  kPacketSize = 32,
  kReadPackets = 33,
  kRaw = 34,
  kSendTimeoutClose = 35,
  kHighQueueWatermark = 36,
  kLowQueueWatermark = 37,
  kNetworkNamespace = 38,
  kShowReset = 39,
  kLineDelimiter = 40,
  kTrafficClass = 41,
  kBindToDevice = 42,
  kReceiveTos = 43,
  kReceiveTrafficClass = 44,
  kPacketOptions = 45,
  kTtl = 46,
  kReceiveTtl = 47,
  kNoPush = 48,
  kDebug = 99,
};

enum class Active : std::uint8_t { No = 0, Yes = 1, Once = 2, Count = 3 };

// getstatus
enum State : std::uint32_t {
  kStateClosed = 0,
  kStateOpen = 0x01,
  kStateBound = 0x02,
  kStateConnected = 0x04,
  kStateListening = 0x08,
  kStateConnecting = 0x10,
  kStateAccepting = 0x20,
  kStateBusy = 0x80,
};

enum Statistic : std::uint8_t {
  kReceivedCount = 1,
  kReceivedMax = 2,
  kReceivedAverage = 3,
  kReceivedDeviation = 4,
  kSentCount = 5,
  kSentMax = 6,
  kSentAverage = 7,
  kSendPending = 8,
  kReceivedBytes = 9,
  kSentBytes = 10,
};

enum InterfaceOption : std::uint8_t {
  kIfAddress = 1,
  kIfBroadcast = 2,
  kIfDestination = 3,
  kIfMtu = 4,
  kIfNetmask = 5,
  kIfFlags = 6,
  kIfHardware = 7,
};

enum InterfaceFlag : std::uint32_t {
  kIfUp = 0x01,
  kIfHasBroadcast = 0x02,
  kIfLoopback = 0x04,
  kIfPointToPoint = 0x08,
  kIfRunning = 0x10,
  kIfMulticast = 0x20,
  kIfDown = 0x100,
  kIfNoBroadcast = 0x200,
  kIfNotPointToPoint = 0x800,
};

constexpr std::uint32_t kForever = 0xFFFFFFFF;  // a time-out that never comes
constexpr std::uint8_t kSubscribeEmptyQueue = 1;

// Takes numbers off the front of a request. After a read beyond the end `ok` is false and all that is read is 0.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}
  std::uint32_t u8() { return number(1); }
  std::uint32_t u16() { return number(2); }
  std::uint32_t u32() { return number(4); }
  std::int32_t i32() { return static_cast<std::int32_t>(number(4)); }
  std::uint64_t u64() {
    const std::uint64_t high = u32();
    return high << 32 | u32();
  }
  std::string_view bytes(std::size_t n) {
    if (n > rest_.size()) {
      ok_ = false;
      return {};
    }
    const std::string_view taken = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return taken;
  }
  std::string_view rest() const { return rest_; }
  bool ok() const { return ok_; }
  bool empty() const { return rest_.empty(); }

 private:
  std::uint32_t number(std::size_t n) {
    std::uint32_t value = 0;
    for (const char c : bytes(n)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::string_view rest_;
  bool ok_ = true;
};

inline void put_u8(std::string& to, std::uint32_t n) { to.push_back(static_cast<char>(n)); }
inline void put_u16(std::string& to, std::uint32_t n) {
  put_u8(to, n >> 8);
  put_u8(to, n);
}
inline void put_u32(std::string& to, std::uint32_t n) {
  put_u16(to, n >> 16);
  put_u16(to, n);
}
inline void put_u64(std::string& to, std::uint64_t n) {
  put_u32(to, static_cast<std::uint32_t>(n >> 32));
  put_u32(to, static_cast<std::uint32_t>(n));
}

}  // namespace vm::port::inet
