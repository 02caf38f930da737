// SPDX-License-Identifier: Apache-2.0
#include "ets/store.h"

namespace vm::ets {

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

}  // namespace vm::ets
