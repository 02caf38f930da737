// SPDX-License-Identifier: Apache-2.0
//
// The atom cache of a connection: both ends remember 2048 atoms by slot, so that a message names an atom by its slot once the other end has heard its
// text. Terms of a message refer to a table in front of them, its header; the header refers to the cache.
//
// Which slot an atom takes is decided when the message leaves, not when it is encoded: the caches of both ends see the same order of messages.
//
// Threading: none of its own. Input: nothing read is trusted.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "term/term.h"

namespace vm::dist {

inline constexpr std::size_t kCacheSlots = 2048, kMaxMessageAtoms = 255;

// Atoms of the message being encoded by this thread, in order of appearance.
class MessageAtoms {
 public:
  static MessageAtoms& of_thread();  // empty
  // Index in the message's table, or -1 when that is full.
  int index_of(Term atom);
  std::span<const Term> atoms() const { return {atoms_, count_}; }

 private:
  static constexpr std::size_t kBuckets = 512;
  Term atoms_[kMaxMessageAtoms];
  std::size_t count_ = 0;
  std::uint32_t round_ = 0;
  struct Bucket {
    std::uint32_t round = 0;
    std::uint32_t index = 0;
  } buckets_[kBuckets];
};

class OutgoingCache {
 public:
  static std::size_t slot_of(Term atom);
  OutgoingCache();
  // Appends the number of atoms, their flags and references.
  void write_references(std::span<const Term> atoms, std::string* out);

 private:
  std::vector<Term> slots_;
};

class IncomingCache {
 public:
  IncomingCache();
  // Reads what write_references wrote and takes it off `in`; false: it makes no sense.
  bool read_references(std::span<const Byte>* in, std::vector<Term>* atoms);

 private:
  std::vector<Term> slots_;
};

}  // namespace vm::dist
