// SPDX-License-Identifier: Apache-2.0
//
// erlang: names, exit signals, flags, process dictionary, references; erts_internal: what asks other processes.
#include "bif/bif_decls.gen.h"
#include "bif/erlang_schedulers.h"
#include "bif/process_options.h"
#include "proc/dictionary.h"
#include "proc/links_state.h"
#include "proc/priority_lift.h"
#include "proc/process_cold.h"
#include "proc/process_table.h"
#include "proc/references.h"
#include "proc/registry.h"
#include "proc/runtime.h"
#include "proc/send.h"
#include "proc/spawn.h"
#include "proc/system_tasks.h"
#include "term/nodes.h"

namespace vm::bif {

using proc::PendingKind;
using proc::Process;
using proc::Signal;
using proc::SignalKind;
using term::Tuple;

namespace {

Term boolean(bool b) { return b ? atoms::true_ : atoms::false_; }

BifResult ended(BifContext& cx) {
  cx.process().pending = PendingKind::Exit;
  return Term::non_value();
}

// A living local process, or nullptr.
Process* lookup(BifContext& cx, Term pid) {
  Process* p = cx.runtime().processes->lookup(pid);
  return p && !p->exiting() ? p : nullptr;
}

Signal* signal_with_term(Process& from, SignalKind kind, Term t) {
  Signal* s = Signal::create(kind);
  s->from = from.pid;
  proc::set_reason(*s, t);
  return s;
}

BifResult send_exit_signal(YieldContext& cx, Term to, Term reason, bool suicide) {
  Process& p = cx.process();
  if (to.is_local_pid()) {
    proc::send_exit(p, to, reason);
    // An exit signal to oneself takes effect before exit/2 returns.
    if (suicide && to == p.pid && !proc::handle_incoming(p)) return ended(cx);
    return atoms::true_;
  }
  if (to.is_local_port()) {
    if (p.runtime->hooks.port_signal) p.runtime->hooks.port_signal(*p.runtime, to, signal_with_term(p, SignalKind::Exit, reason));
    return atoms::true_;
  }
  if (!to.is_external() || to.is_ref()) return cx.badarg();
  const bool here = term::external_node(to)->name == p.runtime->node_name;
  if (to.is_port() && !here) return cx.badarg();
  if (!here && p.runtime->hooks.exit_remote) return p.runtime->hooks.exit_remote(p, to, reason);
  return atoms::true_;
}

}  // namespace

BifResult erlang_exit_2(YieldContext& cx, Term to, Term reason) { return send_exit_signal(cx, to, reason, true); }
BifResult erlang_exit_signal_2(YieldContext& cx, Term to, Term reason) { return send_exit_signal(cx, to, reason, false); }

// ------------------------------------------------------------------------------------------------------------------------ names

BifResult erlang_register_2(BifContext& cx, Term name, Term who) {
  const auto refused = [&](Term cause) { return cx.error_with_cause(atoms::badarg, cause); };
  if (!name.is_atom() || name == atoms::undefined) return refused(atoms::none);
  if (who.is_local_port()) {
    const auto add = cx.runtime().hooks.register_port;
    return add && add(cx.runtime(), who, name) ? BifResult(atoms::true_) : refused(atoms::none);
  }
  if (!who.is_local_pid()) return refused(atoms::none);
  Process* p = who == cx.process().pid ? &cx.process() : lookup(cx, who);
  if (!p) return refused(atoms::notalive);
  if (proc::register_process(cx.runtime(), *p, name)) return atoms::true_;
  const std::uint32_t state = p->state.load(std::memory_order_acquire);
  return refused(state & proc::kExiting ? atoms::notalive : state & proc::kNamed ? atoms::registered_name : atoms::none);
}

BifResult erlang_unregister_1(BifContext& cx, Term name) {
  if (!name.is_atom()) return cx.badarg();
  const Term who = cx.runtime().registry->lookup(name);
  if (!who.is_value()) return cx.badarg();
  if (who.is_local_port()) {
    if (cx.runtime().hooks.unregister_port) cx.runtime().hooks.unregister_port(cx.runtime(), who, name);
    return atoms::true_;
  }
  Process* p = cx.runtime().processes->lookup(who);
  if (!p || !proc::unregister_process(cx.runtime(), *p, name)) return cx.badarg();
  return atoms::true_;
}

BifResult erlang_whereis_1(BifContext& cx, Term name) {
  if (!name.is_atom()) return cx.badarg();
  const Term who = cx.runtime().registry->lookup(name);
  return who.is_value() ? who : atoms::undefined;
}

BifResult erlang_registered_0(BifContext& cx) {
  const std::vector<Term> names = cx.runtime().registry->names();
  return term::list_from(cx.heap(), names);
}

BifResult erlang_processes_0(BifContext& cx) {
  const std::vector<Term> pids = cx.runtime().processes->pids();
  cx.bump(pids.size() / 10);
  return term::list_from(cx.heap(), pids);
}

// ------------------------------------------------------------------------------------------------------------------------ alive

BifResult erlang_is_process_alive_1(YieldContext& cx, Term pid) {
  if (pid.is_local_pid()) {
    if (pid == cx.process().pid) return atoms::true_;
    if (!lookup(cx, pid)) return atoms::false_;
    // Signals sent before take effect first: ask the process.
    return cx.trap(cx.runtime().code->export_for(atoms::erts_internal, atoms::is_process_alive, 1), pid);
  }
  if (pid.is_pid() && term::external_node(pid)->name == cx.runtime().node_name) return atoms::false_;
  return cx.badarg();
}

// A signal that is to be answered.
static bool deliver_request(Process& self, Process& to, Signal* s) {
  if (!to.deliver(s)) return false;
  proc::lift_for_request(to, self.priority.load(std::memory_order_relaxed));
  return true;
}

BifResult erts_internal_is_process_alive_2(BifContext& cx, Term pid, Term ref) {
  if (!pid.is_local_pid() || !ref.is_ref()) return cx.badarg();
  Signal* s = signal_with_term(cx.process(), SignalKind::IsAlive, ref);
  Process* p = cx.runtime().processes->lookup(pid);
  if (p && deliver_request(cx.process(), *p, s)) return atoms::ok;
  proc::answer_alive(cx.runtime(), s, atoms::false_);
  Signal::destroy(s);
  return atoms::ok;
}

// ----------------------------------------------------------------------------------------------------------------- group leader

BifResult erlang_group_leader_0(BifContext& cx) { return cx.process().group_leader; }

BifResult erts_internal_group_leader_2(BifContext& cx, Term leader, Term pid) {
  if (!leader.is_pid()) return atoms::badarg;
  if (pid == cx.process().pid) {
    cx.process().group_leader = leader;
    return atoms::true_;
  }
  if (pid.is_local_pid()) return lookup(cx, pid) ? atoms::false_ : atoms::badarg;
  if (pid.is_pid() && cx.runtime().hooks.group_leader_remote) return cx.runtime().hooks.group_leader_remote(cx.process(), leader, pid);
  return atoms::badarg;
}

BifResult erts_internal_group_leader_3(BifContext& cx, Term leader, Term pid, Term ref) {
  if (!leader.is_pid() || !pid.is_local_pid() || !ref.is_ref()) return cx.badarg();
  Signal* s = signal_with_term(cx.process(), SignalKind::GroupLeader, Tuple::make(cx.heap(), ref, leader));
  Process* p = cx.runtime().processes->lookup(pid);
  if (p && deliver_request(cx.process(), *p, s)) return atoms::ok;
  proc::answer_group_leader(cx.runtime(), s, atoms::badarg);
  Signal::destroy(s);
  return atoms::ok;
}

// ------------------------------------------------------------------------------------------------------------------------ flags

namespace {

BifResult flag_bit(BifContext& cx, Term value, Process::ProcessFlag bit) {
  if (!value.is_boolean()) return cx.badarg();
  Process& p = cx.process();
  const Term old = boolean(p.flags & bit);
  if (value == atoms::true_) p.flags |= bit;
  else p.flags &= ~std::uint32_t{bit};
  return old;
}

BifResult flag_max_heap(BifContext& cx, Term value) {
  const heap::HeapLimits& limits = cx.process().heap.limits();
  heap::HeapLimits wanted = limits;
  wanted.max_heap_kill = cx.runtime().limits.now().max_heap_kill;
  wanted.max_heap_error_logger = cx.runtime().limits.now().max_heap_error_logger;
  if (!parse_max_heap(value, &wanted)) return cx.badarg();
  if (wanted.max_heap_words != 0 && wanted.max_heap_words < limits.min_heap_words) return cx.badarg();
  const Term old = max_heap_term(limits, cx.heap());
  cx.process().heap.set_limits(wanted, &cx.runtime().limits.now());
  return old;
}

BifResult flag_words(BifContext& cx, Term value, std::size_t smallest, std::size_t heap::HeapLimits::*field) {
  std::size_t words = 0;
  if (!parse_heap_words(value, smallest, &words)) return cx.badarg();
  heap::HeapLimits limits = cx.process().heap.limits();
  const Term old = Term::small(static_cast<SWord>(limits.*field));
  limits.*field = words;
  cx.process().heap.set_limits(limits, &cx.runtime().limits.now());
  return old;
}

BifResult flag_save_calls(BifContext& cx, Term value) {
  if (!value.is_small() || value.small_value() < 0 || value.small_value() > 10000) return cx.error_with_cause(atoms::badarg, atoms::none);
  return Term::small(proc::keep_calls(cx.process(), static_cast<std::uint32_t>(value.small_value())));
}

}  // namespace

BifResult erlang_process_flag_2(BifContext& cx, Term flag, Term value) {
  Process& p = cx.process();
  if (flag == atoms::trap_exit) return flag_bit(cx, value, Process::kTrapExit);
  if (flag == atoms::sensitive) return flag_bit(cx, value, Process::kSensitive);
  if (flag == atoms::error_handler) {
    if (!value.is_atom()) return cx.badarg();
    const Term old = p.cold_part().error_handler;
    p.cold->error_handler = value;
    return old;
  }
  if (flag == atoms::priority) {
    sched::Priority wanted;
    if (!parse_priority(value, &wanted)) return cx.badarg();
    return priority_atom(p.priority.exchange(wanted, std::memory_order_relaxed));
  }
  if (flag == atoms::message_queue_data) {
    if (value != atoms::on_heap && value != atoms::off_heap) return cx.badarg();
    const Term old = p.flags & Process::kOffHeapMessages ? atoms::off_heap : atoms::on_heap;
    if (value == atoms::off_heap) p.flags |= Process::kOffHeapMessages;
    else p.flags &= ~std::uint32_t{Process::kOffHeapMessages};
    return old;
  }
  if (flag == atoms::min_heap_size) return flag_words(cx, value, kStockMinHeapWords, &heap::HeapLimits::min_heap_words);
  if (flag == atoms::min_bin_vheap_size) return flag_words(cx, value, kStockMinVheapWords, &heap::HeapLimits::min_vheap_words);
  if (flag == atoms::max_heap_size) return flag_max_heap(cx, value);
  if (flag == atoms::fullsweep_after) {
    if (!value.is_small() || value.small_value() < 0) return cx.badarg();
    heap::HeapLimits limits = p.heap.limits();
    const Term old = Term::small(limits.fullsweep_after);
    limits.fullsweep_after = static_cast<std::uint32_t>(value.small_value() & 0xFFFF);
    p.heap.set_limits(limits, &cx.runtime().limits.now());
    return old;
  }
  if (flag == atoms::scheduler) return set_home_scheduler(cx, flag, value);
  if (flag == atoms::save_calls) return flag_save_calls(cx, value);
  const bool nodes = flag == atoms::monitor_nodes || (flag.is_tuple_of(2) && Tuple::from(flag)[0] == atoms::monitor_nodes);
  if (nodes && cx.runtime().hooks.monitor_nodes) {
    const Term options = flag.is_atom() ? term::kNil : Tuple::from(flag)[1];
    const Term old = cx.runtime().hooks.monitor_nodes(p, value, options);
    return old.is_value() ? BifResult(old) : cx.badarg();
  }
  return nodes ? cx.badarg() : cx.error_with_cause(atoms::badarg, atoms::badopt);
}

BifResult erts_internal_process_flag_3(BifContext& cx, Term pid, Term flag, Term value) {
  Process& self = cx.process();
  if (!pid.is_local_pid()) return atoms::badtype;
  if (flag != atoms::save_calls) return atoms::badtype;
  if (!value.is_small() || value.small_value() < 0 || value.small_value() > 10000) return atoms::badarg;
  if (pid == self.pid) return flag_save_calls(cx, value);
  const Term ref = proc::make_ref(cx.runtime(), cx.heap());
  Signal* s = signal_with_term(self, SignalKind::SystemTask, Tuple::make(cx.heap(), flag, ref, value));
  Process* p = cx.runtime().processes->lookup(pid);
  if (p && deliver_request(self, *p, s)) return ref;
  Signal::destroy(s);
  return atoms::badarg;
}

// ----------------------------------------------------------------------------------------------------- suspension, system tasks

BifResult erts_internal_suspend_process_2(BifContext& cx, Term pid, Term options) {
  Process& self = cx.process();
  bool unless = false;
  std::uint8_t reply = proc::kSuspendSync;
  Term tag = term::kNil;
  if (pid == self.pid || !pid.is_local_pid()) return atoms::badarg;
  for (; options.is_cons(); options = options.tail()) {
    const Term o = options.head();
    if (o == atoms::unless_suspending) {
      unless = true;
    } else if (o == atoms::asynchronous) {
      reply = proc::kSuspendSilent;
    } else if (o.is_tuple_of(2) && Tuple::from(o)[0] == atoms::asynchronous) {
      reply = proc::kSuspendAsync;
      tag = Tuple::from(o)[1];
    } else {
      return atoms::badopt;
    }
  }
  if (!options.is_nil()) return atoms::badopt;
  Process* p = cx.runtime().processes->lookup(pid);
  if (!p || p->exiting()) {
    if (reply != proc::kSuspendAsync) return reply == proc::kSuspendSilent ? atoms::true_ : atoms::badarg;
    heap::FragmentWriter w(8);
    heap::OwnedTerm message;
    const Term copy = heap::copy(tag, w);
    message.term = Tuple::make(w, copy, atoms::exited);
    message.fragments = w.take();
    proc::send_owned(self, std::move(message), self.pid);
    return atoms::true_;
  }
  proc::ColdPart& cold = self.cold_part();
  proc::SuspendedByUs* entry = cold.suspending.find(pid.bits());
  if (entry && entry->count > 0 && unless) return atoms::false_;
  if (entry) entry->count++;
  else cold.suspending.insert({pid.bits(), 1});
  Term result = atoms::true_;
  if (reply == proc::kSuspendSync) result = tag = proc::make_ref(cx.runtime(), cx.heap());
  Signal* s = signal_with_term(self, SignalKind::Suspend, tag);
  s->flags = reply;
  if (!p->deliver(s)) proc::refuse_request(cx.runtime(), s);
  return result;
}

BifResult erlang_resume_process_1(BifContext& cx, Term pid) {
  Process& self = cx.process();
  if (!pid.is_local_pid() || !self.cold) return cx.badarg();
  proc::SuspendedByUs* entry = self.cold->suspending.find(pid.bits());
  if (!entry) return cx.badarg();
  if (--entry->count == 0) self.cold->suspending.remove(pid.bits());
  Signal* s = Signal::create(SignalKind::Resume);
  s->from = self.pid;
  if (proc::deliver_to(cx.runtime(), pid, s)) return atoms::true_;
  self.cold->suspending.remove(pid.bits());
  return cx.badarg();
}

static BifResult request_task(BifContext& cx, Term requester, Term target, Term priority, Term request) {
  sched::Priority asker = cx.process().priority.load(std::memory_order_relaxed);
  if (!target.is_local_pid() || !requester.is_local_pid()) return cx.badarg();
  if (priority != atoms::inherit && !parse_priority(priority, &asker)) return cx.badarg();
  const bool test = request.is_tuple_of(2) && Tuple::from(request)[0] == atoms::system_task_test;
  if (!request.is_tuple_of(3) && !test) return cx.badarg();
  const Tuple t = Tuple::from(request);
  if (test) {
    // its answer is all
  } else if (t[0] == atoms::garbage_collect) {
    if (t[2] != atoms::major_ && t[2] != atoms::minor_) return cx.badarg();
  } else if (t[0] == atoms::check_process_code) {
    if (!t[2].is_atom()) return cx.badarg();
  } else if (t[0] != atoms::copy_literals || !t[2].is_boolean()) {
    return cx.badarg();
  }
  Signal* s = signal_with_term(cx.process(), SignalKind::SystemTask, request);
  s->from = requester;
  Process* p = cx.runtime().processes->lookup(target);
  if (p && p->deliver(s)) proc::lift_for_request(*p, asker);
  else proc::refuse_request(cx.runtime(), s);
  return atoms::ok;
}

BifResult erts_internal_request_system_task_3(BifContext& cx, Term target, Term priority, Term request) {
  return request_task(cx, cx.process().pid, target, priority, request);
}
BifResult erts_internal_request_system_task_4(BifContext& cx, Term requester, Term target, Term priority, Term request) {
  return request_task(cx, requester, target, priority, request);
}

BifResult erts_internal_garbage_collect_1(GcContext& cx, Term mode) {
  if (mode != atoms::major_ && mode != atoms::minor_) return cx.badarg();
  if (cx.process().flags & Process::kDisableGc) return atoms::true_;
  if (!cx.process().collect(nullptr, 0, 0, mode == atoms::major_)) return ended(cx);
  return atoms::true_;
}

BifResult erts_internal_is_system_process_1(BifContext& cx, Term pid) {
  if (!pid.is_pid()) return cx.badarg();
  if (!pid.is_local_pid()) return cx.badarg();
  Process* p = lookup(cx, pid);
  return boolean(p && p->flags & Process::kSystemProcess);
}

BifResult erts_internal_is_process_executing_dirty_1(BifContext& cx, Term pid) {
  if (!pid.is_pid()) return cx.badarg();
  return atoms::false_;
}

BifResult erts_internal_dirty_process_handle_signals_1(BifContext& cx, Term pid) {
  if (!pid.is_local_pid()) return atoms::badarg;
  return lookup(cx, pid) ? atoms::normal : atoms::noproc;
}

// ------------------------------------------------------------------------------------------------- reductions, references, dictionary

BifResult erlang_bump_reductions_1(YieldContext& cx, Term n) {
  if (!n.is_small() || n.small_value() < 0) return cx.badarg();
  const SWord most = cx.runtime().settings.context_reductions;
  cx.bump(static_cast<std::uint64_t>(n.small_value() < most ? n.small_value() : most));
  return atoms::true_;
}

BifResult erlang_make_ref_0(BifContext& cx) { return proc::make_ref(cx.runtime(), cx.heap()); }

BifResult erlang_unique_integer_0(BifContext& cx) { return proc::make_unique_integer(cx.heap(), false, false); }

BifResult erlang_unique_integer_1(BifContext& cx, Term modifiers) {
  bool monotonic = false;
  bool positive = false;
  for (; modifiers.is_cons(); modifiers = modifiers.tail()) {
    if (modifiers.head() == atoms::monotonic) monotonic = true;
    else if (modifiers.head() == atoms::positive) positive = true;
    else return cx.badarg();
  }
  if (!modifiers.is_nil()) return cx.badarg();
  return proc::make_unique_integer(cx.heap(), monotonic, positive);
}

BifResult erlang_get_0(BifContext& cx) { return proc::dictionary_list(cx.process(), cx.heap()); }
BifResult erlang_get_1(BifContext& cx, Term key) { return proc::dictionary_get(cx.process(), key); }
BifResult erlang_get_keys_0(BifContext& cx) { return proc::dictionary_keys(cx.process(), cx.heap()); }
BifResult erlang_get_keys_1(BifContext& cx, Term value) { return proc::dictionary_keys_of(cx.process(), value, cx.heap()); }
BifResult erlang_put_2(BifContext& cx, Term key, Term value) { return proc::dictionary_put(cx.process(), key, value); }
BifResult erlang_erase_0(BifContext& cx) { return proc::dictionary_erase_all(cx.process(), cx.heap()); }
BifResult erlang_erase_1(BifContext& cx, Term key) { return proc::dictionary_erase(cx.process(), key); }

}  // namespace vm::bif
