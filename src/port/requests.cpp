// SPDX-License-Identifier: Apache-2.0
#include "port/requests.h"

#include "port/port.h"
#include "port/port_trace.h"
#include "proc/process.h"
#include "proc/references.h"
#include "proc/send.h"
#include "proc/system_monitor.h"
#include "proc/tracing.h"
#include "sched/scheduler.h"
#include "sync/epoch.h"
#include "term/atoms.h"

namespace vm::port {

namespace {

constexpr std::int64_t kTurn = 4000;        // reductions of a port's turn, as of a process's slice
constexpr std::int64_t kRequestCost = 200;  // what a request takes of it at least, as on stock

}  // namespace

// --- what waits ------------------------------------------------------------------------------------------------------------------

Requests::~Requests() {
  while (first_) delete std::exchange(first_, first_->next);
}

void Requests::done(std::size_t counted) {
  if (counted == 0) return;
  const std::lock_guard<sync::SmallMutex> hold(lock_);
  bytes_ -= counted;
  if (bytes_ < low_) full_.store(false, std::memory_order_relaxed);
}

std::size_t Requests::bytes() const {
  const std::lock_guard<sync::SmallMutex> hold(lock_);
  return bytes_;
}

void Requests::set_limits(std::size_t low, std::size_t high) {
  const std::lock_guard<sync::SmallMutex> hold(lock_);
  low_ = low;
  high_ = high;
  if (bytes_ > high_) full_.store(true, std::memory_order_relaxed);
  if (bytes_ < low_) full_.store(false, std::memory_order_relaxed);
}

void Requests::limits(std::size_t* low, std::size_t* high) const {
  const std::lock_guard<sync::SmallMutex> hold(lock_);
  *low = low_;
  *high = high_;
}

std::vector<Term> Requests::release() {
  const std::lock_guard<sync::SmallMutex> hold(lock_);
  if (full_.load(std::memory_order_relaxed)) return {};
  return std::exchange(held_, {});
}

// --- entering --------------------------------------------------------------------------------------------------------------------

bool Port::try_enter(Term sender) {
  if (VM_UNLIKELY(ports.mixes_turns()) && ports.next_waits()) return false;
  if (!lock.try_lock()) return false;
  if (VM_LIKELY((!is_busy() || !waits_behind_parked(sender)) && driver_is_free())) return true;
  lock.unlock();
  return false;
}

bool Port::driver_is_free() const { return kind != PortKind::Linked || !driver || driver->is_free(); }

// Whether something of this sender is parked that it did not wait for.
bool Port::waits_behind_parked(Term sender) const {
  if (sender.is_nil()) return false;
  for (const auto& r : parked_)
    if (r->sender == sender && !r->holds_sender) return true;
  return false;
}

void Port::enqueue(std::unique_ptr<PortRequest> r, proc::Process* from) {
  Term held = term::kNil;
  if (from && r->is_command && !r->is_forced && !r->may_not_suspend && takes_no_commands()) {
    suspend_sender(*from);
    held = from->pid;
  }
  bool schedule = false;
  requests_.add(std::move(r), held, [&] { schedule = lock.add_work(); });
  if (schedule) schedule_turn();
}

Term Port::enqueue_for_answer(std::unique_ptr<PortRequest> r, proc::Process& from, term::HeapWriter& h) {
  const std::uint64_t key = r->key = proc::next_ref_key();
  enqueue(std::move(r), &from);
  return proc::make_key_ref(h, key);
}

// The process, which runs on this thread, goes on when the port resumes it.
void Port::suspend_sender(proc::Process& waiting) {
  waiting.suspend_count++;
  waiting.state.fetch_or(proc::kSuspended, std::memory_order_relaxed);
  waiting.reductions_left = 0;
  if (proc::SystemMonitor* monitor = waiting.runtime->monitor.load(std::memory_order_acquire)) monitor->busy_port(waiting, id);
}

void Port::resume_sender(Term sender) {
  proc::Signal* s = proc::Signal::create(proc::SignalKind::Resume);
  s->from = id;
  sync::Epoch::Guard guard;
  proc::deliver_to(ports.runtime(), sender, s);
}

// Between port and built-in, and so not traced.
void Port::answer(Term process, std::uint64_t key, Term outcome, heap::FragmentWriter& h) {
  const Term message = term::Tuple::make(h, proc::make_key_ref(h, key), outcome);
  sync::Epoch::Guard guard;
  proc::send_owned(ports.runtime(), process, {message, h.take()}, id);
}

void Port::answer_opener(Term opener, Term outcome) {
  heap::FragmentWriter h(kMessageWords);
  answer(opener, open_key, outcome, h);
}

// --- the port's turn -------------------------------------------------------------------------------------------------------------

void Port::schedule_turn() {
  turn_.port = shared_from_this();
  turn_.priority.store(sched::Priority::High, std::memory_order_relaxed);
  ports.runtime().schedulers->enqueue(turn_);
}

sched::After Port::Turn::run(sched::Scheduler& scheduler) {
  const std::shared_ptr<Port> self = std::move(port);
  // A driver that takes its time loses the scheduler, as a native function does.
  static thread_local sched::NativeMarker inside;
  inside = self.get();
  scheduler.native_marker.store(&inside, std::memory_order_release);
  const sched::After after = self->work_off();
  inside = nullptr;
  return after;
}

sched::After Port::work_off() {
  if (!lock.begin_turn()) return sched::After::Parked;
  if (!driver_is_free() && !driver->wait_until_free(*this)) {
    lock.end_turn_until_woken();
    return sched::After::Parked;
  }
  bool more = true;
  {
    const PortVisit visit(*this);
    in_turn = true;
    consumed = 0;
    for (std::int64_t left = kTurn; more && left > 0; left -= kRequestCost + std::exchange(consumed, 0)) {
      std::unique_ptr<PortRequest> next = requests_.take([&] { lock.no_work(); });
      more = next != nullptr;
      if (next) work_on(std::move(next));
    }
    in_turn = false;
  }
  take_commands_again();
  if (!more) {
    lock.unlock();
    return sched::After::Parked;
  }
  turn_.port = shared_from_this();
  turn_.priority.store(sched::Priority::Normal, std::memory_order_relaxed);  // others have their turn
  lock.end_turn_again();
  return sched::After::Requeue;
}

void Port::work_on(std::unique_ptr<PortRequest> r) {
  if (is_busy() && !closed) {
    const bool waits = r->is_command && !r->is_forced;
    if (waits && r->may_not_suspend) return finish(*r, atoms::false_);
    if (waits || waits_behind_parked(r->sender)) return parked_.push_back(std::move(r));
  }
  finish(*r);
}

void Port::finish(PortRequest& r, Term instead) {
  heap::FragmentWriter h(r.key != 0 ? kMessageWords : 0);
  const Term outcome = instead.is_value() ? instead : r.act(*this, h);
  requests_.done(r.counted);
  if (r.key != 0) answer(r.sender, r.key, outcome, h);
  if (r.holds_sender) resume_sender(r.sender);
}

void Port::take_commands_again() {
  if (is_busy() && !closed) return;
  for (const Term sender : requests_.release()) resume_sender(sender);
}

// --- a busy port -----------------------------------------------------------------------------------------------------------------

void Port::set_busy(bool busy) {
  busy_.store(busy, std::memory_order_relaxed);
  // In command() of a driver this is reached again for each that is done; only the outermost takes the next.
  if (unparking_) return;
  unparking_ = true;
  while (!is_busy() && !closed && !parked_.empty()) {
    const std::unique_ptr<PortRequest> next = std::move(parked_.front());
    parked_.pop_front();
    const Term outer = caller;
    finish(*next);
    caller = outer;
  }
  unparking_ = false;
  take_commands_again();
}

void Port::give_parked_up() {
  while (!parked_.empty()) {
    const std::unique_ptr<PortRequest> next = std::move(parked_.front());
    parked_.pop_front();
    finish(*next);
  }
  take_commands_again();
}

heap::OwnedTerm Port::keep_for_tracing(Term message) const {
  if (VM_LIKELY(!trace.is_traced(proc::kTraceReceive)) || !message.is_value()) return {Term::non_value(), nullptr};
  return heap::copy_to_keep(message);
}

std::unique_ptr<PortRequest> Port::make_command(Term sender, std::string bytes, Term message, bool forced) const {
  const std::size_t size = bytes.size();
  auto act = [sender, forced, bytes = std::move(bytes), kept = keep_for_tracing(message)](Port& port, term::HeapWriter&) mutable -> Term {
    Term outcome = atoms::true_;
    if (port.closed) outcome = atoms::badarg;
    else if (forced && !(port.driver && port.driver->may_be_forced())) outcome = atoms::notsup;
    else port.output_for(sender, std::move(bytes), kept.term);
    heap::release(kept);
    return outcome;
  };
  std::unique_ptr<PortRequest> r = make_request(sender, std::move(act));
  r->is_command = true;
  r->is_forced = forced;
  r->counted = size;
  return r;
}

void Port::park_message(proc::Process& sender, Term owner, std::string bytes) {
  suspend_sender(sender);
  std::unique_ptr<PortRequest> r =
      make_request(sender.pid, [owner, bytes = std::move(bytes)](Port& port, term::HeapWriter&) mutable -> Term {
        if (!port.closed) port.output_for(owner, std::move(bytes));
        return term::kNil;
      });
  r->holds_sender = true;
  parked_.push_back(std::move(r));
}

Term Port::park(proc::Process& sender, std::string bytes, term::HeapWriter& h) {
  suspend_sender(sender);
  std::unique_ptr<PortRequest> r = make_command(sender.pid, std::move(bytes), Term::non_value());
  r->counted = 0;
  r->holds_sender = true;
  const std::uint64_t key = r->key = proc::next_ref_key();
  parked_.push_back(std::move(r));
  return proc::make_key_ref(h, key);
}

}  // namespace vm::port
