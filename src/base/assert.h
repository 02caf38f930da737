// SPDX-License-Identifier: Apache-2.0
//
// What we believe. VM_ASSERT guards our own invariants and costs nothing in a release build; VM_CHECK guards memory safety and
// untrusted input and is always compiled in; VM_UNREACHABLE marks what cannot happen. All three end the program with one line
// on standard error that names the place.
#pragma once

namespace vm::base {

// Prints "girder: <what> (<file>:<line>)" to standard error and aborts.
[[noreturn]] void fatal(const char* what, const char* file, int line);

}  // namespace vm::base

#define VM_LIKELY(x) __builtin_expect(!!(x), 1)
#define VM_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define VM_CHECK(cond) (VM_LIKELY(cond) ? void(0) : ::vm::base::fatal("check failed: " #cond, __FILE__, __LINE__))
#define VM_UNREACHABLE(what) ::vm::base::fatal("unreachable: " what, __FILE__, __LINE__)
#ifdef VM_DEBUG
#define VM_ASSERT(cond) VM_CHECK(cond)
#else
#define VM_ASSERT(cond) (VM_LIKELY(cond) ? void(0) : __builtin_unreachable())
#endif

// Evaluates an expression of type BifResult-like or Result-like; returns from the enclosing function when it failed, else
// yields the value. The only macro that may contain `return`.
#define VM_TRY(expr)                                                   \
  __extension__({                                                      \
    auto&& vm_try_ = (expr);                                           \
    if (VM_UNLIKELY(!vm_try_.has_value())) return vm_try_.propagate(); \
    vm_try_.take();                                                    \
  })
