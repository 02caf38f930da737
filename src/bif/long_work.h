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
// The second call is one of a row of its own that nobody can name: same function, same name in stack traces, kind dirty_cpu. What goes on
// in slices with arguments that only it can read has such a hidden row too. Rows are made on first use and live as long as the program;
// they hold nothing of a runtime but where its engine enters built-ins.
#pragma once

#include "code/backend.h"
#include "proc/bif_context.h"
#include "proc/runtime.h"
#include "sched/scheduler.h"
#include "term/atoms.h"

namespace vm::bif {

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

namespace detail {
struct HiddenRow {
  code::Bif bif;
  code::Export entry;
  HiddenRow(proc::Runtime& runtime, const code::Mfa& mfa, code::BifKind kind, code::BifCall call, std::uint32_t flags = 0);
};
code::Mfa mfa_of(code::BifCall call);
}  // namespace detail

// The entry of a part of a built-in that yields. Stack traces call it module:function/(number of arguments); a process that stopped there is shown in
// the function that called the built-in.
template <auto Fn, std::size_t Arity>
code::Export* hidden_entry(proc::Runtime& runtime, const char* module, const char* function) {
  static auto* const row = new detail::HiddenRow(runtime, {term::AtomTable::intern(module), term::AtomTable::intern(function), Arity},
                                                 code::BifKind::Yields, proc::bif_adapter<Fn, Arity>());
  return &row->entry;
}

// As hidden_entry, but a process that stopped there is shown in module:function/shown_arity, as stock shows its own. Variant tells apart what has
// one function and several names.
template <auto Fn, std::size_t Arity, auto Variant = 0>
code::Export* shown_entry(proc::Runtime& runtime, const char* module, const char* function, std::size_t shown_arity) {
  static auto* const row = [&] {
    const Term m = term::AtomTable::intern(module), f = term::AtomTable::intern(function);
    auto* made = new detail::HiddenRow(runtime, {m, f, Arity}, code::BifKind::Yields, proc::bif_adapter<Fn, Arity>(), code::BifFlag::Shown);
    made->entry.mfa.arity = shown_arity;
    return made;
  }();
  return &row->entry;
}

// Goes on as a call of Fn, the built-in that asks for it, with these arguments on a dirty scheduler.
template <auto Fn, typename... T>
BifResult on_dirty(BifContext& cx, T... args) {
  constexpr code::BifCall call = proc::bif_adapter<Fn, sizeof...(T)>();
  static auto* const row = new detail::HiddenRow(cx.runtime(), detail::mfa_of(call), code::BifKind::DirtyCpu, call);
  return cx.trap(&row->entry, args...);
}

}  // namespace vm::bif
