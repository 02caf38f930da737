// SPDX-License-Identifier: Apache-2.0
#include "proc/runtime.h"

#include "term/atoms.h"

namespace vm::proc {

Term Runtime::atoms_nonode() { return atoms::nonode_at_nohost; }

}  // namespace vm::proc
