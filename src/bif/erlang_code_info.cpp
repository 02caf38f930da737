// SPDX-License-Identifier: Apache-2.0
//
// What modules and funs tell about themselves: module_info, fun_info, external funs.
#include <algorithm>

#include "bif/bif_decls.gen.h"
#include "load/loader.h"
#include "proc/runtime.h"
#include "term/atoms.h"
#include "term/fun_layout.h"
#include "term/views.h"

namespace vm::bif {

namespace {

constexpr SWord kMaxArity = 255;

Term small(std::size_t n) { return Term::small(static_cast<SWord>(n)); }

Term exports_of(term::HeapWriter& h, const code::ModuleInstance& instance) {
  // Newest cell first, as stock lists its export table.
  std::vector<const code::Export*> cells;
  for (const auto& [f, e] : instance.export_table) cells.push_back(e);
  std::sort(cells.begin(), cells.end(), [](const auto* a, const auto* b) { return a->index < b->index; });
  Term list = term::kNil;
  for (const code::Export* e : cells) list = h.cons(term::Tuple::make(h, e->mfa.function, small(e->mfa.arity)), list);
  return list;
}

Term functions_of(term::HeapWriter& h, const code::ModuleInstance& instance, bool natives_only) {
  Term list = term::kNil;
  for (std::size_t i = instance.functions.size(); i-- > 0;) {
    const code::Function& f = instance.functions[i];
    const bool is_native = f.bif != nullptr && f.bif->native != nullptr;
    if (natives_only && !is_native) continue;
    list = h.cons(term::Tuple::make(h, f.mfa.function, small(f.mfa.arity)), list);
  }
  return list;
}

// The non-value: no such property.
Term module_property(GuardContext& cx, const code::ModuleInstance& instance, Term what) {
  term::HeapWriter& h = cx.heap();
  Term out = term::kNil;
  if (what == atoms::module) return instance.name;
  if (what == atoms::md5) return term::make_binary(h, std::span(instance.md5));
  if (what == atoms::exports) return exports_of(h, instance);
  if (what == atoms::functions) return functions_of(h, instance, false);
  if (what == atoms::nifs) return functions_of(h, instance, true);
  if (what == atoms::attributes) return cx.runtime().loader->attributes(instance, h, &out) ? out : Term::non_value();
  if (what == atoms::compile) return cx.runtime().loader->compile_info(instance, h, &out) ? out : Term::non_value();
  if (what == atoms::native_addresses) return term::kNil;
  if (what == atoms::native) return atoms::false_;
  return Term::non_value();
}

const code::ModuleInstance* current_of(GuardContext& cx, Term module) {
  const code::Module* m = module.is_atom() ? cx.runtime().code->find_module(module) : nullptr;
  return m == nullptr ? nullptr : m->current;
}

}  // namespace

BifResult erlang_get_module_info_1(BifContext& cx, Term module) {
  const code::ModuleInstance* instance = current_of(cx, module);
  if (instance == nullptr) return cx.badarg();
  Term list = term::kNil;
  for (const Term what : {atoms::md5, atoms::compile, atoms::attributes, atoms::exports, atoms::module}) {
    const Term value = module_property(cx, *instance, what);
    if (!value.is_value()) return cx.badarg();
    list = cx.heap().cons(term::Tuple::make(cx.heap(), what, value), list);
  }
  return list;
}

BifResult erlang_get_module_info_2(BifContext& cx, Term module, Term what) {
  const code::ModuleInstance* instance = current_of(cx, module);
  const Term value = instance == nullptr ? Term::non_value() : module_property(cx, *instance, what);
  return value.is_value() ? BifResult(value) : cx.badarg();
}

namespace {

Term local_fun_property(GuardContext& cx, Term fun, Term what) {
  term::HeapWriter& h = cx.heap();
  const auto& entry = *reinterpret_cast<const code::FunEntry*>(fun.boxed_ptr()[term::FunWords::kEntry]);
  const code::Function* target = entry.function.load(std::memory_order_acquire);
  if (what == atoms::type) return atoms::local;
  if (what == atoms::pid) return Term::from_bits(fun.boxed_ptr()[term::FunWords::kCreator]);
  if (what == atoms::module) return entry.module;
  if (what == atoms::new_index) return small(entry.index);
  if (what == atoms::new_uniq) return term::make_binary(h, std::span(entry.uniq));
  if (what == atoms::index) return small(entry.old_index);
  if (what == atoms::uniq) return small(entry.old_uniq);
  if (what == atoms::refc) return small(2);  // the code and this term: copies are not counted
  // Code that is gone has no names.
  if (what == atoms::name) return target == nullptr ? term::kNil : target->mfa.function;
  if (what == atoms::env) {
    const auto* first = reinterpret_cast<const Term*>(fun.boxed_ptr() + term::FunWords::kFirstCaptured);
    return term::list_from(h, std::span(first, term::fun_captured_count(fun)));
  }
  return Term::non_value();
}

Term external_fun_property(Term fun, Term what) {
  const auto& e = *reinterpret_cast<const code::Export*>(fun.boxed_ptr()[term::ExportFunWords::kExport]);
  if (what == atoms::type) return atoms::external;
  if (what == atoms::module) return e.mfa.module;
  if (what == atoms::name) return e.mfa.function;
  if (what == atoms::env) return term::kNil;
  const bool is_local_property = what == atoms::pid || what == atoms::new_index || what == atoms::new_uniq || what == atoms::index ||
                                 what == atoms::uniq || what == atoms::refc;
  return is_local_property ? atoms::undefined : Term::non_value();
}

}  // namespace

BifResult erlang_fun_info_2(BifContext& cx, Term fun, Term what) {
  if (!fun.is_fun()) return cx.badarg();
  Term value;
  if (what == atoms::arity) value = small(term::header_of(fun).data());
  else if (fun.is_kind(term::Kind::Fun)) value = local_fun_property(cx, fun, what);
  else value = external_fun_property(fun, what);
  if (!value.is_value()) return cx.badarg();
  return term::Tuple::make(cx.heap(), what, value);
}

BifResult erlang_fun_info_mfa_1(BifContext& cx, Term fun) {
  if (!fun.is_fun()) return cx.badarg();
  const bool is_local = fun.is_kind(term::Kind::Fun);
  const Term module = is_local ? local_fun_property(cx, fun, atoms::module) : external_fun_property(fun, atoms::module);
  const Term name = is_local ? local_fun_property(cx, fun, atoms::name) : external_fun_property(fun, atoms::name);
  return term::Tuple::make(cx.heap(), module, name, small(term::header_of(fun).data()));
}

BifResult erlang_make_fun_3(BifContext& cx, Term module, Term function, Term arity) {
  if (!module.is_atom() || !function.is_atom() || !arity.is_small() || arity.small_value() < 0 || arity.small_value() > kMaxArity) {
    return cx.badarg();
  }
  const auto count = static_cast<unsigned>(arity.small_value());
  code::Export* e = cx.runtime().code->export_for(module, function, count);
  Word* p = cx.heap().alloc(2);
  p[0] = term::HeaderWord::make(term::Kind::ExportFun, 1, count).bits();
  p[term::ExportFunWords::kExport] = reinterpret_cast<Word>(e);
  return Term::boxed(p);
}

}  // namespace vm::bif
