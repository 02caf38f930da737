// SPDX-License-Identifier: Apache-2.0
//
// Words of funs on the heap, and those leading fields of code::FunEntry and code::Export that order, hash and text of a fun depend on. The
// code room owns both structs and asserts that they begin like these (code/module.h), so that this room need not include that one.
#pragma once

#include "term/term.h"

namespace vm::term {

struct FunWords {
  static constexpr std::size_t kEntry = 1, kCreator = 2, kFirstCaptured = 3;
};
struct ExportFunWords {
  static constexpr std::size_t kExport = 1;
};

struct FunEntryFields {
  void* function;
  Term module;
  std::uint32_t index;
  std::uint32_t old_uniq;
  std::uint32_t old_index;
  Byte uniq[16];
  std::uint32_t arity;
  std::uint32_t num_free;
};

struct ExportFields {
  void* entry;
  Term module;
  Term function;
  Word arity;
};

inline const FunEntryFields& fun_entry_fields(Term fun) {
  VM_ASSERT(fun.is_kind(Kind::Fun));
  return *reinterpret_cast<const FunEntryFields*>(fun.boxed_ptr()[FunWords::kEntry]);
}
inline const ExportFields& export_fields(Term fun) {
  VM_ASSERT(fun.is_kind(Kind::ExportFun));
  return *reinterpret_cast<const ExportFields*>(fun.boxed_ptr()[ExportFunWords::kExport]);
}
// Captured variables of a local fun.
inline std::size_t fun_captured_count(Term fun) { return header_of(fun).words() - 2; }

}  // namespace vm::term
