// SPDX-License-Identifier: Apache-2.0
#include "bif/long_work.h"

#include <cstddef>

#include "bif/bif_decls.gen.h"
#include "term/atoms.h"

namespace vm::bif {

namespace {

struct Name {
  const char* module;
  const char* function;
  std::size_t arity;
  code::BifCall call;
};

const Name kNames[] = {
#define VM_BIF_ROW(module, function, arity, kind, flags, since, until, body) {module, function, arity, proc::bif_adapter<&body, arity>()},
#include "bif/bif_rows.gen.inc"
#undef VM_BIF_ROW
};

}  // namespace

code::Mfa mfa_of(code::BifCall call) {
  for (const Name& name : kNames)
    if (name.call == call) return {term::AtomTable::intern(name.module), term::AtomTable::intern(name.function), name.arity};
  VM_UNREACHABLE();
}

}  // namespace vm::bif
