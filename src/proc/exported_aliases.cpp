// SPDX-License-Identifier: Apache-2.0
#include "proc/exported_aliases.h"

#include <algorithm>
#include <atomic>
#include <unordered_map>

#include "proc/process_table.h"
#include "proc/runtime.h"
#include "sync/epoch.h"
#include "sync/mutex.h"

namespace vm::proc {
namespace {

constexpr std::size_t kShards = 64, kFirstSweep = 1024;

struct Shard {
  sync::Mutex lock{sync::LockRank::Leaf};
  std::unordered_map<std::uint64_t, Term> owners;
  std::size_t sweep_at = kFirstSweep;
};

struct Table {
  std::atomic<std::size_t> count{0};
  Shard shards[kShards];
};

Table& table() {
  static Table* the_table = new Table;
  return *the_table;
}

Shard& shard_of(std::uint64_t key) { return table().shards[(key * 0x9E3779B97F4A7C15) >> 58]; }

void sweep_locked(Runtime& rt, Shard& shard) {
  sync::Epoch::Guard guard;
  const std::size_t before = shard.owners.size();
  std::erase_if(shard.owners, [&](const auto& entry) { return rt.processes->lookup(entry.second) == nullptr; });
  table().count.fetch_sub(before - shard.owners.size(), std::memory_order_relaxed);
  shard.sweep_at = std::max(kFirstSweep, shard.owners.size() * 2);
}

}  // namespace

void note_exported_alias(Runtime& rt, std::uint64_t key, Term local_pid) {
  Shard& shard = shard_of(key);
  sync::MutexGuard guard(shard.lock);
  if (!shard.owners.emplace(key, local_pid).second) return;
  table().count.fetch_add(1, std::memory_order_seq_cst);
  if (shard.owners.size() >= shard.sweep_at) sweep_locked(rt, shard);
}

Term exported_alias_owner(std::uint64_t key) {
  if (table().count.load(std::memory_order_relaxed) == 0) return Term::non_value();
  Shard& shard = shard_of(key);
  sync::MutexGuard guard(shard.lock);
  auto found = shard.owners.find(key);
  return found == shard.owners.end() ? Term::non_value() : found->second;
}

void forget_exported_alias(std::uint64_t key) {
  if (table().count.load(std::memory_order_relaxed) == 0) return;
  Shard& shard = shard_of(key);
  sync::MutexGuard guard(shard.lock);
  if (shard.owners.erase(key) > 0) table().count.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace vm::proc
