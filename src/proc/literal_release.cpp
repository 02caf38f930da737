// SPDX-License-Identifier: Apache-2.0
#include "proc/literal_release.h"

#include "proc/process_cold.h"
#include "proc/runtime.h"
#include "proc/send.h"
#include "sync/epoch.h"
#include "term/atoms.h"

namespace vm::proc {

namespace {

using Guard = std::lock_guard<std::mutex>;

std::size_t words_of(const heap::LiteralArea& area) { return static_cast<std::size_t>(area.end() - area.begin()); }

// Gives the signal a copy of its term that refers to nothing on its way out.
void free_signal(Signal& s, const heap::Evacuation& evacuation) {
  heap::EvacuationTargets targets(evacuation);
  targets.look_at(s.term.bits());
  for (const heap::HeapFragment* f = s.fragments; f; f = f->next) targets.look_at(f->data, f->data + f->used);
  if (targets.empty()) return;
  heap::OwnedTerm old{s.term, s.fragments};
  const heap::OwnedTerm fresh = heap::copy_to_fragment(s.term);
  s.term = fresh.term;
  s.fragments = fresh.fragments;
  heap::release(old);
}

}  // namespace

void LiteralRelease::retire(heap::LiteralArea* area) {
  if (!area) return;
  const Guard hold(lock_);
  waiting_.push_back(area);
  words_ += words_of(*area);
  if (phase_ == Phase::Idle) announce_locked();
}

std::size_t LiteralRelease::waiting_words() {
  const Guard hold(lock_);
  return words_;
}

void LiteralRelease::announce_locked() {
  current_ = std::make_unique<heap::Evacuation>(std::move(waiting_));
  waiting_.clear();
  phase_ = Phase::Announced;
  current_->announce();
  sync::Epoch::defer(this, &LiteralRelease::on_announced);
}

void LiteralRelease::on_announced(void* self) {
  auto& r = *static_cast<LiteralRelease*>(self);
  {
    const Guard hold(r.lock_);
    r.phase_ = Phase::Ready;
  }
  for (const auto& [name, pid] : r.runtime_.system_processes) {
    heap::OwnedTerm message;
    message.term = atoms::copy_literals;
    if (name == atoms::erts_literal_area_collector) send_owned(r.runtime_, pid, std::move(message));
  }
}

bool LiteralRelease::switch_areas() {
  const Guard hold(lock_);
  if (phase_ == Phase::Ready) {
    phase_ = Phase::Rounds;
    return true;
  }
  if (phase_ == Phase::Rounds) {
    phase_ = Phase::Withdrawn;
    current_->withdraw();
    sync::Epoch::defer(this, &LiteralRelease::on_withdrawn);
  }
  return false;
}

void LiteralRelease::on_withdrawn(void* self) {
  auto& r = *static_cast<LiteralRelease*>(self);
  const Guard hold(r.lock_);
  for (std::size_t i = 0; i < r.current_->count(); i++) r.words_ -= words_of((*r.current_)[i]);
  r.current_.reset();
  r.phase_ = Phase::Idle;
  if (!r.waiting_.empty()) r.announce_locked();
}

// The collecting process waits for our answer, so the evacuation stays.
bool LiteralRelease::look(Process& p) {
  const heap::Evacuation* evacuation = current_.get();
  if (!evacuation) return true;
  p.mailbox.adopt_matching(p.heap);
  for (Message* m = p.mailbox.first(); m; m = m->next)
    if (!Mailbox::is_on_heap(*m)) free_signal(*m, *evacuation);
  if (p.cold) {
    for (Signal* s = p.cold->deferred_first; s; s = s->next) free_signal(*s, *evacuation);
    if (p.cold->answer) free_signal(*p.cold->answer, *evacuation);
  }
  heap::EvacuationTargets targets(*evacuation);
  p.heap.find_evacuating(targets, p.saved_registers, p.live, p);
  return targets.empty();
}

void LiteralRelease::copy(Process& p) {
  const heap::Evacuation* evacuation = current_.get();
  if (!evacuation) return;
  p.mailbox.adopt_matching(p.heap);
  heap::EvacuationTargets targets(*evacuation);
  p.heap.find_evacuating(targets, p.saved_registers, p.live, p);
  if (!targets.empty()) p.heap.evacuate_literals(targets, p.saved_registers, p.live, p);
}

}  // namespace vm::proc
