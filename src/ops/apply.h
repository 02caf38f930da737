// SPDX-License-Identifier: Apache-2.0
//
// Calling what is only known at run time: module:function/arity and funs. Shared by engines and built-ins.
#pragma once

#include "proc/runtime.h"

namespace vm::ops {

// Where such a call goes. entry == nullptr: there is no such code; call the error handler.
struct CallTarget {
  code::CodePtr entry = nullptr;
  code::Export* export_entry = nullptr;  // nullptr for a local fun
};

// m:f/arity, both atoms.
CallTarget find_call_target(proc::Runtime& rt, Term m, Term f, Word arity);

// Puts the elements of a proper list into out. The number of elements, or -1 when the list is improper or longer than `limit`.
SWord list_to_args(Term list, Term* out, std::size_t limit);

// Parts of a local fun (Kind::Fun): [FunEntry*][creator][captured...].
struct FunWords {
  static constexpr std::size_t kEntry = 1, kCreator = 2, kCaptured = 3, kMinWords = 2;
};
inline unsigned fun_arity(Term fun) { return term::header_of(fun).data(); }
inline code::FunEntry* fun_entry_of(Term fun) { return reinterpret_cast<code::FunEntry*>(fun.boxed_ptr()[FunWords::kEntry]); }
inline std::size_t fun_captured_count(Term fun) { return term::header_of(fun).words() - FunWords::kMinWords; }
inline const Term* fun_captured(Term fun) { return reinterpret_cast<const Term*>(fun.boxed_ptr() + FunWords::kCaptured); }
inline code::Export* export_of_fun(Term fun) { return reinterpret_cast<code::Export*>(fun.boxed_ptr()[1]); }

Term make_local_fun(term::HeapWriter& h, code::FunEntry* entry, Term creator, std::span<const Term> captured);
Term make_export_fun(term::HeapWriter& h, code::Export* target);

// The module of error_handler for p (process_flag(error_handler)).
Term error_handler_of(proc::Process& p);

}  // namespace vm::ops
