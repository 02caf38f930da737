// SPDX-License-Identifier: Apache-2.0
//
// Code loading: preparing, finishing, deleting and purging modules. Shape and result of each step are what code_server, init and
// erts_code_purger expect.
#include <memory>
#include <mutex>
#include <string>

#include "beamfile/module_file.h"
#include "bif/bif_decls.gen.h"
#include "bif/code_uses.h"
#include "bif/long_work.h"
#include "load/loader.h"
#include "num/md5.h"
#include "proc/literal_release.h"
#include "proc/log.h"
#include "proc/process_table.h"
#include "proc/runtime.h"
#include "proc/send.h"
#include "proc/signal.h"
#include "proc/system_tasks.h"
#include "term/atoms.h"
#include "term/hash_inl.h"
#include "term/print.h"
#include "term/views.h"

namespace vm::bif {

namespace {

load::Loader& loader_of(GuardContext& cx) { return *cx.runtime().loader; }

const Byte kPreparedTag = 0;

// Prepared code as Erlang holds it: a magic reference.
struct PreparedCode final : term::MagicData {
  explicit PreparedCode(std::unique_ptr<load::PreparedModule> m)
      : MagicData(&kPreparedTag, [](term::MagicData* d) { delete static_cast<PreparedCode*>(d); }), module(std::move(m)) {}
  std::unique_ptr<load::PreparedModule> module;
};

load::PreparedModule* prepared_of(Term t) {
  term::MagicData* data = term::magic_of(t, &kPreparedTag);
  if (data == nullptr) return nullptr;
  load::PreparedModule* m = static_cast<PreparedCode*>(data)->module.get();
  return m->is_finished() ? nullptr : m;
}

bool is_system_process(GuardContext& cx, Term module) {
  for (const auto& [name, pid] : cx.runtime().system_processes) {
    if (name == module && pid == cx.process().pid) return true;
  }
  return false;
}

// A report of the emulator in the caller's name.
void report(BifContext& cx, const std::string& text) {
  term::ListBuilder list(cx.heap());
  for (const char c : text) list.add(Term::small(static_cast<Byte>(c)));
  const Term args[] = {list.finish()};
  proc::log_to_logger(cx.runtime(), &cx.process(), atoms::error, "~s~n", args);
}

Term boolean(bool b) { return b ? atoms::true_ : atoms::false_; }

Term list_of(term::HeapWriter& h, const std::vector<Term>& terms) { return term::list_from(h, terms); }

}  // namespace

// --- loading ----------------------------------------------------------------------------------------------------------------

BifResult erts_internal_prepare_loading_2(BifContext& cx, Term module, Term binary) {
  std::span<const Byte> bytes;
  term::ByteScratch scratch;
  if (!module.is_atom() || !term::binary_bytes(binary, &bytes, scratch)) return cx.badarg();
  cx.bump(bytes.size() / 1000);
  auto prepared = loader_of(cx).prepare(module, bytes);
  if (!prepared) {
    report(cx, "Error loading module " + term::atom_text(module) + ":\n  " + prepared.error().text + "\n");
    return term::Tuple::make(cx.heap(), atoms::error, prepared.error().reason);
  }
  auto* code = new PreparedCode(prepared.take());
  proc::next_ref_numbers(code->numbers);
  return term::make_magic_ref(cx.heap(), code);
}

BifResult erlang_has_prepared_code_on_load_1(BifContext& cx, Term prepared) {
  const term::MagicData* data = term::magic_of(prepared, &kPreparedTag);
  if (data == nullptr) return cx.badarg();
  return boolean(static_cast<const PreparedCode*>(data)->module->has_on_load());
}

namespace {

// The modules of a list of prepared code; false when it is none.
bool prepared_modules(Term list, std::vector<load::PreparedModule*>* modules) {
  for (; list.is_cons(); list = list.tail()) {
    load::PreparedModule* m = prepared_of(list.head());
    if (m == nullptr) return false;
    modules->push_back(m);
  }
  return list.is_nil();
}

BifResult finish_loading_now(YieldContext& cx, Term list) {
  std::vector<load::PreparedModule*> modules;
  if (!prepared_modules(list, &modules)) return cx.badarg();
  const load::Loader::Outcome outcome = loader_of(cx).finish(modules);
  if (outcome.status == atoms::ok) return atoms::ok;
  const Term names = list_of(cx.heap(), outcome.modules);
  return term::Tuple::make(cx.heap(), outcome.status, names);
}

// Where a process is seen that lets others go first before it changes code. On stock it waits there for all schedulers; a process that was
// just spawned begins in the code that it was spawned with.
template <auto Fn>
code::Export* after_others(BifContext& cx) {
  return shown_entry<Fn, 1>(cx.runtime(), "erlang", "bif_return_trap", 2);
}

bool has_current(BifContext& cx, Term name) {
  std::lock_guard guard(cx.runtime().code->lock());
  const code::Module* m = cx.runtime().code->find_module(name);
  return m != nullptr && m->current != nullptr;
}

}  // namespace

BifResult erlang_finish_loading_1(YieldContext& cx, Term list) {
  std::vector<load::PreparedModule*> modules;
  if (!prepared_modules(list, &modules)) return cx.badarg();
  bool replaces = false;
  for (const load::PreparedModule* m : modules) {
    if (modules.size() > 1 && m->has_on_load()) return cx.system_limit();
    replaces = replaces || has_current(cx, m->name());
  }
  return replaces ? cx.yield_to(after_others<&finish_loading_now>(cx), list) : finish_loading_now(cx, list);
}

BifResult erlang_call_on_load_function_1(YieldContext& cx, Term module) {
  code::Export* cell = module.is_atom() ? loader_of(cx).on_load_entry(module) : nullptr;
  return cell == nullptr ? cx.badarg() : cx.trap(cell);
}

BifResult erlang_finish_after_on_load_2(BifContext& cx, Term module, Term keep) {
  if (!module.is_atom() || !keep.is_boolean()) return cx.badarg();
  return loader_of(cx).finish_after_on_load(module, keep == atoms::true_) ? BifResult(atoms::true_) : cx.badarg();
}

namespace {

BifResult not_purged(BifContext& cx, Term module) {
  report(cx, "Module " + term::atom_text(module) + " must be purged before deleting\n");
  return cx.badarg();
}

BifResult delete_module_now(YieldContext& cx, Term module) {
  switch (loader_of(cx).delete_module(module)) {
    case load::Loader::Deleted::Yes: return atoms::true_;
    case load::Loader::Deleted::NoModule: return atoms::undefined;
    case load::Loader::Deleted::NotPurged: break;
  }
  return not_purged(cx, module);
}

}  // namespace

BifResult erlang_delete_module_1(YieldContext& cx, Term module) {
  if (!module.is_atom()) return cx.badarg();
  {
    std::lock_guard guard(cx.runtime().code->lock());
    const code::Module* m = cx.runtime().code->find_module(module);
    if (m == nullptr) return atoms::undefined;
    if (m->old != nullptr) return not_purged(cx, module);
  }
  return cx.yield_to(after_others<&delete_module_now>(cx), module);
}

// --- purging ----------------------------------------------------------------------------------------------------------------

BifResult erts_internal_purge_module_2(BifContext& cx, Term module, Term step) {
  if (!is_system_process(cx, atoms::erts_code_purger)) return cx.error(atoms::notsup);
  if (!module.is_atom()) return cx.badarg();
  load::Loader& loader = loader_of(cx);
  if (step == atoms::prepare || step == atoms::prepare_on_load) {
    if (loader.purging().is_value()) return cx.badarg();
    return boolean(loader.purge_prepare(module, step == atoms::prepare_on_load));
  }
  if (loader.purging() != module) return cx.badarg();
  if (step == atoms::abort) {
    loader.purge_abort(module);
    return atoms::false_;
  }
  if (step == atoms::complete) return boolean(loader.purge_complete(module));
  return cx.badarg();
}

bool uses_module(proc::Process& p, const code::ModuleInstance& instance) {
  const auto inside = [&](code::CodePtr pc) {
    const code::Function* f = pc != nullptr ? code::find_function(pc) : nullptr;
    return f != nullptr && f->instance == &instance;
  };
  if (inside(p.pc)) return true;
  if (const code::Function* f = p.runtime->engine->current_function(p); f != nullptr && f->instance == &instance) return true;
  const auto* mfa = reinterpret_cast<const Byte*>(p.current_mfa.get());
  const auto* first = reinterpret_cast<const Byte*>(instance.functions.data());
  if (mfa >= first && mfa < first + instance.functions.size() * sizeof(code::Function)) return true;
  for (const Word* sp = p.heap.stack_top(); sp < p.heap.stack_end(); sp++) {
    if (*sp != heap::kFrameMarker) continue;
    if (inside(reinterpret_cast<code::CodePtr>(*++sp))) return true;
  }
  return false;
}

bool uses_old_code(proc::Process& p, Term module) {
  std::lock_guard guard(p.runtime->code->lock());
  const code::Module* m = p.runtime->code->find_module(module);
  return m != nullptr && m->old != nullptr && uses_module(p, *m->old);
}

BifResult erts_internal_check_process_code_1(BifContext& cx, Term module) {
  if (!module.is_atom()) return cx.badarg();
  return boolean(uses_old_code(cx.process(), module));
}

BifResult erts_internal_check_dirty_process_code_2(BifContext& cx, Term pid, Term module) {
  if (!is_system_process(cx, atoms::erts_dirty_process_signal_handler)) return cx.error(atoms::notsup);
  if (!pid.is_local_pid() || !module.is_atom()) return cx.badarg();
  // Processes answer for themselves at their next signal, on dirty schedulers too.
  return atoms::normal;
}

BifResult erts_literal_area_collector_release_area_switch_0(BifContext& cx) {
  if (!is_system_process(cx, atoms::erts_literal_area_collector)) return cx.error(atoms::notsup);
  return boolean(cx.runtime().literals->switch_areas());
}

BifResult erts_literal_area_collector_send_copy_request_3(BifContext& cx, Term pid, Term area, Term step) {
  if (!is_system_process(cx, atoms::erts_literal_area_collector)) return cx.error(atoms::notsup);
  if (!pid.is_local_pid() || (step != atoms::init && step != atoms::check_gc && step != atoms::need_gc)) return cx.badarg();
  heap::FragmentWriter w(16);
  const Term id = term::Tuple::make(w, heap::copy(area, w), step, pid);
  proc::Signal* s = proc::Signal::create(proc::SignalKind::SystemTask);
  s->from = cx.process().pid;
  s->term = term::Tuple::make(w, atoms::copy_literals, id, boolean(step != atoms::init));
  s->fragments = w.take();
  proc::Process* p = cx.runtime().processes->lookup(pid);
  if (!p || !p->deliver(s)) proc::refuse_request(cx.runtime(), s);
  return atoms::ok;
}

// --- questions --------------------------------------------------------------------------------------------------------------

BifResult erlang_check_old_code_1(BifContext& cx, Term module) {
  if (!module.is_atom()) return cx.badarg();
  const code::Module* m = cx.runtime().code->find_module(module);
  return boolean(m != nullptr && m->old != nullptr);
}

BifResult erlang_module_loaded_1(BifContext& cx, Term module) {
  if (!module.is_atom()) return cx.badarg();
  const code::Module* m = cx.runtime().code->find_module(module);
  return boolean(m != nullptr && m->current != nullptr);
}

BifResult erlang_loaded_0(BifContext& cx) {
  Term list = term::kNil;
  for (const code::Module* m : cx.runtime().code->modules()) {
    if (m->current != nullptr || m->old != nullptr) list = cx.heap().cons(m->name, list);
  }
  return list;
}

BifResult erlang_pre_loaded_0(BifContext& cx) {
  Term list = term::kNil;
  for (const Term name : cx.runtime().preloaded) list = cx.heap().cons(name, list);
  return list;
}

namespace {

bool is_builtin(GuardContext& cx, Term module, Term function, SWord arity) {
  if (arity < 0) return false;
  // Instructions in stock, whatever they are here.
  const bool is_instruction =
      module == atoms::erlang && ((function == atoms::apply && (arity == 2 || arity == 3)) || (function == atoms::yield && arity == 0));
  if (is_instruction) return true;
  const code::Bif* bif = cx.runtime().code->find_bif(module, function, static_cast<Word>(arity));
  return bif != nullptr && bif->native == nullptr;
}

}  // namespace

BifResult erlang_is_builtin_3(BifContext& cx, Term module, Term function, Term arity) {
  if (!module.is_atom() || !function.is_atom() || !arity.is_small()) return cx.badarg();
  return boolean(is_builtin(cx, module, function, arity.small_value()));
}

BifResult erlang_function_exported_3(BifContext& cx, Term module, Term function, Term arity) {
  if (!module.is_atom() || !function.is_atom() || !arity.is_small() || !term::hashing::small_on_stock(arity)) return cx.badarg();
  if (is_builtin(cx, module, function, arity.small_value())) return atoms::true_;
  if (arity.small_value() < 0) return atoms::false_;
  const code::Export* e = cx.runtime().code->find_export(module, function, static_cast<Word>(arity.small_value()));
  return boolean(e != nullptr && e->function.load(std::memory_order_acquire) != nullptr);
}

// --- .beam files without loading them ------------------------------------------------------------------------------------------

BifResult erts_internal_beamfile_chunk_2(BifContext& cx, Term binary, Term name) {
  std::uint32_t id = 0;
  unsigned letters = 0;
  for (; name.is_cons() && letters < 4; name = name.tail(), letters++) {
    const Term letter = name.head();
    if (!letter.is_small() || letter.small_value() < 0 || letter.small_value() > 255) return cx.badarg();
    id = id << 8 | static_cast<std::uint32_t>(letter.small_value());
  }
  std::span<const Byte> bytes;
  term::ByteScratch scratch;
  if (letters != 4 || !name.is_nil() || !term::binary_bytes(binary, &bytes, scratch)) return cx.badarg();
  const auto container = beamfile::Container::parse(bytes);
  if (!container) return atoms::undefined;
  const beamfile::Bytes chunk = container.value().find(beamfile::ChunkId{id});
  if (chunk.empty()) return atoms::undefined;
  if (scratch.data != nullptr) return term::make_binary(cx.heap(), chunk);
  return term::make_sub_bits(cx.heap(), binary, static_cast<std::size_t>(chunk.data() - bytes.data()) * 8, chunk.size() * 8);
}

BifResult erts_internal_beamfile_module_md5_1(BifContext& cx, Term binary) {
  std::span<const Byte> bytes;
  term::ByteScratch scratch;
  if (!term::binary_bytes(binary, &bytes, scratch)) return cx.badarg();
  const auto file = beamfile::ModuleFile::read(bytes);
  if (!file) return atoms::undefined;
  num::Md5 md5;
  beamfile::visit_checksum(file.value(), [&](beamfile::Bytes piece) { md5.update(piece); });
  return term::make_binary(cx.heap(), md5.finish());
}

}  // namespace vm::bif
