// SPDX-License-Identifier: Apache-2.0
//
// Blocks of heap memory.
//
// Small blocks (up to 32 K words) come in size classes four to the power of two and are cached per thread, so that a collection in a loop
// swaps between the same two warm blocks. Large blocks are mapped on their own, aligned for and advised to use huge pages, and
// a few of them are retained before they go back to the system.
#pragma once

#include <atomic>

#include "base/word.h"

namespace vm::heap {

// Words of the block that allocate_block(words) gives: at least `words`.
std::size_t block_capacity(std::size_t words);
// Uninitialised; capacity as block_capacity says. Out of memory is fatal.
Word* allocate_block(std::size_t words);
// `words`: the same number (or the capacity) that it was allocated with.
void free_block(Word* block, std::size_t words);

// Bytes in use by process heaps (blocks handed out), for erlang:memory(processes).
std::size_t block_bytes_in_use();

}  // namespace vm::heap
