// SPDX-License-Identifier: Apache-2.0
#include "term/nodes.h"

#include <atomic>

#include "sync/mutex.h"
#include "term/atoms.h"

namespace vm::term {
namespace {

// A hash table of lists whose entries are only ever added in front, so reading takes no lock. It does not grow: the buckets suffice for thousands of
// nodes, and each incarnation of a node adds one entry.
struct Link {
  NodeEntry entry;
  const Link* next;
};

constexpr std::size_t kBuckets = 4096;

struct Nodes {
  std::atomic<const Link*> buckets[kBuckets]{};
  std::atomic<const NodeEntry*> self{nullptr};
  sync::Mutex lock{sync::LockRank::Nodes};
};

Nodes& nodes() {
  static Nodes* the_nodes = new Nodes;
  return *the_nodes;
}

std::atomic<const Link*>& bucket_of(Term name, std::uint32_t creation) {
  const Word key = name.bits() ^ Word { creation } << 32;
  return nodes().buckets[(key * 0x9E3779B97F4A7C15) >> 52];
}

const NodeEntry* find(const Link* from, Term name, std::uint32_t creation) {
  for (const Link* l = from; l != nullptr; l = l->next)
    if (l->entry.name == name && l->entry.creation == creation) return &l->entry;
  return nullptr;
}

}  // namespace

const NodeEntry* intern_node(Term name, std::uint32_t creation) {
  std::atomic<const Link*>& bucket = bucket_of(name, creation);
  if (const NodeEntry* e = find(bucket.load(std::memory_order_acquire), name, creation)) return e;
  sync::MutexGuard guard(nodes().lock);
  const Link* first = bucket.load(std::memory_order_relaxed);
  if (const NodeEntry* e = find(first, name, creation)) return e;
  Link* link = new Link{{name, creation}, first};
  bucket.store(link, std::memory_order_release);
  return &link->entry;
}

const NodeEntry* this_node() {
  Nodes& all = nodes();
  const NodeEntry* self = all.self.load(std::memory_order_acquire);
  if (VM_LIKELY(self != nullptr)) return self;
  self = intern_node(atoms::nonode_at_nohost, 0);
  const NodeEntry* none = nullptr;
  return all.self.compare_exchange_strong(none, self) ? self : none;
}

void set_this_node(const NodeEntry* node) { nodes().self.store(node, std::memory_order_release); }

std::vector<const NodeEntry*> known_nodes() {
  std::vector<const NodeEntry*> result;
  for (const std::atomic<const Link*>& bucket : nodes().buckets)
    for (const Link* l = bucket.load(std::memory_order_acquire); l != nullptr; l = l->next) result.push_back(&l->entry);
  return result;
}

}  // namespace vm::term
