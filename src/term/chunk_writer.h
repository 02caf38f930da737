// SPDX-License-Identifier: Apache-2.0
//
// ChunkWriter: for who makes many small terms in a row. It takes words from another writer in chunks that double, and gives the unused end of the last
// one back when it is closed or goes. Nobody else may take from that writer meanwhile; close() before somebody does.
//
// A process heap that is full hands out each allocation by a call (HeapWriter::alloc_slow); a chunk makes that one call for many terms, and the
// compiler keeps the chunk's bounds in registers.
#pragma once

#include <algorithm>

#include "term/heap_writer.h"

namespace vm::term {

class ChunkWriter final : public HeapWriter {
 public:
  explicit ChunkWriter(HeapWriter& h) : HeapWriter(nullptr, nullptr, &h.off_heap()), h_(h) {}
  ~ChunkWriter() { close(); }

  // Gives back what was not used; more may be taken afterwards.
  void close() {
    if (top_ != limit_) h_.trim(top_, limit_);
    top_ = limit_ = nullptr;
  }

 private:
  static constexpr std::size_t kFirstWords = 64, kMostWords = 4096;

  Word* alloc_slow(std::size_t words) override {
    close();
    const std::size_t chunk = std::max(words, chunk_words_);
    chunk_words_ = std::min(chunk_words_ * 2, kMostWords);
    Word* p = h_.alloc(chunk);
    top_ = p + words;
    limit_ = p + chunk;
    return p;
  }
  void trim_slow(Word*, Word*) override {}  // the newest allocation always ends at top_

  HeapWriter& h_;
  std::size_t chunk_words_ = kFirstWords;
};

}  // namespace vm::term
