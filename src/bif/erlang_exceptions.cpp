// SPDX-License-Identifier: Apache-2.0
//
// erlang:error/1,2,3, exit/1, throw/1, raise/3, nif_error/1,2, apply/2,3, hibernate/3, yield/0.
#include "bif/bif_decls.gen.h"
#include "bif/long_work.h"
#include "ops/maps.h"
#include "proc/runtime.h"

namespace vm::bif {

using proc::ExceptionClass;
using proc::PendingKind;
using proc::Process;
using term::ListBuilder;
using term::Tuple;

BifResult erlang_error_1(BifContext& cx, Term reason) { return cx.error(reason); }

BifResult erlang_error_2(BifContext& cx, Term reason, Term args) {
  BifResult r = cx.error(reason);
  if (args.is_list()) cx.process().scratch->exception.args = args;
  return r;
}

// Options that are not understood are ignored: the exception itself must not get lost.
BifResult erlang_error_3(BifContext& cx, Term reason, Term args, Term options) {
  BifResult r = cx.error(reason);
  if (args.is_list()) cx.process().scratch->exception.args = args;
  for (; options.is_cons(); options = options.tail()) {
    Tuple option = Tuple::try_from(options.head());
    if (!option || option.size() != 2 || option[0] != atoms::error_info || !option[1].is_map()) return r;
    cx.process().scratch->exception.error_info = option[1];
  }
  return r;
}

BifResult erlang_exit_1(BifContext& cx, Term reason) { return cx.exit(reason); }
BifResult erlang_throw_1(BifContext& cx, Term value) { return cx.throw_(value); }
BifResult erlang_nif_error_1(BifContext& cx, Term reason) { return cx.error(reason); }
BifResult erlang_nif_error_2(BifContext& cx, Term reason, Term) { return cx.error(reason); }

namespace {

// An entry of a stack trace as a trace shows it: {M, F, A} and {Fun, Args} get an empty location. The non-value: it is no entry.
Term trace_entry(term::HeapWriter& h, Term t) {
  Tuple e = Tuple::try_from(t);
  if (!e) return Term::non_value();
  if (e.size() == 2) return e[0].is_fun() ? Tuple::make(h, e[0], e[1], term::kNil) : Term::non_value();
  if (e.size() == 3) {
    if (e[0].is_fun()) return e[2].is_list() ? t : Term::non_value();
    return e[0].is_atom() && e[1].is_atom() ? Tuple::make(h, e[0], e[1], e[2], term::kNil) : Term::non_value();
  }
  return e.size() == 4 && e[0].is_atom() && e[1].is_atom() && e[3].is_list() ? t : Term::non_value();
}

}  // namespace

BifResult erlang_raise_3(BifContext& cx, Term cls, Term reason, Term trace) {
  ExceptionClass c = ExceptionClass::Error;
  if (cls == atoms::exit) c = ExceptionClass::Exit;
  else if (cls == atoms::throw_) c = ExceptionClass::Throw;
  else if (cls != atoms::error) return atoms::badarg;
  int limit = cx.runtime().settings.backtrace_depth;
  std::size_t depth = limit > 0 ? static_cast<std::size_t>(limit) : 1;
  ListBuilder list(cx.heap());
  std::size_t n = 0;
  for (; trace.is_cons(); trace = trace.tail()) {
    Term entry = trace_entry(cx.heap(), trace.head());
    if (!entry.is_value()) return atoms::badarg;
    if (n++ < depth) list.add(entry);
  }
  if (!trace.is_nil()) return atoms::badarg;
  BifResult r = cx.raise(c, reason);
  cx.process().scratch->exception.stacktrace = list.finish();
  return r;
}

// The engine makes the call: a trap without an export is an apply.
BifResult erlang_apply_2(BifContext& cx, Term fun, Term args) { return cx.trap(nullptr, fun, args); }
BifResult erlang_apply_3(BifContext& cx, Term module, Term function, Term args) { return cx.trap(nullptr, module, function, args); }

BifResult erlang_hibernate_3(BifContext& cx, Term module, Term function, Term args) {
  if (!module.is_atom() || !function.is_atom()) return cx.badarg();
  SWord n = term::list_length(args);
  if (n < 0) return cx.badarg();
  if (n > 255) return cx.system_limit();
  BifResult r = cx.trap(nullptr, module, function, args);
  cx.process().pending = PendingKind::Wait;
  cx.process().flags |= Process::kHibernated;
  return r;
}

namespace {

BifResult yielded(BifContext&) { return atoms::true_; }

}  // namespace

BifResult erlang_yield_0(BifContext& cx) { return cx.yield_to(hidden_entry<yielded, 0>(cx.runtime(), "erlang", "yield")); }

}  // namespace vm::bif
