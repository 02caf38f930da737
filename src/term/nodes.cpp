// SPDX-License-Identifier: Apache-2.0
#include "term/nodes.h"

#include <atomic>

#include "sync/mutex.h"
#include "term/atoms.h"

namespace vm::term {
namespace {

// Few nodes are ever known and external terms are decoded in runs of one node, so a list searched from its newest entry
// serves; entries are only ever added in front.
struct Link {
  NodeEntry entry;
  const Link* next;
};

struct Nodes {
  std::atomic<const Link*> first{nullptr};
  std::atomic<const NodeEntry*> self{nullptr};
  sync::Mutex lock{sync::LockRank::Nodes};
};

Nodes& nodes() {
  static Nodes* the_nodes = new Nodes;
  return *the_nodes;
}

const NodeEntry* find(const Link* from, Term name, std::uint32_t creation) {
  for (const Link* l = from; l != nullptr; l = l->next)
    if (l->entry.name == name && l->entry.creation == creation) return &l->entry;
  return nullptr;
}

}  // namespace

const NodeEntry* intern_node(Term name, std::uint32_t creation) {
  Nodes& all = nodes();
  if (const NodeEntry* e = find(all.first.load(std::memory_order_acquire), name, creation)) return e;
  sync::MutexGuard guard(all.lock);
  const Link* first = all.first.load(std::memory_order_relaxed);
  if (const NodeEntry* e = find(first, name, creation)) return e;
  Link* link = new Link{{name, creation}, first};
  all.first.store(link, std::memory_order_release);
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
  for (const Link* l = nodes().first.load(std::memory_order_acquire); l != nullptr; l = l->next) result.push_back(&l->entry);
  return result;
}

}  // namespace vm::term
