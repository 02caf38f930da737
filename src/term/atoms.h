// SPDX-License-Identifier: Apache-2.0
//
// The atom table: UTF-8 texts of at most 255 characters, each with an index that never changes and is never reused. The atoms that C++
// code names (vm::term::atoms::badarg …, generated from the rooms' atoms.tab files) have fixed indexes and are interned
// first. Looking up an existing atom takes no lock; making one takes the table's lock for a moment.
//
// There is one table for the host program: atoms are immutable and shared by every Runtime in it, which is why this is the one
// deliberate exception to "no process-wide state" (docs/decisions).
#pragma once

#include <string_view>

#include "term/atoms.gen.h"
#include "term/term.h"

namespace vm::term {

class AtomTable {
 public:
  static constexpr std::size_t kMaxCharacters = 255;

  // Sets the limit (`+t`); atoms beyond it are refused. Call before the first intern.
  static void set_limit(std::size_t limit);
  static std::size_t limit();
  static std::size_t count();

  // Interns UTF-8 text that is known to be valid and at most 255 characters. The non-value when the table is full.
  static Term intern(std::string_view utf8);
  static Term intern_latin1(std::string_view latin1);
  // The atom when it exists, else the non-value.
  static Term find(std::string_view utf8);
  // UTF-8 text; valid for ever. t must be an atom.
  static std::string_view text(Term atom);
  // Characters (not bytes).
  static std::size_t length(Term atom);
  // The first 4 bytes as big-endian ordinal, so that most comparisons of atoms need no text (0 padded; 31 bits).
  static std::uint32_t ordinal(Term atom);
  // Hash of the text as stock's phash and phash2 define it (hashpjw over latin1-folded bytes).
  static std::uint32_t hash(Term atom);
  static bool is_latin1(Term atom);
  // All of it at once, for who writes atoms in great numbers.
  struct Name {
    const char* text;
    std::uint32_t bytes;
    std::uint16_t characters;
    bool latin1;
  };
  static const Name& name(Term atom);
  // Bytes used by texts, for erlang:memory(atom).
  static std::size_t memory_bytes();
  static Term at(std::uint32_t index);  // non-value beyond count
};

}  // namespace vm::term

namespace vm {
namespace atoms = term::atoms;
}
