// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <new>

#include "ets/table.h"
#include "heap/fragment.h"
#include "term/views.h"

namespace vm::ets {

namespace {

// Writes the row's terms right behind its header.
class RowWriter final : public term::HeapWriter {
 public:
  RowWriter(Word* begin, std::size_t words, term::OffHeapList* list) : HeapWriter(begin, begin + words, list) {}

 private:
  Word* alloc_slow(std::size_t) override { VM_UNREACHABLE("a row was measured too small"); }
  void trim_slow(Word*, Word*) override {}
};

}  // namespace

Row* Row::create(Term tuple) {
  std::size_t words = heap::copied_words(tuple);
  void* block = std::malloc(sizeof(Row) + words * kWordBytes);
  VM_CHECK(block != nullptr);
  Row* row = new (block) Row;
  row->words = static_cast<std::uint32_t>(words);
  RowWriter writer(reinterpret_cast<Word*>(row + 1), words, &row->off_heap);
  row->tuple = heap::copy(tuple, writer);
  return row;
}

void Row::destroy(Row* row) {
  heap::release_off_heap(row->off_heap);
  std::free(row);
}

}  // namespace vm::ets
