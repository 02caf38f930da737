// SPDX-License-Identifier: Apache-2.0
#include "ets/store.h"

#include "term/compare.h"
#include "term/views.h"

namespace vm::ets {

namespace {
constexpr Word kEmptyTuple[] = {term::HeaderWord::make(term::Kind::Tuple, 0).bits()};
}

std::size_t Stripes::rows() const {
  std::int64_t n = 0;
  for (unsigned i = 0; i < n_; i++) n += stripes_[i].rows.load(std::memory_order_relaxed);
  return n > 0 ? static_cast<std::size_t>(n) : 0;
}

std::size_t Stripes::row_bytes() const {
  std::int64_t n = 0;
  for (unsigned i = 0; i < n_; i++) n += stripes_[i].bytes.load(std::memory_order_relaxed);
  return n > 0 ? static_cast<std::size_t>(n) : 0;
}

void Stripes::lock_all() {
  for (unsigned i = 0; i < n_; i++) stripes_[i].lock.lock();
  step_.store(step_.load(std::memory_order_relaxed) + 1, std::memory_order_seq_cst);
}

void Stripes::unlock_all() {
  step_.store(step_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  for (unsigned i = n_; i-- > 0;) stripes_[i].lock.unlock();
}

// The step ends before the stripes are given back.
void Stripes::wait_slow() {
  stripes_[0].lock.lock();
  stripes_[0].lock.unlock();
}

int Range::place(Term key) const {
  Term smallest_tuple = Term::boxed(kEmptyTuple);
  if (!key.is_tuple()) return term::compare(key, smallest_tuple);
  term::Tuple t = term::Tuple::from(key);
  if (t.size() != size) return t.size() < size ? -1 : 1;
  for (std::size_t i = 0; i < first.size(); i++)
    if (int order = term::compare(t[i], first[i]); order != 0) return order;
  return 0;
}

}  // namespace vm::ets
