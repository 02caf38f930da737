// SPDX-License-Identifier: Apache-2.0
//
// Internal instructions as text, one per line: for tests, the disassembler and bug reports.
//
//   label 7
//   is_nonempty_list f:9 x0
//   call_ext lists:reverse/1
#pragma once

#include <string>

#include "code/backend.h"

namespace vm::load {

std::string dump(const code::FunctionBody& body);

}  // namespace vm::load
