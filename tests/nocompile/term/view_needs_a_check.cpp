// SPDX-License-Identifier: Apache-2.0
// A Tuple comes from a checked Term only; a plain Term does not turn into one.
// expect: could not convert|no viable conversion|conversion from
#include "term/views.h"

vm::term::Tuple as_tuple(vm::Term term) {
#ifdef VM_MUST_NOT_COMPILE
  return term;
#else
  return vm::term::Tuple::from(term);
#endif
}
