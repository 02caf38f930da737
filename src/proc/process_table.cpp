// SPDX-License-Identifier: Apache-2.0
//
// A pid's data is a running number; the slot is the number modulo the table's size (a power of two), so numbers grow by one per spawn as long as
// slots are free. A slot holds nullptr (free), kReserved, or the process.
#include "proc/process_table.h"

#include "os/memory.h"

namespace vm::proc {
namespace {
Process* reserved() { return reinterpret_cast<Process*>(1); }
constexpr Word kDataMask = (Word{1} << 58) - 1;
}  // namespace

struct ProcessTable::Impl {
  std::atomic<Process*>* slots = nullptr;
  std::size_t size = 0;  // power of two
  std::size_t limit = 0;
  std::atomic<bool> any_slot{false};  // not only those below `next` may be in use
  alignas(64) std::atomic<Word> next{0};
  alignas(64) std::atomic<std::size_t> count{0};
};

ProcessTable::ProcessTable(std::size_t limit) : impl_(new Impl) {
  impl_->size = 16;
  while (impl_->size < limit) impl_->size *= 2;
  impl_->limit = limit;
  impl_->slots = static_cast<std::atomic<Process*>*>(os::map_lazy(impl_->size * sizeof(std::atomic<Process*>)));
}

ProcessTable::~ProcessTable() {
  os::release(impl_->slots, impl_->size * sizeof(std::atomic<Process*>));
  delete impl_;
}

Process* ProcessTable::lookup(Term pid) const {
  const Word data = pid.id_data();
  Process* p = impl_->slots[data & (impl_->size - 1)].load(std::memory_order_acquire);
  return reinterpret_cast<Word>(p) > 1 && p->pid == pid ? p : nullptr;
}

Term ProcessTable::reserve() {
  Impl& m = *impl_;
  if (m.count.fetch_add(1, std::memory_order_relaxed) >= m.limit) {
    m.count.fetch_sub(1, std::memory_order_relaxed);
    return Term::non_value();
  }
  for (;;) {
    const Word n = m.next.fetch_add(1, std::memory_order_relaxed) & kDataMask;
    Process* expected = nullptr;
    std::atomic<Process*>& s = m.slots[n & (m.size - 1)];
    if (s.load(std::memory_order_relaxed) == nullptr && s.compare_exchange_strong(expected, reserved())) return Term::local_pid(n);
  }
}

void ProcessTable::publish(Term pid, Process* p) { impl_->slots[pid.id_data() & (impl_->size - 1)].store(p, std::memory_order_release); }

void ProcessTable::cancel(Term pid) { remove(pid); }

void ProcessTable::remove(Term pid) {
  impl_->slots[pid.id_data() & (impl_->size - 1)].store(nullptr, std::memory_order_seq_cst);
  impl_->count.fetch_sub(1, std::memory_order_relaxed);
}

std::size_t ProcessTable::count() const { return impl_->count.load(std::memory_order_relaxed); }
Word ProcessTable::next_number() const { return impl_->next.load(std::memory_order_relaxed) & kDataMask; }
void ProcessTable::set_next_number(Word n) {
  impl_->any_slot.store(true, std::memory_order_relaxed);
  impl_->next.store(n & kDataMask, std::memory_order_release);
}

std::size_t ProcessTable::limit() const { return impl_->limit; }
std::size_t ProcessTable::slot_count() const {
  const Word used = impl_->next.load(std::memory_order_acquire);
  return used < impl_->size && !impl_->any_slot.load(std::memory_order_relaxed) ? used : impl_->size;
}

Process* ProcessTable::slot(std::size_t index) const {
  Process* p = impl_->slots[index].load(std::memory_order_acquire);
  return reinterpret_cast<Word>(p) > 1 ? p : nullptr;
}

std::vector<Term> ProcessTable::pids() const {
  std::vector<Term> out;
  out.reserve(count() + 16);
  for_each([&](Process& p) {
    if (!p.exiting()) out.push_back(p.pid);
  });
  return out;
}

}  // namespace vm::proc
