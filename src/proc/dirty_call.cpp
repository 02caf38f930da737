// SPDX-License-Identifier: Apache-2.0
#include "proc/dirty_call.h"

#include "os/thread.h"
#include "proc/links.h"
#include "proc/priority_lift.h"
#include "proc/process_cold.h"
#include "proc/spawn.h"

namespace vm::proc {

void begin_dirty_call(Process& p) {
  p.state.fetch_or(kInNative, std::memory_order_seq_cst);
  if (VM_UNLIKELY(!p.mailbox.incoming_empty())) help(p, 0);
}

bool end_dirty_call(Process& p) {
  std::uint32_t s = p.state.fetch_and(~std::uint32_t{kInNative}, std::memory_order_seq_cst);
  while (VM_UNLIKELY(s & kHelped)) {
    os::yield_thread();
    s = p.state.load(std::memory_order_seq_cst);
  }
  if (VM_LIKELY(!(s & kExiting))) {
    if (VM_UNLIKELY(p.cold && p.cold->kept)) {
      p.heap.adopt(p.cold->kept);
      p.cold->kept = nullptr;
    }
    return true;
  }
  p.heap.release();
  free_process(p);
  return false;
}

void handle_signals_of_dirty_call(Process& p) {
  do {
    std::uint32_t s = p.state.load(std::memory_order_seq_cst);
    do {
      // Another helper that has it looks again before it goes.
      if ((s & (kHelped | kExiting)) || !(s & kInNative)) return;
    } while (!p.state.compare_exchange_weak(s, (s & ~std::uint32_t{kLifts}) | kHelped, std::memory_order_seq_cst));
    (void)handle_incoming(p);
    p.state.fetch_and(~std::uint32_t{kHelped}, std::memory_order_seq_cst);
  } while (!p.mailbox.incoming_empty());
}

Term keep_for(Process& p, Term t) {
  heap::FragmentWriter w(8);
  const Term kept = heap::copy(t, w);
  heap::HeapFragment* fragments = w.take();
  if (!fragments) return kept;
  heap::HeapFragment** last = &p.cold_part().kept;
  while (*last) last = &(*last)->next;
  *last = fragments;
  return kept;
}

}  // namespace vm::proc
