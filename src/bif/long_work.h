// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Built-ins whose arguments may be so large that they would keep a scheduler from everybody else.
//
// Such a built-in sizes up its arguments first. When they are large and it runs on an ordinary scheduler it asks to be called again, with
// the same arguments, on a dirty one, where it may take its time:
//
//   if (is_long(bytes, kLongBytes)) return on_dirty<erlang_md5_1>(cx, data);
//
// It could also give up its slice and go on later, and those do whose state is a few terms (lists:member/2). Most others hold half of a
// result in C++ (a hash, a regular expression's stack, an encoder's frames); a thread of its own keeps that for nothing. The price of a
// move is some ten microseconds, so the limits stand for about a millisecond of work.
//
// The second call is one of a hidden row (proc/hidden_row.h): same function, same name in stack traces, kind dirty_cpu. What goes on in slices with
// arguments that only it can read has such a row too.
#pragma once

#include "proc/hidden_row.h"
#include "proc/runtime.h"
#include "sched/scheduler.h"

namespace vm::bif {

using proc::hidden_entry;
using proc::shown_entry;

// About a millisecond of work each.
inline constexpr std::size_t kLongBytes = 1u << 20;     // to look at, hash or copy
inline constexpr std::size_t kLongElements = 1u << 17;  // of a list to walk and copy

// Built-ins run on schedulers, and only ordinary ones are a thread's current one.
inline bool runs_dirty() { return sched::Scheduler::current() == nullptr; }

// Whether work of this size should not be done here.
inline bool is_long(std::size_t size, std::size_t limit) { return size > limit && !runs_dirty(); }

// Whether a list has more elements than the limit and this is no place for it. Looks at no more of it than that.
inline bool is_long_list(Term list, std::size_t limit) {
  std::size_t n = 0;
  while (list.is_cons() && n <= limit) {
    list = list.tail();
    n++;
  }
  return is_long(n, limit);
}

// The name of the built-in that this calls.
code::Mfa mfa_of(code::BifCall call);

// Goes on as a call of Fn, the built-in that asks for it, with these arguments on a dirty scheduler.
template <auto Fn, typename... T>
BifResult on_dirty(BifContext& cx, T... args) {
  constexpr code::BifCall call = proc::bif_adapter<Fn, sizeof...(T)>();
  static auto* const row = new proc::HiddenRow(cx.runtime(), mfa_of(call), code::BifKind::DirtyCpu, call);
  return cx.trap(&row->entry, args...);
}

}  // namespace vm::bif
