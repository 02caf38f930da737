// SPDX-License-Identifier: Apache-2.0
//
// Parts of binaries as {Start, Length}: shared by erlang:binary_part and module binary.
#pragma once

#include "proc/bif_context.h"

namespace vm::bif {

// The range of bytes that a start and a (maybe negative) length mean. False when they are no integers or lie outside 0..size.
bool binary_part_range(std::size_t size, Term start, Term length, std::size_t* first, std::size_t* count);
// That part of a bitstring; badarg.
BifResult binary_part_of(GuardContext& cx, Term binary, Term start, Term length);

}  // namespace vm::bif
