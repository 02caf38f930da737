// SPDX-License-Identifier: Apache-2.0
//
// Numbers of references. A local reference is one 64-bit number spread over the three words Erlang shows; threads take blocks of numbers, so
// making one touches no shared memory. Tables of monitors, aliases and timers are keyed by that number. Any thread.
#pragma once

#include <cstdint>

#include "term/views.h"

namespace vm::proc {

std::uint64_t next_ref_key();
// The three 32-bit words (18 bits in the first) of the reference with this key, and back.
void ref_numbers_of_key(std::uint64_t key, std::uint32_t out[3]);
std::uint64_t ref_key_of_numbers(const std::uint32_t n[3]);
// Key of a local reference; 0 when `ref` is none of this node's.
std::uint64_t ref_key(Term ref);
Term make_key_ref(term::HeapWriter& h, std::uint64_t key);
Term make_key_pid_ref(term::HeapWriter& h, std::uint64_t key, Term pid);

// erlang:unique_integer/1.
Term make_unique_integer(term::HeapWriter& h, bool monotonic, bool positive);
// Numbers that grow strictly, counted from the smallest one (kFirstMonotonic). The next one's count can be set, for tests.
inline constexpr std::int64_t kFirstMonotonic = -(std::int64_t{1} << 59);  // as stock: the smallest 60-bit integer
std::uint64_t monotonic_count();
void set_monotonic_count(std::uint64_t n);

// System time in microseconds, later than whatever it answered before (erlang:now/0).
std::int64_t next_now_us();

// All numbers of any reference, packed, to compare two of them.
inline void reference_words(Term ref, Word out[3]) {
  out[0] = out[1] = out[2] = 0;
  if (const Word* local = term::local_ref_words(ref)) {
    out[0] = local[0];
    out[1] = local[1];
    return;
  }
  const term::RefNumbers r = term::ref_numbers(ref);
  for (unsigned i = 0; i < r.count && i < 5; i++) out[i / 2] |= Word{r.n[i]} << (32 * (i & 1));
}

}  // namespace vm::proc
