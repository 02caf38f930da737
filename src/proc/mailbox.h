// SPDX-License-Identifier: Apache-2.0
//
// Mailbox: the receiver's side of its signal queue.
//
// Incoming: lock-free multi-producer list. Inbox: messages in arrival order, doubly linked, owned by the receiver's thread; `save` is where the
// running receive looks next. A receive marker remembers a position: messages before it cannot match a reference made later.
//
// Terms of a message stay in its fragment until the message is taken out by a receive, which adopts the fragment to the young generation.
// A message whose terms already lie on the heap (internal ones) has no fragment; then its terms are roots.
#pragma once

#include <atomic>

#include "proc/signal.h"

namespace vm::heap {
class RootSink;
}

namespace vm::proc {

struct Message {  // a Signal of kind Message as it waits in the inbox
  Message* prev;
  Message* next;
  Signal* signal;
};

class Mailbox {
 public:
  Mailbox();
  ~Mailbox();

  // --- any thread
  // Appends; returns true when the queue was empty before (the receiver may sleep and must be woken).
  bool push(Signal* s);
  std::size_t approximate_length() const;  // messages, incoming ones included

  // --- receiver's thread
  // Message under the save pointer, or nullptr at the end of the inbox (then fetch).
  Signal* peek() const;
  void advance();                 // loop_rec_end
  // Takes the message under save out of the inbox; the caller owns the signal. Resets save to the start.
  Signal* take();
  void rewind();                  // save = start of inbox (a receive ended or timed out)
  // Moves everything that came in to the inbox (messages) or to `others` in order. Returns false when nothing came.
  bool fetch(Signal** others);
  bool incoming_empty() const;
  std::size_t inbox_length() const { return length_; }
  Message* first() const { return first_; }
  // Puts a message (made by handling another signal: 'DOWN', 'EXIT') at the end of the inbox. Receiver's thread only.
  void append(Signal* message);

  // Receive markers (recv_marker_*): slot ids 0..3 reused; bind ties a marker to a reference, set makes the next receive start there.
  Word reserve_marker();
  void bind_marker(Word id, Term ref);
  void set_marker(Term ref);      // start the next scan at the marker bound to ref, when there is one
  void clear_marker(Word id_or_ref_bits);
  void visit_roots(heap::RootSink& sink);

 private:
  friend class MailboxAccess;
  std::atomic<Signal*> incoming_tail_;
  Signal incoming_stub_;
  Signal* incoming_head_;
  Message* first_ = nullptr;
  Message* last_ = nullptr;
  Message* save_ = nullptr;       // nullptr: at the end (or empty)
  bool save_at_end_ = false;
  std::size_t length_ = 0;
  std::atomic<std::size_t> incoming_length_{0};
  struct Marker {
    Message* after;               // last message that was in the inbox when the marker was made; nullptr = from the start
    Term ref;
    bool used, bound;
  };
  Marker markers_[4]{};
  void* index_ = nullptr;         // lazy index of long inboxes
};

}  // namespace vm::proc
