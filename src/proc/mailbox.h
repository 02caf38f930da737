// SPDX-License-Identifier: Apache-2.0
//
// Mailbox: the receiver's side of its signal queue.
//
// Incoming: lock-free list that any thread pushes to, newest first; the receiver takes all of it at once and turns it around, so the order
// of arrival (and with it each sender's order) is kept. The process closes it when it ends; what comes later is the sender's business.
//
// Inbox: messages in arrival order, doubly linked through the signals themselves, owned by the receiver's thread. `save` is where the running receive
// looks next; nullptr is the end. A receive marker remembers a position: messages before it cannot match a reference made later.
//
// A receive whose clauses name what a message must be leaves out what cannot match once it has looked at a few messages. Receives that pass over
// many messages make an index for that (proc/mailbox_index.h): when as many were passed over in vain as lie in two queues of this length. It is
// dropped when the queue is short.
//
// Terms of a message stay in its fragments while it waits, also while a receive looks at it: the compiler keeps terms of a message that is not
// taken yet out of the stack, and the collector never sees them. Three exceptions put them on the receiver's heap. 1. The first few messages a
// receive looks at are copied there at once, for most are taken. 2. A collection in the middle of matching adopts the message being matched.
// 3. Who sends to a process that waits with an empty inbox may write there itself (proc/direct_delivery.h).
// Such messages, when they go on waiting, are roots and kept in a list of their own, so that a collection costs the same behind any queue.
#pragma once

#include <atomic>
#include <span>

#include "heap/process_heap.h"
#include "proc/mailbox_index.h"
#include "proc/signal.h"

namespace vm::proc {

using Message = Signal;  // a Signal of kind Message as it waits in the inbox

class Mailbox {
 public:
  Mailbox() = default;
  ~Mailbox();  // frees what is left

  enum class Push {
    Queued,  // others wait before it: whoever was first wakes the receiver
    First,   // the queue was empty: the receiver may sleep and must be woken (Process::wake)
    Closed,  // the process has ended; the caller still owns the signal
  };

  // --- any thread
  Push push(Signal* s) {
    Signal* head = incoming_.load(std::memory_order_relaxed);
    do {
      if (head == closed()) return Push::Closed;
      s->next = head;
    } while (!incoming_.compare_exchange_weak(head, s, std::memory_order_seq_cst, std::memory_order_relaxed));
    return head ? Push::Queued : Push::First;
  }
  bool incoming_empty() const { return incoming_.load(std::memory_order_seq_cst) == nullptr; }

  // --- receiver's thread
  // Everything that came in, oldest first, linked by next; nullptr when nothing did. Use proc::handle_incoming.
  Signal* take_incoming();
  // The same, and from now on push answers Closed.
  Signal* close();

  // Message under the save pointer, or nullptr at the end of the inbox (then proc::handle_incoming may bring more).
  Message* peek() const { return save_; }
  // The receive looks at the message under the save pointer from now on, until advance, take or rewind.
  void start_matching() { matching_ = save_; }
  // Whether a message that is looked at should go to the heap before it is known to match.
  bool takes_in_early() const { return on_heap_count_ < kEarly; }
  // Whether a receive that goes on now would find a message.
  bool has_unseen() const { return save_ != nullptr; }
  void advance() {  // loop_rec_end
    if (matching_ && !matching_->fragments && !is_listed(*matching_)) list(*matching_);
    matching_ = nullptr;
    save_ = save_->next;
    missed_++;
    if (passed_ < kPassed) passed_++;
  }
  // Whether the receive should tell its shapes (skip) before it looks at the next message.
  bool wants_shapes() const { return passed_ == kPassed || missed_ > miss_limit_; }
  // Moves the save pointer on to the next message that may have one of these shapes. How many messages were passed over one by one.
  std::size_t skip(std::span<const MessageShape> shapes);
  // Takes the message under save out of the inbox; the caller owns the signal. Resets save to the start.
  Message* take() {
    Message* m = save_;
    if (VM_LIKELY(m == first_ && !index_ && !markers_used_)) {
      if (is_listed(*m)) unlist(*m);
      matching_ = nullptr;
      first_ = m->next;
      if (first_) first_->prev = nullptr;
      else last_ = nullptr;
      length_--;
    } else {
      remove(m);
    }
    save_ = first_;
    passed_ = 0;
    return m;
  }
  // Takes any message of the inbox out. The caller owns it. save moves to the next one if it stood there.
  void remove(Message* m);
  void rewind() {  // a receive ended or timed out
    save_ = first_;
    matching_ = nullptr;
    passed_ = 0;
  }
  std::size_t inbox_length() const { return length_; }
  Message* first() const { return first_; }
  // Whether the message's terms are among the roots.
  static bool is_on_heap(const Message& m) { return is_listed(m); }
  // Words of the fragments that messages of the inbox wait in; stops counting beyond `enough`. O(messages).
  std::size_t waiting_words(std::size_t enough) const;
  // Puts a message at the end of the inbox.
  void append(Message* m) {
    VM_ASSERT(!is_listed(*m) && !MailboxIndex::holds(*m));
    m->next = nullptr;
    m->prev = last_;
    m->id = ++appended_;
    if (last_) last_->next = m;
    else first_ = m;
    last_ = m;
    if (!save_) save_ = m;
    if (index_ && !unindexed_) unindexed_ = m;
    length_++;
  }

  // The same in an empty inbox; the message's terms, if any, lie on the receiver's heap.
  void append_only(Message* m) {
    VM_ASSERT(length_ == 0 && !index_ && !m->fragments);
    m->prev = m->next = nullptr;
    m->id = ++appended_;
    first_ = last_ = save_ = m;
    length_ = 1;
    if (m->term.is_pointer()) list(*m);
  }
  // The same for a message that was just appended.
  void newest_is_on_heap() { list(*last_); }

  // Receive markers (recv_marker_*). At most kMarkers at a time; a further reservation takes the oldest one.
  static constexpr Word kMarkers = 4;
  Word reserve_marker();
  void bind_marker(Word id, Term ref);
  // Starts the next scan at the marker bound to ref, when there is one.
  void set_marker(Term ref);
  void clear_marker_id(Word id);
  void clear_marker_ref(Term ref);
  void clear_marker(Word id_or_ref_bits) {
    if (id_or_ref_bits < kMarkers) clear_marker_id(id_or_ref_bits);
    else clear_marker_ref(Term::from_bits(id_or_ref_bits));
  }
  // Before every collection: what is being matched becomes part of the heap.
  void adopt_matching(heap::ProcessHeap& heap) {
    if (matching_) adopt_into(heap);
  }
  void visit_roots(heap::RootSink& sink);

 private:
  static constexpr std::uint32_t kEarly = 8;
  static constexpr std::uint64_t kMissLimit = 1024;
  static constexpr std::uint8_t kPassed = 2;                     // messages a receive looks at before it tells its shapes
  static constexpr std::size_t kMostSkipped = 4096;              // at a time
  static constexpr std::size_t kIndexFrom = 256, kIndexTo = 64;  // lengths to make and to drop an index
  static bool is_listed(const Message& m) { return m.flags & kListed; }
  void list(Message& m) {
    if (!m.term.is_pointer() && !m.token.is_pointer() && !m.from.is_pointer()) return;
    m.flags |= kListed;
    m.heap_prev = nullptr;
    m.heap_next = on_heap_;
    if (on_heap_) on_heap_->heap_prev = &m;
    on_heap_ = &m;
    on_heap_count_++;
  }
  void unlist(Message& m) {
    if (m.heap_prev) m.heap_prev->heap_next = m.heap_next;
    else on_heap_ = m.heap_next;
    if (m.heap_next) m.heap_next->heap_prev = m.heap_prev;
    m.flags = static_cast<std::uint8_t>(m.flags & ~kListed);
    on_heap_count_--;
  }
  bool prepare_index();
  void drop_index();
  void adopt_into(heap::ProcessHeap& heap);
  static Signal* closed() { return reinterpret_cast<Signal*>(1); }
  static Signal* reverse(Signal* newest);

  struct Marker {
    Message* after = nullptr;  // last message that was in the inbox when the marker was made; nullptr = from the start
    Word ref[3]{};             // numbers of the bound reference
    bool used = false, bound = false;
  };

  std::atomic<Signal*> incoming_{nullptr};
  Message* first_ = nullptr;
  Message* last_ = nullptr;
  Message* save_ = nullptr;
  std::size_t length_ = 0;
  Message* matching_ = nullptr;  // what the running receive looks at; nullptr between two messages
  Message* on_heap_ = nullptr;   // waiting messages with terms on the heap, kListed
  std::uint32_t on_heap_count_ = 0;
  std::uint8_t next_marker_ = 0;
  std::uint8_t markers_used_ = 0;
  std::uint8_t passed_ = 0;   // messages that the running receive looked at in vain, kPassed at most
  std::uint64_t missed_ = 0;  // messages that receives passed over in vain
  std::uint64_t miss_limit_ = kMissLimit;
  MailboxIndex* index_ = nullptr;
  Message* unindexed_ = nullptr;  // first message the index does not know
  std::uint64_t appended_ = 0;    // messages are numbered in the inbox (Signal::id)
  Marker* markers_ = nullptr;     // kMarkers of them, on demand
};

}  // namespace vm::proc
