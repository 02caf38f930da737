// SPDX-License-Identifier: Apache-2.0
#include "sync/mutex.h"

namespace vm::sync {
namespace {
thread_local unsigned char held[16];
thread_local unsigned held_count = 0;
}  // namespace

void note_lock(LockRank rank) {
  const auto r = static_cast<unsigned char>(rank);
  if (held_count > 0) VM_CHECK(held[held_count - 1] < r && "lock rank order");
  VM_CHECK(held_count < sizeof held);
  held[held_count++] = r;
}

void note_unlock(LockRank rank) {
  const auto r = static_cast<unsigned char>(rank);
  for (unsigned i = held_count; i-- > 0;) {
    if (held[i] != r) continue;
    for (unsigned j = i + 1; j < held_count; j++) held[j - 1] = held[j];
    held_count--;
    return;
  }
  VM_UNREACHABLE("unlock of a lock that is not held");
}

}  // namespace vm::sync
