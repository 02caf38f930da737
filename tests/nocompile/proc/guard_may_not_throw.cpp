// SPDX-License-Identifier: Apache-2.0
// A guard built-in has no effects: its context offers no throw, no exit, no trap.
// expect: has no member named .throw_.|no member named 'throw_'
#include "proc/bif_context.h"

vm::proc::BifResult guard(vm::proc::GuardContext& cx, vm::Term value) {
#ifdef VM_MUST_NOT_COMPILE
  return cx.throw_(value);
#else
  (void)value;
  return cx.badarg();
#endif
}
