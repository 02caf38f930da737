// SPDX-License-Identifier: Apache-2.0
#include "bif/binary_search.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace vm::bif {

const char BytePattern::kType = 0;

BytePattern::BytePattern(std::vector<std::vector<Byte>> strings) : MagicData(&kType, destroy), strings_(std::move(strings)) {
  for (const auto& s : strings_) longest_ = std::max(longest_, s.size());
  if (single()) return;
  nodes_.emplace_back();
  for (const auto& s : strings_) add(s);
  link();
}

std::uint32_t BytePattern::child(std::uint32_t node, Byte b) const {
  const auto& edges = nodes_[node].edges;
  auto at = std::lower_bound(edges.begin(), edges.end(), b, [](const Edge& e, Byte x) { return e.byte < x; });
  return at != edges.end() && at->byte == b ? at->to : 0;
}

void BytePattern::add(std::span<const Byte> string) {
  std::uint32_t node = 0;
  for (Byte b : string) {
    std::uint32_t to = child(node, b);
    if (to == 0) {
      to = static_cast<std::uint32_t>(nodes_.size());
      nodes_.emplace_back();
      nodes_[to].depth = nodes_[node].depth + 1;
      auto& edges = nodes_[node].edges;
      edges.insert(std::lower_bound(edges.begin(), edges.end(), b, [](const Edge& e, Byte x) { return e.byte < x; }), Edge{b, to});
    }
    node = to;
  }
  nodes_[node].longest = nodes_[node].depth;
}

// Failure links breadth first: a node's is that of its parent, followed on.
void BytePattern::link() {
  for (const Edge& e : nodes_[0].edges) root_[e.byte] = e.to;
  std::vector<std::uint32_t> queue{0};
  for (std::size_t i = 0; i < queue.size(); i++) {
    std::uint32_t node = queue[i];
    for (const Edge& e : nodes_[node].edges) {
      std::uint32_t failure = node == 0 ? 0 : next(nodes_[node].failure, e.byte);
      nodes_[e.to].failure = failure;
      if (nodes_[e.to].longest == 0) nodes_[e.to].longest = nodes_[failure].longest;
      queue.push_back(e.to);
    }
  }
}

std::uint32_t BytePattern::next(std::uint32_t node, Byte b) const {
  while (node != 0) {
    if (std::uint32_t to = child(node, b); to != 0) return to;
    node = nodes_[node].failure;
  }
  return root_[b];
}

namespace {

// The first byte b of text[from, end), or nullptr. Separators of short fields lie near: looking at two words first saves most calls.
const Byte* find_byte(const Byte* text, std::size_t from, std::size_t end, Byte b) {
  constexpr Word kOnes = 0x0101010101010101, kHighs = kOnes << 7;
  const int words = std::endian::native == std::endian::little ? 2 : 0;
  for (int i = 0; i < words && end - from >= 8; i++, from += 8) {
    Word w;
    std::memcpy(&w, text + from, 8);
    w ^= kOnes * b;
    if (Word zeros = (w - kOnes) & ~w & kHighs; zeros != 0) return text + from + std::countr_zero(zeros) / 8;
  }
  return static_cast<const Byte*>(std::memchr(text + from, b, end - from));
}

}  // namespace

bool BytePattern::find(const Byte* text, std::size_t from, std::size_t end, Match* match) const {
  if (single()) {
    const auto& s = strings_[0];
    if (end - from < s.size()) return false;
    const void* at = s.size() == 1 ? find_byte(text, from, end, s[0]) : memmem(text + from, end - from, s.data(), s.size());
    if (at == nullptr) return false;
    *match = {static_cast<std::size_t>(static_cast<const Byte*>(at) - text), s.size()};
    return true;
  }
  bool found = false;
  std::uint32_t node = 0;
  for (std::size_t i = from; i < end; i++) {
    node = next(node, text[i]);
    const Node& n = nodes_[node];
    // Whatever still grows starts here; behind a match it can no longer win.
    if (found && i + 1 - n.depth > match->position) break;
    if (n.longest == 0) continue;
    std::size_t start = i + 1 - n.longest;
    if (!found || start < match->position || (start == match->position && n.longest > match->length)) *match = {start, n.longest};
    found = true;
  }
  return found;
}

}  // namespace vm::bif
