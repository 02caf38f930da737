// SPDX-License-Identifier: Apache-2.0
//
// One trace message: from what happened to the tracer.
//
// {trace, Subject, Tag, A [, B] [, Result] [, SchedulerId]}, with a time {trace_ts, ..., Time}. The terms are copied straight into the message; it
// is in the tracer's queue when emit returns. Any thread that is a scheduler's or holds an epoch.
#pragma once

#include "trace/tracer.h"

namespace vm::trace {

struct Event {
  Topic topic = Topic::Procs;
  Term subject;  // process or port; the label of a sequential trace
  Term tag;
  Term a;
  Term b = Term::non_value();
  Term result = atoms::true_;  // of a match specification
  std::uint32_t flags = 0;     // TraceFlags that say what else goes in
};

void emit(Runtime& rt, Process* current, const Tracer& tracer, const Event& event);
// The time that a message with these flags carries; the non-value for none.
Term time_term(Runtime& rt, term::HeapWriter& h, std::uint32_t flags);

}  // namespace vm::trace
