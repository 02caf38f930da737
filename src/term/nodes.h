// SPDX-License-Identifier: Apache-2.0
//
// Names of nodes in terms. A node is a pair (name, creation); each pair is interned once and lives as long as the program, so that external
// pids, ports and references hold a plain pointer. Identifiers of this node are immediates (pids, ports) or have no node word (references);
// where a term of this node is compared with one of another, this_node() stands for it.
//
// Threading: any thread; interning takes a lock, reading takes none.
#pragma once

#include <vector>

#include "term/views.h"

namespace vm::term {

// The entry for (name, creation); made when new.
const NodeEntry* intern_node(Term name, std::uint32_t creation);
// What this node is called now; nonode@nohost with creation 0 until distribution starts.
const NodeEntry* this_node();
void set_this_node(const NodeEntry* node);
// All entries ever interned, this node's included.
std::vector<const NodeEntry*> known_nodes();

}  // namespace vm::term
