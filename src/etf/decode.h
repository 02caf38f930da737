// SPDX-License-Identifier: Apache-2.0
//
// From the external term format to terms.
//
// Safe on any input: every length is checked against the bytes that are there before memory is taken, depth costs no C++ stack, and a
// failure leaves only unreachable cells on the heap. What a term needs of other rooms (exports, fun entries, large maps, references of this
// node) comes through DecodeHooks; without the hook such a term is a failure.
//
// Threading: none of its own; the writer belongs to the caller. Atoms are interned, so decoding untrusted input can fill the
// atom table unless existing_atoms_only is set.
#pragma once

#include <span>

#include "term/heap_writer.h"
#include "term/term.h"

namespace vm::etf {

// What a local fun's external form says of it. `uniq` is the module's MD5.
struct FunParts {
  Term module;
  Term creator;  // pid
  const Byte* uniq;
  std::uint32_t index, old_index, old_uniq, arity;
  std::span<const Term> captured;
};

struct DecodeHooks {
  void* context = nullptr;
  // Each answers the non-value when it cannot make the term.
  Term (*export_fun)(void* context, term::HeapWriter& h, Term module, Term function, Word arity) = nullptr;
  Term (*local_fun)(void* context, term::HeapWriter& h, const FunParts& parts) = nullptr;
  // More keys than a flat map holds; pairs K1, V1, K2, V2, ... The non-value when a key occurs twice.
  Term (*large_map)(void* context, term::HeapWriter& h, std::span<const Term> pairs) = nullptr;
  // A reference of this node: the magic one with these numbers while it lives, else a plain one. Absent: always plain.
  Term (*local_ref)(void* context, term::HeapWriter& h, std::span<const std::uint32_t> numbers) = nullptr;
};

struct DecodeOptions {
  const DecodeHooks* hooks = nullptr;
  bool existing_atoms_only = false;      // binary_to_term's `safe`: also no new funs
  bool version_byte = true;              // the data begins with 131
  std::span<const Term> cached_atoms{};  // what ATOM_CACHE_REF of distribution means; empty: not allowed
};

// Decodes one term. On success *out is the term and *used (when given) the number of bytes it took.
bool decode(std::span<const Byte> bytes, term::HeapWriter& h, Term* out, const DecodeOptions& options = {}, std::size_t* used = nullptr);

}  // namespace vm::etf
