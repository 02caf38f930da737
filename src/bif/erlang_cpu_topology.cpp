// SPDX-License-Identifier: Apache-2.0
//
// Topologies come and go as lists of {cpu, Node, Processor, ProcessorNode, Core, Thread, Logical}; erlang.erl turns them into the nested form that users
// see and back.
#include "bif/erlang_cpu_topology.h"

#include <climits>

#include "bif/text_input.h"
#include "code/code_store.h"
#include "proc/log.h"
#include "proc/runtime.h"
#include "sched/cpu_binding.h"

namespace vm::bif {

using os::Cpu;
using sched::BindOrder;
using term::Tuple;
using Topology = std::vector<Cpu>;

namespace {

Term name(const char* text) { return term::AtomTable::intern(text); }
Term number(int n) { return Term::small(n); }
bool named(Term t, std::string_view text) { return t.is_atom() && term::AtomTable::text(t) == text; }
sched::CpuBinding& cpus(BifContext& cx) { return *cx.runtime().schedulers->config().cpus; }

constexpr int Cpu::*kFields[] = {&Cpu::node, &Cpu::processor, &Cpu::processor_node, &Cpu::core, &Cpu::thread, &Cpu::logical};

Term topology_term(BifContext& cx, const std::optional<Topology>& topology) {
  if (!topology) return atoms::undefined;
  term::HeapWriter& h = cx.heap();
  term::ListBuilder list(h);
  for (const Cpu& c : *topology) {
    Tuple t = Tuple::alloc(h, 1 + std::size(kFields));
    t.set(0, name("cpu"));
    for (std::size_t i = 0; i < std::size(kFields); i++) t.set(i + 1, number(c.*kFields[i]));
    list.add(t.term());
  }
  return list.finish();
}

bool read_cpu(Term t, Cpu* out) {
  if (!t.is_tuple_of(1 + std::size(kFields))) return false;
  const Tuple fields = Tuple::from(t);
  if (!named(fields[0], "cpu")) return false;
  for (std::size_t i = 0; i < std::size(kFields); i++) {
    const Term n = fields[i + 1];
    if (!n.is_small() || n.small_value() < -1 || n.small_value() > sched::kMaxCpuNumber) return false;
    out->*kFields[i] = static_cast<int>(n.small_value());
  }
  return true;
}

bool read_topology(Term list, Topology* out) {
  if (!list.is_cons()) return false;
  for (; list.is_cons(); list = list.tail()) {
    Cpu c;
    if (!read_cpu(list.head(), &c)) return false;
    out->push_back(c);
  }
  return list.is_nil() && sched::check_topology(*out) == sched::TopologyFault::None;
}

// "used", "defined" or "detected"; false: none of them.
bool topology_by_name(BifContext& cx, Term which, std::optional<Topology>* out) {
  if (which == atoms::used) *out = cpus(cx).used();
  else if (which == atoms::defined) *out = cpus(cx).defined();
  else if (which == atoms::detected) *out = cpus(cx).detected();
  else return false;
  return true;
}

BifResult trap_to_erlang(BifContext& cx, const char* function, Term argument) {
  return cx.trap(cx.runtime().code->export_for(atoms::erlang, name(function), 1), argument);
}

BifResult set_topology(BifContext& cx, Term value) {
  std::optional<Topology> wanted;
  if (value != atoms::undefined && !read_topology(value, &wanted.emplace())) return cx.badarg();
  const Term before = topology_term(cx, cpus(cx).used());
  cpus(cx).define(std::move(wanted));
  cx.runtime().schedulers->check_bindings();
  return before;
}

struct OrderName {
  BindOrder order;
  const char* name;
};
constexpr OrderName kOrders[] = {
    {BindOrder::Unbound, "unbound"},
    {BindOrder::NoSpread, "no_spread"},
    {BindOrder::ThreadSpread, "thread_spread"},
    {BindOrder::ProcessorSpread, "processor_spread"},
    {BindOrder::Spread, "spread"},
    {BindOrder::NoNodeThreadSpread, "no_node_thread_spread"},
    {BindOrder::NoNodeProcessorSpread, "no_node_processor_spread"},
    {BindOrder::ThreadNoNodeProcessorSpread, "thread_no_node_processor_spread"},
    {sched::kDefaultBindOrder, "default_bind"},
};

Term name_of(BindOrder order) {
  for (const OrderName& o : kOrders)
    if (o.order == order) return name(o.name);
  VM_UNREACHABLE();
}

bool order_by_name(Term t, BindOrder* out) {
  for (const OrderName& o : kOrders) {
    if (!named(t, o.name)) continue;
    *out = o.order;
    return true;
  }
  return false;
}

BifResult set_bind_type(BifContext& cx, Term value) {
  BindOrder wanted, before;
  if (!order_by_name(value, &wanted) || !cpus(cx).set_order(wanted, &before)) return cx.badarg();
  cx.runtime().schedulers->check_bindings();
  return name_of(before);
}

Term bindings(BifContext& cx) {
  const std::vector<int> bound = cpus(cx).bindings();
  Tuple t = Tuple::alloc(cx.heap(), bound.size());
  for (std::size_t i = 0; i < bound.size(); i++) t.set(i, bound[i] < 0 ? Term(atoms::unbound) : number(bound[i]));
  return t.term();
}

Term update(BifContext& cx) {
  if (!cpus(cx).update()) return atoms::unchanged;
  cx.runtime().schedulers->check_bindings();
  return name("changed");
}

Term count_or_unknown(unsigned n) { return n == 0 ? Term(atoms::unknown) : Term::small(static_cast<SWord>(n)); }

// What stock says to whoever uses the old ways.
void warn(BifContext& cx, const char* text) {
  const Term args[] = {list_of_bytes(cx.heap(), text)};
  proc::log_to_logger(cx.runtime(), &cx.process(), term::AtomTable::intern(cx.runtime().settings.warning_map), "~s~n", args);
}

Term fake_bindings(BifContext& cx, Term of) {
  BindOrder order;
  if (!order_by_name(of, &order)) return Term::non_value();
  const std::optional<Topology> topology = cpus(cx).used();
  if (!topology || order == BindOrder::Unbound) return atoms::false_;
  const std::vector<int> sequence = sched::bind_sequence(*topology, order);
  Tuple t = Tuple::alloc(cx.heap(), sequence.size());
  for (std::size_t i = 0; i < sequence.size(); i++) t.set(i, number(sequence[i]));
  return t.term();
}

// Groups have numbers from 1 on.
Term groups_map(BifContext& cx, Term of) {
  if (!of.is_small() || of.small_value() < 1 || of.small_value() > INT_MAX) return Term::non_value();
  term::ListBuilder list(cx.heap());
  if (const std::optional<Topology> topology = cpus(cx).used())
    for (const sched::CpuGroup& g : sched::cpu_groups(*topology, static_cast<int>(of.small_value())))
      list.add(Tuple::make(cx.heap(), number(g.logical), number(g.group + 1)));
  return list.finish();
}

}  // namespace

bool cpu_info(BifContext& cx, Term key, BifResult* out) {
  std::optional<Topology> topology;
  if (key == atoms::cpu_topology) {
    *out = trap_to_erlang(cx, "format_cpu_topology", topology_term(cx, cpus(cx).used()));
  } else if (key.is_tuple_of(2)) {
    const Tuple pair = Tuple::from(key);
    if ((pair[0] != atoms::cpu_topology && pair[0] != atoms::internal_cpu_topology) || !topology_by_name(cx, pair[1], &topology))
      return false;
    const Term flat = topology_term(cx, topology);
    *out = pair[0] == atoms::cpu_topology ? trap_to_erlang(cx, "format_cpu_topology", flat) : BifResult(flat);
  } else if (key == atoms::scheduler_bindings) {
    *out = bindings(cx);
  } else if (key == atoms::scheduler_bind_type) {
    *out = name_of(cpus(cx).order());
  } else if (key == atoms::update_cpu_info) {
    *out = update(cx);
  } else if (key == atoms::logical_processors) {
    *out = count_or_unknown(cpus(cx).info().configured);
  } else if (key == atoms::logical_processors_online) {
    *out = count_or_unknown(cpus(cx).info().online);
  } else if (key == atoms::logical_processors_available) {
    *out = count_or_unknown(cpus(cx).info().available);
  } else if (key == atoms::cpu_quota) {
    *out = count_or_unknown(cpus(cx).info().quota);
  } else {
    return false;
  }
  return true;
}

bool cpu_flag(BifContext& cx, Term flag, Term value, BifResult* out) {
  if (flag == atoms::internal_cpu_topology) {
    *out = set_topology(cx, value);
  } else if (flag == atoms::cpu_topology) {
    warn(cx,
         "A call to erlang:system_flag(cpu_topology, _) was made.\n"
         "The cpu_topology argument is deprecated and scheduled\n"
         "for removal in Erlang/OTP 18. For more information\n"
         "see the erlang:system_flag/2 documentation.\n");
    *out = trap_to_erlang(cx, "set_cpu_topology", value);
  } else if (flag == atoms::scheduler_bind_type) {
    warn(cx,
         "A call to erlang:system_flag(scheduler_bind_type, _) was\n"
         "made. The scheduler_bind_type argument is deprecated and\n"
         "scheduled for removal in Erlang/OTP 18. For more\n"
         "information see the erlang:system_flag/2 documentation.\n");
    *out = set_bind_type(cx, value);
  } else {
    return false;
  }
  return true;
}

Term cpu_state_by_tuple(BifContext& cx, Term what, Term of) {
  if (named(what, "fake_scheduler_bindings")) return fake_bindings(cx, of);
  if (named(what, "reader_groups_map")) return groups_map(cx, of);
  return Term::non_value();
}

}  // namespace vm::bif
