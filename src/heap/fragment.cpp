// SPDX-License-Identifier: Apache-2.0
#include "heap/fragment.h"

#include <cstdlib>
#include <new>

#include "heap/block_cache.h"
#include "term/binary_data.h"
#include "term/views.h"

namespace vm::heap {

namespace {

constexpr std::size_t kHeaderWords = sizeof(HeapFragment) / kWordBytes;
static_assert(sizeof(HeapFragment) % kWordBytes == 0);

}  // namespace

HeapFragment* HeapFragment::allocate(std::size_t words) {
  const Block block = allocate_block(words + kHeaderWords);
  auto* f = reinterpret_cast<HeapFragment*>(block.start);
  f->next = nullptr;
  f->off_heap = term::OffHeapList{};
  f->capacity = block.words - kHeaderWords;
  f->used = 0;
  return f;
}

void HeapFragment::release(HeapFragment* f, OffHeap mode) {
  if (mode == OffHeap::Release) release_off_heap(f->off_heap);
  free_block(reinterpret_cast<Word*>(f), f->capacity + kHeaderWords);
}

void release_off_heap_objects(term::OffHeapList& list) {
  Word* p = list.first;
  while (p) {
    Word* next = term::OffHeapList::next(p);
    switch (term::HeaderWord(*p).kind()) {
      case term::Kind::RefcBinary: reinterpret_cast<term::BinaryData*>(p[term::RefcBinaryWords::kData])->release(); break;
      case term::Kind::MagicRef: reinterpret_cast<term::MagicData*>(p[4])->release(); break;
      default:  // nodes live as long as the VM
        break;
    }
    p = next;
  }
  list = term::OffHeapList{};
}

FragmentWriter::FragmentWriter(std::size_t reserve_words) : HeapWriter(nullptr, nullptr, &list_) {
  if (!reserve_words) return;
  first_ = HeapFragment::allocate(reserve_words);
  top_ = first_->data;
  limit_ = top_ + first_->capacity;
}

FragmentWriter::~FragmentWriter() {
  close_current();
  release_off_heap(list_);
  while (HeapFragment* f = first_) {
    first_ = f->next;
    HeapFragment::release(f, HeapFragment::OffHeap::Release);
  }
}

void FragmentWriter::close_current() {
  if (first_) first_->used = static_cast<std::size_t>(top_ - first_->data);
}

Word* FragmentWriter::alloc_slow(std::size_t words) {
  close_current();
  std::size_t grow = first_ ? first_->capacity * 2 : 16;
  HeapFragment* f = HeapFragment::allocate(words > grow ? words : grow);
  f->next = first_;
  first_ = f;
  top_ = f->data + words;
  limit_ = f->data + f->capacity;
  return f->data;
}

void FragmentWriter::trim_slow(Word*, Word*) {}  // the words stay unused inside the fragment

HeapFragment* FragmentWriter::take() {
  close_current();
  HeapFragment* chain = first_;
  if (chain) chain->off_heap = list_;
  list_ = term::OffHeapList{};
  first_ = nullptr;
  top_ = limit_ = nullptr;
  return chain;
}

}  // namespace vm::heap
