// SPDX-License-Identifier: Apache-2.0
//
// erlang: start_timer, send_after, cancel_timer, read_timer.
#include <algorithm>

#include "bif/bif_decls.gen.h"
#include "proc/runtime.h"
#include "proc/send.h"
#include "proc/time.h"
#include "proc/timers.h"

namespace vm::bif {

using proc::Process;
using term::Tuple;

namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;

// {Name, Boolean}; false for anything else.
bool boolean_option(Term option, Term name, bool* out) {
  if (!option.is_tuple_of(2)) return false;
  const Tuple t = Tuple::from(option);
  if (t[0] != name || !t[1].is_boolean()) return false;
  *out = t[1] == atoms::true_;
  return true;
}

BifResult bad_time(BifContext& cx) { return cx.error_with_cause(atoms::badarg, atoms::time); }

BifResult start(BifContext& cx, Term time, Term destination, Term message, Term options, bool wrap) {
  bool absolute = false;
  for (; options.is_cons(); options = options.tail())
    if (!boolean_option(options.head(), atoms::abs, &absolute)) return cx.error_with_cause(atoms::badarg, atoms::badopt);
  if (!options.is_nil()) return cx.error_with_cause(atoms::badarg, atoms::badopt);
  SWord ms = 0;
  if (!term::to_int64(time, &ms)) return bad_time(cx);
  std::int64_t due = 0;
  if (absolute) {
    if (__builtin_mul_overflow(ms, kNsPerMs, &due) || due < proc::start_monotonic_ns()) return bad_time(cx);
  } else if (ms < 0 || __builtin_mul_overflow(ms, kNsPerMs, &due) || __builtin_add_overflow(due, proc::monotonic_ns(), &due)) {
    return bad_time(cx);
  }
  if (!destination.is_atom() && !destination.is_local_pid()) return cx.badarg();
  return proc::start_timer(cx.process(), {due, destination, message, wrap}, cx.heap());
}

Term result_term(BifContext& cx, std::int64_t ms) { return ms < 0 ? atoms::false_ : term::make_integer(cx.heap(), ms); }

// {cancel_timer | read_timer, Ref, Result} to the caller.
void answer_later(Process& p, Term kind, Term ref, std::int64_t ms) {
  heap::FragmentWriter w(16);
  heap::OwnedTerm message;
  const Term copy = heap::copy(ref, w);
  message.term = Tuple::make(w, kind, copy, ms < 0 ? atoms::false_ : term::make_integer(w, ms));
  message.fragments = w.take();
  proc::send_owned(p, std::move(message), p.pid);
}

bool is_timer_ref(Term ref) { return ref.is_ref() && !ref.is_external(); }

}  // namespace

BifResult erlang_start_timer_3(BifContext& cx, Term time, Term to, Term message) { return start(cx, time, to, message, term::kNil, true); }
BifResult erlang_start_timer_4(BifContext& cx, Term time, Term to, Term message, Term options) {
  return start(cx, time, to, message, options, true);
}
BifResult erlang_send_after_3(BifContext& cx, Term time, Term to, Term message) { return start(cx, time, to, message, term::kNil, false); }
BifResult erlang_send_after_4(BifContext& cx, Term time, Term to, Term message, Term options) {
  return start(cx, time, to, message, options, false);
}

BifResult erlang_cancel_timer_1(BifContext& cx, Term ref) {
  if (!is_timer_ref(ref)) return cx.badarg();
  return result_term(cx, proc::cancel_timer(cx.runtime(), ref));
}

BifResult erlang_cancel_timer_2(BifContext& cx, Term ref, Term options) {
  if (!is_timer_ref(ref)) return cx.badarg();
  bool async = false;
  bool info = true;
  for (; options.is_cons(); options = options.tail())
    if (!boolean_option(options.head(), atoms::async, &async) && !boolean_option(options.head(), atoms::info, &info)) return cx.badarg();
  if (!options.is_nil()) return cx.badarg();
  const std::int64_t left = proc::cancel_timer(cx.runtime(), ref);
  if (!info) return atoms::ok;
  if (!async) return result_term(cx, left);
  answer_later(cx.process(), atoms::cancel_timer, ref, left);
  return atoms::ok;
}

BifResult erlang_read_timer_1(BifContext& cx, Term ref) {
  if (!is_timer_ref(ref)) return cx.badarg();
  return result_term(cx, proc::read_timer(cx.runtime(), ref));
}

BifResult erlang_read_timer_2(BifContext& cx, Term ref, Term options) {
  if (!is_timer_ref(ref)) return cx.badarg();
  bool async = false;
  for (; options.is_cons(); options = options.tail())
    if (!boolean_option(options.head(), atoms::async, &async)) return cx.badarg();
  if (!options.is_nil()) return cx.badarg();
  const std::int64_t left = proc::read_timer(cx.runtime(), ref);
  if (!async) return result_term(cx, left);
  answer_later(cx.process(), atoms::read_timer, ref, left);
  return atoms::ok;
}

}  // namespace vm::bif
