// SPDX-License-Identifier: Apache-2.0
#include "ops/raise.h"

#include "heap/process_heap.h"
#include "ops/code_lines.h"
#include "ops/maps.h"
#include "proc/runtime.h"
#include "proc/tracing.h"

namespace vm::ops {

using proc::ExceptionClass;
using proc::Process;
using term::HeapWriter;
using term::ListBuilder;
using term::Tuple;

namespace {

// A raw trace is a tuple, which no finished trace is: {Addresses, Module, Function, Args, Info, Class}, or {List, Class} around a finished
// one (erlang:raise/3).
//   Addresses  binary of code addresses, innermost first; a return address is stored minus one cell, so that it lies inside its call
//   Module     nil: the first entry is that of the first address; else the first entry is Module:Function without a location
//   Args       arity or argument list of the first entry; nil: the arity of the function the address belongs to
//   Info       what is appended to the location of the first entry: nil or [{error_info, Map}]
enum RawField : std::size_t { kAddresses, kModule, kFunction, kArgs, kInfo, kClass, kRawFields };

constexpr std::size_t kMaxDepth = 1024;
constexpr std::size_t kReadyFields = 2;

// Who explains errors of a module's built-ins; the non-value for modules without explanations.
Term errors_module(Term module) {
  if (module == atoms::erlang || module == atoms::atomics || module == atoms::counters || module == atoms::erts_internal ||
      module == atoms::persistent_term)
    return atoms::erl_erts_errors;
  if (module == atoms::os) return atoms::erl_kernel_errors;
  for (Term m : {atoms::binary, atoms::ets, atoms::lists, atoms::maps, atoms::math, atoms::re, atoms::unicode})
    if (module == m) return atoms::erl_stdlib_errors;
  return Term::non_value();
}

// [{error_info, Map}] for the exception at hand, or nil.
Term location_info(Process& p, const code::Mfa* first) {
  HeapWriter& h = p.heap;
  const proc::Exception& e = p.scratch->exception;
  Term info = e.error_info;
  if (first && e.reason == atoms::undef) return term::kNil;
  if (!info.is_value() && first) {
    Term explains = errors_module(first->module);
    if (!explains.is_value()) return term::kNil;
    Term pairs[4] = {atoms::module, explains, atoms::cause, e.cause};
    info = map_from_pairs(h, {pairs, e.cause.is_value() ? std::size_t{4} : std::size_t{2}});
  }
  if (!info.is_value()) return term::kNil;
  return h.cons(Tuple::make(h, atoms::error_info, info), term::kNil);
}

Term location_list(const code::Function& f, code::CodePtr pc, Term tail, HeapWriter& h) {
  std::uint32_t index = line_index_at(f, pc);
  const code::ModuleInstance* m = f.instance;
  if (index == 0 || !m || m->hide_lines || index >= m->lines.size()) return tail;
  code::LineItem item = m->lines[index];
  if (item.line == 0 || item.file >= m->files.size()) return tail;
  Term line = Tuple::make(h, atoms::line, Term::small(item.line));
  Term file = Tuple::make(h, atoms::file, m->files[item.file]);
  return h.cons(file, h.cons(line, tail));
}

Term entry_for(const code::Function& f, code::CodePtr pc, Term args, Term info, HeapWriter& h) {
  Term shown = args.is_value() ? args : Term::small(static_cast<SWord>(f.mfa.arity));
  return Tuple::make(h, f.mfa.module, f.mfa.function, shown, location_list(f, pc, info, h));
}

}  // namespace

std::size_t collect_return_addresses(Process& p, std::span<code::CodePtr> out) {
  std::size_t n = 0;
  code::CodePtr previous = nullptr;
  const bool traced = p.is_traced(proc::kTraceFrames);
  const Word* end = p.heap.stack_end();
  for (const Word* w = p.heap.stack_top(); w + 1 < end && n < out.size(); w++) {
    if (*w != heap::kFrameMarker) continue;
    auto pc = reinterpret_cast<code::CodePtr>(*++w);
    if (pc == previous || (traced && p.runtime->is_trace_frame(pc))) continue;
    previous = pc;
    out[n++] = pc;
  }
  return n;
}

Term save_raw_trace(Process& p, const code::Mfa* first, code::CodePtr pc) {
  HeapWriter& h = p.heap;
  const proc::Exception& e = p.scratch->exception;
  code::CodePtr pcs[kMaxDepth + 1];
  std::size_t depth = p.runtime->settings.backtrace_depth > 0 ? static_cast<std::size_t>(p.runtime->settings.backtrace_depth) : 0;
  depth = std::min(depth, kMaxDepth);
  std::size_t n = 0;
  // The first entry always exists; a built-in's own entry takes one place of the depth.
  if (first && depth > 0) depth--;
  if (pc && (depth > 0 || !first)) pcs[n++] = pc;
  if (n < depth) {
    std::size_t found = collect_return_addresses(p, {pcs + n, depth - n});
    for (std::size_t i = 0; i < found; i++, n++) pcs[n]--;
  }
  Byte* data;
  Term addresses = term::make_binary(h, n * sizeof(code::CodePtr), &data);
  std::memcpy(data, pcs, n * sizeof(code::CodePtr));
  Term args = e.args;
  if (!args.is_value()) args = first ? Term::small(static_cast<SWord>(first->arity)) : term::kNil;
  // An empty argument list is told from "none given" by a wrapper.
  if (e.args.is_value()) args = Tuple::make(h, args);
  Term info = location_info(p, first);
  return Tuple::make(h, addresses, first ? first->module : term::kNil, first ? first->function : term::kNil, args, info,
                     Term::small(static_cast<SWord>(e.cls)));
}

Term build_stacktrace(Process& p, Term trace) {
  Tuple raw = Tuple::try_from(trace);
  if (raw && raw.size() == kReadyFields) return raw[0];
  if (!raw || raw.size() != kRawFields || !raw[kAddresses].is_binary()) return trace.is_list() ? trace : term::kNil;
  HeapWriter& h = p.heap;
  term::Bits bits = term::bits_of(raw[kAddresses]);
  std::size_t n = bits.size / (8 * sizeof(code::CodePtr));
  ListBuilder list(h);
  Term args = Term::non_value();
  if (Tuple given = Tuple::try_from(raw[kArgs])) args = given[0];
  bool first_done = false;
  if (raw[kModule].is_atom()) {
    list.add(Tuple::make(h, raw[kModule], raw[kFunction], args.is_value() ? args : raw[kArgs], raw[kInfo]));
    first_done = true;
  }
  for (std::size_t i = 0; i < n; i++) {
    code::CodePtr pc;
    std::memcpy(&pc, bits.bytes() + i * sizeof pc, sizeof pc);
    code::Function* f = code::find_function(pc);
    if (!f) continue;
    bool is_first = i == 0 && !first_done;
    list.add(entry_for(*f, pc, is_first ? args : Term::non_value(), is_first ? raw[kInfo] : term::kNil, h));
  }
  return list.finish();
}

Term with_class(HeapWriter& h, Term trace, ExceptionClass cls) {
  Term class_word = Term::small(static_cast<SWord>(cls));
  Tuple raw = Tuple::try_from(trace);
  if (!raw || raw.size() != kRawFields) {
    Term list = raw && raw.size() == kReadyFields ? raw[0] : trace;
    return Tuple::make(h, list.is_list() ? list : term::kNil, class_word);
  }
  if (raw[kClass] == class_word) return trace;
  return Tuple::make(h, raw[0], raw[1], raw[2], raw[3], raw[4], class_word);
}

ExceptionClass class_of_trace(Term trace) {
  Tuple raw = Tuple::try_from(trace);
  if (!raw || (raw.size() != kRawFields && raw.size() != kReadyFields)) return ExceptionClass::Error;
  Term c = raw[raw.size() - 1];
  if (c == Term::small(static_cast<SWord>(ExceptionClass::Exit))) return ExceptionClass::Exit;
  if (c == Term::small(static_cast<SWord>(ExceptionClass::Throw))) return ExceptionClass::Throw;
  return ExceptionClass::Error;
}

bool stack_entry(code::CodePtr pc, bool is_return_address, HeapWriter& h, Term* out) {
  if (is_return_address) pc--;
  code::Function* f = code::find_function(pc);
  if (!f) return false;
  *out = entry_for(*f, pc, Term::non_value(), term::kNil, h);
  return true;
}

Term location_of(code::Function& f, code::CodePtr pc, HeapWriter& h) { return location_list(f, pc, term::kNil, h); }

Term current_stacktrace(Process& p, std::size_t depth, HeapWriter& h) {
  code::CodePtr pcs[kMaxDepth + 1];
  depth = std::min(depth, kMaxDepth);
  ListBuilder list(h);
  std::size_t n = 0;
  Term entry;
  // A built-in in which the process is has no frame and is not seen here, as on stock; nor is what a hibernating one will call.
  if (n < depth && p.pc && !(p.flags & Process::kHibernated) && stack_entry(p.pc, false, h, &entry)) {
    list.add(entry);
    n++;
  }
  std::size_t found = n < depth ? collect_return_addresses(p, {pcs, depth - n}) : 0;
  for (std::size_t i = 0; i < found; i++)
    if (stack_entry(pcs[i], true, h, &entry)) list.add(entry);
  return list.finish();
}

Term catch_value(Process& p, ExceptionClass cls, Term reason, Term trace) {
  if (cls == ExceptionClass::Throw) return reason;
  HeapWriter& h = p.heap;
  if (cls == ExceptionClass::Error) reason = Tuple::make(h, reason, build_stacktrace(p, trace));
  return Tuple::make(h, atoms::EXIT, reason);
}

}  // namespace vm::ops
