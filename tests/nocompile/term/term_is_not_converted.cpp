// SPDX-License-Identifier: Apache-2.0
// A word does not silently become a term, and a term is no condition: its truth is a question with an answer in Erlang.
// expect: could not convert|no viable conversion|not contextually convertible|cannot convert
#include "term/term.h"

bool is_something(vm::Term term) {
#ifdef VM_MUST_NOT_COMPILE
  return term ? true : false;
#else
  return term.is_atom();
#endif
}
