// SPDX-License-Identifier: Apache-2.0
//
// Running code that may touch memory which is not there: who writes down what is left of a broken machine. Any thread.
#pragma once

#include <memory>
#include <type_traits>

namespace vm::os {

// Calls f(context). False: it touched memory that it must not, and was left there as it stood; destructors did not run, locks it took are held.
bool runs_without_fault(void (*f)(void*), void* context);

template <typename F>
bool runs_without_fault(F&& f) {
  using Plain = std::remove_reference_t<F>;
  return runs_without_fault([](void* raw) { (*static_cast<Plain*>(raw))(); },
                            const_cast<void*>(static_cast<const void*>(std::addressof(f))));
}

}  // namespace vm::os
