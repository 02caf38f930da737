// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "heap/process_heap.h"

namespace vm::heap {

namespace {

// Fibonacci-like up to about a million words, then a fifth larger each time: the list stock publishes.
const std::vector<std::size_t>& sizes() {
  static const std::vector<std::size_t> list = [] {
    std::vector<std::size_t> v{12, 38};
    while (v.back() < 833026) v.push_back(v[v.size() - 1] + v[v.size() - 2] + 1);
    while (v.back() < 885767171276247) v.push_back(v.back() + v.back() / 5);
    return v;
  }();
  return list;
}

}  // namespace

std::size_t next_heap_size(std::size_t words) {
  const auto& v = sizes();
  auto it = std::lower_bound(v.begin(), v.end(), words);
  return it == v.end() ? words : *it;
}

std::size_t heap_size_at(std::size_t index) { return index < sizes().size() ? sizes()[index] : 0; }

}  // namespace vm::heap
