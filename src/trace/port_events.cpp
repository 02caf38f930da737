// SPDX-License-Identifier: Apache-2.0
//
// Events of ports. Any thread that has the port's lock; not all of them are a scheduler's, so each event holds an epoch.
#include "sync/epoch.h"
#include "term/atoms.h"
#include "trace/emit.h"
#include "trace/hooks_internal.h"
#include "trace/state.h"

namespace vm::trace {

using namespace proc;  // NOLINT(google-build-using-namespace): the flags

namespace {

constexpr std::uint32_t kModifiers = kTraceTimestamp | kTraceStrictMonotonic | kTraceMonotonic | kTraceSchedulerId;

void tell(Runtime& rt, const TracedPort& p, std::uint32_t flag, Topic topic, Term tag, Term a, Term b = Term::non_value()) {
  sync::Epoch::Guard guard;
  if (const Tracing* t = wanted(rt, p, flag, topic, tag))
    emit(rt, nullptr, *t->tracer, {topic, p.id, tag, a, b, atoms::true_, t->flags & kModifiers});
}

void opened(Runtime& rt, TracedPort& port) {
  State& state = State::of(rt);
  if (!state.new_ports.load(std::memory_order_relaxed)) return;
  sync::Epoch::Guard guard;
  if (const Tracing* t = state.live_default(state.new_ports)) State::give(port, t->flags, t->tracer);
}

void event(Runtime& rt, TracedPort& port, Term what, Term a, Term b) { tell(rt, port, kTracePorts, Topic::Ports, what, a, b); }

void received(Runtime& rt, TracedPort& port, Term message) { tell(rt, port, kTraceReceive, Topic::Receive, atoms::receive_, message); }

void sent(Runtime& rt, TracedPort& port, Term to, Term message, bool exists) {
  tell(rt, port, kTraceSend, Topic::Send, exists ? atoms::send : atoms::send_to_non_existing_process, message, to);
}

void scheduled(Runtime& rt, TracedPort& port, bool in, Term where) {
  tell(rt, port, kTraceRunningPorts, Topic::RunningPorts, in ? atoms::in : atoms::out, where);
}

}  // namespace

void fill_port_hooks(TraceHooks& h) {
  h.port_opened = opened;
  h.port_event = event;
  h.port_received = received;
  h.port_sent = sent;
  h.port_scheduled = scheduled;
}

}  // namespace vm::trace
