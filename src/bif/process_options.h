// SPDX-License-Identifier: Apache-2.0
//
// Values that spawn options and process_flag/2 share. They follow stock's rules for what is accepted and how it is rounded. No state; any thread.
#pragma once

#include "heap/process_heap.h"
#include "proc/spawn.h"
#include "sched/runnable.h"
#include "term/views.h"

namespace vm::bif {

bool parse_priority(Term t, sched::Priority* out);
Term priority_atom(sched::Priority p);
// A word count as min_heap_size takes it; rounded up to a published size. `floor` is the smallest.
bool parse_heap_words(Term t, std::size_t smallest, std::size_t* out);
// max_heap_size: a word count or a map with size, kill, error_logger.
bool parse_max_heap(Term t, heap::HeapLimits* limits);
Term max_heap_term(const heap::HeapLimits& limits, term::HeapWriter& h);

// Options of spawn_opt/4.
enum class ParsedOptions { Ok, BadOption, ImproperList };
ParsedOptions parse_spawn_options(proc::Runtime& rt, Term list, proc::SpawnOptions* out);

inline constexpr std::size_t kStockMinHeapWords = 233;
inline constexpr std::size_t kStockMinVheapWords = 46422;

}  // namespace vm::bif
