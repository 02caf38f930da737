// SPDX-License-Identifier: Apache-2.0
//
// The container of a .beam file: "FOR1", size, "BEAM", then chunks of {name, size, data} padded to four bytes. Reading one yields
// spans into the caller's bytes; nothing is copied. Chunk contents are read by tables.h and code_reader.h.
//
// Bytes after the form's stated size are ignored, as is anything unknown. When a name occurs twice the last one counts, as in
// stock loaders.
//
// Threading: values, no sharing. Input is untrusted: every length is checked before use.
#pragma once

#include <cstdint>
#include <vector>

#include "beamfile/fault.h"

namespace vm::beamfile {

struct Chunk {
  ChunkId id = chunk::kNone;
  Bytes data;
};

class Container {
 public:
  static Result<Container> parse(Bytes file);

  // The chunk's data; empty when it is absent (an empty chunk counts as absent everywhere).
  Bytes find(ChunkId id) const;

  // All chunks in file order, repeated names included.
  std::span<const Chunk> chunks() const { return chunks_; }

 private:
  std::vector<Chunk> chunks_;
};

// True when the bytes start like gzip data: a module compiled with the `compressed` option.
bool is_gzip(Bytes file);

// Unpacks gzip data. Fails when the result would be larger than `limit` bytes.
Result<std::vector<std::uint8_t>> gunzip(Bytes file, std::size_t limit);

// Unpacks zlib data that claims to become exactly `size` bytes.
Result<std::vector<std::uint8_t>> inflate_exactly(Bytes data, std::size_t size, ChunkId chunk);

}  // namespace vm::beamfile
