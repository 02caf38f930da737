// SPDX-License-Identifier: Apache-2.0
#include "interp/slow.h"

namespace vm::interp {

bool collect_garbage(Registers& r, std::size_t live, std::size_t need) {
  r.build = BuildState{};
  return r.process->collect(r.x, live, need);
}

void make_room_for_registers(Process& p, std::size_t live) {
  if (p.saved_registers != p.inline_registers) delete[] p.saved_registers;
  p.saved_registers = new Term[live];
  p.saved_capacity = static_cast<std::uint32_t>(live);
}

}  // namespace vm::interp
