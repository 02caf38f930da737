// SPDX-License-Identifier: Apache-2.0
//
// Tracing as long as nothing can be traced: checks of arguments, clearing what is not set, asking about it. The system monitor is real.
#include <algorithm>

#include "bif/bif_decls.gen.h"
#include "bif/text_input.h"
#include "heap/copy.h"
#include "match/match_spec.h"
#include "port/port.h"
#include "proc/process_table.h"
#include "proc/runtime.h"
#include "proc/send.h"
#include "proc/system_monitor.h"

namespace vm::bif {

namespace {

bool is_any_of(Term t, std::initializer_list<Term> terms) {
  for (Term x : terms)
    if (x == t) return true;
  return false;
}

Term pair(BifContext& cx, Term a, Term b) { return term::Tuple::make(cx.heap(), a, b); }

// --- trace flags ------------------------------------------------------------------------------------------------------
enum class Flags { Bad, None, Some };

Flags parse_flags(Term list) {
  Flags result = Flags::None;
  for (; list.is_cons(); list = list.tail()) {
    Term f = list.head();
    if (f == atoms::cpu_timestamp) continue;
    bool tracer = f.is_tuple() && term::Tuple::from(f).size() >= 2 && term::Tuple::from(f)[0] == atoms::tracer;
    bool flag = is_any_of(f, {atoms::timestamp,
                              atoms::strict_monotonic_timestamp,
                              atoms::monotonic_timestamp,
                              atoms::all,
                              atoms::send,
                              atoms::receive_,
                              atoms::set_on_spawn,
                              atoms::procs,
                              atoms::set_on_first_spawn,
                              atoms::set_on_link,
                              atoms::set_on_first_link,
                              atoms::running,
                              atoms::exiting,
                              atoms::garbage_collection,
                              atoms::call,
                              atoms::arity,
                              atoms::return_to,
                              atoms::silent,
                              atoms::scheduler_id,
                              atoms::running_ports,
                              atoms::running_procs,
                              atoms::ports});
    if (!tracer && !flag) return Flags::Bad;
    if (flag) result = Flags::Some;
  }
  return list.is_nil() ? result : Flags::Bad;
}

// How many processes and ports a specification stands for, -1 when it is none.
SWord tracee_count(BifContext& cx, Term who) {
  proc::Runtime& rt = cx.runtime();
  SWord processes = static_cast<SWord>(rt.processes->count());
  SWord ports = static_cast<SWord>(rt.ports ? rt.ports->count() : 0);
  if (is_any_of(who, {atoms::all, atoms::existing})) return processes + ports;
  if (is_any_of(who, {atoms::processes, atoms::existing_processes})) return processes;
  if (is_any_of(who, {atoms::ports, atoms::existing_ports})) return ports;
  if (is_any_of(who, {atoms::new_, atoms::new_processes, atoms::new_ports})) return 0;
  if (who.is_local_pid()) return rt.processes->lookup(who) ? 1 : -1;
  if (who.is_local_port()) return rt.ports && rt.ports->find(who) ? 1 : -1;
  return -1;
}

// --- functions --------------------------------------------------------------------------------------------------------
// {M, F, A} where '_' stands for anything, but not in front of something.
struct FunctionPattern {
  Term module, function, arity;

  static bool parse(Term t, FunctionPattern* out) {
    if (!t.is_tuple_of(3)) return false;
    term::Tuple p = term::Tuple::from(t);
    *out = {p[0], p[1], p[2]};
    if (!p[0].is_atom() || !p[1].is_atom() || (p[2] != atoms::underscore && !p[2].is_small())) return false;
    if (p[0] == atoms::underscore) return p[1] == atoms::underscore && p[2] == atoms::underscore;
    return p[1] != atoms::underscore || p[2] == atoms::underscore;
  }
  bool matches(const code::Mfa& m) const {
    return (module == atoms::underscore || module == m.module) && (function == atoms::underscore || function == m.function) &&
           (arity == atoms::underscore || arity.small_value() == static_cast<SWord>(m.arity));
  }
};

SWord exported_functions(BifContext& cx, const FunctionPattern& pattern) {
  const code::CodeStore& code = *cx.runtime().code;
  SWord n = 0;
  for (std::uint32_t i = 0; i < code.export_count(); i++) {
    const code::Export* e = code.export_at(i);
    if ((e->bif || e->function.load()) && pattern.matches(e->mfa)) n++;
  }
  return n;
}

SWord all_functions(BifContext& cx, const FunctionPattern& pattern) {
  std::lock_guard<std::recursive_mutex> hold(cx.runtime().code->lock());
  SWord n = 0;
  for (const code::Module* m : cx.runtime().code->modules()) {
    if (!m->current || (pattern.module != atoms::underscore && pattern.module != m->name)) continue;
    for (const code::Function& f : m->current->functions)
      if (pattern.matches(f.mfa)) n++;
  }
  return n;
}

enum class PatternScope { Bad, Global, Local };

PatternScope parse_pattern_flags(Term list) {
  bool global = false, local = false;
  for (; list.is_cons(); list = list.tail()) {
    Term f = list.head();
    bool meta = f.is_tuple_of(2) && term::Tuple::from(f)[0] == atoms::meta;
    bool meta_module = f.is_tuple_of(3) && term::Tuple::from(f)[0] == atoms::meta;
    if (f == atoms::global) global = true;
    else if (meta || meta_module || is_any_of(f, {atoms::local, atoms::meta, atoms::call_count, atoms::call_time})) local = true;
    else return PatternScope::Bad;
  }
  if (!list.is_nil() || (global && local)) return PatternScope::Bad;
  return local ? PatternScope::Local : PatternScope::Global;
}

BifResult function_info(BifContext& cx, Term mfa, Term key) {
  FunctionPattern p;
  if (!FunctionPattern::parse(mfa, &p) || p.module == atoms::underscore || p.function == atoms::underscore || !p.arity.is_small())
    return cx.badarg();
  bool exists = exported_functions(cx, p) != 0 || all_functions(cx, p) != 0;
  return pair(cx, key, exists ? atoms::false_ : atoms::undefined);
}

BifResult tracee_info(BifContext& cx, Term key) {
  if (key != atoms::flags && key != atoms::tracer) return cx.badarg();
  return pair(cx, key, term::kNil);
}

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
  Flags flags = parse_flags(flag_list);
  if (flags == Flags::Bad) return cx.error_with_cause(atoms::badarg, atoms::badopt);
  SWord count = tracee_count(cx, who);
  if (!how.is_boolean() || count < 0) return cx.badarg();
  if (how == atoms::true_ && flags == Flags::Some) return cx.error(atoms::undef);
  bool one = who.is_local_pid() || who.is_local_port();
  return Term::small(flags == Flags::None && !one ? 0 : count);
}

BifResult erts_internal_trace_pattern_3(BifContext& cx, Term what, Term spec, Term flag_list) {
  PatternScope scope = parse_pattern_flags(flag_list);
  if (scope == PatternScope::Bad) return cx.error_with_cause(atoms::badarg, atoms::badopt);
  FunctionPattern pattern;
  bool messages = is_any_of(what, {atoms::send, atoms::receive_});
  if (!messages && what != atoms::on_load && !FunctionPattern::parse(what, &pattern))
    return cx.error_with_cause(atoms::badarg, atoms::none);
  if (spec != atoms::false_) return cx.error(atoms::undef);
  if (messages) return Term::small(1);
  if (what == atoms::on_load) return Term::small(0);
  return Term::small(scope == PatternScope::Global ? exported_functions(cx, pattern) : all_functions(cx, pattern));
}

BifResult erlang_trace_info_2(BifContext& cx, Term who, Term key) {
  if (who.is_tuple()) return function_info(cx, who, key);
  if (who == atoms::on_load) return pair(cx, key, atoms::false_);
  if (is_any_of(who, {atoms::new_, atoms::new_processes, atoms::new_ports})) return tracee_info(cx, key);
  if (!who.is_local_pid() && !who.is_local_port())
    return is_any_of(who, {atoms::send, atoms::receive_}) ? cx.badarg() : cx.error_with_cause(atoms::badarg, atoms::badopt);
  if (tracee_count(cx, who) < 0) return atoms::undefined;
  return tracee_info(cx, key);
}

BifResult erlang_trace_delivered_1(BifContext& cx, Term tracee) {
  if (tracee != atoms::all && !tracee.is_local_pid()) return cx.badarg();
  Term ref = proc::make_ref(cx.runtime(), cx.heap());
  Term message = term::Tuple::make(cx.heap(), atoms::trace_delivered, tracee, ref);
  proc::send(cx.process(), cx.process().pid, message);
  return ref;
}

BifResult erlang_match_spec_test_3(BifContext& cx, Term object, Term spec, Term how) {
  bool trace = how == atoms::trace;
  if (!trace && how != atoms::table) return cx.badarg();
  if (trace && !object.is_list()) return cx.badarg();
  std::vector<std::string> problems;
  auto compiled = match::MatchSpec::compile(*cx.runtime().code, spec, trace ? match::Use::Trace : match::Use::Table, &problems);
  term::HeapWriter& h = cx.heap();
  if (!compiled) {
    term::ListBuilder list(h);
    for (const std::string& text : problems) list.add(pair(cx, atoms::error, list_of_bytes(h, text)));
    return pair(cx, atoms::error, list.finish());
  }
  // Without actions a body says nothing in a trace: what matches is traced.
  Term result = !trace ? compiled->run(cx, object) : compiled->matches(cx, object) ? Term(atoms::true_) : Term::non_value();
  return term::Tuple::make(h, atoms::ok, result.is_value() ? result : atoms::false_, term::kNil, term::kNil);
}

BifResult erlang_seq_trace_2(BifContext& cx, Term key, Term value) {
  if (key == atoms::sequential_trace_token && value.is_nil()) return term::kNil;
  bool flag = is_any_of(
      key, {atoms::send, atoms::receive_, atoms::print, atoms::timestamp, atoms::monotonic_timestamp, atoms::strict_monotonic_timestamp});
  if (flag ? !value.is_boolean() : !is_any_of(key, {atoms::label, atoms::serial, atoms::sequential_trace_token})) return cx.badarg();
  return cx.error(atoms::undef);
}

BifResult erlang_seq_trace_info_1(BifContext& cx, Term key) {
  if (is_any_of(key, {atoms::label, atoms::serial})) return term::kNil;
  if (is_any_of(key, {atoms::send, atoms::receive_, atoms::print, atoms::timestamp, atoms::monotonic_timestamp,
                      atoms::strict_monotonic_timestamp}))
    return pair(cx, key, atoms::false_);
  return cx.badarg();
}

BifResult erlang_seq_trace_print_1(BifContext&, Term) { return atoms::false_; }
BifResult erlang_seq_trace_print_2(BifContext&, Term, Term) { return atoms::false_; }

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

BifResult erlang_system_profile_0(BifContext&) { return atoms::undefined; }

BifResult erlang_system_profile_2(BifContext& cx, Term who, Term options) {
  bool any = false;
  for (; options.is_cons(); options = options.tail(), any = true) {
    Term o = options.head();
    if (!is_any_of(o, {atoms::runnable_procs, atoms::runnable_ports, atoms::scheduler, atoms::exclusive, atoms::timestamp,
                       atoms::monotonic_timestamp, atoms::strict_monotonic_timestamp}))
      return cx.badarg();
  }
  if (!options.is_nil()) return cx.badarg();
  return any && who != atoms::undefined ? cx.error(atoms::undef) : BifResult(atoms::undefined);
}

BifResult erts_internal_system_check_1(BifContext& cx, Term what) { return what == atoms::schedulers ? BifResult(atoms::ok) : cx.badarg(); }

}  // namespace vm::bif
