// SPDX-License-Identifier: Apache-2.0
#include "bif/term_format.h"

#include <algorithm>
#include <mutex>

#include "ets/table.h"
#include "ops/maps.h"
#include "proc/exported_aliases.h"
#include "proc/references.h"
#include "term/fun_layout.h"

namespace vm::bif {

using term::HeaderWord;
using term::Kind;

TermFormatHooks::TermFormatHooks(proc::Runtime& runtime, bool existing_code_only)
    : runtime_(runtime), existing_code_only_(existing_code_only) {
  hooks_.context = this;
  hooks_.export_fun = export_fun;
  hooks_.local_fun = local_fun;
  hooks_.large_map = large_map;
  hooks_.local_ref = local_ref;
}

Term TermFormatHooks::local_ref(void* context, term::HeapWriter& h, std::span<const std::uint32_t> numbers) {
  constexpr std::size_t kNumbers = 3;
  if (numbers.size() > kNumbers) return Term::non_value();
  std::uint32_t padded[kNumbers] = {};
  std::copy(numbers.begin(), numbers.end(), padded);
  ets::Tables* tables = static_cast<TermFormatHooks*>(context)->runtime_.ets;
  Term table = tables ? tables->reference_of(h, padded) : Term::non_value();
  if (table.is_value()) return table;
  const Term owner = proc::exported_alias_owner(proc::ref_key_of_numbers(padded));
  return owner.is_value() ? term::make_pid_ref(h, padded, owner) : term::make_ref(h, padded);
}

Term TermFormatHooks::export_fun(void* context, term::HeapWriter& h, Term module, Term function, Word arity) {
  auto& self = *static_cast<TermFormatHooks*>(context);
  code::CodeStore& code = *self.runtime_.code;
  code::Export* e = self.existing_code_only_ ? code.find_export(module, function, arity) : code.export_for(module, function, arity);
  if (e == nullptr) return Term::non_value();
  Word* p = h.alloc(2);
  p[0] = HeaderWord::make(Kind::ExportFun, 1, static_cast<unsigned>(arity)).bits();
  p[term::ExportFunWords::kExport] = reinterpret_cast<Word>(e);
  return Term::boxed(p);
}

Term TermFormatHooks::local_fun(void* context, term::HeapWriter& h, const etf::FunParts& parts) {
  auto& self = *static_cast<TermFormatHooks*>(context);
  code::CodeStore& code = *self.runtime_.code;
  code::FunEntry* entry = code.find_fun_entry(parts.module, parts.uniq, parts.index);
  if (entry == nullptr) {
    if (self.existing_code_only_) return Term::non_value();
    // Nobody loaded this code here: what its external form says is all that is known of the fun.
    std::lock_guard guard(code.lock());
    entry = code.fun_entry(parts.module, parts.uniq, parts.index);
    entry->old_index = parts.old_index;
    entry->old_uniq = parts.old_uniq;
    entry->arity = parts.arity;
    entry->num_free = static_cast<std::uint32_t>(parts.captured.size());
  } else if (entry->num_free != parts.captured.size() || entry->arity != parts.arity) {
    return Term::non_value();  // forged: the code would read captured variables that are not there
  }
  std::size_t words = 2 + parts.captured.size();
  Word* p = h.alloc(1 + words);
  p[0] = HeaderWord::make(Kind::Fun, words, parts.arity).bits();
  p[term::FunWords::kEntry] = reinterpret_cast<Word>(entry);
  p[term::FunWords::kCreator] = parts.creator.bits();
  for (std::size_t i = 0; i < parts.captured.size(); i++) p[term::FunWords::kFirstCaptured + i] = parts.captured[i].bits();
  return Term::boxed(p);
}

Term TermFormatHooks::large_map(void*, term::HeapWriter& h, std::span<const Term> pairs) {
  Term map = ops::map_from_pairs(h, pairs);
  return ops::map_size(map) * 2 == pairs.size() ? map : Term::non_value();  // a key occurred twice
}

}  // namespace vm::bif
