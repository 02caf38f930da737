// SPDX-License-Identifier: Apache-2.0
#include "proc/send.h"

#include "proc/direct_delivery.h"
#include "proc/process_table.h"
#include "proc/references.h"
#include "proc/registry.h"
#include "proc/saved_calls.h"
#include "proc/tracing.h"
#include "sync/epoch.h"
#include "term/atoms.h"

namespace vm::proc {

Signal* message_signal(SignalKind kind, Term from, Term message) {
  Signal* s = Signal::create(kind);
  s->from = from;
  s->token = term::kNil;
  if (message.is_pointer()) {
    const heap::OwnedTerm copy = heap::copy_to_fragment(message);
    s->term = copy.term;
    s->fragments = copy.fragments;
    if (copy.fragments) s->flags = kGapless;
  } else {
    s->term = message;
  }
  return s;
}

namespace {

// The operator is a call of the built-in, too; a built-in was noted when it was called.
void note_operator(Process& from) {
  static const code::Mfa send_mfa{atoms::erlang, atoms::send, 2};
  if (!from.current_mfa) note_call(from, send_mfa);
}

SendOutcome send_elsewhere(Process& from, Term to, Term message) {
  if (VM_UNLIKELY(from.is_traced(kTraceSaves))) note_operator(from);
  if (from.runtime->hooks.send_remote) from.runtime->hooks.send_remote(*from.runtime, from, to, message);
  return from.pending != PendingKind::None ? SendOutcome::Trap : SendOutcome::Ok;
}

void note_message_sent(Process& from) {
  note_operator(from);
  note_call(from, kMessageSent);
}

// What tracing does with a message on its way to `receiver`, given as `to`. Its signal, or nullptr for nobody there: the event is told all the same.
Signal* traced_message(SignalKind kind, Process& from, Term receiver, Term to, Term message, bool exists) {
  const TraceHooks& hooks = *from.runtime->trace;
  if (from.is_traced(kTraceSaves)) note_message_sent(from);
  heap::OwnedTerm token{term::kNil, nullptr};
  if (from.is_traced(kTraceToken)) token = hooks.token_for_send(from, receiver, message);
  if (from.is_traced(kTraceSend)) hooks.sent(from, to, message, exists || !to.is_pid());
  if (!exists) {
    heap::release(token);
    return nullptr;
  }
  Signal* s = message_signal(kind, from.pid, message);
  s->token = token.term;
  if (token.fragments) {
    heap::HeapFragment** last = &s->fragments;
    while (*last) last = &(*last)->next;
    *last = token.fragments;
  }
  return s;
}

Signal* outgoing(SignalKind kind, Process& from, Term receiver, Term to, Term message) {
  return VM_UNLIKELY(from.is_traced(kSeesMessages)) ? traced_message(kind, from, receiver, to, message, true)
                                                    : message_signal(kind, from.pid, message);
}

void send_shown(Process& from, Term to_local_pid, Term message, Term shown) {
  if (to_local_pid == from.pid && VM_LIKELY(send_to_self(from, message))) return;
  Process* to = from.runtime->processes->lookup(to_local_pid);
  if (VM_UNLIKELY(!to)) {
    if (from.is_traced(kSeesMessages)) traced_message(SignalKind::Message, from, shown, shown, message, false);
    return;
  }
  if (VM_LIKELY(!from.is_traced(kSeesMessages)) && deliver_message_directly(from, *to, message)) return;
  Signal* s = outgoing(SignalKind::Message, from, to_local_pid, shown, message);
  if (VM_UNLIKELY(!to->deliver(s))) Signal::destroy(s);
}

// A port that was sent to as {Name, Node} is told of twice, one that is gone not at all.
SendOutcome send_to_port(Process& from, Term port, Term message, Term shown) {
  const Hooks& hooks = from.runtime->hooks;
  if (VM_UNLIKELY(from.is_traced(kTraceSaves))) note_message_sent(from);
  if (VM_UNLIKELY(from.is_traced(kTraceSend))) {
    if (shown.is_tuple()) from.runtime->trace->sent(from, shown, message, true);
    if (hooks.port_alive && hooks.port_alive(*from.runtime, port)) from.runtime->trace->sent(from, port, message, true);
  }
  if (hooks.send_to_port) hooks.send_to_port(*from.runtime, &from, port, message);
  return from.pending != PendingKind::None ? SendOutcome::Trap : SendOutcome::Ok;
}

// `shown`: the destination as it was given.
SendOutcome send_to_name(Process& from, Term name, Term message, bool must_exist, Term shown) {
  const Term to = from.runtime->registry->lookup(name);
  if (!to.is_value()) {
    if (VM_UNLIKELY(from.is_traced(kSeesMessages))) traced_message(SignalKind::Message, from, shown, shown, message, false);
    return must_exist ? SendOutcome::Badarg : SendOutcome::Ok;
  }
  if (to.is_local_pid()) {
    send_shown(from, to, message, shown);
    return SendOutcome::Ok;
  }
  return send_to_port(from, to, message, shown);
}

}  // namespace

void send(Process& from, Term to_local_pid, Term message) { send_shown(from, to_local_pid, message, to_local_pid); }

void send_owned(Process& to, heap::OwnedTerm&& message, Term from) {
  Signal* s = Signal::create(SignalKind::Message);
  s->from = from;
  s->term = message.term;
  s->fragments = message.fragments;
  message.fragments = nullptr;
  if (!to.deliver(s)) Signal::destroy(s);
}

void send_owned(Runtime& rt, Term to_local_pid, heap::OwnedTerm&& message, Term from) {
  sync::Epoch::Guard guard;
  if (Process* to = rt.processes->lookup(to_local_pid)) send_owned(*to, std::move(message), from);
  else heap::release(message);
}

void send_to_alias(Process& from, Term ref, Term message) {
  Term pid;
  if (!term::is_pid_ref(ref, &pid)) return;
  Process* to = from.runtime->processes->lookup(pid);
  if (!to) return;
  const std::uint64_t key = ref_key(ref);
  if (VM_LIKELY(!from.is_traced(kSeesMessages)) && deliver_alias_message_directly(from, *to, key, message)) return;
  Signal* s = outgoing(SignalKind::AliasMessage, from, ref, ref, message);
  s->id = key;
  if (!to->deliver(s)) Signal::destroy(s);
}

SendOutcome send_any(Process& from, Term to, Term message) {
  if (VM_LIKELY(to.is_local_pid())) {
    send(from, to, message);
    return SendOutcome::Ok;
  }
  if (to.is_atom()) return send_to_name(from, to, message, true, to);
  if (to.is_local_port()) {
    return send_to_port(from, to, message, to);
  }
  if (to.is_ref()) {
    if (to.is_external()) return send_elsewhere(from, to, message);
    send_to_alias(from, to, message);
    return SendOutcome::Ok;
  }
  if (to.is_port() && term::external_node(to)->name != from.runtime->node_name)
    return SendOutcome::Badarg;  // ports have messages from their own node only
  if (to.is_pid() || to.is_port()) return send_elsewhere(from, to, message);
  if (to.is_tuple_of(2)) {
    const term::Tuple t = term::Tuple::from(to);
    if (!t[0].is_atom() || !t[1].is_atom()) return SendOutcome::Badarg;
    if (t[1] == from.runtime->node_name) return send_to_name(from, t[0], message, false, to);
    return send_elsewhere(from, to, message);
  }
  return SendOutcome::Badarg;
}

}  // namespace vm::proc
