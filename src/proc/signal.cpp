// SPDX-License-Identifier: Apache-2.0
#include "proc/signal.h"

namespace vm::proc {

void Signal::release_fragments(Signal& s) {
  heap::OwnedTerm owned{s.term, s.fragments};
  heap::release(owned);
}

}  // namespace vm::proc
