// SPDX-License-Identifier: Apache-2.0
//
// Calls the loop does not finish by itself: traps of built-ins, funs, apply, undefined functions.
#include <algorithm>

#include "code/backend.h"
#include "interp/instructions.h"
#include "interp/slow.h"
#include "ops/apply.h"
#include "proc/bif_context.h"
#include "proc/links.h"
#include "proc/send.h"

namespace vm::interp {

using proc::PendingKind;

const code::Mfa kApplyMfa{atoms::erlang, atoms::apply, 3};
const code::Mfa kSendMfa{atoms::erlang, atoms::send, 2};

namespace {

// The error handler's function with what it needs; no such function: undef.
Next call_error_handler(Registers& r, Term function, Term a, Term b, Term args, std::span<const Term> undef_args) {
  Process& p = *r.process;
  ops::CallTarget t = ops::find_call_target(*p.runtime, ops::error_handler_of(p), function, 3);
  if (!t.entry || !t.export_entry->function.load(std::memory_order_acquire)) {
    set_error(p, atoms::undef);
    set_bif_arguments(p, undef_args);
    return Next::Raise;
  }
  r.x[0] = a;
  r.x[1] = b;
  r.x[2] = args;
  r.target = t.entry;
  r.target_arity = 3;
  return Next::Call;
}

Next go_to(Registers& r, CodePtr target, std::size_t arity) {
  r.target = target;
  r.target_arity = static_cast<std::uint32_t>(arity);
  return Next::Call;
}

// Loads the target and the arguments of a pending call; they are no roots any more.
void take_pending_call(Registers& r) {
  Process& p = *r.process;
  for (std::uint32_t i = 0; i < p.scratch->pending_arity; i++) r.x[i] = p.scratch->pending_args[i];
  go_to(r, p.scratch->pending_export->entry.load(std::memory_order_acquire), p.scratch->pending_arity);
  p.scratch->pending_export = nullptr;
  p.scratch->pending_arity = 0;
}

// A process that is about to give up its slice before this built-in; others are found by their code.
void show_where_it_stops(Process& p, const code::Export* target) {
  if (target && target->bif && (target->bif->flags & code::BifFlag::Shown)) p.current_mfa = &target->mfa;
}

// A trap without an export: apply of pending_args = {Fun, Args} or {Module, Function, Args}.
Next trap_apply(Registers& r, std::uint32_t arity, CodePtr site) {
  Process& p = *r.process;
  Term list = p.scratch->pending_args[arity - 1];
  Term target[2] = {p.scratch->pending_args[0], p.scratch->pending_args[1]};
  bool is_fun = arity == 2;
  Term args[kXRegisters];
  SWord n = ops::list_to_args(list, args, kXRegisters - 1);
  if (n < 0 || (!is_fun && !(target[0].is_atom() && target[1].is_atom()))) {
    set_error(p, n < 0 && list.is_cons() && term::list_length(list) >= 0 ? atoms::system_limit : atoms::badarg);
    return Next::Raise;
  }
  for (SWord i = 0; i < n; i++) r.x[i] = args[i];
  if (is_fun) return prepare_fun_call(r, target[0], static_cast<unsigned>(n));
  return prepare_apply(r, target[0], target[1], static_cast<unsigned>(n), site);
}

// hibernate(M, F, Args): the stack goes, the call is made when the process is woken.
Next hibernate(Registers& r) {
  Process& p = *r.process;
  p.heap.set_stack_top(p.heap.stack_end() - 2);  // the outermost return pair stays
  p.catches = 0;
  Next next = trap_apply(r, 3, nullptr);
  if (next != Next::Call) return next;
  static const code::Mfa hibernate_mfa{atoms::erlang, atoms::hibernate, 3};
  p.current_mfa = &hibernate_mfa;
  save_registers(p, r.x, r.target_arity);
  p.pc = r.target;
  if (!proc::handle_incoming(p)) return Next::Ended;  // only messages keep a process awake
  if (p.mailbox.inbox_length() == 0) {
    p.heap.collect_for_hibernation(p.saved_registers, p.live, p);
    return Next::Sleep;
  }
  p.flags &= ~static_cast<std::uint32_t>(Process::kHibernated);
  p.current_mfa = nullptr;
  return Next::Restart;
}

}  // namespace

Term args_list(term::HeapWriter& h, const Term* x, std::size_t n) {
  Term list = term::kNil;
  while (n-- > 0) list = h.cons(x[n], list);
  return list;
}

Next after_bif(Registers& r, const code::Bif&, CodePtr site) {
  Process& p = *r.process;
  PendingKind kind = p.pending;
  const code::Export* target = p.scratch->pending_export;
  std::uint32_t arity = p.scratch->pending_arity;
  p.pending = PendingKind::None;
  p.scratch->pending_export = nullptr;  // or a later built-in that only waits would be taken for a call of it
  p.scratch->pending_arity = 0;
  switch (kind) {
    case PendingKind::Raise: return Next::Raise;
    case PendingKind::Exit: return Next::Ended;
    case PendingKind::Recall: return go_to(r, target->entry.load(std::memory_order_acquire), target->mfa.arity);
    case PendingKind::Wait:
      if (!target && arity == 3 && (p.flags & Process::kHibernated)) return hibernate(r);
      if (!target) return Next::Retry;
      save_registers(p, p.scratch->pending_args, arity);
      p.pc = target->entry.load(std::memory_order_acquire);
      return Next::Sleep;
    case PendingKind::Trap:
    case PendingKind::Yield: {
      if (!target) {
        Next next = trap_apply(r, arity, site);
        return next == Next::Call && kind == PendingKind::Yield ? Next::Yield : next;
      }
      for (std::uint32_t i = 0; i < arity; i++) r.x[i] = p.scratch->pending_args[i];
      go_to(r, target->entry.load(std::memory_order_acquire), arity);
      if (kind == PendingKind::Trap) return Next::Call;
      show_where_it_stops(p, target);
      return Next::Yield;
    }
    case PendingKind::None: break;
  }
  VM_UNREACHABLE("a built-in answered no value and no action");
}

Next prepare_fun_call(Registers& r, Term fun, unsigned arity) {
  Process& p = *r.process;
  term::Kind kind = fun.kind();
  if (kind != term::Kind::Fun && kind != term::Kind::ExportFun) {
    set_error(p, atoms::badfun, fun);
    return Next::RaiseCall;
  }
  unsigned wants = kind == term::Kind::Fun ? ops::fun_arity(fun) : static_cast<unsigned>(ops::export_of_fun(fun)->mfa.arity);
  if (wants != arity) {
    Term args = args_list(p.heap, r.x, arity);
    set_error(p, atoms::badarity, term::Tuple::make(p.heap, fun, args));
    return Next::RaiseCall;
  }
  if (kind == term::Kind::ExportFun) return go_to(r, ops::export_of_fun(fun)->entry.load(std::memory_order_acquire), arity);
  code::FunEntry* entry = ops::fun_entry_of(fun);
  if (code::Function* f = entry->function.load(std::memory_order_acquire)) {
    std::size_t n = ops::fun_captured_count(fun);
    for (std::size_t i = 0; i < n && arity + i < kXRegisters; i++) r.x[arity + i] = ops::fun_captured(fun)[i];
    return go_to(r, f->entry.load(std::memory_order_acquire), arity + n);
  }
  Term args = args_list(p.heap, r.x, arity);
  Next next = call_error_handler(r, atoms::undefined_lambda, entry->module, fun, args, {r.x, arity});
  return next == Next::Call ? next : Next::RaiseCall;
}

Next prepare_apply(Registers& r, Term m, Term f, unsigned arity, CodePtr site) {
  Process& p = *r.process;
  if (!m.is_atom() || !f.is_atom()) {
    Term args[3] = {m, f, args_list(p.heap, r.x, arity)};
    set_error(p, atoms::badarg);
    set_bif_arguments(p, args);
    return Next::Raise;
  }
  ops::CallTarget t = ops::find_call_target(*p.runtime, m, f, arity);
  if (t.entry) {
    if (VM_UNLIKELY(f == atoms::apply) && applies_apply(*t.export_entry)) t.entry = bif_cells(*t.export_entry);
    if (*t.entry == cell_of(code::Op::call_bif_export)) r.apply_site = site;
    return go_to(r, t.entry, arity);
  }
  // Nobody named it yet. The cell that is made here leads to the error handler.
  return go_to(r, p.runtime->code->export_for(m, f, arity)->entry.load(std::memory_order_acquire), arity);
}

Next prepare_undefined(Registers& r, Term m, Term f, unsigned arity) {
  Process& p = *r.process;
  Term args = args_list(p.heap, r.x, arity);
  return call_error_handler(r, atoms::undefined_function, m, f, args, {r.x, arity});
}

bool send_message(Registers& r, bool* trap) {
  Process& p = *r.process;
  switch (proc::send_any(p, r.x[0], r.x[1])) {
    case proc::SendOutcome::Ok: return true;
    case proc::SendOutcome::Badarg:
      set_error(p, atoms::badarg);
      set_bif_arguments(p, {r.x, 2});
      return false;
    case proc::SendOutcome::Trap:
      if (p.pending == PendingKind::Raise) {
        set_bif_arguments(p, {r.x, 2});
        return false;
      }
      show_where_it_stops(p, p.scratch->pending_export);
      take_pending_call(r);
      if (p.pending == PendingKind::Yield) {
        p.slice_reductions -= static_cast<std::uint32_t>(std::max<SWord>(p.reductions_left, 0));  // given up, not used
        p.reductions_left = 0;
      }
      p.pending = PendingKind::None;
      *trap = true;
      return false;
  }
  VM_UNREACHABLE("send outcome");
}

}  // namespace vm::interp
