// SPDX-License-Identifier: Apache-2.0
// Headers of messages between nodes: any bytes are read or refused, again and again into one cache; what was read can be written and read back.
#include <cstdlib>

#include "dist/atom_cache.h"

using namespace vm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dist::IncomingCache in, back;
  dist::OutgoingCache out;
  std::span<const Byte> left{data, size};
  std::vector<Term> atoms, again;
  while (in.read_references(&left, &atoms)) {
    std::string header;
    out.write_references(atoms, &header);
    std::span<const Byte> written{reinterpret_cast<const Byte*>(header.data()), header.size()};
    if (!back.read_references(&written, &again) || again != atoms || !written.empty()) std::abort();
    if (left.empty()) break;
  }
  return 0;
}
