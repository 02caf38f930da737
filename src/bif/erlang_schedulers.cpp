// SPDX-License-Identifier: Apache-2.0
//
// Who blocks other schedulers goes on only when they have come to rest: it gives up its slice until then, which also moves it to scheduler 1.
#include "bif/erlang_schedulers.h"

#include <algorithm>

#include "bif/bif_decls.gen.h"
#include "proc/hidden_row.h"
#include "proc/runtime.h"

namespace vm::bif {

using sched::Blocked;
using sched::DirtyPool;
using term::Tuple;

namespace {

Term name(const char* text) { return term::AtomTable::intern(text); }
Term number(unsigned n) { return Term::small(static_cast<SWord>(n)); }
sched::SchedulerGroup& group(BifContext& cx) { return *cx.runtime().schedulers; }

Term state_of(BifContext& cx) {
  switch (cx.runtime().multi_scheduling.state()) {
    case Blocked::All: return name("blocked");
    case Blocked::Normal: return name("blocked_normal");
    case Blocked::None: break;
  }
  return atoms::enabled;
}

BifResult await_rest(BifContext& cx, Term flag, Term value) {
  if (cx.runtime().multi_scheduling.state() == Blocked::None || group(cx).alone()) return state_of(cx);
  return cx.yield_to(proc::hidden_entry<await_rest, 2>(cx.runtime(), "erlang", "system_flag"), flag, value);
}

BifResult set_multi_scheduling(BifContext& cx, Term flag, Term value) {
  if (!value.is_atom()) return cx.badarg();
  const std::string_view what = term::AtomTable::text(value);
  proc::MultiScheduling& m = cx.runtime().multi_scheduling;
  if (what == "block") m.block(cx.process(), Blocked::All);
  else if (what == "block_normal") m.block(cx.process(), Blocked::Normal);
  else if (what == "unblock") m.unblock(cx.process(), Blocked::All);
  else if (what == "unblock_normal") m.unblock(cx.process(), Blocked::Normal);
  else return cx.badarg();
  return await_rest(cx, flag, value);
}

bool number_between(Term t, unsigned low, unsigned high) {
  return t.is_small() && t.small_value() >= static_cast<SWord>(low) && t.small_value() <= static_cast<SWord>(high);
}

// The dirty CPU pool keeps its share.
BifResult set_schedulers_online(BifContext& cx, Term value) {
  sched::SchedulerGroup& g = group(cx);
  const sched::Config& c = g.config();
  if (!number_between(value, 1, c.schedulers)) return cx.badarg();
  const unsigned old = g.online(), wanted = static_cast<unsigned>(value.small_value());
  const unsigned percent = wanted * (c.dirty_cpu * 100 / c.schedulers) / old;
  g.set_dirty_cpu_online(std::clamp(g.dirty_cpu_online() * percent / 100, 1u, std::min(wanted, c.dirty_cpu)));
  g.set_online(wanted);
  return number(old);
}

BifResult set_dirty_cpu_online(BifContext& cx, Term value) {
  sched::SchedulerGroup& g = group(cx);
  if (!number_between(value, 1, std::min(g.config().dirty_cpu, g.online()))) return cx.badarg();
  const unsigned old = g.dirty_cpu_online();
  g.set_dirty_cpu_online(static_cast<unsigned>(value.small_value()));
  return number(old);
}

Term all_schedulers_state(BifContext& cx) {
  sched::SchedulerGroup& g = group(cx);
  const sched::Config& c = g.config();
  const bool blocked = cx.runtime().multi_scheduling.state() == Blocked::All;
  term::ListBuilder list(cx.heap());
  const auto row = [&](Term kind, unsigned all, unsigned online, unsigned active) {
    list.add(Tuple::make(cx.heap(), kind, number(all), number(online), number(active)));
  };
  row(atoms::normal, c.schedulers, g.online(), g.active());
  row(atoms::dirty_cpu, c.dirty_cpu, g.dirty_cpu_online(), blocked ? 0 : g.dirty_cpu_online());
  row(atoms::dirty_io, c.dirty_io, c.dirty_io, blocked ? 0 : c.dirty_io);
  return list.finish();
}

Term blockers(BifContext& cx, Blocked what) {
  term::ListBuilder list(cx.heap());
  if (group(cx).scheduler_count() > 1)  // as stock: there is nobody to block
    for (Term pid : cx.runtime().multi_scheduling.blockers(what)) list.add(pid);
  return list.finish();
}

}  // namespace

bool schedulers_info(BifContext& cx, Term key, BifResult* out) {
  sched::SchedulerGroup& g = group(cx);
  if (key == atoms::schedulers_online) *out = number(g.online());
  else if (key == atoms::schedulers_active) *out = number(g.active());
  else if (key == atoms::schedulers_state)
    *out = Tuple::make(cx.heap(), number(g.scheduler_count()), number(g.online()), number(g.active()));
  else if (key == atoms::all_schedulers_state) *out = all_schedulers_state(cx);
  else if (key == atoms::dirty_cpu_schedulers_online) *out = number(g.dirty_cpu_online());
  else if (key == atoms::multi_scheduling) *out = state_of(cx);
  else if (key == atoms::multi_scheduling_blockers) *out = blockers(cx, Blocked::All);
  else if (key == atoms::normal_multi_scheduling_blockers) *out = blockers(cx, Blocked::Normal);
  else return false;
  return true;
}

static BifResult answer_second(BifContext&, Term, Term second) { return second; }

BifResult set_home_scheduler(BifContext& cx, Term flag, Term value) {
  if (value != Term::small(0) && !number_between(value, 1, group(cx).scheduler_count())) return cx.badarg();
  const auto home = static_cast<std::uint16_t>(value.small_value());
  const Term before = number(cx.process().Runnable::home.exchange(home, std::memory_order_relaxed));
  const sched::Scheduler* here = sched::Scheduler::current();
  if (home == 0 || (here && here->id() == home)) return before;
  return cx.yield_to(proc::hidden_entry<answer_second, 2>(cx.runtime(), "erlang", "process_flag"), flag, before);
}

bool schedulers_flag(BifContext& cx, Term flag, Term value, BifResult* out) {
  if (flag == atoms::schedulers_online) *out = set_schedulers_online(cx, value);
  else if (flag == atoms::dirty_cpu_schedulers_online) *out = set_dirty_cpu_online(cx, value);
  else if (flag == atoms::multi_scheduling) *out = set_multi_scheduling(cx, flag, value);
  else if (flag == atoms::microstate_accounting) *out = set_microstate_accounting(cx, value);
  else if (flag == atoms::scheduler_wall_time && value.is_boolean())  // the kernel counts who wants it
    *out = cx.trap(cx.runtime().code->export_for(atoms::erts_internal, name("system_flag_scheduler_wall_time"), 1), value);
  else return false;
  return true;
}

}  // namespace vm::bif
