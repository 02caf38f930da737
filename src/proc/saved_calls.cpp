// SPDX-License-Identifier: Apache-2.0
#include "proc/saved_calls.h"

#include "proc/process_cold.h"
#include "proc/runtime.h"
#include "proc/tracing.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::proc {

namespace {
constexpr Word kNoCall = ~Word{0};
}

const code::Mfa kMessageSent{atoms::send, term::kNil, kNoCall};
const code::Mfa kMessageTaken{atoms::receive_, term::kNil, kNoCall};
const code::Mfa kWaitedInVain{atoms::timeout, term::kNil, kNoCall};

std::uint32_t keep_calls(Process& p, std::uint32_t n) {
  std::unique_ptr<SavedCalls> before;
  if (p.cold) before = std::move(p.cold->saved_calls);
  if (n != 0) p.cold_part().saved_calls = std::make_unique<SavedCalls>(n);
  if ((before != nullptr) != (n != 0)) {
    if (n != 0) {
      p.flags |= Process::kSaveCalls;
      p.trace_flags.fetch_or(kTraceSaves, std::memory_order_relaxed);
    } else {
      p.flags &= ~std::uint32_t{Process::kSaveCalls};
      p.trace_flags.fetch_and(~std::uint32_t{kTraceSaves}, std::memory_order_relaxed);
    }
    p.runtime->backend->keep_calls(n != 0);
  }
  return before ? before->capacity : 0;
}

void note_call(Process& p, const code::Mfa& what) {
  if (p.flags & Process::kSensitive) return;
  SavedCalls& s = *p.cold->saved_calls;
  const bool same = s.unfinished == &what;
  s.unfinished = nullptr;
  if (same) return;
  s.ring[s.next] = &what;
  if (++s.next == s.capacity) s.next = 0;
  if (s.count < s.capacity) s.count++;
}

Term last_calls(const Process& p, term::HeapWriter& h) {
  const SavedCalls* s = p.cold ? p.cold->saved_calls.get() : nullptr;
  if (!s) return atoms::false_;
  Term list = term::kNil;
  for (std::uint32_t i = 0, at = s->next; i < s->count; i++) {
    at = (at == 0 ? s->capacity : at) - 1;
    const code::Mfa& call = *s->ring[at];
    list =
        h.cons(call.arity == kNoCall ? call.module
                                     : Term(term::Tuple::make(h, call.module, call.function, Term::small(static_cast<SWord>(call.arity)))),
               list);
  }
  return list;
}

}  // namespace vm::proc
