// SPDX-License-Identifier: Apache-2.0
//
// Specialised and fused forms: which instruction, or row of instructions, gets one of interp/fused.def.
#include "interp/emitter_internal.h"

namespace vm::interp {

std::size_t Emitter::fuse(std::size_t) { return 0; }

}  // namespace vm::interp
