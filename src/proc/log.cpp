// SPDX-License-Identifier: Apache-2.0
#include "proc/log.h"

#include <atomic>
#include <cstdio>

#include "heap/copy.h"
#include "os/console.h"
#include "proc/process_info.h"
#include "proc/process_table.h"
#include "proc/registry.h"
#include "proc/runtime.h"
#include "proc/send.h"
#include "proc/small_map.h"
#include "proc/time.h"
#include "sync/epoch.h"
#include "term/atoms.h"
#include "term/print.h"
#include "term/views.h"

namespace vm::proc {
namespace {

Term text_list(term::HeapWriter& h, const char* text) {
  term::ListBuilder list(h);
  for (; *text; text++) list.add(Term::small(static_cast<unsigned char>(*text)));
  return list.finish();
}

// Who hears of errors: the process set by system_flag(system_logger, …) while it lives, else the one registered as logger. The non-value: nobody. *drop is
// set when nobody is to hear of them.
Term receiver_of_errors(Runtime& rt, bool* drop) {
  std::atomic_ref<Term> setting(rt.system_logger);
  const Term set = setting.load(std::memory_order_relaxed);
  *drop = set == atoms::undefined;
  if (*drop) return Term::non_value();
  if (set.is_local_pid()) {
    sync::Epoch::Guard guard;
    const Process* p = rt.processes->lookup(set);
    if (p && p->alive()) return set;
    setting.store(atoms::logger, std::memory_order_relaxed);
  }
  const Term logger = rt.registry->lookup(atoms::logger);
  return logger.is_value() && logger.is_local_pid() ? logger : Term::non_value();
}

}  // namespace

void log_to_logger(Runtime& rt, Process* about, Term level, const char* format, std::span<const Term> args) {
  bool drop = false;
  const Term logger = receiver_of_errors(rt, &drop);
  if (drop || (about && logger == about->pid)) return;
  heap::FragmentWriter w(128);
  const Term old_tag = level == atoms::info ? atoms::info_msg : level == atoms::warning ? atoms::warning_msg : level;
  const Term legacy_keys[] = {atoms::emulator, atoms::tag};
  const Term legacy_values[] = {atoms::true_, old_tag};
  const Term legacy = make_small_map(w, legacy_keys, legacy_values);
  const Term time = term::make_integer(w, os_system_time_ns() / 1000);
  Term metadata;
  if (about) {
    const Term keys[] = {atoms::error_logger, atoms::gl, atoms::pid, atoms::time};
    const Term values[] = {legacy, heap::copy(about->group_leader, w), about->pid, time};
    metadata = make_small_map(w, keys, values);
  } else {
    const Term keys[] = {atoms::error_logger, atoms::time};
    const Term values[] = {legacy, time};
    metadata = make_small_map(w, keys, values);
  }
  const Term format_list = text_list(w, format);
  term::ListBuilder list(w);
  for (Term a : args) list.add(heap::copy(a, w));
  const Term arguments = list.finish();
  heap::OwnedTerm message;
  message.term = term::Tuple::make(w, atoms::log, level, format_list, arguments, metadata);
  message.fragments = w.take();
  if (logger.is_value()) {
    send_owned(rt, logger, std::move(message), about ? about->pid : term::kNil);
    return;
  }
  std::fprintf(os::console_error(), "(no logger present) unexpected logger message: %s\n", term::to_text(message.term).c_str());
  heap::release(message);
}

void log_process_error(Process& p, Term reason) {
  if (p.runtime->node_name != atoms::nonode_at_nohost) {
    const Term args[] = {p.pid, p.runtime->node_name, reason};
    log_to_logger(*p.runtime, &p, atoms::error, "Error in process ~p on node ~p with exit value:~n~p~n", args);
    return;
  }
  const Term args[] = {p.pid, reason};
  log_to_logger(*p.runtime, &p, atoms::error, "Error in process ~p with exit value:~n~p~n", args);
}

void log_too_many_processes(Runtime& rt, Process* parent) {
  heap::FragmentWriter scratch(64);
  const Term text = text_list(scratch, "Too many processes\n");
  log_to_logger(rt, parent, atoms::error, "~s~n", {&text, 1});
}

void log_max_heap(Process& p) {
  const heap::HeapLimits& l = p.heap.limits();
  heap::FragmentWriter scratch(64);
  const Term node = p.runtime->node_name;
  const bool alive = node != atoms::nonode_at_nohost;
  const char* format = alive ? "     Process:            ~p on node ~p~n     Context:            maximum heap size reached~n"
                               "     Max Heap Size:      ~p~n     Total Heap Size:    ~p~n     Kill:               ~p~n"
                               "     Error Logger:       ~p~n     Message Queue Len:  ~p~n     GC Info:            ~p~n"
                             : "     Process:            ~p ~n     Context:            maximum heap size reached~n"
                               "     Max Heap Size:      ~p~n     Total Heap Size:    ~p~n     Kill:               ~p~n"
                               "     Error Logger:       ~p~n     Message Queue Len:  ~p~n     GC Info:            ~p~n";
  const auto number = [](std::size_t n) { return Term::small(static_cast<SWord>(n)); };
  const Term args[] = {p.pid,
                       node,
                       number(l.max_heap_words),
                       number(p.limited_words()),
                       l.max_heap_kill ? atoms::true_ : atoms::false_,
                       atoms::true_,
                       number(p.mailbox.inbox_length()),
                       process_info_item(p, atoms::garbage_collection_info, scratch, false)};
  Term shown[8];
  std::size_t n = 0;
  for (std::size_t i = 0; i < 8; i++)
    if (i != 1 || alive) shown[n++] = args[i];
  log_to_logger(*p.runtime, &p, atoms::error, format, {shown, n});
}

}  // namespace vm::proc
