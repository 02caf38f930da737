// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace vm::base {

void fatal(const char* what, const char* file, int line) {
  std::fprintf(stderr, "girder: %s (%s:%d)\n", what, file, line);
  std::fflush(stderr);
  std::abort();
}

}  // namespace vm::base
