// SPDX-License-Identifier: Apache-2.0
//
// Blocks of heap memory.
//
// Small blocks (up to 512 words) come from sized slabs (sync/sized_slabs.h). Middle-sized ones (up to 32 K words) come in size classes, four to
// the power of two, and are cached per thread, so that a collection in a loop swaps between the same two warm blocks. Large blocks are mapped
// on their own, aligned for and advised to use huge pages. Those given back last are retained up to a budget; a request takes any retained
// mapping that is not much larger than it needs, so that a process that collects a large heap again and again touches no fresh pages.
#pragma once

#include "base/word.h"

namespace vm::heap {

struct Block {
  Word* start;
  std::size_t words;  // capacity: at least what was asked for
};

// Words that allocate_block(words) gives at least; exact but for large blocks.
std::size_t block_capacity(std::size_t words);
// Uninitialised. Out of memory is fatal.
Block allocate_block(std::size_t words);
// `capacity` as allocate_block or shrink_block told.
void free_block(Word* start, std::size_t capacity);
// Gives the end of a large block back to the system, so that about `words` are left. Answers the new capacity; others stay.
std::size_t shrink_block(Word* start, std::size_t capacity, std::size_t words);
bool is_large_block(std::size_t capacity);

// Gives retained mappings and unused pages between small blocks back to the system. Slow; any thread.
void give_back_unused();

// Small blocks that threads hold ready: asks them to free theirs. Each does at its next trim_thread_blocks, which costs nothing when nobody asked.
void ask_threads_to_trim();
void trim_thread_blocks();

// Bytes in use by process heaps (blocks handed out), for erlang:memory(processes).
std::size_t block_bytes_in_use();

}  // namespace vm::heap
