// SPDX-License-Identifier: Apache-2.0
//
// Finding the table of an ETS built-in and the rights on it, with the causes that stock gives in error_info.
#pragma once

#include <mutex>
#include <shared_mutex>

#include "bif/bif_decls.gen.h"
#include "ets/table.h"

namespace vm::bif {

using ets::Row;
using ets::Table;
using ets::TableRef;

enum class Want { Read, Write, Info };

// Holds the table and its lock; `ok` tells whether the caller may go on, `failed` is the raised result otherwise.
template <typename Lock>
class Access {
 public:
  Access(BifContext& cx, Term id, Want want) : table_(cx.runtime().ets->find(id)) {
    if (!table_) {
      cause_ = id.is_atom() || id.is_ref() ? Term(atoms::id) : Term::non_value();
      return;
    }
    lock_ = Lock(table_->lock);
    if (table_->deleted) cause_ = atoms::id;
    else if (table_->owner != cx.process().pid && denied(want)) cause_ = atoms::access;
    else ok_ = true;
    if (!ok_) lock_ = Lock();
  }
  bool ok() const { return ok_; }
  BifResult failed(BifContext& cx) const { return cause_.is_value() ? cx.error_with_cause(atoms::badarg, cause_) : cx.badarg(); }
  Table* operator->() const { return table_.get(); }
  Table& operator*() const { return *table_; }
  TableRef table() const { return table_; }

 private:
  bool denied(Want want) const {
    switch (table_->protection) {
      case ets::Protection::Public: return false;
      case ets::Protection::Protected: return want == Want::Write;
      case ets::Protection::Private: return want != Want::Info;
    }
    return true;
  }
  TableRef table_;
  Lock lock_;
  bool ok_ = false;
  Term cause_ = Term::non_value();
};

using ReadAccess = Access<std::shared_lock<std::shared_mutex>>;
using WriteAccess = Access<std::unique_lock<std::shared_mutex>>;

inline BifResult badarg_because(BifContext& cx, Term cause) { return cx.error_with_cause(atoms::badarg, cause); }

// A row of the table is a tuple that has the key position.
inline bool is_row(const Table& t, Term object) { return object.is_tuple() && term::Tuple::from(object).size() >= t.key_position; }

// Rows in the form lookup shows them, copied to the heap.
Term copy_rows(BifContext& cx, const std::vector<Row*>& rows);
// Keeps the count of words the table uses.
void count_row(Table& t, const Row& row, int sign);
Row* new_row(Table& t, Term object);
std::size_t erase_key(Table& t, Term key);
void erase_row(Table& t, Row* row);
void insert_row(Table& t, Term object);

}  // namespace vm::bif
