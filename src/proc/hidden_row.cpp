// SPDX-License-Identifier: Apache-2.0
#include "proc/hidden_row.h"

#include "code/backend.h"
#include "proc/runtime.h"

namespace vm::proc {

HiddenRow::HiddenRow(Runtime& runtime, const code::Mfa& mfa, code::BifKind kind, code::BifCall call, std::uint32_t flags) {
  bif = {mfa, kind, flags, call, &entry};
  entry.mfa = mfa;
  entry.bif = &bif;
  entry.entry = runtime.backend->bif_entry(bif);
}

}  // namespace vm::proc
