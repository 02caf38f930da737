// SPDX-License-Identifier: Apache-2.0
//
// erlang:process_info/1,2 and erts_internal:process_display/2. About another process: a request signal goes out, the caller waits, and the built-in is
// called again when the answer is there.
#include <cstdio>

#include "bif/bif_decls.gen.h"
#include "os/console.h"
#include "proc/links_state.h"
#include "proc/priority_lift.h"
#include "proc/process_info.h"
#include "proc/process_table.h"
#include "proc/runtime.h"
#include "proc/system_tasks.h"
#include "term/nodes.h"

namespace vm::bif {

using proc::PendingKind;
using proc::Process;
using proc::Signal;
using proc::SignalKind;

namespace {

BifResult leave(BifContext& cx, PendingKind kind) {
  cx.process().pending = kind;
  return Term::non_value();
}

// Sends the request on the first call, waits on later ones. Answers the value with its terms on the caller's heap.
BifResult ask(YieldContext& cx, Term pid, Term items) {
  Process& self = cx.process();
  if (!proc::asking(self)) {
    Process* p = cx.runtime().processes->lookup(pid);
    if (!p || p->exiting()) return atoms::undefined;
    Signal* s = Signal::create(SignalKind::ProcessInfo);
    s->from = self.pid;
    proc::set_reason(*s, items);
    s->id = proc::start_asking(self);
    if (p->deliver(s)) proc::lift_for_request(*p, self.priority.load(std::memory_order_relaxed));
    else proc::refuse_request(cx.runtime(), s);
  }
  Signal* answer = proc::take_answer(self);
  if (!answer) {
    // It may be in our queue already; waiting handles that as well, but costs a trip through the scheduler.
    if (!proc::handle_incoming(self)) return leave(cx, PendingKind::Exit);
    answer = proc::take_answer(self);
    if (!answer) return leave(cx, PendingKind::Wait);
  }
  const Term value = heap::copy(answer->term, cx.heap());
  Signal::destroy(answer);
  return value;
}

BifResult about(YieldContext& cx, Term pid, Term items) {
  Process& self = cx.process();
  if (pid == self.pid) {
    if (!proc::handle_incoming(self)) return leave(cx, PendingKind::Exit);
    return proc::process_info_answer(self, items, cx.heap(), true);
  }
  if (pid.is_local_pid()) return ask(cx, pid, items);
  if (pid.is_pid() && term::external_node(pid)->name == self.runtime->node_name) return atoms::undefined;
  return cx.badarg();
}

}  // namespace

BifResult erlang_process_info_1(YieldContext& cx, Term pid) { return about(cx, pid, atoms::all); }

BifResult erlang_process_info_2(YieldContext& cx, Term pid, Term items) {
  if (items.is_atom()) {
    if (!proc::is_process_info_item(items)) return cx.badarg();
    return about(cx, pid, items);
  }
  Term list = items;
  for (; list.is_cons(); list = list.tail())
    if (!list.head().is_atom() || !proc::is_process_info_item(list.head())) return cx.badarg();
  if (!list.is_nil()) return cx.badarg();
  return about(cx, pid, items);
}

BifResult erts_internal_process_display_2(YieldContext& cx, Term pid, Term type) {
  if (type != atoms::backtrace) return atoms::badopt;
  if (!pid.is_local_pid()) return atoms::badarg;
  const BifResult answer = about(cx, pid, atoms::backtrace);
  if (!answer.has_value()) return answer;
  if (!answer.value().is_tuple_of(2)) return atoms::badarg;
  std::span<const Byte> text;
  term::ByteScratch scratch;
  if (term::binary_bytes(term::Tuple::from(answer.value())[1], &text, scratch))
    std::fwrite(text.data(), 1, text.size(), os::console_error());
  return atoms::true_;
}

}  // namespace vm::bif
