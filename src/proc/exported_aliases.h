// SPDX-License-Identifier: Apache-2.0
//
// Aliases whose reference left the node as bytes (term_to_binary, a message to another node). The external form of a reference does not say whose alias
// it is, so the owner is noted when it is written, and found again when it is read.
//
// Entries go when the alias is removed or its process ends. Where another process than the owner wrote it late, an entry may stay; a full table is
// swept of those whose process is gone. Any thread; sharded locks. While nothing was exported, removing costs one load.
#pragma once

#include <cstdint>

#include "term/term.h"

namespace vm::proc {

struct Runtime;

void note_exported_alias(Runtime& rt, std::uint64_t key, Term local_pid);
// The pid, or the non-value.
Term exported_alias_owner(std::uint64_t key);
void forget_exported_alias(std::uint64_t key);

}  // namespace vm::proc
