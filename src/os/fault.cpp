// SPDX-License-Identifier: Apache-2.0
#include "os/fault.h"

#include <csetjmp>
#include <csignal>

namespace vm::os {

namespace {

thread_local sigjmp_buf* way_out = nullptr;

void on_fault(int number) {
  if (way_out) siglongjmp(*way_out, 1);
  std::signal(number, SIG_DFL);  // the instruction runs again
}

}  // namespace

bool runs_without_fault(void (*f)(void*), void* context) {
  struct sigaction wanted {};
  struct sigaction before_segv, before_bus;
  wanted.sa_handler = on_fault;
  wanted.sa_flags = SA_NODEFER;
  sigaction(SIGSEGV, &wanted, &before_segv);
  sigaction(SIGBUS, &wanted, &before_bus);
  sigjmp_buf here;
  sigjmp_buf* const outer = way_out;
  volatile bool good = false;
  if (sigsetjmp(here, 1) == 0) {
    way_out = &here;
    f(context);
    good = true;
  }
  way_out = outer;
  sigaction(SIGSEGV, &before_segv, nullptr);
  sigaction(SIGBUS, &before_bus, nullptr);
  return good;
}

}  // namespace vm::os
