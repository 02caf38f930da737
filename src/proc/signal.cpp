// SPDX-License-Identifier: Apache-2.0
#include "proc/signal.h"

#include "sync/slab.h"

namespace vm::proc {

Signal* Signal::create(SignalKind kind) {
  auto* s = new (sync::Slab<sizeof(Signal), Signal>::allocate()) Signal;
  s->kind = kind;
  return s;
}

void Signal::destroy(Signal* s) {
  if (s->fragments) {
    heap::OwnedTerm owned{s->term, s->fragments};
    heap::release(owned);
  }
  sync::Slab<sizeof(Signal), Signal>::release(s);
}

}  // namespace vm::proc
