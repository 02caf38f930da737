// SPDX-License-Identifier: Apache-2.0
#include "proc/process_info.h"

#include "heap/copy.h"
#include "proc/dictionary_internal.h"
#include "proc/dirty_call.h"
#include "proc/links_state.h"
#include "proc/process_cold.h"
#include "proc/runtime.h"
#include "proc/small_map.h"
#include "proc/tracing.h"
#include "term/atoms.h"
#include "term/print.h"

namespace vm::proc {
namespace {

using Getter = Term (*)(Process& p, term::HeapWriter& h, bool self_call);

Term count(std::size_t n) { return Term::small(static_cast<SWord>(n)); }
Term boolean(bool b) { return b ? atoms::true_ : atoms::false_; }

Term pair(term::HeapWriter& h, Term key, Term value) { return term::Tuple::make(h, key, value); }

Term mfa_tuple(term::HeapWriter& h, const code::Mfa& mfa) { return term::Tuple::make(h, mfa.module, mfa.function, count(mfa.arity)); }

const code::Mfa* current_mfa(Process& p) {
  if (p.current_mfa && p.current_mfa->function != atoms::process_info) return p.current_mfa;
  code::Function* f = p.runtime->engine->current_function(p);
  return f ? &f->mfa : nullptr;
}

Term get_registered_name(Process& p, term::HeapWriter&, bool) { return p.registered_name; }
Term get_current_function(Process& p, term::HeapWriter& h, bool) {
  const code::Mfa* mfa = current_mfa(p);
  return mfa ? mfa_tuple(h, *mfa) : atoms::undefined;
}
Term get_current_stacktrace(Process& p, term::HeapWriter& h, bool) {
  return p.runtime->engine->stack_trace_of(p, static_cast<std::size_t>(p.runtime->settings.backtrace_depth), h);
}
Term get_current_location(Process& p, term::HeapWriter& h, bool) {
  const Term trace = p.runtime->engine->stack_trace_of(p, 1, h);
  if (trace.is_cons()) return trace.head();
  const code::Mfa* mfa = current_mfa(p);
  if (!mfa) return atoms::undefined;
  return term::Tuple::make(h, mfa->module, mfa->function, count(mfa->arity), term::kNil);
}
Term get_initial_call(Process& p, term::HeapWriter& h, bool) { return mfa_tuple(h, p.initial_call ? *p.initial_call : code::Mfa{}); }

Term get_status(Process& p, term::HeapWriter&, bool self_call) {
  if (self_call || helps_dirty_call(p)) return atoms::running;
  if (p.suspend_count > 0) return atoms::suspended;
  if (p.waiting) return p.mailbox.has_unseen() ? atoms::runnable : atoms::waiting;
  const unsigned active = p.runtime->schedulers->active();
  return active > 1 && p.Runnable::home.load(std::memory_order_relaxed) <= active ? atoms::running : atoms::runnable;
}

Term get_messages(Process& p, term::HeapWriter& h, bool) {
  if (p.flags & Process::kSensitive) return term::kNil;
  term::ListBuilder list(h);
  for (Message* m = p.mailbox.first(); m; m = m->next) list.add(heap::copy(m->term, h));
  return list.finish();
}
Term get_queue_length(Process& p, term::HeapWriter&, bool) { return count(p.mailbox.inbox_length()); }
Term get_queue_data(Process& p, term::HeapWriter&, bool) { return p.flags & Process::kOffHeapMessages ? atoms::off_heap : atoms::on_heap; }
Term get_links(Process& p, term::HeapWriter& h, bool) { return links_list(p, h); }
Term get_monitors(Process& p, term::HeapWriter& h, bool) { return monitors_list(p, h); }
Term get_monitored_by(Process& p, term::HeapWriter& h, bool) { return monitored_by_list(p, h); }

Term get_dictionary(Process& p, term::HeapWriter& h, bool self_call) {
  if (p.flags & Process::kSensitive) return term::kNil;
  if (self_call) return dictionary_list(p, h);
  term::ListBuilder list(h);
  if (p.dictionary)
    p.dictionary->for_each([&](Term k, Term v) {
      const Term key = heap::copy(k, h);
      list.add(pair(h, key, heap::copy(v, h)));
    });
  return list.finish();
}

Term get_error_handler(Process& p, term::HeapWriter&, bool) { return p.cold ? p.cold->error_handler : atoms::error_handler; }
Term get_trap_exit(Process& p, term::HeapWriter&, bool) { return boolean(p.trap_exit()); }
Term get_group_leader(Process& p, term::HeapWriter& h, bool) { return heap::copy(p.group_leader, h); }
// While a process hibernates, what it keeps counts, not the smallest block that holds it.
bool hibernates(const Process& p) { return p.waiting && (p.flags & Process::kHibernated) != 0; }
// With the messages that wait, unless they are kept off the heap.
Term get_total_heap_size(Process& p, term::HeapWriter&, bool) {
  const std::size_t messages = p.flags & Process::kOffHeapMessages ? 0 : p.mailbox.waiting_words(SIZE_MAX);
  return count((hibernates(p) ? p.heap.used_words() : p.heap.total_words()) + messages);
}
Term get_heap_size(Process& p, term::HeapWriter&, bool) { return count(hibernates(p) ? p.heap.used_words() : p.heap.block_words()); }
Term get_stack_size(Process& p, term::HeapWriter&, bool) { return count(p.heap.stack_words()); }

Term get_memory(Process& p, term::HeapWriter&, bool) {
  std::size_t bytes = Process::kSlotBytes + (p.heap.total_words() - (p.heap.is_at_home() ? p.heap.block_words() : 0)) * kWordBytes;
  if (p.links)
    bytes += sizeof(Links) + p.links->links.memory_bytes() + p.links->monitors.memory_bytes() + p.links->watchers.memory_bytes() +
             p.links->aliases.memory_bytes();
  if (p.cold) bytes += sizeof(ColdPart) + (p.cold->saved_calls ? p.cold->saved_calls->memory_bytes() : 0);
  if (p.dictionary) bytes += sizeof(Dictionary) + p.dictionary->memory_bytes();
  if (p.saved_registers != p.inline_registers) bytes += p.saved_capacity * sizeof(Term);
  for (Message* m = p.mailbox.first(); m; m = m->next) {
    bytes += sizeof(Signal);
    for (heap::HeapFragment* f = m->fragments; f; f = f->next) bytes += sizeof(heap::HeapFragment) + f->capacity * kWordBytes;
  }
  return count(bytes);
}

Term max_heap_map(Process& p, term::HeapWriter& h) {
  const heap::HeapLimits& l = p.heap.limits();
  const Term keys[] = {atoms::error_logger, atoms::kill, atoms::size};
  const Term values[] = {boolean(l.max_heap_error_logger), boolean(l.max_heap_kill), count(l.max_heap_words)};
  return make_small_map(h, keys, values);
}
Term get_max_heap_size(Process& p, term::HeapWriter& h, bool) { return max_heap_map(p, h); }
Term get_min_heap_size(Process& p, term::HeapWriter&, bool) { return count(p.heap.limits().min_heap_words); }
Term get_min_vheap_size(Process& p, term::HeapWriter&, bool) { return count(p.heap.limits().min_vheap_words); }
Term get_fullsweep_after(Process& p, term::HeapWriter&, bool) { return count(p.heap.limits().fullsweep_after); }

Term get_garbage_collection(Process& p, term::HeapWriter& h, bool) {
  term::ListBuilder list(h);
  list.add(pair(h, atoms::max_heap_size, max_heap_map(p, h)));
  list.add(pair(h, atoms::min_bin_vheap_size, count(p.heap.limits().min_vheap_words)));
  list.add(pair(h, atoms::min_heap_size, count(p.heap.limits().min_heap_words)));
  list.add(pair(h, atoms::fullsweep_after, count(p.heap.limits().fullsweep_after)));
  list.add(pair(h, atoms::minor_gcs, count(p.heap.minor_collections())));
  return list.finish();
}

Term get_garbage_collection_info(Process& p, term::HeapWriter& h, bool) {
  std::size_t fragment_words = 0;
  for (heap::HeapFragment* f = p.heap.fragments(); f; f = f->next) fragment_words += f->used;
  term::ListBuilder list(h);
  list.add(pair(h, atoms::old_heap_block_size, count(p.heap.old_block_words())));
  list.add(pair(h, atoms::heap_block_size, count(p.heap.block_words())));
  list.add(pair(h, atoms::mbuf_size, count(fragment_words)));
  list.add(pair(h, atoms::recent_size, count(0)));
  list.add(pair(h, atoms::stack_size, count(p.heap.stack_words())));
  list.add(pair(h, atoms::old_heap_size, count(p.heap.old_words())));
  list.add(pair(h, atoms::heap_size, count(p.heap.used_words())));
  list.add(pair(h, atoms::bin_vheap_size, count(p.heap.off_heap_young().bytes / kWordBytes)));
  list.add(pair(h, atoms::bin_vheap_block_size, count(p.heap.limits().min_vheap_words)));
  list.add(pair(h, atoms::bin_old_vheap_size, count(p.heap.off_heap_old().bytes / kWordBytes)));
  list.add(pair(h, atoms::bin_old_vheap_block_size, count(p.heap.limits().min_vheap_words)));
  return list.finish();
}

Term get_reductions(Process& p, term::HeapWriter& h, bool self_call) {
  std::uint64_t n = p.reductions_done;
  if (self_call) n += static_cast<std::uint64_t>(static_cast<SWord>(p.slice_reductions) - p.reductions_left);
  return term::make_unsigned(h, n);
}

Term get_priority(Process& p, term::HeapWriter&, bool) {
  switch (p.priority.load(std::memory_order_relaxed)) {
    case sched::Priority::Low: return atoms::low;
    case sched::Priority::Normal: return atoms::normal;
    case sched::Priority::High: return atoms::high;
    case sched::Priority::Max: return atoms::max;
  }
  return atoms::normal;
}

Term get_trace(Process& p, term::HeapWriter&, bool) { return count(p.trace_flags.load(std::memory_order_relaxed) & kTraceAll); }

void add_binaries(term::ListBuilder& list, term::HeapWriter& h, const term::OffHeapList& objects) {
  for (const Word* o = objects.first; o; o = term::OffHeapList::next(o)) {
    if (term::HeaderWord(*o).kind() != term::Kind::RefcBinary) continue;
    const auto* data = reinterpret_cast<const term::BinaryData*>(o[term::RefcBinaryWords::kData]);
    list.add(term::Tuple::make(h, term::make_unsigned(h, reinterpret_cast<Word>(data)), count(data->size),
                               count(static_cast<std::size_t>(data->refs.load(std::memory_order_relaxed)))));
  }
}
Term get_binary(Process& p, term::HeapWriter& h, bool) {
  term::ListBuilder list(h);
  add_binaries(list, h, p.heap.off_heap_young());
  add_binaries(list, h, p.heap.off_heap_old());
  for (heap::HeapFragment* f = p.heap.fragments(); f; f = f->next) add_binaries(list, h, f->off_heap);
  return list.finish();
}

Term get_token(Process& p, term::HeapWriter& h, bool) { return heap::copy(p.seq_trace_token, h); }
Term get_catchlevel(Process& p, term::HeapWriter&, bool) { return count(p.catches); }

Term get_backtrace(Process& p, term::HeapWriter& h, bool) {
  if (p.flags & Process::kSensitive) return term::make_binary(h, {});
  std::string text;
  const code::Mfa* mfa = current_mfa(p);
  text += "Program counter: ";
  if (mfa) text += "(" + term::atom_text(mfa->module) + ":" + term::atom_text(mfa->function) + "/" + std::to_string(mfa->arity) + ")";
  text += "\narity = " + std::to_string(p.live) + "\n";
  heap::FragmentWriter scratch(64);
  for (Term l = p.runtime->engine->stack_trace_of(p, 64, scratch); l.is_cons(); l = l.tail()) {
    if (!l.head().is_tuple()) continue;
    const term::Tuple t = term::Tuple::from(l.head());
    text += "\n(" + term::to_text(t[0]) + ":" + term::to_text(t[1]) + "/" + term::to_text(t[2]) + ")\n";
  }
  return term::make_binary(h, {reinterpret_cast<const Byte*>(text.data()), text.size()});
}

Term get_last_calls(Process& p, term::HeapWriter& h, bool) { return last_calls(p, h); }
Term get_suspending(Process& p, term::HeapWriter& h, bool) {
  term::ListBuilder list(h);
  if (p.cold)
    for (SuspendedByUs& s : p.cold->suspending) list.add(term::Tuple::make(h, Term::from_bits(s.key), count(s.count), count(0)));
  return list.finish();
}
Term get_magic_ref(Process&, term::HeapWriter&, bool) { return term::kNil; }
Term get_parent(Process& p, term::HeapWriter&, bool) { return p.parent.is_nil() ? atoms::undefined : p.parent; }

struct Item {
  Term name;
  Getter get;
};

constexpr Item kItems[] = {
    {atoms::registered_name, get_registered_name},
    {atoms::current_function, get_current_function},
    {atoms::current_location, get_current_location},
    {atoms::current_stacktrace, get_current_stacktrace},
    {atoms::initial_call, get_initial_call},
    {atoms::status, get_status},
    {atoms::messages, get_messages},
    {atoms::message_queue_len, get_queue_length},
    {atoms::message_queue_data, get_queue_data},
    {atoms::links, get_links},
    {atoms::monitors, get_monitors},
    {atoms::monitored_by, get_monitored_by},
    {atoms::dictionary, get_dictionary},
    {atoms::trap_exit, get_trap_exit},
    {atoms::error_handler, get_error_handler},
    {atoms::priority, get_priority},
    {atoms::group_leader, get_group_leader},
    {atoms::total_heap_size, get_total_heap_size},
    {atoms::heap_size, get_heap_size},
    {atoms::stack_size, get_stack_size},
    {atoms::memory, get_memory},
    {atoms::garbage_collection, get_garbage_collection},
    {atoms::garbage_collection_info, get_garbage_collection_info},
    {atoms::reductions, get_reductions},
    {atoms::trace, get_trace},
    {atoms::binary, get_binary},
    {atoms::sequential_trace_token, get_token},
    {atoms::catchlevel, get_catchlevel},
    {atoms::backtrace, get_backtrace},
    {atoms::last_calls, get_last_calls},
    {atoms::suspending, get_suspending},
    {atoms::min_heap_size, get_min_heap_size},
    {atoms::min_bin_vheap_size, get_min_vheap_size},
    {atoms::max_heap_size, get_max_heap_size},
    {atoms::magic_ref, get_magic_ref},
    {atoms::fullsweep_after, get_fullsweep_after},
    {atoms::parent, get_parent},
};

constexpr Term kDefaultItems[] = {
    atoms::registered_name,   atoms::current_function,
    atoms::initial_call,      atoms::status,
    atoms::message_queue_len, atoms::links,
    atoms::dictionary,        atoms::trap_exit,
    atoms::error_handler,     atoms::priority,
    atoms::group_leader,      atoms::total_heap_size,
    atoms::heap_size,         atoms::stack_size,
    atoms::reductions,        atoms::garbage_collection,
    atoms::suspending,
};

}  // namespace

Term process_info_item(Process& p, Term item, term::HeapWriter& h, bool self_call) {
  for (const Item& i : kItems)
    if (i.name == item) return i.get(p, h, self_call);
  return Term::non_value();
}

bool is_process_info_item(Term item) {
  for (const Item& i : kItems)
    if (i.name == item) return true;
  return false;
}

std::vector<Term> process_info_items() {
  std::vector<Term> names;
  for (const Item& i : kItems) names.push_back(i.name);
  return names;
}

std::span<const Term> default_process_info_items() { return kDefaultItems; }

Term process_info_answer(Process& p, Term items, term::HeapWriter& h, bool self_call) {
  if (items.is_atom() && items != atoms::all) {
    const Term value = process_info_item(p, items, h, self_call);
    if (items == atoms::registered_name && value.is_nil()) return term::kNil;
    return pair(h, items, value);
  }
  term::ListBuilder list(h);
  if (items == atoms::all) {  // process_info/1: no name, no pair
    for (Term item : kDefaultItems) {
      const Term value = process_info_item(p, item, h, self_call);
      if (item == atoms::registered_name && value.is_nil()) continue;
      list.add(pair(h, item, value));
    }
    return list.finish();
  }
  for (; items.is_cons(); items = items.tail()) list.add(pair(h, items.head(), process_info_item(p, items.head(), h, self_call)));
  return list.finish();
}

}  // namespace vm::proc
