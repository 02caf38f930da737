// SPDX-License-Identifier: Apache-2.0
#include "proc/spawn.h"

#include <algorithm>
#include <memory>

#include "proc/links_state.h"
#include "proc/log.h"
#include "proc/process_cold.h"
#include "proc/process_table.h"
#include "proc/references.h"
#include "proc/runtime.h"
#include "proc/send.h"
#include "proc/tracing.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::proc {
namespace {

constexpr std::size_t kSpareWords = 40;
constexpr std::size_t kStockMinHeap = 233;

// First block: what the arguments need and a little to work with; the home behind the process where that is enough.
std::size_t first_block(const SpawnOptions& options, std::size_t needed) {
  const std::size_t wanted = options.limits.min_heap_words == kStockMinHeap ? 0 : options.limits.min_heap_words;
  return std::max(wanted, needed + kSpareWords);
}

Process* make(Runtime& rt, Process* parent, const SpawnOptions& options, std::size_t needed_words) {
  const Term pid = rt.processes->reserve();
  if (!pid.is_value()) {
    log_too_many_processes(rt, parent);
    return nullptr;
  }
  auto* p = new Process(rt, pid);
  p->heap.set_limits(options.limits, &rt.limits.now());
  p->heap.init(first_block(options, needed_words), p->home(), Process::home_words());
  p->priority.store(options.priority, std::memory_order_relaxed);
  if (options.off_heap_messages) p->flags |= Process::kOffHeapMessages;
  if (options.system_process) p->flags |= Process::kSystemProcess;
  if (parent) {
    p->parent = parent->pid;
    p->group_leader = heap::copy(parent->group_leader, p->heap);
  } else {
    p->group_leader = options.group_leader.is_value() ? heap::copy(options.group_leader, p->heap) : pid;
    if (options.remote_parent.is_value()) p->parent = heap::copy(options.remote_parent, p->heap);
  }
  return p;
}

// Links and monitors exist before anybody can see the child: no signals needed.
void tie(Process& parent, Process& child, const SpawnOptions& options, Spawned& result) {
  if (options.link) {
    links_of(child).links.insert({parent.pid.bits(), parent.pid, 0});
    links_of(parent).links.insert({child.pid.bits(), child.pid, 0});
  }
  if (!options.monitor) return;
  const MonitorOptions& mo = options.monitor_options;
  const std::uint64_t key = next_ref_key();
  const bool with_alias = mo.alias != AliasMode::None;
  result.monitor_ref = with_alias ? make_key_pid_ref(parent.heap, key, parent.pid) : make_key_ref(parent.heap, key);
  MonitorEntry e{key, MonitorKind::Process, mo.alias, child.pid, term::kNil, {}};
  e.tag.term = Term::non_value();
  if (mo.tag.is_value()) e.tag = heap::copy_to_keep(mo.tag);
  links_of(parent).monitors.insert(e);
  if (with_alias) links_of(parent).aliases.insert({key, mo.alias});
  links_of(child).watchers.insert({key, parent.pid});
}

void queue_reply(Process& parent, Process& child, const SpawnOptions& options, Spawned& result) {
  result.request_ref = result.monitor_ref.is_value() ? result.monitor_ref : make_key_ref(parent.heap, next_ref_key());
  if (!options.reply_success) return;
  heap::FragmentWriter w(16);
  const Term tag = heap::copy(options.reply_tag, w);
  const Term ref = heap::copy(result.request_ref, w);
  heap::OwnedTerm message;
  message.term = term::Tuple::make(w, tag, ref, atoms::ok, child.pid);
  message.fragments = w.take();
  send_owned(parent, std::move(message), child.pid);
}

// What the new process begins with, as stock tells it.
struct Beginning {
  Term module, function, args;
};

Spawned launch(Runtime& rt, Process* parent, Process* child, const SpawnOptions& options, const Beginning& call) {
  Spawned result;
  result.pid = child->pid;
  if (parent) tie(*parent, *child, options, result);
  const bool traced = parent && (parent->is_traced(kTraceProcs | kTraceSetOnSpawn | kTraceSetOnFirstSpawn | kTraceToken) ||
                                 (options.link && parent->is_traced(kTraceSetOnLink | kTraceSetOnFirstLink)));
  if (VM_UNLIKELY(traced || rt.trace_new_processes.load(std::memory_order_relaxed)))
    rt.trace->spawned(parent, *child, call.module, call.function, call.args, options.link);
  if (parent && options.request) queue_reply(*parent, *child, options, result);
  if (options.prepare) options.prepare(*child, options.prepare_context);
  child->Runnable::home.store(static_cast<std::uint16_t>(options.scheduler), std::memory_order_relaxed);
  child->state.store(kQueued, std::memory_order_relaxed);
  rt.processes->publish(child->pid, child);
  if (rt.profiles(kProfileProcesses)) rt.trace->process_runnable(*child, true);
  child->Runnable::is_new = true;
  rt.schedulers->enqueue(*child);
  return result;
}

constexpr std::size_t kMaxArguments = 255;

// Something for each argument of a call. Most calls have few: room for all there may be would take longer to clear than the spawn does.
template <typename T>
class PerArgument {
 public:
  explicit PerArgument(std::size_t count) {
    if (VM_LIKELY(count <= kFew)) return;
    many_ = std::make_unique<T[]>(count);
    all_ = many_.get();
  }
  T& operator[](std::size_t i) { return all_[i]; }

 private:
  static constexpr std::size_t kFew = 4;
  T few_[kFew];
  std::unique_ptr<T[]> many_;
  T* all_ = few_;
};

code::Export& export_of(Runtime& rt, Term module, Term function, std::size_t arity) {
  code::Export* e = rt.code->find_export(module, function, arity);
  return e ? *e : *rt.code->export_for(module, function, arity);
}

}  // namespace

Spawned spawn(Runtime& rt, Process* parent, Term module, Term function, Term args, const SpawnOptions& options) {
  const auto arity = static_cast<std::size_t>(term::list_length(args));
  VM_ASSERT(arity <= kMaxArguments);
  PerArgument<heap::CopySize> sizes(arity);
  std::size_t i = 0, words = arity;
  for (Term l = args; l.is_cons(); l = l.tail(), i++) {
    if (l.head().is_pointer()) sizes[i] = heap::copy_size(l.head());
    words += sizes[i].words;
  }
  Process* child = make(rt, parent, options, words);
  if (!child) return {};
  PerArgument<Term> copies(arity);
  i = 0;
  for (Term l = args; l.is_cons(); l = l.tail(), i++) copies[i] = heap::copy_measured(l.head(), sizes[i], child->heap);
  code::Export& target = export_of(rt, module, function, arity);
  child->initial_call = &target.mfa;
  rt.engine->prepare_call(*child, target, &copies[0], arity);
  return launch(rt, parent, child, options, {module, function, args});
}

Spawned spawn_fun(Runtime& rt, Process* parent, Term fun, const SpawnOptions& options) {
  const heap::CopySize size = heap::copy_size(fun);
  Process* child = make(rt, parent, options, size.words);
  if (!child) return {};
  const Term args[2] = {heap::copy_measured(fun, size, child->heap), term::kNil};
  code::Export& target = export_of(rt, atoms::erlang, atoms::apply, 2);
  child->initial_call = &target.mfa;
  rt.engine->prepare_call(*child, target, args, 2);
  const bool traced = parent && (parent->is_traced(kTraceAll) || rt.trace_new_processes.load(std::memory_order_relaxed));
  const Term list = traced ? parent->heap.cons(fun, parent->heap.cons(term::kNil, term::kNil)) : term::kNil;
  return launch(rt, parent, child, options, {atoms::erlang, atoms::apply, list});
}

}  // namespace vm::proc
