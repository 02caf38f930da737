// SPDX-License-Identifier: Apache-2.0
// A Term is no integer: arithmetic on one is always a mistake.
// expect: no match for .operator\+.|invalid operands to binary expression
#include "term/term.h"

vm::Word plus_one(vm::Term term) {
#ifdef VM_MUST_NOT_COMPILE
  return (term + 1).bits();
#else
  return term.bits() + 1;
#endif
}
