// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "ets/table.h"
#include "proc/process_table.h"
#include "proc/send.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::ets {

const char kTableType = 0;

Table::Table(Type t, std::size_t position) : MagicData(&kTableType, &Table::drop), type(t), key_position(position) {
  proc::next_ref_numbers(numbers);
  store = t == Type::OrderedSet ? make_tree_store(position) : make_hash_store(t, position);
}

void Table::drop(term::MagicData* m) {
  auto* t = static_cast<Table*>(m);
  heap::release(t->heir_data);
  delete t;
}

Term Table::term_of(term::HeapWriter& h) { return term::make_magic_ref(h, this); }

std::size_t Table::memory_words() const {
  constexpr std::size_t kTableWords = 300;  // the table itself, about what stock reports for an empty one
  return kTableWords + row_words.load(std::memory_order_relaxed) + store->memory_bytes() / kWordBytes;
}

struct Tables::Impl {
  mutable std::shared_mutex lock;
  std::unordered_map<Word, Table*> names;               // atom bits → table (counted)
  std::unordered_set<Table*> tables;                    // counted
  std::unordered_map<Word, std::unordered_set<Table*>> owners;
  std::unordered_map<Word, std::unordered_set<Table*>> fixers;  // pid bits → tables it may have fixed (counted)
};

Tables::Tables(proc::Runtime& runtime) : runtime_(runtime), impl_(std::make_unique<Impl>()) {}
Tables::~Tables() = default;

TableRef Tables::find_by_name(Term name) const {
  std::shared_lock<std::shared_mutex> hold(impl_->lock);
  auto it = impl_->names.find(name.bits());
  return it == impl_->names.end() ? TableRef() : TableRef(it->second);
}

TableRef Tables::find(Term t) const {
  if (t.is_atom()) return find_by_name(t);
  auto* table = static_cast<Table*>(term::magic_of(t, &kTableType));
  return TableRef(table);
}

// From now on the end of this process is of interest.
static void mark_table_user(proc::Runtime& rt, Term pid) {
  if (!pid.is_local_pid()) return;
  if (proc::Process* p = rt.processes->lookup(pid)) p->has_tables.store(true, std::memory_order_seq_cst);
}

bool Tables::add(TableRef table, bool* full) {
  std::unique_lock<std::shared_mutex> hold(impl_->lock);
  *full = false;
  if (table->named && !impl_->names.try_emplace(table->name.bits(), table.get()).second) return false;
  table->add_ref();
  impl_->tables.insert(table.get());
  impl_->owners[table->owner.bits()].insert(table.get());
  mark_table_user(runtime_, table->owner);
  return true;
}

bool Tables::rename(Table& table, Term name) {
  std::unique_lock<std::shared_mutex> hold(impl_->lock);
  if (table.named) {
    if (!impl_->names.try_emplace(name.bits(), &table).second) return name == table.name;
    impl_->names.erase(table.name.bits());
  }
  table.name = name;
  return true;
}

void Tables::remove(Table& table) {
  table.deleted = true;
  table.store->clear();
  table.row_words = 0;
  std::unique_lock<std::shared_mutex> hold(impl_->lock);
  if (table.named) {
    auto it = impl_->names.find(table.name.bits());
    if (it != impl_->names.end() && it->second == &table) impl_->names.erase(it);
  }
  auto owner = impl_->owners.find(table.owner.bits());
  if (owner != impl_->owners.end()) {
    owner->second.erase(&table);
    if (owner->second.empty()) impl_->owners.erase(owner);
  }
  if (impl_->tables.erase(&table)) table.release();
}

void Tables::change_owner(Table& table, Term owner) {
  std::unique_lock<std::shared_mutex> hold(impl_->lock);
  auto old = impl_->owners.find(table.owner.bits());
  if (old != impl_->owners.end()) {
    old->second.erase(&table);
    if (old->second.empty()) impl_->owners.erase(old);
  }
  table.owner = owner;
  impl_->owners[owner.bits()].insert(&table);
  mark_table_user(runtime_, owner);
}

std::vector<TableRef> Tables::all() const {
  std::shared_lock<std::shared_mutex> hold(impl_->lock);
  std::vector<TableRef> list;
  for (Table* t : impl_->tables) list.emplace_back(t);
  return list;
}

std::vector<TableRef> Tables::owned_by(Term pid) const {
  std::shared_lock<std::shared_mutex> hold(impl_->lock);
  std::vector<TableRef> list;
  auto it = impl_->owners.find(pid.bits());
  if (it != impl_->owners.end())
    for (Table* t : it->second) list.emplace_back(t);
  return list;
}

std::size_t Tables::count() const {
  std::shared_lock<std::shared_mutex> hold(impl_->lock);
  return impl_->tables.size();
}

void Tables::note_fixation(Term pid, Table& table) {
  std::unique_lock<std::shared_mutex> hold(impl_->lock);
  if (impl_->fixers[pid.bits()].insert(&table).second) table.add_ref();
  mark_table_user(runtime_, pid);
}

namespace {

// {'ETS-TRANSFER', Table, From, Data} to the heir.
void announce_transfer(proc::Runtime& rt, Table& table, Term from, Term to, Term data) {
  heap::FragmentWriter writer(32);
  heap::OwnedTerm message;
  Term id = table.named ? table.name : table.reference(writer);
  Term copy = heap::copy(data, writer);
  message.term = term::Tuple::make(writer, atoms::ETS_TRANSFER, id, from, copy);
  message.fragments = writer.take();
  proc::send_owned(rt, to, std::move(message), from);
}

}  // namespace

void Tables::owner_ended(proc::Process& p) {
  if (!p.has_tables.load(std::memory_order_seq_cst)) return;  // most processes end without a lock
  for (TableRef& t : owned_by(p.pid)) {
    std::unique_lock<std::shared_mutex> hold(t->lock);
    if (t->deleted || t->owner != p.pid) continue;
    proc::Process* heir = t->heir.is_local_pid() && t->heir != p.pid ? runtime_.processes->lookup(t->heir) : nullptr;
    if (heir && heir->alive()) {
      Term to = t->heir;
      change_owner(*t, to);
      announce_transfer(runtime_, *t, p.pid, to, t->heir_data.term);
    } else {
      remove(*t);
    }
  }
  std::unordered_set<Table*> fixed;
  {
    std::unique_lock<std::shared_mutex> hold(impl_->lock);
    auto it = impl_->fixers.find(p.pid.bits());
    if (it == impl_->fixers.end()) return;
    fixed.swap(it->second);
    impl_->fixers.erase(it);
  }
  for (Table* t : fixed) {
    {
      std::unique_lock<std::shared_mutex> hold(t->lock);
      std::erase_if(t->fixations, [&](const Fixation& f) { return f.pid == p.pid; });
      if (t->fixations.empty()) {
        t->fixed_since_ns = 0;
        t->store->set_fixed(false);
      }
    }
    t->release();
  }
}

}  // namespace vm::ets
