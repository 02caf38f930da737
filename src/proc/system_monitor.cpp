// SPDX-License-Identifier: Apache-2.0
#include "proc/system_monitor.h"

#include "heap/copy.h"
#include "proc/process_table.h"
#include "proc/runtime.h"
#include "proc/send.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::proc {

namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;

Term number(heap::FragmentWriter& w, std::uint64_t n) { return term::make_unsigned(w, n); }

void add_sizes(Process& p, heap::FragmentWriter& w, term::ListBuilder* list) {
  const heap::ProcessHeap& h = p.heap;
  std::size_t blocks = h.block_words() + h.old_block_words();
  const struct {
    Term name;
    std::size_t words;
  } sizes[] = {
      {atoms::old_heap_block_size, h.old_block_words()},
      {atoms::heap_block_size, h.block_words()},
      {atoms::mbuf_size, h.total_words() - blocks},
      {atoms::stack_size, h.stack_words()},
      {atoms::old_heap_size, h.old_words()},
      {atoms::heap_size, h.used_words()},
  };
  for (const auto& s : sizes) list->add(term::Tuple::make(w, s.name, number(w, s.words)));
}

Term function_name(heap::FragmentWriter& w, const code::Function* f) {
  if (!f) return atoms::undefined;
  return term::Tuple::make(w, f->mfa.module, f->mfa.function, number(w, f->mfa.arity));
}

}  // namespace

SystemMonitor& system_monitor(Runtime& rt) {
  SystemMonitor* monitor = rt.monitor.load(std::memory_order_acquire);
  if (monitor) return *monitor;
  auto* made = new SystemMonitor(rt);
  if (rt.monitor.compare_exchange_strong(monitor, made, std::memory_order_acq_rel)) return *made;
  delete made;
  return *monitor;
}

MonitorSettings SystemMonitor::settings() {
  sync::MutexGuard guard(lock_);
  if (!settings_.pid.is_value() || !runtime_.processes->lookup(settings_.pid)) return {};
  return settings_;
}

void SystemMonitor::set(const MonitorSettings& wanted) {
  sync::MutexGuard guard(lock_);
  settings_ = wanted;
  long_gc_ms_.store(wanted.long_gc_ms, std::memory_order_relaxed);
  long_schedule_ms_.store(wanted.long_schedule_ms, std::memory_order_relaxed);
  large_heap_words_.store(wanted.large_heap_words, std::memory_order_relaxed);
}

void SystemMonitor::send(Process& about, Term event, Term information, heap::FragmentWriter& w) {
  Term to;
  {
    sync::MutexGuard guard(lock_);
    to = settings_.pid;
  }
  if (!to.is_value() || to == about.pid) return;  // its own events would never end
  Term message = term::Tuple::make(w, atoms::monitor, about.pid, event, information);
  send_owned(runtime_, to, {message, w.take()});
}

void SystemMonitor::collected(Process& p, std::int64_t ns) {
  std::uint64_t longest = long_gc_ms_.load(std::memory_order_relaxed);
  std::uint64_t ms = static_cast<std::uint64_t>(ns / kNsPerMs);
  if (longest != 0 && ms > longest) {
    heap::FragmentWriter w(64);
    term::ListBuilder list(w);
    list.add(term::Tuple::make(w, atoms::timeout, number(w, ms)));
    add_sizes(p, w, &list);
    send(p, atoms::long_gc, list.finish(), w);
  }
  std::uint64_t largest = large_heap_words_.load(std::memory_order_relaxed);
  if (largest != 0 && p.heap.total_words() > largest) {
    heap::FragmentWriter w(64);
    term::ListBuilder list(w);
    add_sizes(p, w, &list);
    send(p, atoms::large_heap, list.finish(), w);
  }
}

void SystemMonitor::busy_connection(Process& p, Term controller) {
  {
    sync::MutexGuard guard(lock_);
    if (!settings_.busy_dist_port) return;
  }
  heap::FragmentWriter w(16);
  send(p, atoms::busy_dist_port, controller, w);
}

void SystemMonitor::busy_port(Process& p, Term port) {
  {
    sync::MutexGuard guard(lock_);
    if (!settings_.busy_port) return;
  }
  heap::FragmentWriter w(16);
  send(p, term::AtomTable::intern("busy_port"), port, w);
}

void SystemMonitor::scheduled(Process& p, std::int64_t ns, const code::Function* in, const code::Function* out) {
  std::uint64_t longest = long_schedule_ms_.load(std::memory_order_relaxed);
  std::uint64_t ms = static_cast<std::uint64_t>(ns / kNsPerMs);
  if (longest == 0 || ms <= longest) return;
  heap::FragmentWriter w(64);
  term::ListBuilder list(w);
  list.add(term::Tuple::make(w, atoms::timeout, number(w, ms)));
  list.add(term::Tuple::make(w, atoms::in, function_name(w, in)));
  list.add(term::Tuple::make(w, atoms::out, function_name(w, out)));
  send(p, atoms::long_schedule, list.finish(), w);
}

}  // namespace vm::proc
