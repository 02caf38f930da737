// SPDX-License-Identifier: Apache-2.0
#include "proc/tracing.h"

namespace vm::proc {

void Tracer::release() {
  if (references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  heap::release(state);
  delete this;
}

}  // namespace vm::proc
