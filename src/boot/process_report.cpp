// SPDX-License-Identifier: Apache-2.0
#include "boot/process_report.h"

#include <algorithm>
#include <cstdlib>

#include "bif/erlang_memory.h"
#include "ets/table.h"
#include "heap/fragment.h"
#include "port/port.h"
#include "proc/process_info.h"
#include "proc/process_table.h"
#include "proc/saved_calls.h"
#include "term/atoms.h"
#include "term/print.h"
#include "term/views.h"

namespace vm::boot {

namespace {

// One line of text is cut here: a dump must stay readable when a process holds a huge term.
constexpr std::size_t kTextLimit = 100000;

std::string mfa_text(const code::Mfa& mfa) {
  return term::atom_text(mfa.module) + ":" + term::atom_text(mfa.function) + "/" + std::to_string(mfa.arity);
}

const char* state_of(const proc::Process& p) {
  if (p.exiting()) return "Exiting";
  if (p.suspend_count > 0) return "Suspended";
  if (p.in_engine) return "Running";
  return p.waiting ? "Waiting" : "Scheduled";
}

const char* priority_of(const proc::Process& p) {
  switch (p.priority.load(std::memory_order_relaxed)) {
    case sched::Priority::Low: return "LOW";
    case sched::Priority::Normal: return "NORMAL";
    case sched::Priority::High: return "HIGH";
    case sched::Priority::Max: return "MAX";
  }
  return "NORMAL";
}

// Elements of a list, ", " between them.
std::string joined(Term list) {
  std::string text;
  for (; list.is_cons(); list = list.tail()) text += (text.empty() ? "" : ", ") + term::to_text(list.head(), kTextLimit);
  return text;
}

// {process, Who} and {port, Who} of process_info as links are listed: {to,Who,Ref} has no reference here.
std::string monitors_text(Term list, const char* direction) {
  std::string text;
  for (; list.is_cons(); list = list.tail()) {
    Term who = list.head();
    if (who.is_tuple_of(2) && (term::Tuple::from(who)[0] == atoms::process || term::Tuple::from(who)[0] == atoms::port))
      who = term::Tuple::from(who)[1];
    text += std::string(text.empty() ? "" : ", ") + "{" + direction + "," + term::to_text(who, kTextLimit) + "}";
  }
  return text;
}

void report_links(std::FILE* out, proc::Process& p, term::HeapWriter& h) {
  std::string text = joined(proc::process_info_item(p, atoms::links, h, false));
  for (const std::string& more : {monitors_text(proc::process_info_item(p, atoms::monitors, h, false), "to"),
                                  monitors_text(proc::process_info_item(p, atoms::monitored_by, h, false), "from")}) {
    if (!more.empty()) text += (text.empty() ? "" : ", ") + more;
  }
  if (!text.empty()) std::fprintf(out, "Link list: [%s]\n", text.c_str());
}

// Newest first.
void report_last_calls(std::FILE* out, proc::Process& p, term::HeapWriter& h) {
  const Term calls = proc::last_calls(p, h);
  if (calls == atoms::false_) return;
  std::string text;
  for (Term l = calls; l.is_cons(); l = l.tail()) {
    const Term c = l.head();
    const std::string one = c.is_atom() ? term::to_text(c)
                                        : term::to_text(term::Tuple::from(c)[0]) + ":" + term::to_text(term::Tuple::from(c)[1]) + "/" +
                                              term::to_text(term::Tuple::from(c)[2]);
    text = " " + one + "\n" + text;
  }
  std::fprintf(out, "Last calls:%s\n", text.c_str());
}

void report_heap(std::FILE* out, proc::Process& p, term::HeapWriter& h) {
  const heap::ProcessHeap& heap = p.heap;
  const auto words = [](std::size_t bytes) { return bytes / kWordBytes; };
  std::fprintf(out, "Reductions: %llu\n", static_cast<unsigned long long>(p.reductions_done));
  std::fprintf(out, "Stack+heap: %zu\nOldHeap: %zu\nHeap unused: %zu\nOldHeap unused: %zu\n", heap.block_words(), heap.old_block_words(),
               heap.free_words(), heap.old_block_words() - heap.old_words());
  const std::size_t young = words(p.heap.off_heap_young().bytes), old = words(p.heap.off_heap_old().bytes);
  const std::size_t limit = heap.limits().min_vheap_words;
  std::fprintf(out, "BinVHeap: %zu\nOldBinVHeap: %zu\nBinVHeap unused: %zu\nOldBinVHeap unused: %zu\n", young, old,
               limit - std::min(young, limit), limit - std::min(old, limit));
  std::fprintf(out, "Memory: %s\n", term::to_text(proc::process_info_item(p, atoms::memory, h, false)).c_str());
}

void report_stack(std::FILE* out, proc::Process& p, term::HeapWriter& h) {
  constexpr std::size_t kFrames = 64;
  code::Function* current = p.runtime->engine->current_function(p);
  const void* pc = p.pc;
  std::fprintf(out, "Program counter: %p (%s)\narity = %u\n", pc, current ? mfa_text(current->mfa).c_str() : "unknown function", p.live);
  for (Term l = p.runtime->engine->stack_trace_of(p, kFrames, h); l.is_cons(); l = l.tail()) {
    if (!l.head().is_tuple()) continue;
    const term::Tuple t = term::Tuple::from(l.head());
    std::fprintf(out, "  %s:%s/%s\n", term::to_text(t[0]).c_str(), term::to_text(t[1]).c_str(), term::to_text(t[2]).c_str());
  }
}

std::size_t module_bytes(const code::ModuleInstance* i) {
  if (!i) return 0;
  const std::size_t literals = i->literal_area ? static_cast<std::size_t>(i->literal_area->end() - i->literal_area->begin()) : 0;
  return i->code.size() + i->strings.size() + literals * kWordBytes;
}

}  // namespace

void report_process(std::FILE* out, proc::Process& p, ReportFor use) {
  heap::FragmentWriter h(256);
  std::fprintf(out, "=proc:%s\nState: %s\n", term::to_text(p.pid).c_str(), state_of(p));
  if (!p.registered_name.is_nil()) std::fprintf(out, "Name: %s\n", term::atom_text(p.registered_name).c_str());
  std::fprintf(out, "Spawned as: %s\n", mfa_text(p.initial_call ? *p.initial_call : code::Mfa{}).c_str());
  if (p.current_mfa)
    std::fprintf(out, "%s: %s\n", p.in_engine ? "Last scheduled in for" : "Current call", mfa_text(*p.current_mfa).c_str());
  std::fprintf(out, "Spawned by: %s\nMessage queue length: %zu\n", term::to_text(p.parent).c_str(), p.mailbox.inbox_length());
  if (use == ReportFor::Menu && p.mailbox.inbox_length() > 0) {
    const std::string messages = joined(proc::process_info_item(p, atoms::messages, h, false));
    std::fprintf(out, "Message queue: [%s]\n", messages.c_str());
  }
  std::size_t fragments = 0, fragment_words = 0;
  for (const heap::HeapFragment* f = p.heap.fragments(); f; f = f->next) fragments++, fragment_words += f->used;
  std::fprintf(out, "Number of heap fragments: %zu\nHeap fragment data: %zu\n", fragments, fragment_words);
  report_last_calls(out, p, h);
  if (!p.exiting()) report_links(out, p, h);
  if (use == ReportFor::Menu && p.dictionary)
    std::fprintf(out, "Dictionary: %s\n", term::to_text(proc::process_info_item(p, atoms::dictionary, h, false), kTextLimit).c_str());
  report_heap(out, p, h);
  report_stack(out, p, h);
  const char* priority = priority_of(p);
  std::fprintf(out, "Internal State: ACT_PRIO_%s | USR_PRIO_%s | PRQ_PRIO_%s\n", priority, priority, priority);
}

void report_processes(std::FILE* out, proc::Runtime& rt, ReportFor use) {
  rt.processes->for_each([&](proc::Process& p) { report_process(out, p, use); });
}

void report_ports(std::FILE* out, proc::Runtime& rt) {
  if (!rt.ports) return;
  for (const Term id : rt.ports->ids()) {
    const std::shared_ptr<port::Port> p = rt.ports->find(id);
    if (!p) continue;
    std::fprintf(out, "=port:%s\nState: CONNECTED%s\nSlot: %llu\nConnected: %s\n", term::to_text(id).c_str(),
                 p->options.binary ? "|BINARY_IO" : "", static_cast<unsigned long long>(id.id_data()), term::to_text(p->connected).c_str());
    if (!p->registered_name.is_nil()) std::fprintf(out, "Registered as: %s\n", term::atom_text(p->registered_name).c_str());
    std::string links;
    for (const Term pid : p->links) links += (links.empty() ? "" : ", ") + term::to_text(pid);
    if (!links.empty()) std::fprintf(out, "Links: %s\n", links.c_str());
    if (p->kind == port::PortKind::Fd) std::fprintf(out, "Port is UNIX fd not opened by emulator: %s\n", p->name.c_str());
    else std::fprintf(out, "Port controls external process: %s\n", p->name.c_str());
    std::fprintf(out, "Input: %zu\nOutput: %zu\nQueue: %zu\n", p->input_bytes, p->output_bytes, p->queue_bytes);
  }
}

void report_tables(std::FILE* out, proc::Runtime& rt) {
  if (!rt.ets) return;
  for (ets::Table* table : rt.ets->all()) {
    if (!table->deleted()) {
      const char* type = table->ordered()                        ? "ordered_set"
                         : table->options.type == ets::Type::Bag ? "bag"
                         : table->is_bag()                       ? "duplicate_bag"
                                                                 : "set";
      const std::string name = term::atom_text(table->name());
      std::fprintf(out, "=ets:%s\nSlot: %p\nTable: %s\nName: %s\n", term::to_text(table->owner()).c_str(), static_cast<void*>(table),
                   name.c_str(), name.c_str());
      const ets::TableOptions& o = table->options;
      const char* protection = o.protection == ets::Protection::Public    ? "public"
                               : o.protection == ets::Protection::Private ? "private"
                                                                          : "protected";
      const auto truth = [](bool b) { return b ? "true" : "false"; };
      std::fprintf(out, "Fixed: %s\nObjects: %zu\nWords: %zu\nType: %s\nProtection: %s\n", truth(!table->fixations.empty()), table->size(),
                   table->memory_words(), type, protection);
      std::fprintf(out, "Compressed: %s\nWrite Concurrency: %s\nRead Concurrency: %s\n", truth(o.compressed), truth(o.write_concurrency),
                   truth(o.read_concurrency));
    }
    table->release();
  }
}

void report_memory(std::FILE* out, proc::Runtime& rt) {
  const bif::MemoryTotals m = bif::memory_totals(rt);
  std::fprintf(out, "=memory\ntotal: %zu\nprocesses: %zu\nprocesses_used: %zu\nsystem: %zu\n", m.processes + m.system, m.processes,
               m.processes, m.system);
  std::fprintf(out, "atom: %zu\natom_used: %zu\nbinary: %zu\ncode: %zu\nets: %zu\n", m.atoms, m.atoms, m.binaries, m.code, m.tables);
}

void report_modules(std::FILE* out, proc::Runtime& rt, ReportFor use) {
  std::size_t current = 0, old = 0;
  const std::vector<code::Module*> modules = rt.code->modules();
  for (const code::Module* m : modules) current += module_bytes(m->current), old += module_bytes(m->old);
  if (use == ReportFor::Dump) std::fputs("=loaded_modules\n", out);
  std::fprintf(out, "Current code: %zu\nOld code: %zu\n", current, old);
  for (const code::Module* m : modules) {
    if (!m->current && !m->old) continue;
    const std::string name = term::atom_text(m->name);
    if (use == ReportFor::Menu) {
      std::fprintf(out, "%s %zu", name.c_str(), module_bytes(m->current));
      if (m->old) std::fprintf(out, " (%zu old)", module_bytes(m->old));
      std::fputs("\n", out);
    } else {
      std::fprintf(out, "=mod:%s\nCurrent size: %zu\n", name.c_str(), module_bytes(m->current));
      if (m->old) std::fprintf(out, "Old size: %zu\n", module_bytes(m->old));
    }
  }
}

static void report_tables_of_names(std::FILE* out, proc::Runtime& rt) {
  std::fprintf(out, "=index_table:atom_tab\nlimit: %zu\nentries: %zu\n", rt.settings.atom_limit, term::AtomTable::count());
  std::fprintf(out, "=index_table:module_code\nentries: %zu\n", rt.code->modules().size());
  std::fprintf(out, "=index_table:export_list\nentries: %zu\n", static_cast<std::size_t>(rt.code->export_count()));
}

std::string process_text(proc::Process& p) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* out = ::open_memstream(&text, &size);
  if (!out) return {};
  report_process(out, p, ReportFor::Menu);
  std::fclose(out);
  std::string result(text, size);
  std::free(text);
  return result;
}

std::string report_text(proc::Runtime& rt, std::string_view what) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* out = ::open_memstream(&text, &size);
  if (!out) return {};
  rt.schedulers->stop_the_world([&] {
    if (what == "procs") {
      report_processes(out, rt, ReportFor::Dump);
      report_ports(out, rt);
    } else if (what == "loaded") {
      report_modules(out, rt, ReportFor::Menu);
    } else if (what == "dist") {
      std::fprintf(out, "=node:'%s'\n=no_distribution\n", std::string(term::AtomTable::text(rt.node_name)).c_str());
    } else {
      report_memory(out, rt);
      report_tables_of_names(out, rt);
      report_modules(out, rt, ReportFor::Menu);
    }
  });
  std::fclose(out);
  std::string result(text, size);
  std::free(text);
  return result;
}

}  // namespace vm::boot
