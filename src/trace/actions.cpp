// SPDX-License-Identifier: Apache-2.0
#include "trace/actions.h"

#include <cstdio>

#include "match/node.h"
#include "ops/raise.h"
#include "proc/process_table.h"
#include "proc/registry.h"
#include "term/atoms.h"
#include "term/print.h"
#include "term/views.h"
#include "trace/seq_trace.h"
#include "trace/state.h"

namespace vm::trace {

using namespace proc;  // NOLINT(google-build-using-namespace): the flags
using match::Action;

code::CodePtr caller_address(const Process& p) {
  for (const Word* w = p.heap.stack_top(); w + 1 < p.heap.stack_end(); w++) {
    if (*w != heap::kFrameMarker) continue;
    auto pc = reinterpret_cast<code::CodePtr>(*++w);
    if (!p.runtime->is_trace_frame(pc)) return pc;
  }
  return nullptr;
}

Term Actions::run(const match::MatchSpec& spec, std::span<const Term> arguments) {
  // The list lies here, not on the heap: what is kept of it is copied.
  cells_.assign(2 * arguments.size() + 1, 0);
  const std::size_t at = reinterpret_cast<Word>(cells_.data()) & 15 ? 1 : 0;
  Term list = term::kNil;
  for (std::size_t i = arguments.size(); i-- > 0;) {
    Word* cell = cells_.data() + at + 2 * i;
    cell[0] = arguments[i].bits();
    cell[1] = list.bits();
    list = Term::cons(cell);
  }
  GuardContext cx(process_);
  return spec.run_trace(cx, list, *this);
}

Term Actions::change(std::uint32_t on, std::uint32_t off, const TracerRef& tracer, Term who) {
  Process* p = &process_;
  if (who.is_value()) {
    const Term pid = who.is_atom() ? process_.runtime->registry->lookup(who) : who;
    p = pid.is_value() && pid.is_local_pid() ? process_.runtime->processes->lookup(pid) : nullptr;
  }
  if (!p) return Term::non_value();
  if (kind_ == MessageKind::Test) return atoms::true_;
  const bool changed = State::of(*p->runtime).change_both(*p, on, off, tracer.get());
  return changed ? atoms::true_ : atoms::false_;
}

Term Actions::switch_flag(const Term* args, std::size_t count, bool on) {
  const std::uint32_t flag = args[count - 1].is_atom() ? flag_of(args[count - 1]) : 0;
  if (flag == 0) return Term::non_value();
  const Tracing* t = process_.tracing.load(std::memory_order_acquire);
  const Term done =
      change(on ? flag : 0, on ? 0 : flag, TracerRef::share(t ? t->tracer : nullptr), count == 2 ? args[0] : Term::non_value());
  return done.is_value() ? Term(atoms::true_) : done;
}

// {trace, [Who,] Off, On}: both lists may name a tracer.
Term Actions::trace(const Term* args, std::size_t count) {
  const Tracing* t = process_.tracing.load(std::memory_order_acquire);
  FlagList off, on;
  Runtime& rt = *process_.runtime;
  if (!parse_flags(rt, args[count - 2], &off) || !parse_flags(rt, args[count - 1], &on) || off.cpu_timestamp || on.cpu_timestamp)
    return Term::non_value();
  const TracerRef tracer = on.has_tracer ? on.tracer : off.has_tracer ? off.tracer : TracerRef::share(t ? t->tracer : nullptr);
  if (tracer && ask(rt, *tracer.get(), Topic::Status, atoms::trace_status, process_.pid) == Verdict::Remove) return Term::non_value();
  return change(on.flags, off.flags, tracer, count == 3 ? args[0] : Term::non_value());
}

void Actions::silence(bool on) { State::of(*process_.runtime).change(process_, on, kTraceSilent, {}); }

Term Actions::caller(bool with_line) {
  if (kind_ == MessageKind::Test) return atoms::undefined;
  const code::CodePtr pc = caller_address(process_);
  const code::Function* f = pc ? code::find_function(pc - 1) : nullptr;
  if (!f) return atoms::undefined;
  term::HeapWriter& h = process_.heap;
  const Term arity = Term::small(static_cast<SWord>(f->mfa.arity));
  if (!with_line) return term::Tuple::make(h, f->mfa.module, f->mfa.function, arity);
  Term place = atoms::undefined, file = Term::non_value(), line = Term::non_value();
  for (Term l = ops::location_of(*const_cast<code::Function*>(f), pc - 1, h); l.is_cons(); l = l.tail()) {
    if (!l.head().is_tuple_of(2)) continue;
    const term::Tuple pair = term::Tuple::from(l.head());
    if (pair[0] == atoms::file) file = pair[1];
    if (pair[0] == atoms::line) line = pair[1];
  }
  if (file.is_value() && line.is_value()) place = term::Tuple::make(h, file, line);
  return term::Tuple::make(h, f->mfa.module, f->mfa.function, arity, place);
}

Term Actions::act(Action action, const Term* args, std::size_t count) {
  Runtime& rt = *process_.runtime;
  const bool test = kind_ == MessageKind::Test;
  switch (action) {
    case Action::Message: return args[0];
    case Action::ReturnTrace: return_trace = true; return atoms::true_;
    case Action::ExceptionTrace: exception_trace = true; return atoms::true_;
    case Action::IsSeqTrace: return has_token(process_) ? atoms::true_ : atoms::false_;
    case Action::SetSeqToken: return test ? check_token_part(args[0], args[1]) : set_token_part(process_, args[0], args[1]);
    case Action::GetSeqToken: return token_of(process_);
    case Action::Display:
      std::fprintf(stdout, "%s\n", term::to_text(args[0]).c_str());
      std::fflush(stdout);
      return atoms::true_;
    case Action::ProcessDump: {
      const std::string text = rt.hooks.process_text ? rt.hooks.process_text(process_) : std::string();
      Byte* bytes;
      const Term t = term::make_binary(process_.heap, text.size(), &bytes);
      std::copy(text.begin(), text.end(), bytes);
      return t;
    }
    case Action::EnableTrace: return switch_flag(args, count, true);
    case Action::DisableTrace: return switch_flag(args, count, false);
    case Action::Trace: return trace(args, count);
    case Action::Caller: return caller(false);
    case Action::CallerLine: return caller(true);
    case Action::Silent:
      if (!test && args[0].is_boolean()) silence(args[0] == atoms::true_);
      return args[0];
    case Action::SetTcw: {
      Word n;
      if (!term::to_uint64(args[0], &n) || n > UINT32_MAX) return Term::non_value();
      const Term before = Term::small(rt.trace_control_word);
      if (!test) std::atomic_ref<std::uint32_t>(rt.trace_control_word).store(static_cast<std::uint32_t>(n), std::memory_order_relaxed);
      return before;
    }
    case Action::GetTcw: return Term::small(std::atomic_ref<std::uint32_t>(rt.trace_control_word).load(std::memory_order_relaxed));
  }
  return Term::non_value();
}

}  // namespace vm::trace
