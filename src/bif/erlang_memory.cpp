// SPDX-License-Identifier: Apache-2.0
//
// Memory as the library's erlang:memory/0 and the allocator reports read it: kinds of memory called allocators, and areas of the system.
// A question about allocators is answered by messages, one for each thread but the last; all numbers come with the first.
#include "bif/erlang_memory.h"

#include "ets/table.h"
#include "heap/block_cache.h"
#include "proc/literal_release.h"
#include "proc/process_table.h"
#include "proc/runtime.h"
#include "proc/send.h"
#include "term/binary_data.h"

namespace vm::bif {

namespace {

Term name(const char* text) { return term::AtomTable::intern(text); }

struct CodeMemory {
  std::size_t code = 0, modules = 0, lambdas = 0;
};

CodeMemory code_memory(proc::Runtime& rt) {
  CodeMemory m;
  m.code = rt.literals->waiting_words() * kWordBytes;
  std::lock_guard<std::recursive_mutex> hold(rt.code->lock());
  for (const code::Module* module : rt.code->modules()) {
    m.modules += sizeof *module;
    for (const code::ModuleInstance* i : {module->current, module->old}) {
      if (!i) continue;
      m.code += i->code.size() + i->strings.size() + i->functions.size() * sizeof(code::Function) + i->lines.size() * sizeof i->lines[0] +
                (i->literals.size() + i->atoms.size() + i->imports.size()) * kWordBytes;
      if (i->literal_area) m.code += static_cast<std::size_t>(i->literal_area->end() - i->literal_area->begin()) * kWordBytes;
      m.lambdas += i->lambdas.size() * sizeof(code::FunEntry);
    }
  }
  return m;
}

std::size_t export_bytes(proc::Runtime& rt) { return rt.code->export_count() * sizeof(code::Export); }

std::size_t ets_bytes(proc::Runtime& rt) {
  std::size_t n = 0;
  if (rt.ets)
    for (ets::Table* table : rt.ets->all()) {
      if (!table->deleted()) n += table->memory_words() * kWordBytes;
      table->release();
    }
  return n;
}

// Of processes and schedulers.
std::size_t table_bytes(proc::Runtime& rt) {
  return rt.processes->slot_count() * sizeof(void*) + rt.schedulers->thread_count() * sizeof(sched::Scheduler);
}

// --- allocators -------------------------------------------------------------------------------------------------------
using Bytes = std::size_t (*)(proc::Runtime&);

struct Allocator {
  const char* name;
  Bytes bytes;
};

constexpr Allocator kAllocators[] = {
    {"eheap_alloc", [](proc::Runtime& rt) { return heap::block_bytes_in_use() + rt.processes->count() * proc::Process::kSlotBytes; }},
    {"binary_alloc", [](proc::Runtime&) { return term::BinaryData::total_bytes(); }},
    {"ets_alloc", ets_bytes},
    {"std_alloc", table_bytes},
    // What lives as long as the machine.
    {"ll_alloc",
     [](proc::Runtime& rt) {
       CodeMemory m = code_memory(rt);
       return m.code + m.modules + m.lambdas + export_bytes(rt) + term::AtomTable::memory_bytes();
     }},
};

// Other names that a program may ask for: no memory of theirs.
constexpr const char* kAbsent[] = {"sys_alloc",    "temp_alloc", "sl_alloc",   "fix_alloc", "literal_alloc",
                                   "driver_alloc", "test_alloc", "mseg_alloc", "erts_mmap"};

const Allocator* find_allocator(Term t) {
  for (const Allocator& a : kAllocators)
    if (t.is_atom() && term::AtomTable::text(t) == a.name) return &a;
  return nullptr;
}

bool is_absent(Term t) {
  for (const char* a : kAbsent)
    if (t.is_atom() && term::AtomTable::text(t) == a) return true;
  return false;
}

template <typename... T>
Term tuple(BifContext& cx, T... elements) {
  return term::Tuple::make(cx.heap(), elements...);
}
Term one(BifContext& cx, Term t) { return cx.heap().cons(t, term::kNil); }

// [{mbcs, [{blocks, [{Name, [{size, N, N, N}]}]}]}]; in reports also {carriers_size, N, N, N} and {sbcs, ...} without anything.
Term sizes_of(BifContext& cx, Term allocator, std::size_t bytes, bool report) {
  term::HeapWriter& h = cx.heap();
  const auto carriers = [&](Term n, Term rest) { return report ? h.cons(tuple(cx, name("carriers_size"), n, n, n), rest) : rest; };
  Term n = term::make_unsigned(h, bytes);
  Term size = tuple(cx, atoms::size, n, n, n);
  Term block = tuple(cx, allocator, one(cx, size));
  Term blocks = tuple(cx, name("blocks"), one(cx, block));
  Term none = term::kNil;
  if (report) none = one(cx, tuple(cx, name("sbcs"), h.cons(tuple(cx, name("blocks"), term::kNil), carriers(Term::small(0), term::kNil))));
  return h.cons(tuple(cx, name("mbcs"), h.cons(blocks, carriers(n, term::kNil))), none);
}

// {Ref, Thread, [{Name, 0, Sizes} | {Name, false}]} to the caller.
BifResult send_sizes(BifContext& cx, Term ref, Term names, bool report) {
  term::ListBuilder list(cx.heap());
  for (; names.is_cons(); names = names.tail()) {
    Term a = names.head();
    const Allocator* known = find_allocator(a);
    if (known) list.add(tuple(cx, a, Term::small(0), sizes_of(cx, a, known->bytes(cx.runtime()), report)));
    else if (is_absent(a)) list.add(tuple(cx, a, atoms::false_));
    else return cx.badarg();
  }
  if (!names.is_nil()) return cx.badarg();
  Term sizes = list.finish();
  unsigned threads = cx.runtime().schedulers->scheduler_count();
  for (unsigned i = 0; i < threads; i++) {
    Term message = tuple(cx, ref, Term::small(static_cast<SWord>(i)), i == 0 ? sizes : term::kNil);
    proc::send(cx.process(), cx.process().pid, message);
  }
  return atoms::true_;
}

// --- areas ------------------------------------------------------------------------------------------------------------
Term allocated_areas(BifContext& cx) {
  proc::Runtime& rt = cx.runtime();
  CodeMemory m = code_memory(rt);
  std::size_t atoms_used = term::AtomTable::memory_bytes();
  term::ListBuilder list(cx.heap());
  auto number = [&](std::size_t n) { return term::make_unsigned(cx.heap(), n); };
  auto area = [&](const char* what, std::size_t n) { list.add(tuple(cx, name(what), number(n))); };
  list.add(tuple(cx, name("atom_space"), number(atoms_used), number(atoms_used)));
  area("module_table", m.modules);
  area("export_table", export_bytes(rt));
  area("fun_table", m.lambdas);
  area("loaded_code", m.code);
  return list.finish();
}

Term allocator_names(BifContext& cx) {
  term::ListBuilder list(cx.heap());
  for (const Allocator& a : kAllocators) list.add(name(a.name));
  return list.finish();
}

// {Allocator, Thread, Width, Start, Ref}: what is asked of each thread's allocators. How many messages with answers will come: instrument says
// not_enabled when there are none.
BifResult gather(BifContext& cx, Term request) {
  if (!request.is_tuple_of(5)) return cx.badarg();
  const term::Tuple t = term::Tuple::from(request);
  const SWord threads = static_cast<SWord>(cx.runtime().schedulers->scheduler_count());
  if (!find_allocator(t[0]) && !is_absent(t[0])) return cx.badarg();
  if (!t[1].is_small() || t[1].small_value() < 0 || t[1].small_value() > threads) return cx.badarg();
  return Term::small(0);
}

}  // namespace

BifResult erts_internal_gather_alloc_histograms_1(BifContext& cx, Term request) { return gather(cx, request); }
BifResult erts_internal_gather_carrier_info_1(BifContext& cx, Term request) { return gather(cx, request); }

namespace {

// [{Allocator, [{instance, 0, Sizes}]} | {Allocator, false}] of a list of names.
bool sizes_of_all(BifContext& cx, Term names, Term* out) {
  term::ListBuilder list(cx.heap());
  for (; names.is_cons(); names = names.tail()) {
    Term a = names.head();
    const Allocator* known = find_allocator(a);
    if (!known && !is_absent(a)) return false;
    if (!known) {
      list.add(tuple(cx, a, atoms::false_));
      continue;
    }
    Term large = tuple(cx, name("sbcs"), one(cx, tuple(cx, name("blocks"), term::kNil)));
    Term parts = cx.heap().cons(sizes_of(cx, a, known->bytes(cx.runtime()), false).head(), one(cx, large));
    list.add(tuple(cx, a, one(cx, tuple(cx, name("instance"), Term::small(0), parts))));
  }
  *out = list.finish();
  return names.is_nil();
}

}  // namespace

bool memory_info(BifContext& cx, Term key, BifResult* out) {
  if (key.is_atom()) {
    std::string_view text = term::AtomTable::text(key);
    if (text == "allocated_areas") *out = allocated_areas(cx);
    else if (text == "alloc_util_allocators") *out = allocator_names(cx);
    else return false;
    return true;
  }
  if (!key.is_tuple()) return false;
  term::Tuple t = term::Tuple::from(key);
  if (t.size() < 2 || !t[0].is_atom()) return false;
  std::string_view text = term::AtomTable::text(t[0]);
  bool all = text == "allocator", sizes = text == "allocator_sizes";
  if (t.size() == 3 && (all || sizes || text == "memory_internal") && t[1].is_ref()) {
    *out = send_sizes(cx, t[1], t[2], text != "memory_internal");
    return true;
  }
  if (t.size() == 2 && sizes && t[1].is_list()) {
    Term list;
    if (!sizes_of_all(cx, t[1], &list)) return false;
    *out = list;
    return true;
  }
  if (t.size() != 2 || (!all && !sizes) || (!find_allocator(t[1]) && !is_absent(t[1]))) return false;
  *out = cx.trap(cx.runtime().code->export_for(atoms::erlang, name(all ? "alloc_info" : "alloc_sizes"), 1), t[1]);
  return true;
}

MemoryTotals memory_totals(proc::Runtime& rt) {
  const CodeMemory code = code_memory(rt);
  MemoryTotals m{};
  m.processes = heap::block_bytes_in_use() + rt.processes->count() * proc::Process::kSlotBytes;
  m.atoms = term::AtomTable::memory_bytes();
  m.binaries = term::BinaryData::total_bytes();
  m.code = code.code + code.modules + code.lambdas + export_bytes(rt);
  m.tables = ets_bytes(rt);
  m.system = m.atoms + m.binaries + m.code + m.tables + table_bytes(rt);
  return m;
}

}  // namespace vm::bif
