// SPDX-License-Identifier: Apache-2.0
//
// erlang:process_info: one function per item, run on the thread of the process it is about.
#pragma once

#include <span>
#include <vector>

#include "proc/process.h"

namespace vm::proc {

// The value of one item ({Item, Value} without the tuple), built on h. `self_call`: the process asks about itself. The non-value: unknown item.
// Terms of p (dictionary, messages) are deep copied unless h is p's own heap.
Term process_info_item(Process& p, Term item, term::HeapWriter& h, bool self_call);
bool is_process_info_item(Term item);
// All that there are.
std::vector<Term> process_info_items();
// process_info/1's items, in stock's order.
std::span<const Term> default_process_info_items();
// The whole answer: `items` is one item (answer {Item, Value} or [] for an unregistered name), or a list (list of pairs).
Term process_info_answer(Process& p, Term items, term::HeapWriter& h, bool self_call);

}  // namespace vm::proc
