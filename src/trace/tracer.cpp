// SPDX-License-Identifier: Apache-2.0
#include "trace/tracer.h"

#include "proc/process_table.h"
#include "term/atoms.h"
#include "term/compare.h"
#include "term/views.h"

namespace vm::trace {

using namespace proc;  // NOLINT(google-build-using-namespace): the flags

namespace {

struct FlagName {
  Term name;
  std::uint32_t flag;
};

// In the order in which stock conses them: trace_info shows the last one first.
const FlagName kFlags[] = {
    {atoms::timestamp, kTraceTimestamp},
    {atoms::strict_monotonic_timestamp, kTraceStrictMonotonic},
    {atoms::monotonic_timestamp, kTraceMonotonic},
    {atoms::send, kTraceSend},
    {atoms::receive_, kTraceReceive},
    {atoms::set_on_spawn, kTraceSetOnSpawn},
    {atoms::call, kTraceCall},
    {atoms::procs, kTraceProcs},
    {atoms::set_on_first_spawn, kTraceSetOnFirstSpawn},
    {atoms::set_on_link, kTraceSetOnLink},
    {atoms::set_on_first_link, kTraceSetOnFirstLink},
    {atoms::running, kTraceRunning},
    {atoms::exiting, kTraceExiting},
    {atoms::garbage_collection, kTraceGc},
    {atoms::arity, kTraceArity},
    {atoms::return_to, kTraceReturnTo},
    {atoms::silent, kTraceSilent},
    {atoms::scheduler_id, kTraceSchedulerId},
    {atoms::ports, kTracePorts},
    {atoms::running_ports, kTraceRunningPorts},
    {atoms::running_procs, kTraceRunningProcs},
};

bool is_local(Term t) { return t.is_local_pid() || t.is_local_port(); }

Term function_for(Topic topic) {
  switch (topic) {
    case Topic::Call: return atoms::enabled_call;
    case Topic::Send: return atoms::enabled_send;
    case Topic::Receive: return atoms::enabled_receive;
    case Topic::Procs: return atoms::enabled_procs;
    case Topic::RunningProcs: return atoms::enabled_running_procs;
    case Topic::RunningPorts: return atoms::enabled_running_ports;
    case Topic::Collection: return atoms::enabled_garbage_collection;
    case Topic::Ports: return atoms::enabled_ports;
    case Topic::Status:
    case Topic::Sequential: break;
  }
  return atoms::enabled;
}

Verdict ask_module(Runtime& rt, const Tracer& tracer, Topic topic, Term tag, Term tracee) {
  const Verdict gone = topic == Topic::Status ? Verdict::Remove : Verdict::Discard;
  const auto call = rt.hooks.call_native;
  if (!call) return gone;
  const Term args[] = {tag, tracer.state.term, tracee};
  Term answer;
  const Term special = function_for(topic);
  if (special == atoms::enabled || !call(rt, nullptr, tracer.module, special, args, 3, &answer)) {
    if (!call(rt, nullptr, tracer.module, atoms::enabled, args, 3, &answer)) return gone;
  }
  if (answer == atoms::trace) return Verdict::Trace;
  if (answer == atoms::discard) return topic == Topic::Status ? Verdict::Trace : Verdict::Discard;
  return Verdict::Remove;
}

}  // namespace

TracerRef tracer_of(Runtime& rt, Term prefix, Term t) {
  Term module = atoms::erl_tracer, state = Term::non_value();
  if (t.is_tuple()) {
    const term::Tuple p = term::Tuple::from(t);
    if (prefix.is_value() && p.size() == 2 && p[0] == prefix) {
      t = p[1];
    } else if (prefix.is_value() && p.size() == 3 && p[0] == prefix && p[1].is_atom()) {
      module = p[1];
      state = p[2];
    } else if (!prefix.is_value() && p.size() == 2 && p[0].is_atom()) {
      module = p[0];
      state = p[1];
    }
  }
  if (!state.is_value() && is_local(t)) state = t;
  if (!state.is_value()) return {};
  if (module != atoms::erl_tracer &&
      !(rt.hooks.has_native && rt.hooks.has_native(rt, module, atoms::enabled, 3) && rt.hooks.has_native(rt, module, atoms::trace, 5)))
    return {};
  auto* made = new Tracer;
  made->module = module;
  made->state = heap::copy_to_keep(state);
  return TracerRef(made);
}

Term tracer_term(term::HeapWriter& h, const Tracer* t) {
  if (!t) return term::kNil;
  const Term state = heap::copy(t->state.term, h);
  return t->module == atoms::erl_tracer ? state : term::Tuple::make(h, t->module, state);
}

bool same_tracer(const Tracer& a, const Tracer& b) {
  return &a == &b || (a.module == b.module && term::equal_exact(a.state.term, b.state.term));
}

Verdict ask(Runtime& rt, const Tracer& tracer, Topic topic, Term tag, Term tracee) {
  if (tracer.module != atoms::erl_tracer) return ask_module(rt, tracer, topic, tag, tracee);
  const Term to = tracer.state.term;
  const bool alive = to.is_local_pid() ? rt.processes->lookup(to) != nullptr : rt.hooks.port_alive && rt.hooks.port_alive(rt, to);
  if (!alive) return topic == Topic::Status ? Verdict::Remove : Verdict::Discard;
  // What a tracer does itself is not traced.
  return to == tracee && topic != Topic::Status ? Verdict::Discard : Verdict::Trace;
}

std::uint32_t flag_of(Term name) {
  if (name == atoms::all) return kTraceAll;
  for (const FlagName& f : kFlags)
    if (f.name == name) return f.flag;
  return 0;
}

bool parse_flags(Runtime& rt, Term list, FlagList* out) {
  for (; list.is_cons(); list = list.tail()) {
    const Term item = list.head();
    if (const std::uint32_t flag = item.is_atom() ? flag_of(item) : 0) {
      out->flags |= flag;
    } else if (item == atoms::cpu_timestamp) {
      out->cpu_timestamp = true;
    } else if (item.is_tuple()) {
      out->tracer = tracer_of(rt, atoms::tracer, item);
      out->has_tracer = true;
      if (!out->tracer) return false;
    } else {
      return false;
    }
  }
  return list.is_nil();
}

Term flags_term(term::HeapWriter& h, std::uint32_t flags) {
  Term list = term::kNil;
  for (const FlagName& f : kFlags)
    if (flags & f.flag) list = h.cons(f.name, list);
  return list;
}

}  // namespace vm::trace
