// SPDX-License-Identifier: Apache-2.0
//
// Process dictionary: open hashing by internal order of stock (get/0 lists in unspecified order, ours is insertion order).
// Terms live on the process heap and are roots.
#pragma once

#include "proc/process.h"

namespace vm::proc {

// All answer atoms::undefined where there is nothing.
Term dictionary_get(Process& p, Term key);
Term dictionary_put(Process& p, Term key, Term value);  // old value
Term dictionary_erase(Process& p, Term key);
Term dictionary_list(Process& p, term::HeapWriter& h);  // [{K,V}]
Term dictionary_keys(Process& p, term::HeapWriter& h);
Term dictionary_keys_of(Process& p, Term value, term::HeapWriter& h);
Term dictionary_erase_all(Process& p, term::HeapWriter& h);

}  // namespace vm::proc
