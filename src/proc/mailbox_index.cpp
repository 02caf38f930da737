// SPDX-License-Identifier: Apache-2.0
#include "proc/mailbox_index.h"

#include "proc/references.h"
#include "term/views.h"

namespace vm::proc {
namespace {

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = (a ^ (b + 0x9E3779B97F4A7C15 + (a << 6))) * 0xBF58476D1CE4E5B9;
  x ^= x >> 29;
  return x * 0x94D049BB133111EB;
}

// Keys of boxed terms by their kind.
enum : std::uint64_t { kFloatKey = 1, kReferenceKey, kOtherKey };

bool by_elements(Term t) { return t.is_tuple() && term::Tuple::from(t).size() > 0; }

// A shape that is a whole tuple, as one of its elements.
MessageShape element_shape(Term tuple) {
  const term::Tuple t = term::Tuple::from(tuple);
  MessageShape s;
  s.arity = t.size();
  s.first = t[0];
  if (s.arity > 1) s.second = t[1];
  return s;
}

}  // namespace

std::uint64_t MailboxIndex::key_of(std::uint64_t place, Term t) {
  if (t.is_float()) return mix(place, kFloatKey);  // 0.0 =:= -0.0
  if (!t.is_pointer()) return mix(place, t.bits());
  if (t.is_ref()) {
    Word words[3];
    reference_words(t, words);
    return mix(mix(mix(place, kReferenceKey), words[0]), words[1]);
  }
  return mix(place, kOtherKey);
}

std::uint64_t MailboxIndex::number(const Signal& m) { return holds(m) ? reinterpret_cast<Node*>(m.id)->number : m.id; }

MailboxIndex::Node* MailboxIndex::make(Signal& m, std::uint64_t key) {
  Node* n = free_;
  if (n) free_ = n->sibling;
  else n = &nodes_.emplace_back();
  Chain& c = chains_[key];
  c.key = key;
  *n = Node{&m, m.id, nullptr, c.last, &c, nullptr};
  if (c.last) c.last->next = n;
  else c.first = n;
  c.last = n;
  c.length++;
  return n;
}

void MailboxIndex::add(Signal& m) {
  Node* first = nullptr;
  if (by_elements(m.term)) {
    const term::Tuple t = term::Tuple::from(m.term);
    const std::size_t arity = t.size();
    first = make(m, key_of(2 * arity, t[0]));
    if (arity > 1) first->sibling = make(m, key_of(2 * arity + 1, t[1]));
  } else {
    first = make(m, key_of(0, m.term));
  }
  m.flags |= kIndexed;
  m.id = reinterpret_cast<std::uint64_t>(first);
}

void MailboxIndex::unchain(Node* n) {
  Chain& c = *n->chain;
  if (n->prev) n->prev->next = n->next;
  else c.first = n->next;
  if (n->next) n->next->prev = n->prev;
  else c.last = n->prev;
  n->sibling = free_;
  free_ = n;
  if (--c.length == 0) chains_.erase(c.key);
}

void MailboxIndex::remove(Signal& m) {
  Node* first = reinterpret_cast<Node*>(m.id);
  m.id = first->number;
  m.flags = static_cast<std::uint8_t>(m.flags & ~kIndexed);
  for (Cursor& c : cursors_) c = Cursor{};
  Node* second = first->sibling;
  unchain(first);
  if (second) unchain(second);
}

void MailboxIndex::forget_all(Signal* m) {
  for (; m; m = m->next) {
    if (!holds(*m)) continue;
    m->id = reinterpret_cast<Node*>(m->id)->number;
    m->flags = static_cast<std::uint8_t>(m->flags & ~kIndexed);
  }
}

MailboxIndex::Chain* MailboxIndex::chain_of(std::uint64_t key) {
  const auto it = chains_.find(key);
  return it == chains_.end() ? nullptr : &it->second;
}

// From where the last search ended, else from the nearer end.
MailboxIndex::Node* MailboxIndex::seek(Chain* chain, std::uint64_t from, Cursor& cursor) {
  Node* n = nullptr;
  if (chain->first->number >= from) {
    n = chain->first;
  } else if (cursor.chain == chain && cursor.node && cursor.node->number <= from) {
    n = cursor.node;
    while (n && n->number < from) n = n->next;
  } else if (chain->last->number >= from) {
    n = chain->last;
    while (n->prev && n->prev->number >= from) n = n->prev;
  }
  cursor = Cursor{chain, n};
  return n;
}

Signal* MailboxIndex::find(std::span<const MessageShape> shapes, std::uint64_t from) {
  const Node* best = nullptr;
  for (std::size_t i = 0; i < shapes.size() && i < kMaxShapes; i++) {
    const bool tuple = shapes[i].arity == 0 && by_elements(shapes[i].first);
    const MessageShape s = tuple ? element_shape(shapes[i].first) : shapes[i];
    Chain* chain = nullptr;
    if (s.first.is_value() && !(chain = chain_of(key_of(2 * s.arity, s.first)))) continue;
    if (s.second.is_value()) {
      Chain* other = chain_of(key_of(2 * s.arity + 1, s.second));
      if (!other) continue;
      if (!chain || other->length < chain->length) chain = other;
    }
    const Node* n = seek(chain, from, cursors_[i]);
    if (n && (!best || n->number < best->number)) best = n;
  }
  return best ? best->message : nullptr;
}

}  // namespace vm::proc
