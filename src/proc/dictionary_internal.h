// SPDX-License-Identifier: Apache-2.0
//
// The process dictionary: pairs in order of insertion, and a hash index over them from 8 entries on.
#pragma once

#include <vector>

#include "proc/dictionary.h"

namespace vm::proc {

class Dictionary {
 public:
  Term get(Term key);
  // Old value or undefined.
  Term put(Term key, Term value);
  Term erase(Term key);
  void clear();
  std::size_t size() const { return live_; }
  void visit_roots(heap::RootSink& sink);
  template <typename F>
  void for_each(F&& f) const {  // f(key, value)
    for (std::size_t i = 0; i + 1 < cells_.size(); i += 2)
      if (cells_[i].is_value()) f(cells_[i], cells_[i + 1]);
  }
  std::size_t memory_bytes() const { return cells_.capacity() * sizeof(Term) + index_.capacity() * 4; }

 private:
  std::size_t find(Term key);  // cell number, or npos
  void rebuild();
  void compact();

  static constexpr std::size_t npos = ~std::size_t{0};
  static constexpr std::size_t kLinear = 8;

  std::vector<Term> cells_;           // key, value, key, value...; erased keys are the non-value
  std::vector<std::uint32_t> index_;  // pair number + 1; 0 empty. Erased pairs keep their place until rebuild.
  std::size_t live_ = 0;
};

}  // namespace vm::proc
