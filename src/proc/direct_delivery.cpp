// SPDX-License-Identifier: Apache-2.0
#include "proc/direct_delivery.h"

#include <algorithm>

#include "heap/copy.h"
#include "proc/links.h"
#include "proc/links_state.h"
#include "proc/process_cold.h"
#include "proc/send.h"
#include "proc/tracing.h"

namespace vm::proc {
namespace {

// Words of a message that is written to its receiver's heap.
constexpr std::size_t kMostWords = 28;

// The world may stop without a dirty thread, and whoever stopped it looks into processes that wait.
inline bool may_take(const Process& from, const Process& p) {
  return !(from.flags & Process::kDirtyRunning) &&
         !(p.state.load(std::memory_order_relaxed) & (kQueued | kRunning | kExiting | kSuspended)) && p.mailbox.incoming_empty();
}

inline bool keeps_messages_on_heap(const Process& p) {
  return !(p.flags & (Process::kOffHeapMessages | Process::kHibernated)) && !heap::stress_modes.fragments_only;
}

// Of a process that is held: whether a message may go to its inbox.
[[gnu::always_inline]] inline bool takes_messages(const Process& p) {
  return p.waiting && p.mailbox.inbox_length() == 0 && p.mailbox.incoming_empty() && p.suspend_count == 0 && keeps_messages_on_heap(p) &&
         p.trace_flags.load(std::memory_order_relaxed) == 0;
}

// Of a process that is held: whether the alias is active, and nobody but a process hears of it when a reply ends its monitor.
bool takes_alias_messages(const Process& p, std::uint64_t key) {
  const AliasEntry* a = p.links ? p.links->aliases.find(key) : nullptr;
  if (!a || a->mode != AliasMode::ReplyDemonitor) return a != nullptr;
  const MonitorEntry* m = p.links->monitors.find(key);
  return !m || (m->kind == MonitorKind::Process && m->target.is_local_pid());
}

// Room for a message, with as much again and the stack's slack left.
std::size_t room_for_message(const heap::ProcessHeap& heap) {
  const std::size_t free = heap.free_words();
  return free <= heap::kStackSlack ? 0 : std::min(kMostWords, (free - heap::kStackSlack) / 2);
}

// Of a process that is held, or runs on this thread, with an empty inbox. False: nothing was done.
[[gnu::always_inline]] inline bool put_message(Process& p, SignalKind kind, std::uint64_t key, Term from, Term message) {
  VM_ASSERT(p.mailbox.inbox_length() == 0);
  Term copy = message;
  if (message.is_pointer() && !heap::copy_few_words(message, p.heap, room_for_message(p.heap), &copy)) return false;
  Signal* s = Signal::create(kind);
  s->from = from;
  s->token = term::kNil;
  s->id = key;
  s->term = copy;
  if (kind == SignalKind::Message) {
    p.mailbox.append_only(s);
  } else {
    Term reason = atoms::normal;
    handle_signal(p, s, &reason);
    p.mailbox.newest_is_on_heap();
  }
  return true;
}

}  // namespace

bool deliver_message_directly(Process& from, Process& to, Term message) {
  if (!may_take(from, to) || !to.hold_waiting()) return false;
  const bool done = takes_messages(to) && put_message(to, SignalKind::Message, 0, from.pid, message);
  if (VM_LIKELY(done)) to.release_ready();
  else to.release_waiting();
  return done;
}

bool deliver_alias_message_directly(Process& from, Process& to, std::uint64_t key, Term message) {
  if (!may_take(from, to) || !to.hold_waiting()) return false;
  const bool done =
      takes_messages(to) && takes_alias_messages(to, key) && put_message(to, SignalKind::AliasMessage, key, from.pid, message);
  if (VM_LIKELY(done)) to.release_ready();
  else to.release_waiting();
  return done;
}

bool send_to_self(Process& p, Term message) {
  if (VM_UNLIKELY(!p.mailbox.incoming_empty() || (p.flags & Process::kDirtyRunning) || p.is_traced(kSeesMessages | kTraceReceive)))
    return false;
  if (VM_UNLIKELY(p.mailbox.inbox_length() != 0 || !keeps_messages_on_heap(p)) || !put_message(p, SignalKind::Message, 0, p.pid, message))
    p.mailbox.append(message_signal(SignalKind::Message, p.pid, message));
  return true;
}

bool handle_directly(Process& from, Process& to, Signal* s) {
  if (!may_take(from, to) || !to.hold_waiting()) return false;
  const bool done = to.mailbox.incoming_empty();
  Term reason = atoms::normal;
  if (done) handle_signal(to, s, &reason);
  to.release_waiting();
  return done;
}

}  // namespace vm::proc
