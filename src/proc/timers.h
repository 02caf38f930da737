// SPDX-License-Identifier: Apache-2.0
//
// erlang:start_timer / send_after and friends, and the time-out of a receive.
#pragma once

#include <memory>

#include "proc/runtime.h"

namespace vm::proc {

// All timers of one runtime, found by their references. Sharded; each shard has its own lock.
class BifTimers {
 public:
  BifTimers();
  ~BifTimers();
  std::size_t count() const;

 private:
  friend struct BifTimerAccess;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct TimerRequest {
  std::int64_t due_ns;  // monotonic
  Term destination;     // local pid or atom (looked up when it fires)
  Term message;         // deep copied
  bool wrap;            // {timeout, Ref, Msg} (start_timer) or Msg (send_after)
};
// Answers the timer's reference, made on h.
Term start_timer(Process& self, const TimerRequest& request, term::HeapWriter& h);
// Milliseconds left, or -1 when there is no such timer (any longer). Any process may ask for any timer.
std::int64_t cancel_timer(Runtime& rt, Term ref);
std::int64_t read_timer(Runtime& rt, Term ref);
// All timers of an ended process.
void cancel_all_timers(Process& p);

// receive ... after: arms the wake-up; on expiry the process is woken with kTimedOut set.
void set_receive_timer(Process& p, std::int64_t milliseconds);
void cancel_receive_timer(Process& p);
// The same for a receive that waits for ever.
void note_endless_wait(Process& p);

}  // namespace vm::proc
