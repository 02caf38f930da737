// SPDX-License-Identifier: Apache-2.0
#include "ops/apply.h"

#include "proc/process_cold.h"
#include "term/atoms.h"

namespace vm::ops {

CallTarget find_call_target(proc::Runtime& rt, Term m, Term f, Word arity) {
  CallTarget t;
  t.export_entry = rt.code->find_export(m, f, arity);
  if (t.export_entry) t.entry = t.export_entry->entry.load(std::memory_order_acquire);
  return t;
}

SWord list_to_args(Term list, Term* out, std::size_t limit) {
  std::size_t n = 0;
  for (; list.is_cons(); list = list.tail()) {
    if (n == limit) return -1;
    out[n++] = list.head();
  }
  return list.is_nil() ? static_cast<SWord>(n) : -1;
}

Term make_local_fun(term::HeapWriter& h, code::FunEntry* entry, Term creator, std::span<const Term> captured) {
  Word* p = h.alloc(1 + FunWords::kMinWords + captured.size());
  p[0] = term::HeaderWord::make(term::Kind::Fun, FunWords::kMinWords + captured.size(), entry->arity).bits();
  p[FunWords::kEntry] = reinterpret_cast<Word>(entry);
  p[FunWords::kCreator] = creator.bits();
  for (std::size_t i = 0; i < captured.size(); i++) p[FunWords::kCaptured + i] = captured[i].bits();
  return Term::boxed(p);
}

Term make_export_fun(term::HeapWriter& h, code::Export* target) {
  Word* p = h.alloc(2);
  p[0] = term::HeaderWord::make(term::Kind::ExportFun, 1, static_cast<unsigned>(target->mfa.arity)).bits();
  p[1] = reinterpret_cast<Word>(target);
  return Term::boxed(p);
}

Term error_handler_of(proc::Process& p) { return p.cold ? p.cold->error_handler : atoms::error_handler; }

}  // namespace vm::ops
