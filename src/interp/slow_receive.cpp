// SPDX-License-Identifier: Apache-2.0
#include "heap/block.h"
#include "heap/evacuation.h"
#include "interp/slow.h"
#include "proc/links.h"
#include "proc/saved_calls.h"
#include "proc/timers.h"
#include "proc/tracing.h"

namespace vm::interp {

namespace {

// Messages up to this many words are copied to the heap when there is room; larger ones are adopted with their fragments, which asks for a collection.
constexpr std::size_t kCopyWords = 512;
constexpr SWord kMaxTimeout = 0xffffffff;

// Copies a message that is likely to be taken to the heap: its fragment is then free for the next sender. Otherwise it stays where it is; nothing
// of it is kept before it is taken.
void take_in_early(Process& p, proc::Signal& s) {
  const heap::HeapFragment* f = s.fragments;
  if (!p.mailbox.takes_in_early() || f->next || f->used > kCopyWords || f->off_heap.first ||
      p.heap.free_words() < 2 * f->used + heap::kStackSlack || heap::stress_modes.fragments_only)
    return;
  if (VM_LIKELY(s.flags & proc::kGapless) && !heap::literals_evacuate()) {
    const heap::BlockMove move(f->data, f->used, p.heap.alloc(f->used));
    move.copy();
    s.term = move.moved(s.term);
  } else {
    s.term = heap::copy(s.term, p.heap);
    s.token = heap::copy(s.token, p.heap);
    s.from = heap::copy(s.from, p.heap);
  }
  heap::HeapFragment::release(s.fragments, heap::HeapFragment::OffHeap::Release);
  s.fragments = nullptr;
}

}  // namespace

std::size_t skip_messages(Process& p, const Word* cells, std::size_t n, const Word* y) {
  constexpr std::size_t kCells = 4;  // of a shape: arity, which values count, the values
  proc::MessageShape shapes[proc::MailboxIndex::kMaxShapes];
  const std::size_t count = n / kCells;
  if (count > proc::MailboxIndex::kMaxShapes) return 0;
  for (std::size_t i = 0; i < count; i++) {
    const Word* c = cells + i * kCells;
    shapes[i].arity = c[0];
    if (c[1] & 1) shapes[i].first = read_source(c[2], nullptr, y);
    if (c[1] & 2) shapes[i].second = read_source(c[3], nullptr, y);
  }
  return p.mailbox.skip({shapes, count});
}

Peek peek_message(Registers& r, Term* message) {
  Process& p = *r.process;
  proc::Signal* s = p.mailbox.peek();
  if (!s) {
    if (p.mailbox.incoming_empty()) return Peek::Empty;
    if (!proc::handle_incoming(p)) return Peek::Ended;
    s = p.mailbox.peek();
    if (!s) return Peek::Empty;
  }
  if (s->fragments) take_in_early(p, *s);
  p.mailbox.start_matching();
  *message = s->term;
  return Peek::Message;
}

void remove_message(Process& p) {
  if (proc::Signal* s = p.mailbox.peek() ? p.mailbox.take() : nullptr) {
    if (VM_UNLIKELY(s->token.is_pointer() || p.is_traced(proc::kTraceToken))) p.runtime->trace->took(p, *s);
    if (s->fragments) {  // registers refer to it
      p.heap.adopt(s->fragments);
      s->fragments = nullptr;
    }
    proc::Signal::destroy(s);
  }
  constexpr std::uint32_t kTimed = Process::kUsingTimer | Process::kTimedOut;
  if (VM_LIKELY(!(p.flags & (kTimed | Process::kSaveCalls)))) return;
  if (p.flags & Process::kSaveCalls) proc::note_call(p, proc::kMessageTaken);
  if (p.flags & Process::kUsingTimer) proc::cancel_receive_timer(p);
  p.flags &= ~kTimed;
}

void receive_timeout(Process& p) {
  if (VM_UNLIKELY(p.flags & Process::kSaveCalls)) proc::note_call(p, proc::kWaitedInVain);
  if (VM_UNLIKELY(p.is_traced(proc::kTraceReceive))) p.runtime->trace->received(p, atoms::clock_service, atoms::timeout);
  p.mailbox.rewind();
  p.flags &= ~static_cast<std::uint32_t>(Process::kUsingTimer | Process::kTimedOut);
}

Timeout wait_timeout(Process& p, Term time) {
  if (p.flags & Process::kTimedOut) {
    p.flags &= ~static_cast<std::uint32_t>(Process::kUsingTimer | Process::kTimedOut);
    return Timeout::FallThrough;
  }
  if (p.flags & Process::kUsingTimer) return Timeout::Sleep;
  if (time == atoms::infinity) {
    // When a signal wakes the process the instruction runs again, and its operand may be in a register that is gone.
    proc::note_endless_wait(p);
    return Timeout::Sleep;
  }
  if (!time.is_small() || time.small_value() < 0 || time.small_value() > kMaxTimeout) {
    p.mailbox.rewind();
    set_error(p, atoms::timeout_value);
    return Timeout::Raise;
  }
  if (time.small_value() == 0) return Timeout::FallThrough;
  proc::set_receive_timer(p, time.small_value());
  p.flags |= Process::kUsingTimer;
  return Timeout::Sleep;
}

}  // namespace vm::interp
