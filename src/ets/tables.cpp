// SPDX-License-Identifier: Apache-2.0
//
// Which tables there are: by name, by owner, by who fixed them. Names are read without a lock, in chains whose nodes go through sync/epoch.h. The
// rest is spread over shards by process or table, each with its lock; nothing else is taken under it.
#include <algorithm>
#include <array>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "ets/table.h"
#include "os/memory.h"
#include "os/thread.h"
#include "proc/process_table.h"
#include "proc/send.h"
#include "proc/time.h"
#include "sync/epoch.h"
#include "term/atoms.h"
#include "term/compare.h"
#include "term/views.h"

namespace vm::ets {

const char kTableType = 0;

namespace {

using Guard = std::lock_guard<sync::SmallMutex>;

// Where only the owner writes, further stripes would be idle.
unsigned stripes_for(const TableOptions& o) {
  if (o.write_concurrency) return 64;
  return o.protection == Protection::Public ? 8 : 1;
}

// Frees remains in slices, as any process would run.
class Burial final : public sched::Runnable {
 public:
  Burial(std::unique_ptr<Remains> remains, sched::SchedulerGroup* group) : remains_(std::move(remains)), group_(group) {}
  sched::After run(sched::Scheduler&) override {
    constexpr std::size_t kSlice = 4000, kMuch = 100;
    slices_++;
    if (remains_->step(kSlice)) return sched::After::Requeue;
    if (slices_ > kMuch) os::give_back_free_memory();
    delete this;
    return sched::After::Parked;
  }
  void start() { group_->enqueue(*this); }

 private:
  std::unique_ptr<Remains> remains_;
  sched::SchedulerGroup* group_;
  std::size_t slices_ = 0;
};

}  // namespace

// --- one table ------------------------------------------------------------------------------------------------------------------

Table::Table(const TableOptions& o, Term name, Term owner)
    : MagicData(&kTableType, &Table::drop),
      options(o),
      protection(o.protection),
      stripes(stripes_for(o)),
      store(o.type == Type::OrderedSet ? make_tree_store(stripes, o.key_position) : make_hash_store(stripes, o.type, o.key_position)),
      owner_(owner.bits()),
      name_(name.bits()) {
  proc::next_ref_numbers(numbers);
}

// Threads that found it by name may still look at it, and take a reference (to fix it) although the last one is gone. So it is looked at again after a
// grace period, when nobody finds it any more: whoever holds it then drops it once more; when nobody does it goes after another period, in which
// who has just let it go comes out of drop.
void Table::drop(term::MagicData* m) {
  auto* t = static_cast<Table*>(m);
  if (!t->dropping_.exchange(true, std::memory_order_acq_rel)) sync::Epoch::defer(t, &Table::look_again);
}

void Table::look_again(void* table) {
  auto* t = static_cast<Table*>(table);
  const auto is_held = [t] { return t->refs.load(std::memory_order_acquire) != 0; };
  if (is_held()) {
    t->dropping_.store(false, std::memory_order_seq_cst);
    if (!is_held()) drop(t);
    return;
  }
  sync::Epoch::defer(t, [](void* p) {
    auto* gone = static_cast<Table*>(p);
    heap::release(gone->heir_data);
    delete gone;
  });
}

Term Table::term_of(term::HeapWriter& h) { return term::make_magic_ref(h, this); }

std::size_t Table::memory_words() const {
  // What protection asked for is left out: tables that differ in it only are shown as equal, as on stock.
  std::size_t shown = options.write_concurrency ? stripes.size() : 1;
  return (sizeof(Table) + sizeof(Stripe) * shown + store->bytes() + stripes.row_bytes()) / kWordBytes;
}

void Table::put(Term tuple, Term key, std::uint32_t hash) {
  Row* r = options.type == Type::DuplicateBag ? nullptr : store->find(key, hash);
  if (options.type == Type::Bag) {
    for (; r; r = store->next_of_key(r))
      if (r->equals(tuple)) return;
  }
  if (!r) store->add(new_row(tuple), hash);
  else if (!r->overwrite(tuple, key_position())) store->replace(r, new_row(tuple));
}

void Table::fix(Term pid) {
  bool first;
  {
    Guard hold(meta);
    auto it = std::find_if(fixations.begin(), fixations.end(), [&](auto& f) { return f.pid == pid; });
    first = fixations.empty();
    if (first) fixed_since_ns = proc::monotonic_ns();
    if (it != fixations.end()) it->count++;
    else fixations.push_back({pid, 1});
    if (first) stripes.fixed.store(1, std::memory_order_seq_cst);
  }
  // Whoever took a row out without knowing has done so when we return.
  for (unsigned i = 0; first && i < stripes.size(); i++) Guard pass(stripes[i].lock);
}

void Table::unfix(Term pid, std::uint64_t times) {
  bool last = false;
  {
    Guard hold(meta);
    auto it = std::find_if(fixations.begin(), fixations.end(), [&](auto& f) { return f.pid == pid; });
    if (it == fixations.end()) return;
    it->count -= std::min(it->count, times);
    if (it->count == 0) fixations.erase(it);
    last = fixations.empty();
    if (last) {
      fixed_since_ns = 0;
      stripes.fixed.store(0, std::memory_order_seq_cst);
    }
  }
  if (last) store->sweep_marks();
}

// --- all tables ------------------------------------------------------------------------------------------------------------------

struct Tables::Impl {
  static constexpr std::size_t kShards = 64;
  struct Name {
    Word name;
    Table* table;  // the registry holds a reference
    std::atomic<Name*> next;
  };
  struct alignas(64) Shard {
    sync::SmallMutex lock;
    std::unordered_map<Word, std::unordered_set<Table*>> owners;  // by pid
    std::unordered_map<Word, std::unordered_set<Table*>> fixers;  // by pid; counted
    std::unordered_map<Word, Table*> tables;                      // by two numbers of the reference; counted
  };

  sync::SmallMutex names_lock;
  std::unique_ptr<std::atomic<Name*>[]> names { new std::atomic<Name*>[ kNameChains ]() };
  std::array<Shard, kShards> shards;
  std::atomic<std::size_t> count{0};

  std::atomic<Name*>& chain(Term name) const { return names[name.atom_index() % kNameChains]; }
  Shard& of_process(Term pid) { return shards[term::pid_number(pid) % kShards]; }
  static Word number_of(const std::uint32_t numbers[3]) { return Word{numbers[1]} << 32 | numbers[0]; }
  Shard& of_table(const std::uint32_t numbers[3]) { return shards[number_of(numbers) % kShards]; }

  // names_lock held.
  bool enter(Term name, Table& t) {
    for (Name* n = chain(name).load(std::memory_order_relaxed); n; n = n->next.load(std::memory_order_relaxed))
      if (n->name == name.bits()) return false;
    auto* n = new Name{name.bits(), &t, {}};
    n->next.store(chain(name).load(std::memory_order_relaxed), std::memory_order_relaxed);
    chain(name).store(n, std::memory_order_release);
    return true;
  }
  void forget(Term name, Table& t) {
    std::atomic<Name*>* at = &chain(name);
    for (Name* n; (n = at->load(std::memory_order_relaxed)); at = &n->next) {
      if (n->table != &t || n->name != name.bits()) continue;
      at->store(n->next.load(std::memory_order_relaxed), std::memory_order_release);
      return sync::Epoch::defer(n, [](void* p) { delete static_cast<Name*>(p); });
    }
  }
  void disown(Term owner, Table& t) {
    Shard& s = of_process(owner);
    Guard hold(s.lock);
    auto it = s.owners.find(owner.bits());
    if (it == s.owners.end()) return;
    it->second.erase(&t);
    if (it->second.empty()) s.owners.erase(it);
  }
  void own(Term owner, Table& t) {
    Shard& s = of_process(owner);
    Guard hold(s.lock);
    s.owners[owner.bits()].insert(&t);
  }
};

Tables::Tables(proc::Runtime& runtime) : runtime_(runtime), impl_(std::make_unique<Impl>()) {}
Tables::~Tables() = default;

Table* Tables::find_by_name(Term name) const {
  for (auto* n = impl_->chain(name).load(std::memory_order_acquire); n; n = n->next.load(std::memory_order_acquire))
    if (n->name == name.bits()) return n->table;
  return nullptr;
}

// From now on the end of this process is of interest.
static void mark_table_user(proc::Runtime& rt, Term pid) {
  if (!pid.is_local_pid()) return;
  if (proc::Process* p = rt.processes->lookup(pid)) p->has_tables.store(true, std::memory_order_seq_cst);
}

bool Tables::add(Table& table) {
  if (table.options.named) {
    Guard hold(impl_->names_lock);
    if (!impl_->enter(table.name(), table)) return false;
  }
  table.add_ref();
  impl_->count.fetch_add(1, std::memory_order_relaxed);
  {
    Impl::Shard& s = impl_->of_table(table.numbers);
    Guard hold(s.lock);
    s.tables[Impl::number_of(table.numbers)] = &table;
  }
  impl_->own(table.owner(), table);
  mark_table_user(runtime_, table.owner());
  return true;
}

bool Tables::rename(Table& table, Term name) {
  Guard hold(impl_->names_lock);
  Term old = table.name();
  if (table.deleted()) return true;
  if (table.options.named) {
    if (!impl_->enter(name, table)) return false;
    impl_->forget(old, table);
  }
  table.name_.store(name.bits(), std::memory_order_release);
  return true;
}

bool Tables::remove(Table& table) {
  std::unique_ptr<Remains> remains;
  {
    StepLock step(table);
    if (!step.ok()) return false;
    table.deleted_.store(true, std::memory_order_release);
    remains = table.store->detach_all();
  }
  if (table.options.named) {
    Guard hold(impl_->names_lock);
    impl_->forget(table.name(), table);
  }
  {
    Guard hold(table.meta);
    impl_->disown(table.owner(), table);
  }
  bury(std::move(remains));
  {
    Impl::Shard& s = impl_->of_table(table.numbers);
    Guard hold(s.lock);
    s.tables.erase(Impl::number_of(table.numbers));
  }
  impl_->count.fetch_sub(1, std::memory_order_relaxed);
  table.release();
  return true;
}

void Tables::bury(std::unique_ptr<Remains> remains) {
  auto* burial = new Burial(std::move(remains), runtime_.schedulers);
  sync::Epoch::defer(burial, [](void* p) { static_cast<Burial*>(p)->start(); });
}

bool Tables::change_owner(Table& table, Term from, Term to) {
  {
    Guard hold(table.meta);
    if (table.deleted() || table.owner() != from) return false;
    impl_->disown(from, table);
    table.owner_.store(to.bits(), std::memory_order_release);
    mark_table_user(runtime_, to);
    impl_->own(to, table);
  }
  // An owner that was just ending may have looked for its tables before.
  proc::Process* p = runtime_.processes->lookup(to);
  if (!p || !p->alive()) leave(table, to);
  return true;
}

std::vector<Table*> Tables::all() const {
  std::vector<Table*> list;
  for (Impl::Shard& s : impl_->shards) {
    Guard hold(s.lock);
    for (auto& [number, t] : s.tables) t->add_ref(), list.push_back(t);
  }
  return list;
}

Term Tables::reference_of(term::HeapWriter& h, const std::uint32_t numbers[3]) const {
  Impl::Shard& s = impl_->of_table(numbers);
  Guard hold(s.lock);
  auto it = s.tables.find(Impl::number_of(numbers));
  return it == s.tables.end() || it->second->numbers[2] != numbers[2] ? Term::non_value() : it->second->reference(h);
}

std::size_t Tables::count() const { return impl_->count.load(std::memory_order_relaxed); }

void Tables::note_fixation(Term pid, Table& table) {
  {
    Impl::Shard& s = impl_->of_process(pid);
    Guard hold(s.lock);
    if (s.fixers[pid.bits()].insert(&table).second) table.add_ref();
  }
  mark_table_user(runtime_, pid);
}

namespace {

// {'ETS-TRANSFER', Table, From, Data} to the heir.
void announce_transfer(proc::Runtime& rt, Table& table, Term from, Term to, heap::OwnedTerm& data) {
  heap::FragmentWriter writer(32);
  heap::OwnedTerm message;
  Term id = table.identifier(writer);
  Term copy = heap::copy(data.term, writer);
  message.term = term::Tuple::make(writer, atoms::ETS_TRANSFER, id, from, copy);
  message.fragments = writer.take();
  proc::send_owned(rt, to, std::move(message), from);
}

}  // namespace

// The owner is no more: the heir gets the table, or it goes.
void Tables::leave(Table& t, Term owner) {
  Term heir;
  heap::OwnedTerm data;
  {
    Guard hold(t.meta);
    heir = t.heir;
    data = heap::copy_to_fragment(t.heir_data.term);
  }
  proc::Process* to = heir.is_local_pid() && heir != owner ? runtime_.processes->lookup(heir) : nullptr;
  if (to && to->alive() && change_owner(t, owner, heir)) announce_transfer(runtime_, t, owner, heir, data);
  else if (t.owner() == owner && !remove(t)) os::yield_thread();  // another thread is just taking it away
  heap::release(data);
}

void Tables::owner_ended(proc::Process& p) {
  if (!p.has_tables.load(std::memory_order_seq_cst)) return;  // most processes end without a lock
  Impl::Shard& shard = impl_->of_process(p.pid);
  for (;;) {
    Table* t = nullptr;
    {
      Guard hold(shard.lock);
      auto it = shard.owners.find(p.pid.bits());
      if (it == shard.owners.end()) break;
      t = *it->second.begin();
    }
    leave(*t, p.pid);
  }
  std::unordered_set<Table*> fixed;
  {
    Guard hold(shard.lock);
    auto it = shard.fixers.find(p.pid.bits());
    if (it == shard.fixers.end()) return;
    fixed.swap(it->second);
    shard.fixers.erase(it);
  }
  for (Table* t : fixed) {
    t->unfix(p.pid, ~std::uint64_t{0});
    t->release();
  }
}

}  // namespace vm::ets
