// SPDX-License-Identifier: Apache-2.0
//
// erlang: send, monitor, demonitor, alias, link and their options.
#include "bif/bif_decls.gen.h"
#include "bif/erlang_node.h"
#include "dist/send.h"
#include "port/port.h"
#include "proc/links.h"
#include "proc/links_state.h"
#include "proc/references.h"
#include "proc/registry.h"
#include "proc/runtime.h"
#include "proc/send.h"
#include "term/nodes.h"

namespace vm::bif {

using proc::AliasMode;
using proc::MonitorKind;
using proc::MonitorOptions;
using proc::Process;
using proc::SendOutcome;
using term::Tuple;

namespace {

BifResult pending() { return Term::non_value(); }

// Whether who sends there is suspended.
bool is_busy_port(Process& p, Term to) {
  if (to.is_atom()) to = p.runtime->registry->lookup(to);
  if (!to.is_value() || !to.is_local_port()) return false;
  const std::shared_ptr<port::Port> port = p.runtime->ports->find(to);
  return port && port->takes_no_commands();
}

BifResult send_with_result(YieldContext& cx, Term to, Term message, Term result) {
  cx.bump(3);
  switch (proc::send_any(cx.process(), to, message)) {
    case SendOutcome::Ok: return result;
    case SendOutcome::Badarg: return cx.badarg();
    case SendOutcome::Trap:
      // A sender that stops in the send goes on with what it would have answered.
      if (proc::Scratch& s = *cx.process().scratch;
          s.pending_export && s.pending_export->bif && s.pending_arity == 1 && (s.pending_export->bif->flags & code::BifFlag::Shown))
        s.pending_args[0] = result;
      return pending();
  }
  return cx.badarg();
}

bool is_this_node(Process& p, Term node) { return node == p.runtime->node_name; }

BifResult monitor_process(BifContext& cx, Term target, const MonitorOptions& options) {
  Process& p = cx.process();
  if (target.is_local_pid()) return proc::monitor(p, MonitorKind::Process, target, term::kNil, options);
  Term name = target;
  if (target.is_tuple_of(2)) {
    const Tuple t = Tuple::from(target);
    if (!t[0].is_atom() || !t[1].is_atom()) return cx.badarg();
    if (!is_this_node(p, t[1])) {
      if (!is_alive(p)) return cx.badarg();
      if (p.runtime->hooks.monitor_remote) return p.runtime->hooks.monitor_remote(p, target, options);
      return cx.badarg();
    }
    name = t[0];
  }
  if (name.is_atom()) {
    const Term to = p.runtime->registry->lookup(name);
    return proc::monitor(p, MonitorKind::Process, to.is_value() && to.is_local_pid() ? to : term::kNil, name, options);
  }
  if (target.is_pid()) {  // of another node, or of an earlier incarnation of this one
    if (p.runtime->hooks.monitor_remote) return p.runtime->hooks.monitor_remote(p, target, options);
    return proc::monitor_nobody(p, MonitorKind::Process, target,
                                is_this_node(p, term::external_node(target)->name) ? atoms::noproc : atoms::noconnection, options);
  }
  return cx.badarg();
}

BifResult monitor_port(BifContext& cx, Term target, const MonitorOptions& options) {
  Process& p = cx.process();
  if (target.is_local_port()) return proc::monitor(p, MonitorKind::Port, target, term::kNil, options);
  Term name = target;
  if (target.is_tuple_of(2)) {
    const Tuple t = Tuple::from(target);
    if (!t[0].is_atom() || !t[1].is_atom() || !is_this_node(p, t[1])) return cx.badarg();
    name = t[0];
  }
  if (target.is_port() && is_this_node(p, term::external_node(target)->name))  // of an earlier incarnation
    return proc::monitor_nobody(p, MonitorKind::Port, target, atoms::noproc, options);
  if (!name.is_atom()) return cx.badarg();
  const Term to = p.runtime->registry->lookup(name);
  return proc::monitor(p, MonitorKind::Port, to.is_value() && to.is_local_port() ? to : term::kNil, name, options);
}

BifResult monitor_any(BifContext& cx, Term type, Term target, const MonitorOptions& options) {
  if (type == atoms::process) return monitor_process(cx, target, options);
  if (type == atoms::port) return monitor_port(cx, target, options);
  if (type == atoms::time_offset) {
    if (target != atoms::clock_service) return cx.badarg();
    return proc::monitor(cx.process(), MonitorKind::TimeOffset, target, term::kNil, options);
  }
  return cx.error_with_cause(atoms::badarg, atoms::badtype);
}

BifResult ended(BifContext& cx) {
  cx.process().pending = proc::PendingKind::Exit;
  return pending();
}

BifResult demonitor_ref(BifContext& cx, Term ref, bool flush, bool info) {
  if (!ref.is_ref() || ref.is_external()) return cx.badarg();  // nobody here made it
  Process& p = cx.process();
  // A 'DOWN' that is on its way is to be flushed too.
  if (flush && !proc::handle_incoming(p)) return ended(cx);
  Term node = Term::non_value();
  const proc::MonitorEntry* e = p.links ? p.links->monitors.find(proc::ref_key(ref)) : nullptr;
  if (e && e->kind == MonitorKind::Remote) {
    const Term object = Tuple::from(e->tag.term)[1];
    node = object.is_tuple() ? Tuple::from(object)[1] : term::external_node(object)->name;
  }
  const bool removed = proc::demonitor(p, ref, flush);
  const Term result = info && !removed ? atoms::false_ : atoms::true_;
  return node.is_value() ? dist::pay_for_demonitor(p, node, result) : result;
}

}  // namespace

BifResult erlang_op_send_2(YieldContext& cx, Term to, Term message) { return send_with_result(cx, to, message, message); }
BifResult erlang_send_2(YieldContext& cx, Term to, Term message) { return send_with_result(cx, to, message, message); }

BifResult erlang_send_3(YieldContext& cx, Term to, Term message, Term options) {
  bool nosuspend = false, noconnect = false;
  for (; options.is_cons(); options = options.tail()) {
    if (options.head() == atoms::nosuspend) nosuspend = true;
    else if (options.head() == atoms::noconnect) noconnect = true;
    else return cx.error_with_cause(atoms::badarg, atoms::badopt);
  }
  if (!options.is_nil()) return cx.error_with_cause(atoms::badarg, atoms::badopt);
  Process& p = cx.process();
  const bool other_node = to.is_tuple_of(2)
                              ? Tuple::from(to)[0].is_atom() && Tuple::from(to)[1].is_atom() && !is_this_node(p, Tuple::from(to)[1])
                              : to.is_external();
  if (other_node && p.runtime->hooks.send_remote_if) {
    cx.bump(3);
    return p.runtime->hooks.send_remote_if(p, to, message, nosuspend, noconnect);
  }
  if (nosuspend && is_busy_port(p, to)) return atoms::nosuspend;
  return send_with_result(cx, to, message, atoms::ok);
}

BifResult erlang_monitor_2(BifContext& cx, Term type, Term target) { return monitor_any(cx, type, target, {}); }

BifResult erlang_monitor_3(BifContext& cx, Term type, Term target, Term options) {
  MonitorOptions parsed;
  if (!proc::parse_monitor_options(options, &parsed)) return cx.error_with_cause(atoms::badarg, atoms::badopt);
  return monitor_any(cx, type, target, parsed);
}

BifResult erlang_demonitor_1(BifContext& cx, Term ref) { return demonitor_ref(cx, ref, false, false); }

BifResult erlang_demonitor_2(BifContext& cx, Term ref, Term options) {
  bool flush = false;
  bool info = false;
  for (; options.is_cons(); options = options.tail()) {
    if (options.head() == atoms::flush) flush = true;
    else if (options.head() == atoms::info) info = true;
    else return cx.badarg();
  }
  if (!options.is_nil()) return cx.badarg();
  return demonitor_ref(cx, ref, flush, info);
}

BifResult erlang_alias_1(BifContext& cx, Term options) {
  AliasMode mode = AliasMode::ExplicitUnalias;
  for (; options.is_cons(); options = options.tail()) {
    if (options.head() == atoms::explicit_unalias) mode = AliasMode::ExplicitUnalias;
    else if (options.head() == atoms::reply) mode = AliasMode::ReplyDemonitor;
    else return cx.badarg();
  }
  if (!options.is_nil()) return cx.badarg();
  return proc::alias(cx.process(), mode);
}

BifResult erlang_unalias_1(BifContext& cx, Term ref) {
  if (!ref.is_ref()) return cx.badarg();
  return proc::unalias(cx.process(), ref) ? atoms::true_ : atoms::false_;
}

BifResult erlang_link_1(BifContext& cx, Term target) {
  Process& p = cx.process();
  if (target.is_local_pid() || target.is_local_port()) {
    if (proc::link(p, target)) return atoms::true_;
  } else if (!target.is_external() || target.is_ref()) {
    return cx.badarg();
  } else if (target.is_pid() && p.runtime->hooks.link_remote && !is_this_node(p, term::external_node(target)->name)) {
    return p.runtime->hooks.link_remote(p, target);
  } else if (target.is_port() && !is_this_node(p, term::external_node(target)->name)) {
    return cx.badarg();
  }
  const bool here = target.is_local_pid() || target.is_local_port() || is_this_node(p, term::external_node(target)->name);
  const Term reason = here ? atoms::noproc : atoms::noconnection;
  if (here && !p.trap_exit()) return cx.error(atoms::noproc);
  proc::exit_signal_to_self(p, target, reason);
  return atoms::true_;
}

BifResult erlang_unlink_1(BifContext& cx, Term target) {
  Process& p = cx.process();
  const bool others_port = target.is_port() && target.is_external() && !is_this_node(p, term::external_node(target)->name);
  if ((!target.is_pid() && !target.is_port()) || others_port) return cx.badarg();
  if (target.is_local_pid() || target.is_local_port()) proc::unlink(p, target);
  else if (target.is_pid() && p.runtime->hooks.unlink_remote) return p.runtime->hooks.unlink_remote(p, target);
  return atoms::true_;
}

}  // namespace vm::bif
