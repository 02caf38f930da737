// SPDX-License-Identifier: Apache-2.0
//
// The grammar of +sct, and the names of +sbt.
//
// A topology is entries with a colon between them. An entry is a letter and numbers for each level it names, from the inside out: L for logical
// processors, t for threads, c for cores, n for nodes inside of a processor, p for processors, n for nodes. Numbers are "1", "1-3" or "3-1", with commas
// between them: one for all logical processors of the entry, or one for each.
#pragma once

#include <string>
#include <vector>

#include "sched/cpu_order.h"

namespace vm::boot {

// Answers what is wrong in stock's words, nullptr when all is well: then *out is a checked list.
const char* parse_topology(const std::string& text, std::vector<os::Cpu>* out);
// False: there is no such order.
bool parse_bind_order(const std::string& text, sched::BindOrder* out);

}  // namespace vm::boot
