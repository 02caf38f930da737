// SPDX-License-Identifier: Apache-2.0
//
// Hidden rows: built-ins that programs cannot call.
//
// A built-in that gives up its slice in the middle goes on as another one, which gets what was done so far as its arguments. Such a row is in no table
// of exports. Rows are made on first use and live as long as the program; they hold nothing of a runtime but where its engine enters built-ins.
#pragma once

#include "proc/bif_context.h"
#include "term/atoms.h"

namespace vm::proc {

struct HiddenRow {
  code::Bif bif;
  code::Export entry;
  HiddenRow(Runtime& runtime, const code::Mfa& mfa, code::BifKind kind, code::BifCall call, std::uint32_t flags = 0);
};

// The entry of a part of a built-in that yields. Stack traces call it module:function/(number of arguments); a process that stopped there is shown in
// the function that called the built-in.
template <auto Fn, std::size_t Arity>
code::Export* hidden_entry(Runtime& runtime, const char* module, const char* function) {
  static auto* const row = new HiddenRow(runtime, {term::AtomTable::intern(module), term::AtomTable::intern(function), Arity},
                                         code::BifKind::Yields, bif_adapter<Fn, Arity>());
  return &row->entry;
}

// As hidden_entry, but a process that stopped there is shown in module:function/shown_arity, as stock shows its own. Variant tells apart what has
// one function and several names.
template <auto Fn, std::size_t Arity, auto Variant = 0>
code::Export* shown_entry(Runtime& runtime, const char* module, const char* function, std::size_t shown_arity) {
  static auto* const row = [&] {
    const Term m = term::AtomTable::intern(module), f = term::AtomTable::intern(function);
    auto* made = new HiddenRow(runtime, {m, f, Arity}, code::BifKind::Yields, bif_adapter<Fn, Arity>(), code::BifFlag::Shown);
    made->entry.mfa.arity = shown_arity;
    return made;
  }();
  return &row->entry;
}

}  // namespace vm::proc
