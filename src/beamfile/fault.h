// SPDX-License-Identifier: Apache-2.0
//
// What the beamfile room says when input is not a proper module: a small error, the chunk it lies in and the offset in that chunk.
// Turning a fault into an Erlang reason (`badfile`) is the loader's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"

namespace vm::beamfile {

using Bytes = std::span<const std::uint8_t>;

// A four-letter chunk name as a big-endian number: 'A','t','U','8'.
enum class ChunkId : std::uint32_t {};

constexpr ChunkId chunk_id(const char (&name)[5]) {
  std::uint32_t id = 0;
  for (int i = 0; i < 4; ++i) id = id << 8 | static_cast<unsigned char>(name[i]);
  return ChunkId{id};
}

namespace chunk {
inline constexpr ChunkId kNone{};
inline constexpr ChunkId kAtomsUtf8 = chunk_id("AtU8");
inline constexpr ChunkId kAtomsLatin1 = chunk_id("Atom");
inline constexpr ChunkId kCode = chunk_id("Code");
inline constexpr ChunkId kStrings = chunk_id("StrT");
inline constexpr ChunkId kImports = chunk_id("ImpT");
inline constexpr ChunkId kExports = chunk_id("ExpT");
inline constexpr ChunkId kLocals = chunk_id("LocT");
inline constexpr ChunkId kLambdas = chunk_id("FunT");
inline constexpr ChunkId kLiterals = chunk_id("LitT");
inline constexpr ChunkId kLines = chunk_id("Line");
inline constexpr ChunkId kTypes = chunk_id("Type");
inline constexpr ChunkId kAttributes = chunk_id("Attr");
inline constexpr ChunkId kCompileInfo = chunk_id("CInf");
inline constexpr ChunkId kMeta = chunk_id("Meta");
inline constexpr ChunkId kDebugInfo = chunk_id("Dbgi");
inline constexpr ChunkId kDocs = chunk_id("Docs");
}  // namespace chunk

enum class Error : std::uint8_t {
  NotABeamFile,        // no FOR1 ... BEAM header
  Truncated,           // the data ends inside something
  MissingChunk,        // a chunk that every module has is absent or empty
  BadCount,            // more items than the chunk can hold
  BadIndex,            // an atom, literal, label, type or register out of range
  BadTag,              // an operand or item of a kind that cannot stand here
  BadValue,            // a number out of its range
  BadCompression,      // zlib data that does not inflate to what it claims
  UnknownOpcode,       // no instruction has this number
  UnsupportedVersion,  // an instruction set or chunk version that is not ours
};

struct Fault {
  Error error = Error::Truncated;
  ChunkId chunk = chunk::kNone;
  std::size_t offset = 0;
};

template <typename T>
using Result = base::Result<T, Fault>;

}  // namespace vm::beamfile
