// SPDX-License-Identifier: Apache-2.0
//
// Patterns of module binary: one or several non-empty byte strings, searched for leftmost, of several that start at the same place the
// longest.
//
// One string is left to the C library's two-way search. Several become an Aho-Corasick automaton (Aho, Corasick: Efficient string
// matching, 1975): a trie with failure links whose root is a table of 256, so that text without a first byte of any string is
// passed at one load per byte. Immutable once made; shared by reference count through the magic reference of a compiled pattern.
#pragma once

#include <span>
#include <vector>

#include "term/binary_data.h"
#include "term/views.h"

namespace vm::bif {

struct Match {
  std::size_t position;
  std::size_t length;
};

class BytePattern final : public term::MagicData {
 public:
  static const char kType;  // its address marks the magic reference

  // Strings are not empty.
  explicit BytePattern(std::vector<std::vector<Byte>> strings);
  bool single() const { return strings_.size() == 1; }
  std::size_t longest() const { return longest_; }  // bytes of the longest string
  // The first match that starts at `from` or later and ends before `end`.
  bool find(const Byte* text, std::size_t from, std::size_t end, Match* match) const;

 private:
  struct Edge {
    Byte byte;
    std::uint32_t to;
  };
  struct Node {
    std::vector<Edge> edges;    // by byte
    std::uint32_t failure = 0;  // longest proper suffix that is a node
    std::uint32_t depth = 0;
    std::uint32_t longest = 0;  // longest string that ends here, itself or a suffix of it; 0 none
  };
  static void destroy(term::MagicData* data) { delete static_cast<BytePattern*>(data); }
  void add(std::span<const Byte> string);
  void link();
  std::uint32_t child(std::uint32_t node, Byte b) const;
  std::uint32_t next(std::uint32_t node, Byte b) const;

  std::vector<std::vector<Byte>> strings_;
  std::size_t longest_ = 0;
  std::vector<Node> nodes_;
  std::uint32_t root_[256] = {};
};

}  // namespace vm::bif
