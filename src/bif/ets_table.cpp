// SPDX-License-Identifier: Apache-2.0
//
// ETS built-ins on whole tables: making, deleting, owning, information.
#include <algorithm>
#include <bit>
#include <cmath>
#include <mutex>
#include <utility>

#include "bif/ets_access.h"
#include "bif/ets_pay.h"
#include "bif/long_work.h"
#include "heap/copy.h"
#include "heap/fragment.h"
#include "proc/process_table.h"
#include "proc/send.h"
#include "proc/time.h"
#include "sync/epoch.h"

namespace vm::bif {

using term::Tuple;

namespace {

struct NewOptions : ets::TableOptions {
  bool decentralized_given = false;
  Term heir = term::kNil, heir_data = term::kNil;
};

bool read_heir(BifContext& cx, Tuple t, Term* heir, Term* data) {
  if (t.size() == 2 && t[1] == atoms::none) {
    *heir = term::kNil;
    return true;
  }
  if (t.size() != 3 || !t[1].is_local_pid()) return false;
  (void)cx;
  *heir = t[1];
  *data = t[2];
  return true;
}

// {debug_hash_fixed_number_of_locks, N}: an option of stock's tests.
bool read_lock_count(Tuple t, NewOptions* o) {
  constexpr SWord kMostLocks = 32768;
  if (!t[0].is_atom() || term::AtomTable::text(t[0]) != "debug_hash_fixed_number_of_locks" || !t[1].is_small() || t[1].small_value() < 1 ||
      t[1].small_value() > kMostLocks)
    return false;
  o->write_concurrency = true;
  o->write_concurrency_auto = false;
  o->lock_count = std::bit_floor(static_cast<std::uint32_t>(std::max<SWord>(t[1].small_value(), 64)));
  return true;
}

// Only tables that several may write have it; counters follow it where nothing was said.
void settle_concurrency(NewOptions* o) {
  if (o->protection == ets::Protection::Private) o->write_concurrency = o->write_concurrency_auto = false;
  if (!o->write_concurrency) o->lock_count = 0, o->decentralized_counters = false;
  else if (!o->decentralized_given)
    o->decentralized_counters = o->type == ets::Type::OrderedSet || o->write_concurrency_auto || o->lock_count;
}

bool read_pair_option(BifContext& cx, Tuple t, NewOptions* o) {
  if (t[0] == atoms::heir) return read_heir(cx, t, &o->heir, &o->heir_data);
  if (t.size() != 2) return false;
  if (t[0] == atoms::keypos) {
    if (!t[1].is_small() || t[1].small_value() < 1) return false;
    o->key_position = static_cast<std::size_t>(t[1].small_value());
    return true;
  }
  if (t[0] == atoms::write_concurrency && t[1] == atoms::auto_) {
    o->write_concurrency = o->write_concurrency_auto = true;
    o->lock_count = 0;
    return true;
  }
  if (t[0] == atoms::write_concurrency && t[1].is_tuple_of(2)) return read_lock_count(Tuple::from(t[1]), o);
  if (!t[1].is_boolean()) return false;
  bool on = t[1] == atoms::true_;
  if (t[0] == atoms::read_concurrency) o->read_concurrency = on;
  else if (t[0] == atoms::write_concurrency) o->write_concurrency = on, o->write_concurrency_auto = false, o->lock_count = 0;
  else if (t[0] == atoms::decentralized_counters) o->decentralized_counters = on, o->decentralized_given = true;
  else return false;
  return true;
}

bool is_any_of(Term t, std::initializer_list<Term> list) { return std::find(list.begin(), list.end(), t) != list.end(); }

bool read_word_option(Term w, NewOptions* o) {
  if (w == atoms::set) o->type = ets::Type::Set;
  else if (w == atoms::ordered_set) o->type = ets::Type::OrderedSet;
  else if (w == atoms::bag) o->type = ets::Type::Bag;
  else if (w == atoms::duplicate_bag) o->type = ets::Type::DuplicateBag;
  else if (w == atoms::public_) o->protection = ets::Protection::Public;
  else if (w == atoms::protected_) o->protection = ets::Protection::Protected;
  else if (w == atoms::private_) o->protection = ets::Protection::Private;
  else if (w == atoms::named_table) o->named = true;
  else if (w == atoms::compressed) o->compressed = true;
  else return false;
  return true;
}

bool read_new_options(BifContext& cx, Term list, NewOptions* o) {
  for (; list.is_cons(); list = list.tail()) {
    Term option = list.head();
    bool ok =
        option.is_tuple() && Tuple::from(option).size() > 0 ? read_pair_option(cx, Tuple::from(option), o) : read_word_option(option, o);
    if (!ok) return false;
  }
  return list.is_nil();
}

void set_heir(Table& t, Term heir, Term data) {
  heap::OwnedTerm copy;
  if (!heir.is_nil() && data.is_pointer()) {
    heap::FragmentWriter writer;
    copy.term = heap::copy_with_literals(data, writer);
    copy.fragments = writer.take();
  } else {
    copy.term = data;
  }
  {
    std::lock_guard<sync::SmallMutex> hold(t.meta);
    t.heir = heir;
    std::swap(t.heir_data, copy);
  }
  heap::release(copy);
}

// A counted reference for the time of one built-in.
struct Held {
  Table* table;
  explicit Held(Table* t) : table(t) { t->add_ref(); }
  ~Held() { table->release(); }
};

}  // namespace

BifResult ets_new_2(BifContext& cx, Term name, Term options) {
  NewOptions o;
  if (!name.is_atom() || !read_new_options(cx, options, &o)) return cx.badarg();
  if (o.lock_count && o.type == ets::Type::OrderedSet) return cx.badarg();
  settle_concurrency(&o);
  Held t(new Table(o, name, cx.process().pid));
  set_heir(*t.table, o.heir, o.heir_data);
  if (!cx.runtime().ets->add(*t.table)) return badarg_because(cx, atoms::already_exists);
  return t.table->identifier(cx.heap());
}

BifResult ets_delete_1(YieldContext& cx, Term id) {
  Access t(cx, id, Want::Write);
  if (!t.ok()) return t.failed(cx);
  const std::size_t words = t->memory_words();
  if (!cx.runtime().ets->remove(*t)) return Access::gone(cx);
  return pay_for_freeing(cx, Freed::Table, words, atoms::true_);
}

BifResult ets_rename_2(BifContext& cx, Term id, Term name) {
  Access t(cx, id, Want::Write);
  if (!t.ok()) return t.failed(cx);
  if (!name.is_atom()) return cx.badarg();
  if (!cx.runtime().ets->rename(*t, name)) return cx.badarg();
  return t->identifier(cx.heap());
}

BifResult ets_whereis_1(BifContext& cx, Term name) {
  if (!name.is_atom()) return cx.badarg();
  Table* t = cx.runtime().ets->find(name);
  return t ? BifResult(t->reference(cx.heap())) : BifResult(atoms::undefined);
}

BifResult ets_give_away_3(BifContext& cx, Term id, Term to, Term data) {
  Access t(cx, id, Want::Write);
  if (!t.ok()) return t.failed(cx);
  if (!to.is_local_pid()) return cx.badarg();
  Term self = cx.process().pid;
  if (t->owner() != self) return badarg_because(cx, atoms::not_owner);
  if (to == self) return badarg_because(cx, atoms::owner);
  proc::Process* receiver = cx.runtime().processes->lookup(to);
  if (!receiver || !receiver->alive()) return cx.badarg();
  Term message = Tuple::make(cx.heap(), atoms::ETS_TRANSFER, t->identifier(cx.heap()), self, data);
  if (!cx.runtime().ets->change_owner(*t, self, to)) return Access::gone(cx);
  proc::send(cx.process(), to, message);
  return atoms::true_;
}

namespace {

struct NewSettings {
  bool heir_given = false, protection_given = false;
  Term heir = term::kNil, heir_data = term::kNil;
  ets::Protection protection = ets::Protection::Protected;
};

// {heir, ...} or {protection, ...}, each at most once.
bool read_setting(BifContext& cx, Term option, NewSettings* s) {
  if (!option.is_tuple() || Tuple::from(option).size() < 2) return false;
  Tuple t = Tuple::from(option);
  if (t[0] == atoms::heir) return !std::exchange(s->heir_given, true) && read_heir(cx, t, &s->heir, &s->heir_data);
  NewOptions word;
  if (t[0] != atoms::protection || t.size() != 2 || !is_any_of(t[1], {atoms::public_, atoms::protected_, atoms::private_})) return false;
  if (!read_word_option(t[1], &word)) return false;
  s->protection = word.protection;
  return !std::exchange(s->protection_given, true);
}

}  // namespace

BifResult ets_setopts_2(BifContext& cx, Term id, Term options) {
  Access t(cx, id, Want::Write);
  if (!t.ok()) return t.failed(cx);
  NewSettings s;
  if (options.is_tuple()) {
    if (!read_setting(cx, options, &s)) return cx.badarg();
  } else {
    for (; options.is_cons(); options = options.tail())
      if (!read_setting(cx, options.head(), &s)) return cx.badarg();
    if (!options.is_nil()) return cx.badarg();
  }
  if ((s.heir_given || s.protection_given) && t->owner() != cx.process().pid) return badarg_because(cx, atoms::not_owner);
  if (s.heir_given) set_heir(*t, s.heir, s.heir_data);
  if (s.protection_given) t->protection.store(s.protection);
  return atoms::true_;
}

// The caller waits for one {Ref, [Table]} from each scheduler and joins the lists: the first has all tables, the others none.
BifResult ets_internal_request_all_0(BifContext& cx) {
  term::HeapWriter& h = cx.heap();
  term::ListBuilder list(h);
  for (Table* t : cx.runtime().ets->all()) {
    if (!t->deleted()) list.add(t->identifier(h));
    t->release();
  }
  Term ref = proc::make_ref(cx.runtime(), h);
  Term tables = list.finish();
  for (unsigned i = 0; i < cx.runtime().schedulers->config().schedulers; i++) {
    proc::send(cx.process(), cx.process().pid, Tuple::make(h, ref, i == 0 ? tables : term::kNil));
  }
  return ref;
}

// --- information ---------------------------------------------------------------------------------------------------------------------

namespace {

Term boolean_of(bool b) { return b ? atoms::true_ : atoms::false_; }

Term type_atom(ets::Type t) {
  switch (t) {
    case ets::Type::Set: return atoms::set;
    case ets::Type::OrderedSet: return atoms::ordered_set;
    case ets::Type::Bag: return atoms::bag;
    case ets::Type::DuplicateBag: return atoms::duplicate_bag;
  }
  return atoms::undefined;
}
Term protection_atom(ets::Protection p) {
  return p == ets::Protection::Public      ? Term(atoms::public_)
         : p == ets::Protection::Protected ? Term(atoms::protected_)
                                           : Term(atoms::private_);
}

Term safe_fixed(BifContext& cx, Table& t, bool monotonic) {
  std::lock_guard<sync::SmallMutex> hold(t.meta);
  if (t.fixations.empty()) return atoms::false_;
  term::HeapWriter& h = cx.heap();
  std::int64_t since = t.fixed_since_ns;
  Term when;
  if (monotonic) {
    when = term::make_integer(h, since);
  } else {
    std::int64_t us = (since + proc::time_offset_ns()) / 1000;
    when = Tuple::make(h, Term::small(us / 1000000000000), Term::small(us / 1000000 % 1000000), Term::small(us % 1000000));
  }
  term::ListBuilder list(h);
  for (auto& f : t.fixations) list.add(Tuple::make(h, f.pid, term::make_unsigned(h, f.count)));
  return Tuple::make(h, when, list.finish());
}

// {Address, Bytes, Count} of each large binary that the row refers to.
void add_binaries(term::HeapWriter& h, Row* r, term::ListBuilder* list) {
  for (Word* p = r->off_heap(); p; p = term::OffHeapList::next(p))
    if (term::HeaderWord(*p).kind() == term::Kind::RefcBinary) {
      auto* data = reinterpret_cast<term::BinaryData*>(p[term::RefcBinaryWords::kData]);
      list->add(Tuple::make(h, term::make_unsigned(h, reinterpret_cast<Word>(data)), term::make_unsigned(h, data->size),
                            term::make_unsigned(h, static_cast<Word>(data->refs.load()))));
    }
}

Term binaries(BifContext& cx, Table& t) {
  term::ListBuilder list(cx.heap());
  ets::Position at;
  at.marked = true;
  std::vector<Row*> rows;
  for (bool more = true; more; rows.clear()) {
    more = t.store->portion(&at, ets::Direction::Forward, &rows);
    for (Row* r : rows) add_binaries(cx.heap(), r, &list);
  }
  return list.finish();
}

// How full a hash table's buckets are: {Buckets, Average, Deviation, Expected deviation, Shortest, Longest, 0, Locks}; of an ordered one that
// several may write {Inner nodes, Leaves, 0}.
Term stats(BifContext& cx, Table& t) {
  term::HeapWriter& h = cx.heap();
  ets::Shape shape = t.store->shape();
  auto number = [&](std::size_t n) { return term::make_unsigned(h, n); };
  if (t.ordered()) {
    if (!t.options.write_concurrency) return atoms::false_;
    return Tuple::make(h, number(shape.inner + (t.split_by_test.load() ? 1 : 0)), number(shape.outer), Term::small(0));
  }
  double n = static_cast<double>(shape.outer), rows = static_cast<double>(shape.rows), average = rows / n;
  double deviation = std::sqrt(std::max(0.0, static_cast<double>(shape.squares) / n - average * average));
  double expected = std::sqrt(rows * (1 / n) * (1 - 1 / n));
  return Tuple::make(h, number(shape.outer), term::make_float(h, average), term::make_float(h, deviation), term::make_float(h, expected),
                     number(shape.shortest), number(shape.longest), number(shape.marked),
                     number(t.options.lock_count ? t.options.lock_count : t.stripes.size()));
}

// An heir that is no more is none.
Term heir_of(BifContext& cx, Table& t) {
  std::lock_guard<sync::SmallMutex> hold(t.meta);
  if (t.heir.is_nil()) return atoms::none;
  proc::Process* p = cx.runtime().processes->lookup(t.heir);
  return p && p->alive() ? t.heir : Term(atoms::none);
}

Term item_value(BifContext& cx, Table& t, Term item) {
  term::HeapWriter& h = cx.heap();
  if (item == atoms::size) return term::make_unsigned(h, t.size());
  if (item == atoms::memory) return term::make_unsigned(h, t.memory_words());
  if (item == atoms::type) return type_atom(t.options.type);
  if (item == atoms::keypos) return Term::small(static_cast<SWord>(t.key_position()));
  if (item == atoms::protection) return protection_atom(t.protection.load());
  if (item == atoms::name) return t.name();
  if (item == atoms::named_table) return boolean_of(t.options.named);
  if (item == atoms::owner) return t.owner();
  if (item == atoms::heir) return heir_of(cx, t);
  if (item == atoms::node) return cx.runtime().node_name;
  if (item == atoms::id) return t.reference(h);
  if (item == atoms::compressed) return boolean_of(t.options.compressed);
  if (item == atoms::read_concurrency) return boolean_of(t.options.read_concurrency);
  if (item == atoms::write_concurrency && t.options.lock_count)
    return Tuple::make(h, term::AtomTable::intern("debug_hash_fixed_number_of_locks"), Term::small(t.options.lock_count));
  if (item == atoms::write_concurrency)
    return t.options.write_concurrency_auto ? Term(atoms::auto_) : boolean_of(t.options.write_concurrency);
  if (item == atoms::decentralized_counters) return boolean_of(t.options.decentralized_counters);
  if (item == atoms::fixed) return boolean_of(t.stripes.fixed.load() != 0);
  if (item == atoms::safe_fixed) return safe_fixed(cx, t, false);
  if (item == atoms::safe_fixed_monotonic_time) return safe_fixed(cx, t, true);
  if (item == atoms::binary) return binaries(cx, t);
  if (item.is_atom() && term::AtomTable::text(item) == "stats") return stats(cx, t);
  return Term::non_value();
}

}  // namespace

BifResult ets_info_1(BifContext& cx, Term id) {
  if (!is_table_id(id)) return badarg_because(cx, atoms::type);
  Access t(cx, id, Want::Info);
  if (!t.ok()) return atoms::undefined;
  term::HeapWriter& h = cx.heap();
  term::ListBuilder list(h);
  for (Term item :
       {Term(atoms::id), Term(atoms::decentralized_counters), Term(atoms::read_concurrency), Term(atoms::write_concurrency),
        Term(atoms::compressed), Term(atoms::memory), Term(atoms::owner), Term(atoms::heir), Term(atoms::name), Term(atoms::size),
        Term(atoms::node), Term(atoms::named_table), Term(atoms::type), Term(atoms::keypos), Term(atoms::protection)})
    list.add(Tuple::make(h, item, item_value(cx, *t, item)));
  return list.finish();
}

namespace {

// Rows that were deleted hold their binaries until no reader can look at them. Who counts references waits for that, within reason: the item is
// then {binary, Epoch, Deadline}.
BifResult binaries_in_time(YieldContext& cx, Table& t, std::uint64_t epoch, SWord deadline_ms) {
  if (sync::Epoch::current() >= epoch || proc::monotonic_ns() / 1000000 >= deadline_ms) return binaries(cx, t);
  sync::Epoch::defer(nullptr, [](void*) {});  // something to wait for, so that the epoch moves
  term::HeapWriter& h = cx.heap();
  Term item = Tuple::make(h, Term(atoms::binary), term::make_unsigned(h, epoch), Term::small(deadline_ms));
  return cx.yield_to(cx.runtime().code->export_for(atoms::ets, atoms::info, 2), t.reference(h), item);
}

}  // namespace

BifResult ets_info_2(YieldContext& cx, Term id, Term item) {
  if (!is_table_id(id)) return badarg_because(cx, atoms::type);
  Access t(cx, id, Want::Info);
  if (!t.ok()) return atoms::undefined;
  // Three until one's own thread has freed, three more when the work of a sleeping thread has to be taken over first, and some for that.
  constexpr std::uint64_t kEpochs = 8;
  constexpr SWord kPatienceMs = 1000;
  if (item == atoms::binary)
    return binaries_in_time(cx, *t, sync::Epoch::current() + kEpochs, proc::monotonic_ns() / 1000000 + kPatienceMs);
  Word epoch;
  if (item.is_tuple_of(3) && Tuple::from(item)[0] == atoms::binary && term::to_uint64(Tuple::from(item)[1], &epoch) &&
      Tuple::from(item)[2].is_small())
    return binaries_in_time(cx, *t, epoch, std::min(Tuple::from(item)[2].small_value(), proc::monotonic_ns() / 1000000 + kPatienceMs));
  Term value = item_value(cx, *t, item);
  return value.is_value() ? BifResult(value) : cx.badarg();
}

// --- for tests of the machine ---------------------------------------------------------------------------------------------------

BifResult erts_internal_ets_lookup_binary_info_2(BifContext& cx, Term id, Term key) {
  Access t(cx, id, Want::Read);
  if (!t.ok()) return t.failed(cx);
  term::ListBuilder list(cx.heap());
  for (Row* r = t->store->find(key, t->store->hash(key)); r; r = t->store->next_of_key(r)) add_binaries(cx.heap(), r, &list);
  return list.finish();
}

BifResult erts_internal_ets_raw_first_1(BifContext& cx, Term id) {
  Access t(cx, id, Want::Read);
  if (!t.ok()) return t.failed(cx);
  Row* r = t->store->raw_first();
  return r ? heap::copy(r->key(t->key_position()), cx.heap()) : Term(atoms::end_of_table);
}

BifResult erts_internal_ets_raw_next_2(BifContext& cx, Term id, Term key) {
  Access t(cx, id, Want::Read);
  if (!t.ok()) return t.failed(cx);
  Row* r;
  if (!t->store->raw_next(key, &r)) return cx.badarg();
  return r ? heap::copy(r->key(t->key_position()), cx.heap()) : Term(atoms::end_of_table);
}

BifResult erts_internal_ets_super_user_1(BifContext& cx, Term on) {
  if (!on.is_boolean()) return cx.badarg();
  Word self = cx.process().pid.bits();
  if (on == atoms::true_) ets_super_user.store(self);
  else ets_super_user.compare_exchange_strong(self, Term::kNilTag);
  return atoms::ok;
}

}  // namespace vm::bif
