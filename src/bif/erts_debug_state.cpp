// SPDX-License-Identifier: Apache-2.0
//
// erts_debug: raw links, monitors and states of processes, and scripts that keep a scheduler of a given kind busy.
#include "bif/erts_debug_state.h"

#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include "bif/bif_decls.gen.h"
#include "bif/erlang_cpu_topology.h"
#include "bif/erlang_memory.h"
#include "dist/nodes.h"
#include "os/clock.h"
#include "proc/links_state.h"
#include "proc/priority_lift.h"
#include "proc/process_info.h"
#include "proc/process_table.h"
#include "proc/references.h"
#include "proc/runtime.h"
#include "proc/send.h"
#include "proc/time.h"
#include "sched/timer_wheel.h"
#include "term/print.h"

namespace vm::bif {

using term::Tuple;

namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::int64_t kBalanceNs = 100 * kNsPerMs;

bool named(Term atom, std::string_view name) { return atom.is_atom() && term::AtomTable::text(atom) == name; }
Term name(std::string_view text) { return term::AtomTable::intern(text); }

// Runs f on a process while nothing moves. False: it is gone.
template <typename F>
bool with_process(BifContext& cx, Term pid, F&& f) {
  if (!pid.is_local_pid()) return false;
  if (pid == cx.process().pid) {
    f(cx.process());
    return true;
  }
  if (proc::Process* p = cx.runtime().processes->lookup(pid)) proc::handle_signals_of(*p);
  bool found = false;
  cx.runtime().schedulers->stop_the_world([&] {
    proc::Process* p = cx.runtime().processes->lookup(pid);
    if (!p || p->exiting()) return;
    found = true;
    f(*p);
  });
  return found;
}

// {erl_link, Type, Other, State, Id}
Term link_list(BifContext& cx, Term pid) {
  if (pid.is_atom()) return connection_list(cx, pid, ConnectionRows::Links);
  term::HeapWriter& h = cx.heap();
  term::ListBuilder list(h);
  const bool found = with_process(cx, pid, [&](proc::Process& p) {
    if (!p.links) return;
    add_remote_links(p, h, list);
    for (const proc::LinkEntry& e : p.links->links) {
      const Term type = e.other.is_port() ? atoms::port : atoms::process;
      list.add(Tuple::make(h, name("erl_link"), type, e.other, name(e.unlink_id == 0 ? "linked" : "unlinking"),
                           term::make_unsigned(h, e.unlink_id)));
    }
  });
  return found ? list.finish() : Term(atoms::undefined);
}

// The name that somebody monitors a process by, or nil. Only they know, and the world stands still.
Term name_watched_by(BifContext& cx, const proc::WatcherEntry& watcher) {
  const proc::Process* p = watcher.from.is_local_pid() ? cx.runtime().processes->lookup(watcher.from) : nullptr;
  if (!p || p->exiting() || !p->links) return term::kNil;
  const proc::MonitorEntry* e = p->links->monitors.find(watcher.key);
  return e ? e->name : term::kNil;
}

// {erl_monitor, Type, origin | target, Ref, Other, Extra}
Term monitor_list(BifContext& cx, Term pid) {
  if (pid.is_atom()) return connection_list(cx, pid, ConnectionRows::Monitors);
  term::HeapWriter& h = cx.heap();
  term::ListBuilder list(h);
  const bool found = with_process(cx, pid, [&](proc::Process& p) {
    if (!p.links) return;
    add_remote_monitors(p, h, list);
    for (const proc::MonitorEntry& e : p.links->monitors) {
      if (e.kind == proc::MonitorKind::Remote) continue;
      const Term ref = e.alias == proc::AliasMode::None ? proc::make_key_ref(h, e.key) : proc::make_key_pid_ref(h, e.key, pid);
      const Term type = e.kind == proc::MonitorKind::Port         ? Term(atoms::port)
                        : e.kind == proc::MonitorKind::TimeOffset ? name("time_offset")
                                                                  : Term(atoms::process);
      list.add(Tuple::make(h, name("erl_monitor"), type, name("origin"), ref, e.target, e.name));
    }
    for (const proc::WatcherEntry& e : p.links->watchers)
      list.add(Tuple::make(h, name("erl_monitor"), atoms::process, name("target"), proc::make_key_ref(h, e.key), e.from,
                           name_watched_by(cx, e)));
  });
  return found ? list.finish() : Term(atoms::undefined);
}

Term status_of(BifContext& cx, Term pid) {
  if (!pid.is_local_pid()) return Term::non_value();
  const proc::Process* p = cx.runtime().processes->lookup(pid);
  if (!p) return atoms::undefined;
  const std::uint32_t state = p->state.load();
  if (state & proc::kExiting) return atoms::exiting;
  if (state & proc::kRunning) return atoms::running;
  return state & proc::kQueued ? atoms::runnable : atoms::waiting;
}

}  // namespace

// Identifiers of other nodes hold their node's name themselves, so that the only entry there is belongs to this one:
// {{node_references, [{{Name, Creation}, Count, Referrers}]}, {dist_references, [{Name, Count, Referrers}]}}
static Term node_references(BifContext& cx) {
  term::HeapWriter& h = cx.heap();
  const Term node = cx.runtime().node_name;
  auto one = [&](Term t) { return h.cons(t, term::kNil); };
  const Term this_node = Tuple::make(h, node, term::make_unsigned(h, cx.runtime().creation));
  const Term by_system =
      Tuple::make(h, Tuple::make(h, name("system"), atoms::undefined), one(Tuple::make(h, name("system"), Term::small(1))));
  const Term by_node = Tuple::make(h, Tuple::make(h, atoms::node, this_node), one(Tuple::make(h, atoms::node, Term::small(1))));
  const Term nodes = one(Tuple::make(h, this_node, Term::small(1), one(by_system)));
  const Term connections = one(Tuple::make(h, node, Term::small(2), h.cons(by_system, one(by_node))));
  return Tuple::make(h, Tuple::make(h, name("node_references"), nodes), Tuple::make(h, name("dist_references"), connections));
}

// How erlang:processes/0 goes about it: in one go, whatever the size of the table.
// {ptab_list_bif_info, MinStartReds, Chunks, ChunkSize, IndicesPerRed, FreeReds, EndedPerRed, EndedMaxReds, ConsesPerRed, DebugLevel}
static Term processes_bif_info(BifContext& cx) {
  constexpr std::size_t kChunk = 32768;
  constexpr SWord kAtOnce = SWord{1} << 40;
  const auto chunks = static_cast<SWord>((cx.runtime().settings.process_limit + kChunk - 1) / kChunk);
  const auto number = [](SWord n) { return Term::small(n); };
  return Tuple::make(cx.heap(), name("ptab_list_bif_info"), number(1), number(chunks), number(kChunk), number(kAtOnce), number(1),
                     number(kAtOnce), number(1), number(kAtOnce), number(0));
}

Term process_state_of(BifContext& cx, Term key) {
  // Work moves between schedulers all the time here; what waits for rounds of it waits for time.
  if (named(key, "nbalance"))
    return term::make_unsigned(cx.heap(), static_cast<std::uint64_t>(proc::monotonic_ns() - proc::start_monotonic_ns()) / kBalanceNs);
  if (named(key, "processes")) {
    term::ListBuilder list(cx.heap());
    for (Term pid : cx.runtime().processes->pids()) list.add(pid);
    return list.finish();
  }
  if (named(key, "processes_bif_info")) return processes_bif_info(cx);
  if (named(key, "next_pid")) return term::make_unsigned(cx.heap(), cx.runtime().processes->next_number());
  if (named(key, "min_unique_monotonic_integer")) return term::make_integer(cx.heap(), proc::kFirstMonotonic);
  if (named(key, "unique_monotonic_integer_state")) return term::make_unsigned(cx.heap(), proc::monotonic_count() - 1);
  if (named(key, "max_atom_out_cache_index")) return Term::small(static_cast<SWord>(dist::kCacheSlots - 1));
  if (named(key, "node_and_dist_references")) return node_references(cx);
  if (named(key, "process_info_args")) {
    term::ListBuilder list(cx.heap());
    for (Term item : proc::process_info_items()) list.add(item);
    return list.finish();
  }
  if (named(key, "memory")) {
    const MemoryTotals m = memory_totals(cx.runtime());
    term::ListBuilder list(cx.heap());
    const auto row = [&](std::string_view what, std::size_t bytes) {
      list.add(Tuple::make(cx.heap(), name(what), term::make_unsigned(cx.heap(), bytes)));
    };
    row("total", m.processes + m.system);
    row("processes", m.processes);
    row("processes_used", m.processes);
    row("system", m.system);
    row("atom", m.atoms);
    row("atom_used", m.atoms);
    row("binary", m.binaries);
    row("code", m.code);
    row("ets", m.tables);
    return list.finish();
  }
  return Term::non_value();
}

Term process_state_by_tuple(BifContext& cx, Term what, Term of) {
  constexpr SWord kMostAtoms = 0xFFFFFFFF;
  if (named(what, "atom") && of.is_small() && of.small_value() >= 0 && of.small_value() <= kMostAtoms)
    return term::AtomTable::at(static_cast<std::uint32_t>(of.small_value()));
  if (what == atoms::process_status) return status_of(cx, of);
  if (named(what, "link_list")) return link_list(cx, of);
  if (named(what, "monitor_list")) return monitor_list(cx, of);
  if (named(what, "dist_ctrl") && of.is_atom()) {
    const dist::Peer* peer = cx.runtime().nodes->find(of);
    return peer && !peer->controller().is_nil() ? peer->controller() : Term(atoms::undefined);
  }
  if (const Term state = cpu_state_by_tuple(cx, what, of); state.is_value()) return state;
  if (named(what, "atom_out_cache_index") && of.is_atom()) return Term::small(static_cast<SWord>(dist::OutgoingCache::slot_of(of)));
  return Term::non_value();
}

// A timer of 0 ms set by a timer of 0 ms set by a timer: the last one sends a message.
struct ChainedTimer : sched::Timer {
  proc::Runtime* runtime;
  Term pid;
  unsigned left;
};

void set_chained(proc::Runtime& rt, Term pid, unsigned left, std::int64_t in_ns) {
  auto* t = new ChainedTimer;
  t->runtime = &rt;
  t->pid = pid;
  t->left = left;
  t->fire = [](sched::Timer* fired) {
    const std::unique_ptr<ChainedTimer> own(static_cast<ChainedTimer*>(fired));
    if (own->left != 0) return set_chained(*own->runtime, own->pid, own->left - 1, 0);
    heap::OwnedTerm message;
    message.term = name("multizero_timeout_in_timeout_done");
    proc::send_owned(*own->runtime, own->pid, std::move(message));
  };
  rt.timers->set(*t, proc::raw_monotonic_ns() + in_ns);
}

// Where somebody's signals are handled nothing goes on for a while.
Term block_signals(BifContext& cx, Term value) {
  if (!value.is_tuple_of(2)) return Term::non_value();
  const Tuple t = Tuple::from(value);
  if (!t[0].is_local_pid() || !t[1].is_small() || t[1].small_value() < 0) return Term::non_value();
  proc::Signal* s = proc::Signal::create(proc::SignalKind::Rpc);
  s->function = [](proc::Process&, void* ms) {
    std::this_thread::sleep_for(std::chrono::milliseconds(reinterpret_cast<std::intptr_t>(ms)));
  };
  s->argument = reinterpret_cast<void*>(static_cast<std::intptr_t>(t[1].small_value()));
  return proc::deliver_to(cx.runtime(), t[0], s) ? atoms::true_ : atoms::false_;
}

// Requests of others to collect wait until it is allowed again, and a process at rest is left alone. Room that the process itself needs is still made.
Term allow_collection(proc::Process& p, bool allowed) {
  const bool before = !(p.flags & proc::Process::kDisableGc);
  if (allowed) p.flags &= ~std::uint32_t{proc::Process::kDisableGc};
  else p.flags |= proc::Process::kDisableGc;
  return before ? atoms::true_ : atoms::false_;
}

// Ends the machine with a dump while a part of it is broken, this process.
Term halt_broken(BifContext& cx, Term slogan) {
  proc::Runtime& rt = cx.runtime();
  proc::Process& p = cx.process();
  const std::string text = term::to_text(slogan);
  proc::Links* const whole = p.links;
  p.links = reinterpret_cast<proc::Links*>(sizeof(Word));  // no such memory
  if (rt.halt) rt.halt(rt, 1, false, true, text.c_str());
  p.links = whole;
  p.pending = proc::PendingKind::Wait;  // the machine goes down behind us
  return Term::non_value();
}

Term set_process_state(BifContext& cx, Term key, Term value) {
  if (named(key, "broken_halt")) return halt_broken(cx, value);
  if (named(key, "gc_state") && value.is_boolean()) return allow_collection(cx.process(), value == atoms::true_);
  if (named(key, "proc_sig_block")) return block_signals(cx, value);
  if (named(key, "multizero_timeout_in_timeout") && value.is_small() && value.small_value() >= 0) {
    set_chained(cx.runtime(), cx.process().pid, 2, value.small_value() * kNsPerMs);
    return atoms::ok;
  }
  if (named(key, "force_gc") && value.is_local_pid()) {
    proc::Signal* s = proc::Signal::create(proc::SignalKind::Rpc);
    s->function = [](proc::Process& p, void*) { (void)p.collect(p.saved_registers, p.live, 0, true); };
    return proc::deliver_to(cx.runtime(), value, s) ? atoms::true_ : atoms::false_;
  }
  if (named(key, "block") && value.is_small() && value.small_value() >= 0) {
    const std::chrono::milliseconds time(value.small_value());
    cx.runtime().schedulers->stop_the_world([time] { std::this_thread::sleep_for(time); });
    return atoms::true_;
  }
  if (named(key, "next_pid") && value.is_small() && value.small_value() >= 0) {
    cx.runtime().processes->set_next_number(static_cast<Word>(value.small_value()));
    return value;
  }
  if (named(key, "unique_monotonic_integer_state")) {
    Word last = 0;  // the last one that was given; a negative one is counted from the end
    if (value.is_small()) last = static_cast<Word>(value.small_value());
    else if (!term::to_uint64(value, &last)) return Term::non_value();
    proc::set_monotonic_count(last + 1);
    return atoms::true_;
  }
  // Signal queues of receivers have no locks to take turns at.
  if (named(key, "proc_sig_buffers") && value.is_boolean()) return atoms::true_;
  if (named(key, "fill_heap")) {
    heap::ProcessHeap& heap = cx.process().heap;
    if (heap.free_words() > heap::kStackSlack) (void)heap.alloc(heap.free_words() - heap::kStackSlack);
    return atoms::true_;
  }
  return Term::non_value();
}

// ------------------------------------------------------------------------------------------------------------------------ scripts

namespace {

enum class Where { Normal, DirtyCpu, DirtyIo };

Term where_atom(Where w) { return w == Where::Normal ? atoms::normal : w == Where::DirtyCpu ? atoms::dirty_cpu : atoms::dirty_io; }

// As a native function of that kind would: off duty where functions that may last are.
bool wait_ms(Term ms, Where here) {
  if (!ms.is_small() || ms.small_value() < 0) return false;
  const std::int64_t until = os::monotonic_ns() + ms.small_value() * kNsPerMs;
  std::optional<sched::OffDuty> off_duty;
  if (here != Where::Normal) off_duty.emplace();
  if (here != Where::DirtyCpu) std::this_thread::sleep_for(std::chrono::milliseconds(ms.small_value()));
  while (os::monotonic_ns() < until) {
  }
  return true;
}

void tell(BifContext& cx, Term to, std::string_view what) {
  if (to.is_local_pid()) proc::send(cx.process(), to, Tuple::make(cx.heap(), name(what), cx.process().pid));
}

// Where a script was asked for, which its errors must name: {Function, Argument} goes along in the place of the argument.
struct Asked {
  Term function;  // of erts_debug
  Term where;     // the first argument of dirty/3
  Term argument;
};

BifResult go_to(BifContext& cx, Where w, Term what, Term argument) {
  code::CodeStore& code = *cx.runtime().code;
  const Term module = name("erts_debug");
  if (w == Where::Normal) return cx.trap(code.export_for(module, name("dirty"), 3), atoms::normal, what, argument);
  return cx.trap(code.export_for(module, where_atom(w), 2), what, argument);
}

// Raises where the script was asked for.
BifResult fail(BifContext& cx, Term what, const Asked& asked, Term reason) {
  code::CodeStore& code = *cx.runtime().code;
  const Term module = name("erts_debug");
  const Term marked = Tuple::make(cx.heap(), atoms::error, reason, asked.argument);
  if (asked.function == name("dirty")) return cx.trap(code.export_for(module, name("dirty"), 3), asked.where, what, marked);
  return cx.trap(code.export_for(module, asked.function, 2), what, marked);
}

// What fail asked for. Answers false when it was something else.
bool is_failure(Term argument, Term* reason, Term* original) {
  if (!argument.is_tuple_of(3)) return false;
  const Tuple t = Tuple::from(argument);
  if (t[0] != atoms::error || !t[1].is_atom()) return false;
  *reason = t[1];
  *original = t[2];
  return true;
}

// Counts down by two; every other step goes on in another kind of scheduler.
BifResult reschedule(BifContext& cx, Where here, Term what, const Asked& asked, Term left) {
  if (!left.is_small() || left.small_value() < 0) return fail(cx, what, asked, atoms::badarg);
  const SWord n = left.small_value();
  if (n == 0) return atoms::ok;
  Where next = here;
  if (n % 4 == 0) next = here == Where::DirtyCpu ? Where::DirtyIo : here == Where::DirtyIo ? Where::Normal : Where::DirtyCpu;
  return go_to(cx, next, what, Tuple::make(cx.heap(), asked.function, asked.where, asked.argument, Term::small(n - 2)));
}

BifResult copies(BifContext& cx, Term of) {
  constexpr int kCopies = 1000;
  Term list = term::kNil;
  for (int i = 0; i < kCopies; i++) list = cx.heap().cons(heap::copy(of, cx.heap()), list);
  return list;
}

// Waits until somebody's exit signal has ended the process.
BifResult wait_for_exit(BifContext& cx, Term to) {
  constexpr auto kStep = std::chrono::milliseconds(10);
  tell(cx, to, "alive");
  while (cx.process().alive()) std::this_thread::sleep_for(kStep);
  std::this_thread::sleep_for(100 * kStep);
  return atoms::ok;
}

BifResult script(BifContext& cx, Where here, Term what, Term argument, Asked asked) {
  constexpr SWord kLongMs = 6000;
  Term left = argument;  // of reschedule
  if (argument.is_tuple_of(4)) {
    const Tuple t = Tuple::from(argument);
    asked = {t[0], t[1], t[2]};
    left = t[3];
    argument = t[2];
  }
  if (what == atoms::scheduler && named(argument, "type")) return where_atom(here);
  if (what == atoms::error) {
    for (Term reason : {Term(atoms::notsup), Term(atoms::undef), Term(atoms::badarith), Term(atoms::noproc), Term(atoms::system_limit)})
      if (argument == reason) return fail(cx, what, asked, reason);
  }
  if (named(what, "copy")) return copies(cx, argument);
  if (what == atoms::send) {
    tell(cx, argument, "ok");
    return atoms::ok;
  }
  if (what == atoms::wait && wait_ms(argument, here)) return atoms::ok;
  if (named(what, "reschedule")) return reschedule(cx, here, what, asked, left);
  if (named(what, "ready_wait6_done")) {
    tell(cx, argument, "ready");
    wait_ms(Term::small(kLongMs), here);
    tell(cx, argument, "done");
    return atoms::ok;
  }
  if (named(what, "alive_waitexiting")) return wait_for_exit(cx, argument);
  return fail(cx, what, asked, atoms::badarg);
}

BifResult raise_in(BifContext& cx, Term reason, std::initializer_list<Term> arguments) {
  const BifResult raised = cx.error(reason);
  Term list = term::kNil;
  for (const Term* t = arguments.end(); t != arguments.begin();) list = cx.heap().cons(*--t, list);
  cx.process().scratch->exception.args = list;
  return raised;
}

BifResult dirty_script(BifContext& cx, Where here, Term what, Term argument) {
  Term reason, original;
  if (is_failure(argument, &reason, &original)) return raise_in(cx, reason, {what, original});
  return script(cx, here, what, argument, {where_atom(here), term::kNil, argument});
}

}  // namespace

BifResult erts_debug_dirty_cpu_2(BifContext& cx, Term what, Term argument) { return dirty_script(cx, Where::DirtyCpu, what, argument); }
BifResult erts_debug_dirty_io_2(BifContext& cx, Term what, Term argument) { return dirty_script(cx, Where::DirtyIo, what, argument); }
BifResult erts_debug_dirty_3(BifContext& cx, Term where, Term what, Term argument) {
  Term reason, original;
  if (is_failure(argument, &reason, &original)) return raise_in(cx, reason, {where, what, original});
  if (where == atoms::normal) return script(cx, Where::Normal, what, argument, {name("dirty"), where, argument});
  const auto pass = [&](Where w) { return go_to(cx, w, what, Tuple::make(cx.heap(), name("dirty"), where, argument, argument)); };
  if (where == atoms::dirty_cpu) return pass(Where::DirtyCpu);
  if (where == atoms::dirty_io) return pass(Where::DirtyIo);
  return cx.badarg();
}

}  // namespace vm::bif
