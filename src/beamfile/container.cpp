// SPDX-License-Identifier: Apache-2.0
#include "beamfile/container.h"

#include <zlib.h>

#include <algorithm>

#include "beamfile/byte_reader_internal.h"

namespace vm::beamfile {

namespace {

constexpr std::uint32_t kForm = static_cast<std::uint32_t>(chunk_id("FOR1"));
constexpr std::uint32_t kBeam = static_cast<std::uint32_t>(chunk_id("BEAM"));
constexpr std::size_t kChunkHeaderBytes = 8;

// Deflate cannot shrink data by more than this factor, so a larger claim is a lie and is refused before memory is taken for it.
constexpr std::size_t kBestDeflateRatio = 1032;
constexpr int kGzipWindow = 15 + 16;

base::Failure<Fault> bad_compression(ChunkId chunk) { return base::fail(Fault{Error::BadCompression, chunk, 0}); }

}  // namespace

Result<Container> Container::parse(Bytes file) {
  ByteReader header(file, chunk::kNone);
  const bool is_form = header.u32() == kForm;
  header.check(is_form, Error::NotABeamFile);
  const std::uint32_t form_size = header.u32();
  const Bytes form = header.bytes(form_size);
  if (!header.ok()) return is_form ? header.failure() : base::fail(Fault{Error::NotABeamFile, chunk::kNone, 0});

  ByteReader reader(form, chunk::kNone);
  reader.check(reader.u32() == kBeam, Error::NotABeamFile);
  Container container;
  container.chunks_.reserve(std::min<std::size_t>(form.size() / kChunkHeaderBytes, 24));
  while (reader.ok() && reader.remaining() > 0) {
    const ChunkId id{reader.u32()};
    const std::size_t size = reader.u32();
    const Bytes data = reader.bytes(size);
    reader.bytes((4 - size % 4) % 4);
    if (reader.ok()) container.chunks_.push_back({id, data});
  }
  if (!reader.ok()) return reader.failure();
  return container;
}

Bytes Container::find(ChunkId id) const {
  const auto found = std::find_if(chunks_.rbegin(), chunks_.rend(), [&](const Chunk& chunk) { return chunk.id == id; });
  return found == chunks_.rend() ? Bytes{} : found->data;
}

bool is_gzip(Bytes file) { return file.size() > 2 && file[0] == 0x1f && file[1] == 0x8b; }

Result<std::vector<std::uint8_t>> gunzip(Bytes file, std::size_t limit) {
  z_stream stream{};
  stream.next_in = const_cast<Bytef*>(file.data());
  stream.avail_in = static_cast<uInt>(std::min<std::size_t>(file.size(), UINT32_MAX));
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) return bad_compression(chunk::kNone);
  std::vector<std::uint8_t> out;
  int status = Z_OK;
  while (status == Z_OK && out.size() < limit) {
    const std::size_t used = out.size();
    out.resize(std::min(limit, used + std::max<std::size_t>(file.size() * 4, 4096)));
    stream.next_out = out.data() + used;
    stream.avail_out = static_cast<uInt>(std::min<std::size_t>(out.size() - used, UINT32_MAX));
    const uInt room = stream.avail_out;
    status = ::inflate(&stream, Z_NO_FLUSH);
    out.resize(used + (room - stream.avail_out));
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END) return bad_compression(chunk::kNone);
  return out;
}

Result<std::vector<std::uint8_t>> inflate_exactly(Bytes data, std::size_t size, ChunkId chunk) {
  if (size / kBestDeflateRatio > data.size()) return bad_compression(chunk);
  std::vector<std::uint8_t> out(size);
  uLongf produced = size;
  if (::uncompress(out.data(), &produced, data.data(), data.size()) != Z_OK) return bad_compression(chunk);
  out.resize(produced);
  return out;
}

}  // namespace vm::beamfile
