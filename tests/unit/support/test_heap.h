// SPDX-License-Identifier: Apache-2.0
//
// A HeapWriter for tests: blocks from malloc, all freed at the end. Off-heap objects stay alive until then.
#pragma once

#include <memory>
#include <vector>

#include "term/heap_writer.h"
#include "term/views.h"

namespace vm::test {

class TestHeap final : public term::HeapWriter {
 public:
  TestHeap() : HeapWriter(nullptr, nullptr, &list_) {}
  ~TestHeap() {
    for (Word* p = list_.first; p != nullptr; p = term::OffHeapList::next(p)) {
      switch (term::HeaderWord(*p).kind()) {
        case term::Kind::RefcBinary: reinterpret_cast<term::BinaryData*>(p[term::RefcBinaryWords::kData])->release(); break;
        case term::Kind::MagicRef: reinterpret_cast<term::MagicData*>(p[4])->release(); break;
        default: break;
      }
    }
  }
  std::size_t words_used() const { return used_before_ + static_cast<std::size_t>(top_ - begin_); }

 private:
  Word* alloc_slow(std::size_t words) override {
    used_before_ += static_cast<std::size_t>(top_ - begin_);
    std::size_t size = words > kBlock ? words : kBlock;
    blocks_.emplace_back(new Word[size]);
    begin_ = blocks_.back().get();
    top_ = begin_ + words;
    limit_ = begin_ + size;
    return begin_;
  }
  void trim_slow(Word*, Word*) override {}

  static constexpr std::size_t kBlock = 4096;
  term::OffHeapList list_;
  std::vector<std::unique_ptr<Word[]>> blocks_;
  Word* begin_ = nullptr;
  std::size_t used_before_ = 0;
};

}  // namespace vm::test
