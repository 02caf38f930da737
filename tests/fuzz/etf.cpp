// SPDX-License-Identifier: Apache-2.0
// Any bytes decode or are refused; what decodes is written again and read back as the same term.
#include <cstdlib>

#include "etf/decode.h"
#include "etf/encode.h"
#include "heap/fragment.h"
#include "term/compare.h"

using namespace vm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  heap::FragmentWriter heap;
  Term t;
  if (etf::decode({data, size}, heap, &t)) {
    etf::Encoder encoder(t, {});
    std::size_t budget = std::size_t{1} << 40;
    if (!encoder.step(&budget)) std::abort();
    Term again;
    if (!etf::decode(encoder.bytes(), heap, &again) || !term::equal_exact(t, again)) std::abort();
  }
  for (heap::HeapFragment* f = heap.take(); f != nullptr;) {
    heap::HeapFragment* next = f->next;
    heap::HeapFragment::release(f, heap::HeapFragment::OffHeap::Release);
    f = next;
  }
  return 0;
}
