// SPDX-License-Identifier: Apache-2.0
//
// Numbers of the distribution protocol between connected nodes: capabilities that nodes announce, operations of control messages, bytes of headers.
// Names follow the protocol's documentation.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vm::dist {

// Capabilities. Those that every node of OTP 25 must have are not asked for here.
enum Capability : std::uint64_t {
  kPublished = 0x1,
  kMonitors = 0x8,
  kUnicodeIo = 0x1000,
  kHeaderAtomCache = 0x2000,
  kSendSender = 0x80000,
  kExitPayload = 0x400000,
  kFragments = 0x800000,
  kUnlinkId = 0x2000000,
  kSpawn = std::uint64_t{1} << 32,
  kAlias = std::uint64_t{8} << 32,
};
// EXTENDED_REFERENCES, FUN_TAGS, NEW_FUN_TAGS, EXTENDED_PIDS_PORTS, EXPORT_PTR_TAG, BIT_BINARIES, NEW_FLOATS, UTF8_ATOMS, MAP_TAG, BIG_CREATION,
// HANDSHAKE_23
inline constexpr std::uint64_t kMandatory = 17239956;
// What is taken for granted of a node that is not connected yet.
inline constexpr std::uint64_t kHopefully = kMonitors | kSpawn | kAlias | kUnlinkId;

enum class Operation : std::uint8_t {
  Link = 1,
  Send = 2,
  Exit = 3,
  Unlink = 4,
  RegSend = 6,
  GroupLeader = 7,
  Exit2 = 8,
  SendTraced = 12,
  ExitTraced = 13,
  RegSendTraced = 16,
  Exit2Traced = 18,
  Monitor = 19,
  Demonitor = 20,
  MonitorExit = 21,
  SendSender = 22,
  SendSenderTraced = 23,
  PayloadExit = 24,
  PayloadExitTraced = 25,
  PayloadExit2 = 26,
  PayloadExit2Traced = 27,
  PayloadMonitorExit = 28,
  SpawnRequest = 29,
  SpawnRequestTraced = 30,
  SpawnReply = 31,
  SpawnReplyTraced = 32,
  AliasSend = 33,
  AliasSendTraced = 34,
  UnlinkId = 35,
  UnlinkIdAck = 36,
};

enum SpawnReplyFlag : unsigned { kSpawnLinked = 1, kSpawnMonitored = 2 };

inline constexpr std::uint8_t kVersionByte = 131, kNormalHeader = 68, kFirstFragment = 69, kNextFragment = 70, kPassThrough = 112;
inline constexpr std::size_t kFragmentBytes = 64 * 1024;

}  // namespace vm::dist
