// SPDX-License-Identifier: Apache-2.0
//
// Blocks: a term and everything it consists of, one object behind the other (what heap::copy writes into one allocation). All pointers
// of a block lie inside it, so a copy is a copy of its words plus one pass that moves the pointers.
#pragma once

#include "term/heap_writer.h"
#include "term/term.h"

namespace vm::heap {

// `block` holds a copy of the words of another block: adds `delta` bytes to every pointer, takes a reference for every counted object and
// links those into `off_heap`.
void settle_block(Word* block, std::size_t words, Word delta, term::OffHeapList& off_heap);

}  // namespace vm::heap
