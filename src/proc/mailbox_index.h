// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] MailboxIndex: finds the next message a receive may take without looking at those in between.
//
// A receive that has nothing but `{reply, Ref, _}` in its clauses need not look at messages that are no triples, or have another first element.
// Every message is on up to two chains, in order of arrival: by its first element and by its second one (messages that are no tuples: by
// themselves). A chain is found by a key of 64 bits; terms that are equal (=:=) have the same key, so a chain holds all messages that
// match, and perhaps more. The receive tests what it gets as ever: the index only leaves out what cannot match.
//
// Made by Mailbox when receives passed over many messages, dropped when the queue is short. Messages that arrive are entered when somebody looks
// something up. Owned by the receiver's thread. Keys are numbers: no roots.
#pragma once

#include <deque>
#include <span>
#include <unordered_map>

#include "proc/signal.h"

namespace vm::proc {

// What a message must be: a tuple of this arity whose first two elements equal these values, or (arity 0) equal to first. Values that do
// not count are the non-value.
struct MessageShape {
  std::size_t arity = 0;
  Term first = Term::non_value();
  Term second = Term::non_value();
};

class MailboxIndex {
 public:
  static constexpr std::size_t kMaxShapes = 16;

  // Enters a message behind all others. Takes over Signal::id; `number` is the place in the queue.
  void add(Signal& m);
  // Takes a message out; its id is its number again.
  void remove(Signal& m);
  static bool holds(const Signal& m) { return (m.flags & kIndexed) != 0; }
  static std::uint64_t number(const Signal& m);
  // First message numbered at least `from` with one of these shapes; nullptr: none.
  Signal* find(std::span<const MessageShape> shapes, std::uint64_t from);
  // Gives all messages from m on their numbers back.
  void forget_all(Signal* first);

  // Equal for terms that are =:=.
  static std::uint64_t key_of(std::uint64_t arity_and_position, Term t);

 private:
  struct Chain;
  struct Node {
    Signal* message;
    std::uint64_t number;
    Node* next;
    Node* prev;
    Chain* chain;
    Node* sibling;  // second node of the message, or nullptr; also links free nodes
  };
  struct Chain {
    Node* first = nullptr;
    Node* last = nullptr;
    std::size_t length = 0;
    std::uint64_t key = 0;
  };
  // Where the last search for a shape of the same place in a receive ended: the next one goes on from there.
  struct Cursor {
    Chain* chain = nullptr;
    Node* node = nullptr;
  };

  Node* make(Signal& m, std::uint64_t key);
  void unchain(Node* n);
  Chain* chain_of(std::uint64_t key);
  Node* seek(Chain* chain, std::uint64_t from, Cursor& cursor);

  std::unordered_map<std::uint64_t, Chain> chains_;
  std::deque<Node> nodes_;
  Node* free_ = nullptr;
  Cursor cursors_[kMaxShapes];
};

}  // namespace vm::proc
