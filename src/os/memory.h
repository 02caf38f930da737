// SPDX-License-Identifier: Apache-2.0
//
// Address space from the operating system. Sizes are rounded up to pages. Running out of address space or memory is fatal, as
// everywhere in the emulator. Any thread.
#pragma once

#include <cstddef>

namespace vm::os {

std::size_t page_size();

// Address space without memory behind it; touching it before commit faults.
void* reserve(std::size_t bytes, std::size_t alignment = 0);
// Makes a reserved range readable and writable. Its pages read as 0.
void commit(void* p, std::size_t bytes);
// Gives the memory of a range back; the address space stays reserved.
void decommit(void* p, std::size_t bytes);
void release(void* p, std::size_t bytes);

// Zeroed memory that costs nothing until it is touched: for large tables that fill from the start.
void* map_lazy(std::size_t bytes);
// The same with its begin at a multiple of `alignment`. nullptr when the system refuses.
void* try_map_aligned(std::size_t bytes, std::size_t alignment);
// Gives the pages of a mapped range back; they read as 0 when touched again.
void discard(void* p, std::size_t bytes);
// Tells a leak checker, where there is one, to look for pointers in a mapped range.
void note_pointers_in(void* p, std::size_t bytes);
// Asks for huge pages behind a range, where the system has them; not wanted: none is made there any more.
void advise_huge(void* p, std::size_t bytes, bool wanted = true);

// How much memory may lie free at the end of the C library's heap, and how much more than needed it asks for, in bytes.
void set_library_heap(std::size_t trim_threshold, std::size_t top_pad);
// Gives whole free pages of the C library's heap back.
void give_back_free_memory();

// Resident bytes of the program.
std::size_t resident_bytes();

}  // namespace vm::os
