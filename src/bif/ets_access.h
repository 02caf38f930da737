// SPDX-License-Identifier: Apache-2.0
//
// Finding the table of an ETS built-in and the rights on it, with the causes that stock gives in error_info.
#pragma once

#include <atomic>

#include "bif/bif_decls.gen.h"
#include "ets/table.h"

namespace vm::bif {

using ets::KeyLock;
using ets::Row;
using ets::StepLock;
using ets::Table;

enum class Want { Read, Write, Info };

// The process that may use tables whatever their protection is, for tests (erts_internal:ets_super_user/1); nil: none.
inline std::atomic<Word> ets_super_user{Term::kNilTag};

// What a table may be known by, whether or not there is one.
inline bool is_table_id(Term t) { return t.is_atom() || term::magic_of(t, &ets::kTableType) != nullptr; }

// The table, if the caller may use it; `failed` is the raised result otherwise. The table stays usable until the built-in returns.
class Access {
 public:
  Access(BifContext& cx, Term id, Want want) : table_(cx.runtime().ets->find(id)) {
    if (VM_UNLIKELY(!table_)) {
      cause_ = is_table_id(id) ? atoms::id : atoms::type;
    } else if (table_->protection.load(std::memory_order_relaxed) != ets::Protection::Public && table_->owner() != cx.process().pid &&
               denied(cx, want)) {
      table_ = nullptr;
      cause_ = atoms::access;
    } else if (want == Want::Read) {
      table_->stripes.wait_for_step();
    }
  }
  bool ok() const { return table_ != nullptr; }
  BifResult failed(BifContext& cx) const { return cause_.is_value() ? cx.error_with_cause(atoms::badarg, cause_) : cx.badarg(); }
  // Somebody deleted the table between the look-up and the lock.
  static BifResult gone(BifContext& cx) { return cx.error_with_cause(atoms::badarg, atoms::id); }
  Table* operator->() const { return table_; }
  Table& operator*() const { return *table_; }

 private:
  bool denied(BifContext& cx, Want want) const {
    if (want == Want::Info || ets_super_user.load(std::memory_order_relaxed) == cx.process().pid.bits()) return false;
    return table_->protection.load(std::memory_order_relaxed) == ets::Protection::Private || want == Want::Write;
  }
  Table* table_;
  Term cause_ = Term::non_value();
};

inline BifResult badarg_because(BifContext& cx, Term cause) { return cx.error_with_cause(atoms::badarg, cause); }

// A bag has no one row of a key.
inline BifResult badarg_for_bag(BifContext& cx) { return badarg_because(cx, term::AtomTable::intern("table_type")); }

}  // namespace vm::bif
