// SPDX-License-Identifier: Apache-2.0
#include "boot/bif_registry.h"

#include <memory>
#include <string_view>
#include <vector>

#include "bif/bif_decls.gen.h"

namespace vm::boot {

namespace {

using code::BifFlag;
using code::BifKind;

struct Row {
  std::string_view module, name;
  unsigned arity;
  BifKind kind;
  std::uint32_t flags;
  unsigned since, until;
  code::BifCall call;
};

#define VM_BIF_ROW(module, name, arity, kind, flags, since, until, function) \
  {module, name, arity, kind, flags, since, until, proc::bif_adapter<&bif::function, arity>()},
const Row kRows[] = {
#include "bif/bif_rows.gen.inc"
};
#undef VM_BIF_ROW

}  // namespace

void register_bifs(code::CodeStore& store, unsigned otp_release) {
  for (const Row& row : kRows) {
    if (otp_release < row.since || (row.until && otp_release > row.until)) continue;
    auto* bif = new code::Bif;  // lives as long as the code that calls it: for ever
    bif->mfa = {term::AtomTable::intern(row.module), term::AtomTable::intern(row.name), row.arity};
    bif->kind = row.kind;
    bif->flags = row.flags;
    bif->call = row.call;
    store.add_bif(bif);
  }
}

}  // namespace vm::boot
