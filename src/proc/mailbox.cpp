// SPDX-License-Identifier: Apache-2.0
#include "proc/mailbox.h"

#include <algorithm>

#include "proc/references.h"
#include "term/views.h"

namespace vm::proc {

Mailbox::~Mailbox() {
  for (Signal* s = close(); s;) {
    Signal* next = s->next;
    Signal::destroy(s);
    s = next;
  }
  for (Message* m = first_; m;) {
    Message* next = m->next;
    Signal::destroy(m);
    m = next;
  }
  delete[] markers_;
  delete index_;
}

Signal* Mailbox::reverse(Signal* newest) {
  Signal* oldest = nullptr;
  while (newest) {
    Signal* before = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = before;
  }
  return oldest;
}

Signal* Mailbox::take_incoming() {
  Signal* head = incoming_.load(std::memory_order_relaxed);
  if (!head || head == closed()) return nullptr;
  return reverse(incoming_.exchange(nullptr, std::memory_order_seq_cst));
}

Signal* Mailbox::close() {
  Signal* head = incoming_.exchange(closed(), std::memory_order_seq_cst);
  return head == closed() ? nullptr : reverse(head);
}

void Mailbox::adopt_into(heap::ProcessHeap& heap) {
  if (matching_->fragments) heap.adopt(matching_->fragments);
  matching_->fragments = nullptr;
  if (!is_listed(*matching_)) list(*matching_);
}

void Mailbox::remove(Message* m) {
  if (is_listed(*m)) unlist(*m);
  if (matching_ == m) matching_ = nullptr;
  if (VM_UNLIKELY(index_ != nullptr)) {
    if (unindexed_ == m) unindexed_ = m->next;
    if (MailboxIndex::holds(*m)) index_->remove(*m);
  }
  if (markers_used_) {
    for (Word i = 0; i < kMarkers; i++)
      if (markers_[i].used && markers_[i].after == m) markers_[i].after = m->prev;
  }
  if (save_ == m) save_ = m->next;
  if (m->prev) m->prev->next = m->next;
  else first_ = m->next;
  if (m->next) m->next->prev = m->prev;
  else last_ = m->prev;
  length_--;
  if (VM_UNLIKELY(index_ != nullptr) && length_ < kIndexTo) drop_index();
}

std::size_t Mailbox::waiting_words(std::size_t enough) const {
  std::size_t words = 0;
  for (const Message* m = first_; m && words <= enough; m = m->next)
    for (const heap::HeapFragment* f = m->fragments; f; f = f->next) words += f->capacity;
  return words;
}

void Mailbox::drop_index() {
  index_->forget_all(first_);
  delete index_;
  index_ = nullptr;
  unindexed_ = nullptr;
  missed_ = 0;
  miss_limit_ = kMissLimit;
}

// Whether there is an index now that knows all messages.
bool Mailbox::prepare_index() {
  if (!index_) {
    if (length_ < kIndexFrom) {
      missed_ = 0;
      miss_limit_ = kMissLimit;
      return false;
    }
    if (missed_ < 2 * length_) {
      miss_limit_ = 2 * length_;
      return false;
    }
    index_ = new MailboxIndex;
    unindexed_ = first_;
    miss_limit_ = 0;
  }
  for (; unindexed_; unindexed_ = unindexed_->next) index_->add(*unindexed_);
  return true;
}

namespace {

// Two words that are not equal may be equal terms.
bool may_be(Term a, Term b) {
  return a == b || (a.is_pointer() && b.is_pointer()) || ((a.bits() | 8) == 12 && (b.bits() | 8) == 12);  // the zeros of floats
}

bool may_be(Term message, const MessageShape& shape) {
  if (shape.arity == 0) return may_be(message, shape.first);
  if (!message.is_tuple_of(shape.arity)) return false;
  const Word* p = message.boxed_ptr();
  return (!shape.first.is_value() || may_be(Term::from_bits(p[1]), shape.first)) &&
         (!shape.second.is_value() || may_be(Term::from_bits(p[2]), shape.second));
}

}  // namespace

std::size_t Mailbox::skip(std::span<const MessageShape> shapes) {
  if (!save_) return 0;
  if ((index_ || missed_ > miss_limit_) && prepare_index()) {
    save_ = index_->find(shapes, MailboxIndex::number(*save_));
    return 0;
  }
  const auto fits = [&](const Message& m) {
    return std::any_of(shapes.begin(), shapes.end(), [&](auto& shape) { return may_be(m.term, shape); });
  };
  std::size_t n = 0;
  for (; save_ && n < kMostSkipped && !fits(*save_); n++) save_ = save_->next;
  missed_ += n;
  return n;
}

Word Mailbox::reserve_marker() {
  if (!markers_) markers_ = new Marker[kMarkers];
  Word id = kMarkers;
  for (Word i = 0; i < kMarkers && id == kMarkers; i++)
    if (!markers_[i].used) id = i;
  if (id == kMarkers) {
    id = next_marker_;
    next_marker_ = static_cast<std::uint8_t>((next_marker_ + 1) % kMarkers);
  } else {
    markers_used_++;
  }
  markers_[id] = Marker{};
  markers_[id].used = true;
  markers_[id].after = last_;
  return id;
}

void Mailbox::bind_marker(Word id, Term ref) {
  if (id >= kMarkers || !markers_ || !markers_[id].used || !ref.is_ref()) return;
  reference_words(ref, markers_[id].ref);
  markers_[id].bound = true;
}

void Mailbox::set_marker(Term ref) {
  if (!markers_used_ || !ref.is_ref()) return;
  Word words[3];
  reference_words(ref, words);
  for (Word i = 0; i < kMarkers; i++) {
    const Marker& m = markers_[i];
    if (!m.used || !m.bound || m.ref[0] != words[0] || m.ref[1] != words[1] || m.ref[2] != words[2]) continue;
    save_ = m.after ? m.after->next : first_;
    return;
  }
}

void Mailbox::clear_marker_id(Word id) {
  if (id >= kMarkers || !markers_ || !markers_[id].used) return;
  markers_[id] = Marker{};
  markers_used_--;
}

void Mailbox::clear_marker_ref(Term ref) {
  if (!markers_used_ || !ref.is_ref()) return;
  Word words[3];
  reference_words(ref, words);
  for (Word i = 0; i < kMarkers; i++) {
    const Marker& m = markers_[i];
    if (m.used && m.bound && m.ref[0] == words[0] && m.ref[1] == words[1] && m.ref[2] == words[2]) clear_marker_id(i);
  }
}

void Mailbox::visit_roots(heap::RootSink& sink) {
  for (Message* m = on_heap_; m; m = m->heap_next) {
    sink.roots(&m->term, 1);
    sink.roots(&m->token, 1);
    sink.roots(&m->from, 1);
  }
}

}  // namespace vm::proc
