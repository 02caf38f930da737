// SPDX-License-Identifier: Apache-2.0
//
// A table indexed by atom: looking a name up is one load. It is address space that fills as atoms are made, so it costs memory only where
// names are. Changes take one lock.
#include "proc/registry.h"

#include <algorithm>
#include <atomic>

#include "os/memory.h"
#include "proc/runtime.h"
#include "proc/tracing.h"
#include "sync/mutex.h"
#include "term/atoms.h"

namespace vm::proc {

struct Registry::Impl {
  std::atomic<Word>* by_atom = nullptr;  // term bits; 0 = none
  std::size_t size = 0;
  sync::Mutex naming{sync::LockRank::Naming};
  sync::Mutex lock{sync::LockRank::Registry};
  std::vector<Term> names;
  std::uint32_t* positions = nullptr;  // by atom: index in names
};

Registry::Registry() : impl_(new Impl) {
  impl_->size = std::max<std::size_t>(term::AtomTable::limit(), 65536) + term::atoms::kStaticAtomCount;
  impl_->by_atom = static_cast<std::atomic<Word>*>(os::map_lazy(impl_->size * sizeof(Word)));
  impl_->positions = static_cast<std::uint32_t*>(os::map_lazy(impl_->size * sizeof(std::uint32_t)));
}

Registry::~Registry() {
  os::release(impl_->by_atom, impl_->size * sizeof(Word));
  os::release(impl_->positions, impl_->size * sizeof(std::uint32_t));
  delete impl_;
}

bool Registry::add(Term name, Term pid_or_port) {
  VM_CHECK(name.atom_index() < impl_->size);
  sync::MutexGuard guard(impl_->lock);
  std::atomic<Word>& cell = impl_->by_atom[name.atom_index()];
  if (cell.load(std::memory_order_relaxed) != 0) return false;
  cell.store(pid_or_port.bits(), std::memory_order_release);
  impl_->positions[name.atom_index()] = static_cast<std::uint32_t>(impl_->names.size());
  impl_->names.push_back(name);
  return true;
}

bool Registry::remove(Term name, Term expected) {
  if (name.atom_index() >= impl_->size) return false;
  sync::MutexGuard guard(impl_->lock);
  std::atomic<Word>& cell = impl_->by_atom[name.atom_index()];
  const Word have = cell.load(std::memory_order_relaxed);
  if (have == 0 || (expected.is_value() && have != expected.bits())) return false;
  cell.store(0, std::memory_order_release);
  const std::uint32_t position = impl_->positions[name.atom_index()];
  const Term last = impl_->names.back();
  impl_->names[position] = last;
  impl_->positions[last.atom_index()] = position;
  impl_->names.pop_back();
  return true;
}

Term Registry::lookup(Term name) const {
  if (name.atom_index() >= impl_->size) return Term::non_value();
  const Word have = impl_->by_atom[name.atom_index()].load(std::memory_order_acquire);
  return have ? Term::from_bits(have) : Term::non_value();
}

std::vector<Term> Registry::names() const {
  sync::MutexGuard guard(impl_->lock);
  return impl_->names;
}

sync::Mutex& Registry::naming_lock() { return impl_->naming; }

bool register_process(Runtime& rt, Process& p, Term name) {
  sync::MutexGuard guard(rt.registry->naming_lock());
  std::uint32_t s = p.state.load(std::memory_order_seq_cst);
  do {
    if (s & (kNamed | kExiting)) return false;
  } while (!p.state.compare_exchange_weak(s, s | kNamed, std::memory_order_seq_cst));
  if (!rt.registry->add(name, p.pid)) {
    p.state.fetch_and(~std::uint32_t{kNamed}, std::memory_order_seq_cst);
    return false;
  }
  p.registered_name = name;
  if (VM_UNLIKELY(p.is_traced(kTraceProcs))) rt.trace->process_event(p, atoms::register_, name, Term::non_value());
  return true;
}

bool unregister_process(Runtime& rt, Process& p, Term name) {
  sync::MutexGuard guard(rt.registry->naming_lock());
  if (!rt.registry->remove(name, p.pid)) return false;
  p.registered_name = term::kNil;
  p.state.fetch_and(~std::uint32_t{kNamed}, std::memory_order_seq_cst);
  if (VM_UNLIKELY(p.is_traced(kTraceProcs))) rt.trace->process_event(p, atoms::unregister, name, Term::non_value());
  return true;
}

}  // namespace vm::proc
