// SPDX-License-Identifier: Apache-2.0
//
// Stack of pending work for walks over terms. Terms may be nested a million deep, so no walk recurses on the C stack: it pushes what is left
// to do here. The first N entries need no allocation; beyond that the stack doubles in memory from malloc.
#pragma once

#include <cstdlib>
#include <cstring>
#include <type_traits>

#include "base/assert.h"

namespace vm::term {

template <typename T, std::size_t N>
class WorkStack {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  WorkStack() : begin_(inline_), top_(inline_), end_(inline_ + N) {}
  ~WorkStack() {
    if (begin_ != inline_) std::free(begin_);
  }
  WorkStack(const WorkStack&) = delete;
  WorkStack& operator=(const WorkStack&) = delete;

  bool empty() const { return top_ == begin_; }
  std::size_t size() const { return static_cast<std::size_t>(top_ - begin_); }
  void push(const T& v) {
    if (VM_UNLIKELY(top_ == end_)) grow();
    *top_++ = v;
  }
  T pop() { return *--top_; }
  T& top() { return top_[-1]; }
  // Lowest first.
  T* begin() { return begin_; }
  T* end() { return top_; }
  // Drops everything above the first n entries.
  void truncate(std::size_t n) { top_ = begin_ + n; }

 private:
  [[gnu::noinline]] void grow() {
    std::size_t used = size();
    T* bigger = static_cast<T*>(std::malloc(used * 2 * sizeof(T)));
    VM_CHECK(bigger != nullptr);
    std::memcpy(static_cast<void*>(bigger), begin_, used * sizeof(T));
    if (begin_ != inline_) std::free(begin_);
    begin_ = bigger;
    top_ = bigger + used;
    end_ = bigger + used * 2;
  }

  T* begin_;
  T* top_;
  T* end_;
  T inline_[N];
};

}  // namespace vm::term
