// SPDX-License-Identifier: Apache-2.0
//
// Hashes of terms. phash and phash2 are part of the language (same number on every node, for ever); internal_hash decides the layout of
// large maps and ETS tables and equals stock OTP 25's for every term without atoms, pids, ports, references and funs, so that large maps
// enumerate in the same order.
#pragma once

#include "term/term.h"

namespace vm::term {

std::uint32_t phash(Term t);   // full 32 bits; erlang:phash/2 takes the remainder
std::uint32_t phash2(Term t);  // full 32 bits; erlang:phash2/1 masks to 27
// Hash for maps and tables (=:= keys): floats and integers of one value may differ.
std::uint32_t internal_hash(Term t, std::uint32_t salt = 0);
// What the trie of large maps uses at its levels 8 * depth .. 8 * depth + 7, four bits a level from the lowest.
std::uint32_t map_hash(Term key, unsigned depth = 0);

}  // namespace vm::term
