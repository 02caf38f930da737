// SPDX-License-Identifier: Apache-2.0
//
// Tracing: arguments and answers of what trace/ does. The system monitor.
#include <algorithm>

#include "bif/bif_decls.gen.h"
#include "bif/text_input.h"
#include "heap/copy.h"
#include "match/match_spec.h"
#include "port/port.h"
#include "proc/log.h"
#include "proc/priority_lift.h"
#include "proc/process_table.h"
#include "proc/runtime.h"
#include "proc/send.h"
#include "proc/system_monitor.h"
#include "proc/tracing.h"
#include "trace/actions.h"
#include "trace/patterns.h"
#include "trace/seq_trace.h"

namespace vm::bif {

namespace {

bool is_any_of(Term t, std::initializer_list<Term> terms) {
  for (Term x : terms)
    if (x == t) return true;
  return false;
}

Term pair(BifContext& cx, Term a, Term b) { return term::Tuple::make(cx.heap(), a, b); }

using trace::State;

// --- trace flags ------------------------------------------------------------------------------------------------------
// What a process can be traced for, what a port can, and what says only how messages look.
constexpr std::uint32_t kModifiers = proc::kTraceSilent | proc::kTraceTimestamp | proc::kTraceStrictMonotonic | proc::kTraceMonotonic |
                                     proc::kTraceSchedulerId | proc::kTraceReceive | proc::kTraceSend;
constexpr std::uint32_t kPortFlags = kModifiers | proc::kTracePorts | proc::kTraceRunningPorts;
constexpr std::uint32_t kProcessFlags = (proc::kTraceAll & ~kPortFlags) | kModifiers;

BifResult trace_one(BifContext& cx, Term who, bool on, const trace::FlagList& flags) {
  proc::Runtime& rt = cx.runtime();
  if (flags.cpu_timestamp) return cx.badarg();
  const std::shared_ptr<port::Port> port = who.is_local_port() ? rt.ports->find(who) : nullptr;
  proc::Process* p = who.is_local_port() ? nullptr : rt.processes->lookup(who);
  if (!p && !port) return cx.badarg();
  const trace::Tracee tracee = port ? trace::Tracee(port->trace) : trace::Tracee(*p);
  if (State::of(rt).change(tracee, on, flags.flags, on ? flags.tracer : trace::TracerRef{})) return Term::small(1);
  const Term text = list_of_bytes(cx.heap(), "** can only have one tracer per process\n");
  const Term args[] = {text};
  proc::log_to_logger(rt, &cx.process(), atoms::error, "~s", args);
  return cx.badarg();
}

SWord trace_existing(BifContext& cx, Term who, bool on, const trace::FlagList& flags) {
  proc::Runtime& rt = cx.runtime();
  const bool only_ports = is_any_of(who, {atoms::ports, atoms::existing_ports});
  const bool only_processes = is_any_of(who, {atoms::processes, atoms::existing_processes});
  const std::uint32_t mask = flags.flags;
  SWord n = 0;
  if (((mask & kProcessFlags & ~kModifiers) || (mask & kModifiers)) && !only_ports && mask != 0) {
    rt.processes->for_each([&](proc::Process& p) {
      if (State::of(rt).change(p, on, mask, on ? flags.tracer : trace::TracerRef{})) n++;
    });
  }
  if (((mask & kPortFlags & ~kModifiers) || (mask & kModifiers)) && !only_processes && rt.ports) {
    for (const Term id : rt.ports->ids()) {
      const std::shared_ptr<port::Port> port = rt.ports->find(id);
      if (port && State::of(rt).change(port->trace, on, mask, on ? flags.tracer : trace::TracerRef{})) n++;
    }
  }
  return n;
}

BifResult tracee_info(BifContext& cx, Term key, const proc::Tracing* t) {
  if (key == atoms::flags) return pair(cx, key, trace::flags_term(cx.heap(), t ? t->flags : 0));
  if (key == atoms::tracer) return pair(cx, key, trace::tracer_term(cx.heap(), t ? t->tracer : nullptr));
  return cx.badarg();
}

BifResult live_tracee_info(BifContext& cx, const trace::Tracee& tracee, Term key) {
  const proc::Tracing* t = tracee.tracing->load(std::memory_order_acquire);
  if (t && trace::ask(cx.runtime(), *t->tracer, trace::Topic::Status, atoms::trace_status, tracee.id) == trace::Verdict::Remove) {
    State::of(cx.runtime()).drop_dead(tracee, t);
    t = nullptr;
  }
  return tracee_info(cx, key, t);
}

BifResult process_trace_info(BifContext& cx, Term pid, Term key) {
  if (key != atoms::flags && key != atoms::tracer) return cx.badarg();
  proc::Process* p = cx.runtime().processes->lookup(pid);
  return p && !p->exiting() ? live_tracee_info(cx, *p, key) : BifResult(atoms::undefined);
}

BifResult port_trace_info(BifContext& cx, Term id, Term key) {
  const std::shared_ptr<port::Port> port = cx.runtime().ports ? cx.runtime().ports->find(id) : nullptr;
  return port ? live_tracee_info(cx, port->trace, key) : BifResult(atoms::undefined);
}

// --- functions --------------------------------------------------------------------------------------------------------
struct PatternRequest {
  trace::Change change = trace::Change::Set;
  trace::PatternFlags flags;
  trace::TracerRef meta;
};

bool parse_pattern_flags(BifContext& cx, Term list, PatternRequest* out) {
  trace::PatternFlags& flags = out->flags;
  for (; list.is_cons(); list = list.tail()) {
    const Term f = list.head();
    if (f.is_tuple()) {
      out->meta = trace::tracer_of(cx.runtime(), atoms::meta, f);
      if (!out->meta) return false;
      flags.meta = true;
    } else if (f == atoms::meta) {
      if (flags.global) return false;
      flags.meta = true;
      if (!out->meta) out->meta = trace::tracer_of(cx.runtime(), Term::non_value(), cx.process().pid);
    } else if (f == atoms::global) {
      if (flags.breakpoint()) return false;
      flags.global = true;
    } else if (is_any_of(f, {atoms::local, atoms::call_count, atoms::call_time})) {
      if (flags.global) return false;
      (f == atoms::local ? flags.local : f == atoms::call_count ? flags.count : flags.time) = true;
    } else {
      return false;
    }
  }
  return list.is_nil();
}

BifResult bad_pattern(BifContext& cx, Term cause) { return cx.error_with_cause(atoms::badarg, cause); }

// --- system monitor ---------------------------------------------------------------------------------------------------
constexpr Word kSmallestLargeHeap = 16384;

bool parse_monitor_options(Term list, proc::MonitorSettings* out) {
  for (; list.is_cons(); list = list.tail()) {
    Term o = list.head();
    if (o == atoms::busy_port) {
      out->busy_port = true;
    } else if (o == atoms::busy_dist_port) {
      out->busy_dist_port = true;
    } else {
      if (!o.is_tuple_of(2)) return false;
      Term name = term::Tuple::from(o)[0];
      Word limit;
      if (!term::to_uint64(term::Tuple::from(o)[1], &limit)) return false;
      if (name == atoms::long_gc) out->long_gc_ms = std::max<Word>(limit, 1);
      else if (name == atoms::long_schedule) out->long_schedule_ms = std::max<Word>(limit, 1);
      else if (name == atoms::large_heap) out->large_heap_words = std::max(limit, kSmallestLargeHeap);
      else return false;
    }
  }
  return list.is_nil();
}

// undefined or {Pid, Events}.
Term monitor_term(BifContext& cx, const proc::MonitorSettings& s) {
  if (!s.pid.is_value()) return atoms::undefined;
  Term list = term::kNil;
  term::HeapWriter& h = cx.heap();
  auto timed = [&](Term name, std::uint64_t limit) {
    if (limit != 0) list = h.cons(pair(cx, name, term::make_unsigned(h, limit)), list);
  };
  timed(atoms::long_gc, s.long_gc_ms);
  timed(atoms::long_schedule, s.long_schedule_ms);
  timed(atoms::large_heap, s.large_heap_words);
  if (s.busy_port) list = h.cons(atoms::busy_port, list);
  if (s.busy_dist_port) list = h.cons(atoms::busy_dist_port, list);
  return pair(cx, s.pid, list);
}

BifResult set_system_monitor(BifContext& cx, Term who, Term options) {
  proc::SystemMonitor& monitor = proc::system_monitor(cx.runtime());
  Term before = monitor_term(cx, monitor.settings());
  proc::MonitorSettings wanted;
  if (who == atoms::undefined || options == atoms::undefined) {
    monitor.set(wanted);
    return before;
  }
  if (!who.is_local_pid() || !cx.runtime().processes->lookup(who) || !parse_monitor_options(options, &wanted)) return cx.badarg();
  if (!options.is_nil()) wanted.pid = who;
  monitor.set(wanted);
  return before;
}

}  // namespace

BifResult erts_internal_trace_3(BifContext& cx, Term who, Term how, Term flag_list) {
  trace::FlagList flags;
  proc::Runtime& rt = cx.runtime();
  if (!trace::parse_flags(rt, flag_list, &flags)) return cx.error_with_cause(atoms::badarg, atoms::badopt);
  if (!how.is_boolean()) return cx.badarg();
  const bool on = how == atoms::true_;
  if (on && !flags.has_tracer) flags.tracer = trace::tracer_of(rt, atoms::tracer, cx.process().pid);
  if (who.is_local_pid() || who.is_local_port()) return trace_one(cx, who, on, flags);
  const bool existing =
      is_any_of(who, {atoms::all, atoms::existing, atoms::processes, atoms::existing_processes, atoms::ports, atoms::existing_ports});
  const bool fresh = is_any_of(who, {atoms::all, atoms::new_, atoms::processes, atoms::new_processes, atoms::ports, atoms::new_ports});
  if ((!existing && !fresh) || (flags.cpu_timestamp && who != atoms::all)) return cx.badarg();
  State& state = State::of(rt);
  if (flags.cpu_timestamp) state.cpu_timestamp = on;
  const SWord n = existing ? trace_existing(cx, who, on, flags) : 0;
  if (!fresh) return Term::small(n);
  const trace::TracerRef tracer = on ? flags.tracer : trace::TracerRef{};
  if ((flags.flags & kProcessFlags) && !is_any_of(who, {atoms::ports, atoms::new_ports}))
    state.change_default(state.new_processes, on, flags.flags & kProcessFlags, tracer);
  if ((flags.flags & kPortFlags) && !is_any_of(who, {atoms::processes, atoms::new_processes}))
    state.change_default(state.new_ports, on, flags.flags & kPortFlags, tracer);
  return Term::small(n);
}

BifResult erts_internal_trace_pattern_3(BifContext& cx, Term what, Term spec, Term flag_list) {
  PatternRequest request;
  trace::Spec compiled;
  if (spec == atoms::false_) request.change = trace::Change::Clear;
  else if (spec == atoms::pause) request.change = trace::Change::Pause;
  else if (spec == atoms::restart) request.change = trace::Change::Restart;
  else if (spec != atoms::true_ && !spec.is_nil()) {
    const match::Use use = what == atoms::send       ? match::Use::TraceSend
                           : what == atoms::receive_ ? match::Use::TraceReceive
                                                     : match::Use::TraceCall;
    compiled = match::MatchSpec::compile(*cx.runtime().code, spec, use);
    if (!compiled) return bad_pattern(cx, atoms::match_spec);
  }
  if (!parse_pattern_flags(cx, flag_list, &request)) return bad_pattern(cx, atoms::badopt);
  const trace::PatternFlags& flags = request.flags;
  if (compiled && !flags.local && !flags.meta && flags.breakpoint()) return bad_pattern(cx, atoms::call_count);
  State& state = State::of(cx.runtime());
  if (what == atoms::on_load) {
    trace::change_load_pattern(state, request.change, flags, compiled, request.meta);
    return Term::small(0);
  }
  if (what.is_tuple()) {
    trace::FunctionPattern pattern;
    if (!trace::FunctionPattern::parse(what, &pattern)) return bad_pattern(cx, atoms::none);
    return Term::small(trace::change_pattern(cx.runtime(), pattern, request.change, flags, compiled, request.meta));
  }
  const bool sends = what == atoms::send;
  const bool plain = request.change == trace::Change::Set || request.change == trace::Change::Clear;
  if ((!sends && what != atoms::receive_) || flags.global || flags.breakpoint() || !plain) return bad_pattern(cx, atoms::none);
  State::replace(sends ? state.send_pattern : state.receive_pattern,
                 new trace::MessagePattern{request.change == trace::Change::Set, compiled});
  return Term::small(1);
}

BifResult erlang_trace_info_2(BifContext& cx, Term who, Term key) {
  State& state = State::of(cx.runtime());
  if (who.is_tuple()) {
    trace::FunctionPattern p;
    if (!trace::FunctionPattern::parse(who, &p) || !p.arity.is_small()) return cx.badarg();
    const Term t = trace::function_info(cx, p, key);
    return t.is_value() ? BifResult(t) : cx.badarg();
  }
  if (who == atoms::on_load) {
    const Term t = trace::load_pattern_info(cx, key);
    return t.is_value() ? BifResult(t) : cx.badarg();
  }
  if (is_any_of(who, {atoms::send, atoms::receive_})) {
    if (key != atoms::match_spec) return cx.badarg();
    const trace::MessagePattern* p = (who == atoms::send ? state.send_pattern : state.receive_pattern).load(std::memory_order_acquire);
    if (!p || (p->on && !p->spec)) return pair(cx, key, atoms::true_);
    return pair(cx, key, p->on ? heap::copy(p->spec->source(), cx.heap()) : Term(atoms::false_));
  }
  if (is_any_of(who, {atoms::new_, atoms::new_processes})) return tracee_info(cx, key, state.live_default(state.new_processes));
  if (who == atoms::new_ports) return tracee_info(cx, key, state.live_default(state.new_ports));
  if (who.is_local_port()) return port_trace_info(cx, who, key);
  if (!who.is_local_pid()) return cx.error_with_cause(atoms::badarg, atoms::badopt);
  return process_trace_info(cx, who, key);
}

BifResult erlang_trace_delivered_1(BifContext& cx, Term tracee) {
  if (tracee != atoms::all && !tracee.is_local_pid()) return cx.badarg();
  // A message of tracing is in its tracer's queue before its process goes on: whatever the caller can know of has been delivered, once what waits
  // in the queues of traced processes has become events.
  cx.runtime().processes->for_each([&](proc::Process& p) {
    if ((tracee == atoms::all || tracee == p.pid) && p.is_traced(proc::kTraceAll)) proc::handle_signals_of(p);
  });
  Term ref = proc::make_ref(cx.runtime(), cx.heap());
  heap::FragmentWriter w(16);
  const Term message = term::Tuple::make(w, atoms::trace_delivered, tracee, heap::copy(ref, w));
  proc::send_owned(cx.runtime(), cx.process().pid, {message, w.take()});
  return ref;
}

BifResult erlang_match_spec_test_3(BifContext& cx, Term object, Term spec, Term how) {
  const bool traces = how == atoms::trace;
  if (!traces && how != atoms::table) return cx.badarg();
  if (traces && (!object.is_list() || term::list_length(object) < 0)) return cx.badarg();
  std::vector<std::string> problems;
  auto compiled = match::MatchSpec::compile(*cx.runtime().code, spec, traces ? match::Use::TraceCall : match::Use::Table, &problems);
  term::HeapWriter& h = cx.heap();
  if (!compiled) {
    term::ListBuilder list(h);
    for (const std::string& text : problems) list.add(pair(cx, atoms::error, list_of_bytes(h, text)));
    return pair(cx, atoms::error, list.finish());
  }
  if (!traces) {
    const Term result = compiled->run(cx, object);
    return term::Tuple::make(h, atoms::ok, result.is_value() ? result : Term(atoms::false_), term::kNil, term::kNil);
  }
  std::vector<Term> args;
  for (Term l = object; l.is_cons(); l = l.tail()) args.push_back(l.head());
  trace::Actions actions(cx.process(), trace::MessageKind::Test);
  const Term result = heap::copy(actions.run(*compiled, args), h);
  Term asked = term::kNil;
  if (actions.exception_trace) asked = h.cons(atoms::exception_trace, asked);
  if (actions.return_trace) asked = h.cons(atoms::return_trace, asked);
  return term::Tuple::make(h, atoms::ok, result, asked, term::kNil);
}

BifResult erlang_seq_trace_2(BifContext& cx, Term key, Term value) {
  const Term before = trace::set_token_part(cx.process(), key, value);
  return before.is_value() ? BifResult(before) : cx.badarg();
}

BifResult erlang_seq_trace_info_1(BifContext& cx, Term key) {
  const Term part = trace::token_part(cx.process(), key);
  return part.is_value() ? BifResult(part) : cx.badarg();
}

BifResult erlang_seq_trace_print_1(BifContext& cx, Term message) {
  return trace::print(cx.process(), Term::non_value(), message) ? atoms::true_ : atoms::false_;
}

BifResult erlang_seq_trace_print_2(BifContext& cx, Term label, Term message) {
  return trace::print(cx.process(), label, message) ? atoms::true_ : atoms::false_;
}

BifResult erts_debug_breakpoint_2(BifContext& cx, Term what, Term on) {
  trace::FunctionPattern p;
  if (!on.is_boolean() || !trace::FunctionPattern::parse(what, &p)) return cx.badarg();
  return Term::small(trace::change_debug(cx.runtime(), p, on == atoms::true_));
}

BifResult erlang_system_monitor_0(BifContext& cx) {
  if (!cx.runtime().monitor.load()) return atoms::undefined;
  return monitor_term(cx, proc::system_monitor(cx.runtime()).settings());
}

BifResult erlang_system_monitor_1(BifContext& cx, Term setting) {
  if (setting == atoms::undefined) return set_system_monitor(cx, setting, setting);
  if (!setting.is_tuple_of(2)) return cx.badarg();
  return set_system_monitor(cx, term::Tuple::from(setting)[0], term::Tuple::from(setting)[1]);
}

BifResult erlang_system_monitor_2(BifContext& cx, Term who, Term options) { return set_system_monitor(cx, who, options); }

namespace {

Term profile_term(BifContext& cx, const trace::ProfileSettings& s) {
  if (!s.profiler.is_value()) return atoms::undefined;
  term::HeapWriter& h = cx.heap();
  Term list = term::kNil;
  if (s.what & proc::kProfilePorts) list = h.cons(atoms::runnable_ports, list);
  if (s.what & proc::kProfileProcesses) list = h.cons(atoms::runnable_procs, list);
  if (s.what & proc::kProfileSchedulers) list = h.cons(atoms::scheduler, list);
  if (s.what & proc::kProfileExclusive) list = h.cons(atoms::exclusive, list);
  return pair(cx, s.profiler, list);
}

bool parse_profile_option(Term option, trace::ProfileSettings* s) {
  if (option == atoms::runnable_procs) s->what |= proc::kProfileProcesses;
  else if (option == atoms::runnable_ports) s->what |= proc::kProfilePorts;
  else if (option == atoms::scheduler) s->what |= proc::kProfileSchedulers;
  else if (option == atoms::exclusive) s->what |= proc::kProfileExclusive;
  else if (option == atoms::timestamp) s->clock = proc::kTraceTimestamp;
  else if (option == atoms::monotonic_timestamp) s->clock = proc::kTraceMonotonic;
  else if (option == atoms::strict_monotonic_timestamp) s->clock = proc::kTraceStrictMonotonic;
  else return false;
  return true;
}

bool may_profile(BifContext& cx, Term who) {
  if (who.is_local_pid()) return cx.runtime().processes->lookup(who) != nullptr;
  return who.is_local_port() && cx.runtime().ports->find(who) != nullptr;
}

}  // namespace

BifResult erlang_system_profile_0(BifContext& cx) { return profile_term(cx, trace::profile(cx.runtime())); }

BifResult erlang_system_profile_2(BifContext& cx, Term who, Term options) {
  trace::ProfileSettings wanted;
  if (who != atoms::undefined && !options.is_nil()) {
    if (!options.is_cons() || !may_profile(cx, who)) return cx.badarg();
    for (; options.is_cons(); options = options.tail())
      if (!parse_profile_option(options.head(), &wanted)) return cx.badarg();
    if (!options.is_nil()) return cx.badarg();
    wanted.profiler = who;
  }
  const Term before = profile_term(cx, trace::profile(cx.runtime()));
  trace::set_profile(cx.runtime(), wanted);
  return before;
}

BifResult erts_internal_system_check_1(BifContext& cx, Term what) { return what == atoms::schedulers ? BifResult(atoms::ok) : cx.badarg(); }

}  // namespace vm::bif
