// SPDX-License-Identifier: Apache-2.0
//
// Result<T, E>: a value or a host error (corrupt file, errno, bad encoding). Erlang exceptions are not host errors: they
// travel as BifResult (proc/bif_context.h). The member names follow std::expected, which C++20 lacks.
#pragma once

#include <new>
#include <type_traits>
#include <utility>

#include "base/assert.h"

namespace vm::base {

template <typename E>
struct Failure {
  E error;
};

// fail(e) builds the error side of any Result with that error type.
template <typename E>
constexpr Failure<std::decay_t<E>> fail(E&& e) {
  return {std::forward<E>(e)};
}

template <typename T, typename E>
class [[nodiscard]] Result {
 public:
  Result(T value) : ok_(true) { new (&value_) T(std::move(value)); }
  template <typename F, typename = std::enable_if_t<std::is_convertible_v<F, E>>>
  Result(Failure<F> f) : ok_(false) {
    new (&error_) E(std::move(f.error));
  }
  Result(Result&& o) noexcept : ok_(o.ok_) {
    if (ok_) new (&value_) T(std::move(o.value_));
    else new (&error_) E(std::move(o.error_));
  }
  Result(const Result&) = delete;
  Result& operator=(const Result&) = delete;
  ~Result() {
    if (ok_) value_.~T();
    else error_.~E();
  }

  bool has_value() const { return ok_; }
  explicit operator bool() const { return ok_; }
  T& value() {
    VM_ASSERT(ok_);
    return value_;
  }
  const T& value() const {
    VM_ASSERT(ok_);
    return value_;
  }
  const E& error() const {
    VM_ASSERT(!ok_);
    return error_;
  }
  T& operator*() { return value(); }
  T* operator->() { return &value(); }

  // For VM_TRY.
  T&& take() { return std::move(value()); }
  Failure<E> propagate() {
    VM_ASSERT(!ok_);
    return {std::move(error_)};
  }

 private:
  bool ok_;
  union {
    T value_;
    E error_;
  };
};

// Result of an operation without a value.
template <typename E>
class [[nodiscard]] Status {
 public:
  Status() : ok_(true) {}
  template <typename F, typename = std::enable_if_t<std::is_convertible_v<F, E>>>
  Status(Failure<F> f) : ok_(false), error_(std::move(f.error)) {}
  bool has_value() const { return ok_; }
  explicit operator bool() const { return ok_; }
  const E& error() const {
    VM_ASSERT(!ok_);
    return error_;
  }
  bool take() { return true; }
  Failure<E> propagate() { return {error_}; }

 private:
  bool ok_;
  E error_{};
};

}  // namespace vm::base
