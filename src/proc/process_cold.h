// SPDX-License-Identifier: Apache-2.0
//
// What few processes need: allocated when first used. Own thread only.
#pragma once

#include "proc/id_table.h"
#include "proc/process.h"
#include "proc/saved_calls.h"
#include "sched/timer_wheel.h"
#include "term/atoms.h"

namespace vm::proc {

struct ReceiveTimer;  // proc/timers.cpp

struct SuspendedByUs {
  std::uint64_t key;  // pid bits
  std::uint32_t count;
};

struct ColdPart {
  Term error_handler = atoms::error_handler;
  ReceiveTimer* receive_timer = nullptr;
  std::uint64_t receive_timer_number = 0;
  std::int64_t receive_timer_due_ns = 0;
  // A built-in that waits for an answer: the number of the request, and the answer when it is there.
  std::uint64_t request = 0;
  Signal* answer = nullptr;
  // Signals that need the engine's state in memory, kept until the slice ends.
  Signal* deferred_first = nullptr;
  Signal* deferred_last = nullptr;
  IdTable<SuspendedByUs> suspending;
  heap::HeapFragment* kept = nullptr;  // of proc/dirty_call.h: joins the heap when native code returns
  std::unique_ptr<SavedCalls> saved_calls;
  bool group_leader_boxed = false;
  bool declines_form = false;      // the next native form is not asked: it declined on a dirty scheduler (bif/native_forms.h)
  bool blocks_schedulers = false;  // has been in Runtime::multi_scheduling
  // Of trace/: numbers of the sequential trace, and the function whose call_time runs.
  Word token_clock = 0, token_last = 0;
  void* timed = nullptr;
  std::int64_t timed_since = 0;

  ~ColdPart();
};

}  // namespace vm::proc
