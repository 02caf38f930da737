// SPDX-License-Identifier: Apache-2.0
//
// Appending without a process: start_append of bits.h minus its checks, for it and for unit tests.
#pragma once

#include "term/views.h"

namespace vm::ops {

// A bitstring of src's bits and `extra` more, in src's own storage when src is the live end of it. *bytes / *at: where the new bits
// go. src is a bitstring; the sum is below 2^59 bits.
Term append_room(term::HeapWriter& h, Term src, std::size_t extra, Byte** bytes, std::size_t* at);

}  // namespace vm::ops
