// SPDX-License-Identifier: Apache-2.0
#include "driver/linked_port.h"

#include <poll.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "driver/binaries.h"
#include "os/errno_name.h"
#include "port/port_trace.h"
#include "proc/references.h"
#include "proc/send.h"
#include "proc/time.h"
#include "sync/epoch.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::driver {

namespace {

constexpr std::int64_t kNanosecondsPerMillisecond = 1'000'000;
constexpr std::size_t kControlBuffer = 64;  // bytes the driver may answer into, as on stock

ErlDrvBinary* make_binary(std::string_view bytes) {
  ErlDrvBinary* binary = driver_alloc_binary(bytes.size());
  if (!bytes.empty()) std::memcpy(binary->orig_bytes, bytes.data(), bytes.size());
  return binary;
}

std::uint64_t key_of(const ErlDrvMonitor& monitor) {
  std::uint64_t key;
  std::memcpy(&key, monitor.data, sizeof key);
  return key;
}

// What the driver's start failed with; the non-value when it did not.
Term failure_of(ErlDrvData data, int error) {
  if (data == ERL_DRV_ERROR_GENERAL) return atoms::einval;
  if (data == ERL_DRV_ERROR_BADARG) return atoms::badarg;
  if (data == ERL_DRV_ERROR_ERRNO) return term::AtomTable::intern(os::errno_name(error));
  return Term::non_value();
}

}  // namespace

// --- the queue -------------------------------------------------------------------------------------------------------------------

PieceQueue::~PieceQueue() {
  for (const Piece& p : pieces_) driver_free_binary(p.binary);
}

void PieceQueue::push_back(ErlDrvBinary* shared, std::size_t offset, std::size_t size) {
  driver_binary_inc_refc(shared);
  pieces_.push_back({shared, offset, size});
  size_ += size;
  stale_ = true;
}

void PieceQueue::push_front(ErlDrvBinary* shared, std::size_t offset, std::size_t size) {
  driver_binary_inc_refc(shared);
  pieces_.push_front({shared, offset, size});
  size_ += size;
  stale_ = true;
}

bool PieceQueue::drop(std::size_t size) {
  if (size > size_) return false;
  size_ -= size;
  stale_ = true;
  while (size > 0) {
    Piece& front = pieces_.front();
    if (size < front.size) {
      front.offset += size;
      front.size -= size;
      break;
    }
    size -= front.size;
    driver_free_binary(front.binary);
    pieces_.pop_front();
  }
  return true;
}

void PieceQueue::refresh() {
  if (!stale_) return;
  vectors_.clear();
  binaries_.clear();
  for (const Piece& p : pieces_) {
    vectors_.push_back({p.binary->orig_bytes + p.offset, p.size});
    binaries_.push_back(p.binary);
  }
  stale_ = false;
}

SysIOVec* PieceQueue::vectors(int* count) {
  refresh();
  *count = static_cast<int>(vectors_.size());
  return vectors_.data();
}

ErlDrvBinary** PieceQueue::binaries() {
  refresh();
  return binaries_.data();
}

// --- callbacks -------------------------------------------------------------------------------------------------------------------

namespace {

port::Port*& running_port() {
  static thread_local port::Port* running = nullptr;
  return running;
}

}  // namespace

port::Port* LinkedPort::running() { return running_port(); }

// While one lives, the driver runs. What ends the port waits for the outermost.
class LinkedPort::Entered {
 public:
  explicit Entered(LinkedPort& port)
      : port_(port), outer_(std::exchange(running_port(), &port.port_)), locked_(!port.library_->port_locking()) {
    if (locked_) port_.library_->lock.lock();
    port_.depth_++;
  }
  ~Entered() {
    port_.depth_--;
    if (locked_) {
      port_.library_->lock.unlock();
      port_.library_->wake_waiting();
    }
    running_port() = outer_;
    if (port_.depth_ == 0) port_.left();
  }
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;

 private:
  LinkedPort& port_;
  port::Port* const outer_;
  const bool locked_;
};

LinkedPort::LinkedPort(port::Port& port, std::shared_ptr<Library> library) : port_(port), library_(std::move(library)) {
  Libraries::of(port.ports.runtime()).port_opened(*library_, port.id);
  constexpr std::size_t kUnlimited = port::PortOptions::kUnlimited;
  if (entry().driver_flags & ERL_DRV_FLAG_NO_BUSY_MSGQ) port_.set_queue_limits(kUnlimited, kUnlimited);
}

LinkedPort::~LinkedPort() {
  if (data_lock) driver_pdl_dec_refc(data_lock);
  if (library_) Libraries::of(port_.ports.runtime()).port_closed(std::move(library_), port_.id);
}

Term LinkedPort::start(const std::string& command) {
  std::string text = command;
  acknowledges_ = entry().driver_flags & ERL_DRV_FLAG_USE_INIT_ACK;
  if (acknowledges_) port_.open_key = proc::next_ref_key();
  depth_++;             // ended at once, it would be taken down before it is up
  if (entry().start) {  // a driver that keeps nothing per port needs none
    Entered entered(*this);
    errno = 0;
    data_ = entry().start(reinterpret_cast<ErlDrvPort>(this), text.data());
  }
  const int error = errno;
  depth_--;
  const Term failure = failure_of(data_, error);
  started_ = !failure.is_value();
  return failure;
}

bool LinkedPort::is_free() const {
  if (!library_ || library_->port_locking()) return true;
  if (!library_->lock.try_lock()) return false;
  library_->lock.unlock();
  return true;
}

bool LinkedPort::wait_until_free(port::Port& port) {
  library_->wait(port.weak_from_this());
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return is_free();
}

void LinkedPort::command(port::Port&, std::string bytes) {
  Entered entered(*this);
  if (entry().outputv) {
    ErlDrvBinary* binary = make_binary(bytes);
    SysIOVec vectors[2] = {{nullptr, 0}, {binary->orig_bytes, bytes.size()}};
    ErlDrvBinary* binaries[2] = {nullptr, binary};
    ErlIOVec all{bytes.empty() ? 1 : 2, bytes.size(), vectors, binaries};
    entry().outputv(data_, &all);
    driver_free_binary(binary);
  } else if (entry().output) {
    entry().output(data_, bytes.data(), bytes.size());
  }
}

void LinkedPort::received(port::Port&, std::string_view) {}

std::optional<std::string> LinkedPort::control(port::Port&, unsigned operation, std::string_view operand) {
  if (!entry().control) return std::nullopt;
  Entered entered(*this);
  char buffer[kControlBuffer];
  char* answer = buffer;
  std::string in(operand);
  const ErlDrvSSizeT size = entry().control(data_, operation, in.data(), in.size(), &answer, sizeof buffer);
  if (size < 0) return std::nullopt;
  port_.control_binary = binary_answers_ && answer;  // no binary is the empty list
  if (!binary_answers_) {
    std::string out(answer ? answer : "", answer ? static_cast<std::size_t>(size) : 0);
    if (answer && answer != buffer) driver_free(answer);
    return out;
  }
  if (!answer) return std::string();
  if (answer == buffer) return std::string(buffer, static_cast<std::size_t>(size));
  auto* binary = reinterpret_cast<ErlDrvBinary*>(answer);
  std::string out(binary->orig_bytes, static_cast<std::size_t>(binary->orig_size));
  driver_free_binary(binary);
  return out;
}

std::optional<std::string> LinkedPort::call(port::Port&, unsigned operation, std::string_view operand) {
  if (!entry().call) return std::nullopt;
  Entered entered(*this);
  constexpr std::size_t kSpace = 1024;
  char buffer[kSpace];
  char* answer = buffer;
  unsigned flags = 0;
  std::string in(operand);
  const ErlDrvSSizeT size = entry().call(data_, operation, in.data(), in.size(), &answer, sizeof buffer, &flags);
  if (size < 0 || !answer) return std::nullopt;
  std::string out(answer, static_cast<std::size_t>(size));
  if (answer != buffer && !(flags & DRIVER_CALL_KEEP_BUFFER)) driver_free(answer);
  return out;
}

void LinkedPort::async_done(void* data) {
  if (!entry().ready_async) return;
  Entered entered(*this);
  entry().ready_async(data_, static_cast<ErlDrvThreadData>(data));
}

// --- how it ends -----------------------------------------------------------------------------------------------------------------

void LinkedPort::acknowledge(Term outcome) {
  if (std::exchange(acknowledges_, false)) port_.answer_opener(port_.connected, outcome);
}

void LinkedPort::opened_itself(ErlDrvData data) {
  if (!acknowledges_) return;
  const Term failure = failure_of(data, errno);
  data_ = data;
  if (!failure.is_value()) return acknowledge(port_.id);
  port_.unlink_connected();
  acknowledge(failure);
  fail(atoms::normal);
}

void LinkedPort::queue_limits(std::size_t* low, std::size_t* high) {
  constexpr std::size_t kUnlimited = port::PortOptions::kUnlimited;
  std::size_t kept_low, kept_high;
  port_.queue_limits(&kept_low, &kept_high);
  const std::size_t new_low = low ? *low : 0, new_high = high ? *high : 0;
  if (kept_high != kUnlimited && (new_low == kUnlimited || new_high == kUnlimited))
    return port_.set_queue_limits(kUnlimited, kUnlimited);  // what was asked stays as it was given
  if (kept_high != kUnlimited && (new_low || new_high)) {
    if (new_low) {
      kept_low = new_low;
      kept_high = std::max(kept_high, new_low);
    }
    if (new_high) {
      kept_low = std::min(kept_low, new_high);
      kept_high = new_high;
    }
    port_.set_queue_limits(kept_low, kept_high);
  }
  if (low) *low = kept_low;
  if (high) *high = kept_high;
}

void LinkedPort::fail(Term reason, bool eof) {
  acknowledge(port_.id);
  if (!ending_) ending_ = Ending{reason, eof};
  if (depth_ == 0) left();
}

void LinkedPort::set_busy(bool busy) {
  freed_ = !busy;
  if (busy) port_.set_busy(true);
  else if (depth_ == 0) left();
}

// The driver has returned: what it asked for is done.
void LinkedPort::left() {
  if (freed_) {
    freed_ = false;
    port_.set_busy(false);
  }
  if (ending_ && started_ && !port_.closed) {
    const Ending ending = *ending_;
    ending_.reset();
    if (ending.eof && port_.options.eof) port_.end_of_input();
    else port_.close(ending.reason);
    return;
  }
  if (port_.closed && port_.close_after_flush && queue_.size() == 0) port_.flushed();
}

bool LinkedPort::flush(port::Port&) {
  if (queue_.size() == 0) return true;
  if (entry().flush) {
    // Counted, so that an emptied queue does not release the port below its own close.
    depth_++;
    {
      Entered entered(*this);
      entry().flush(data_);
    }
    depth_--;
  }
  return queue_.size() == 0;
}

// Threads of the driver's own may be at the queue under the port data lock, and may come back to it later.
void LinkedPort::end_queue() {
  const ErlDrvPDL lock = std::exchange(data_lock, nullptr);
  if (!lock) return gone_.store(true, std::memory_order_release);
  driver_pdl_lock(lock);
  gone_.store(true, std::memory_order_release);
  driver_pdl_unlock(lock);
  driver_pdl_dec_refc(lock);
}

void LinkedPort::released(port::Port&) {
  release_timer();
  if (entry().stop) {
    depth_++;  // the port is on its way down already
    {
      Entered entered(*this);
      entry().stop(data_);
    }
    depth_--;
  }
  for (auto& [fd, mode] : selected_) watch(fd, 0);
  selected_.clear();
  proc::Runtime& rt = port_.ports.runtime();
  for (auto& [key, pid] : monitors_) {
    proc::Signal* s = proc::Signal::create(proc::SignalKind::Demonitor);
    s->from = port_.id;
    s->id = key;
    sync::Epoch::Guard guard;
    proc::deliver_to(rt, pid, s);
  }
  monitors_.clear();
  end_queue();
  Libraries::of(rt).port_closed(std::move(library_), port_.id);
}

// --- descriptors -----------------------------------------------------------------------------------------------------------------

namespace {

// What of these events holds now: since they were found the driver may have taken its descriptor back and selected it again. Without a value the
// descriptor is closed.
std::optional<unsigned> still(int fd, unsigned events) {
  pollfd p{fd, 0, 0};
  if (events & os::Poller::kRead) p.events |= POLLIN;
  if (events & os::Poller::kWrite) p.events |= POLLOUT;
  if (::poll(&p, 1, 0) <= 0) return 0;
  if (p.revents & POLLNVAL) return std::nullopt;
  if (p.revents & (POLLERR | POLLHUP)) return events;
  return ((p.revents & POLLIN) ? os::Poller::kRead : 0u) | ((p.revents & POLLOUT) ? os::Poller::kWrite : 0u);
}

}  // namespace

// The poller has forgotten what is selected (Mode::Once): it may take long until the port's turn comes.
void LinkedPort::ready(int fd, unsigned events) {
  if (port_.closed && !port_.close_after_flush) return;
  react(fd, events);
  const auto it = selected_.find(fd);
  if (it == selected_.end() || !Libraries::of(port_.ports.runtime()).has_descriptor(fd, this)) return;
  port_.ports.poller().change(fd, static_cast<unsigned>(it->second & (ERL_DRV_READ | ERL_DRV_WRITE)));
}

void LinkedPort::react(int fd, unsigned events) {
  const auto selected = [&](int mode) {
    const auto it = selected_.find(fd);
    return it != selected_.end() && (it->second & mode);
  };
  const std::optional<unsigned> now = still(fd, events);
  if (!now) {  // closed without being given back: nobody hears of it any more
    if (selected_.erase(fd) > 0) watch(fd, 0);
    return;
  }
  events = *now;
  if (events == 0) return;
  const auto event = reinterpret_cast<ErlDrvEvent>(static_cast<std::intptr_t>(fd));
  const port::PortVisit visit(port_);
  Entered entered(*this);
  if ((events & os::Poller::kRead) && selected(ERL_DRV_READ) && entry().ready_input) entry().ready_input(data_, event);
  if ((events & os::Poller::kWrite) && selected(ERL_DRV_WRITE) && entry().ready_output) entry().ready_output(data_, event);
}

// Tells the poller what is selected of the descriptor now. Another port may have selected it since, or before and not let go.
void LinkedPort::watch(int fd, int selected) {
  static_assert(static_cast<int>(os::Poller::kRead) == ERL_DRV_READ && static_cast<int>(os::Poller::kWrite) == ERL_DRV_WRITE);
  os::Poller& poller = port_.ports.poller();
  Libraries& all = Libraries::of(port_.ports.runtime());
  const auto events = static_cast<unsigned>(selected & (ERL_DRV_READ | ERL_DRV_WRITE));
  if (events == 0) {
    if (all.give_up_descriptor(fd, this)) poller.forget(fd);
    return;
  }
  const LinkedPort* before = all.claim_descriptor(fd, this);
  if (before == this) return poller.change(fd, events);
  if (before) poller.forget(fd);
  std::weak_ptr<port::Port> weak = port_.weak_from_this();
  poller.add(
      fd, events,
      [weak, fd](unsigned found) {
        std::shared_ptr<port::Port> p = weak.lock();
        if (!p) return;
        port::post(*p, [fd, found](port::Port& port) {
          if (port.driver) static_cast<LinkedPort&>(*port.driver).ready(fd, found);
        });
      },
      os::Poller::Mode::Once);
}

int LinkedPort::select(int fd, int mode, bool on) {
  const int wanted = mode & (ERL_DRV_READ | ERL_DRV_WRITE);
  if (on) {
    selected_[fd] |= wanted | (mode & ERL_DRV_USE);
    watch(fd, selected_[fd]);
    return 0;
  }
  if (auto it = selected_.find(fd); it != selected_.end()) {
    it->second &= ~wanted;
    // Without the callback only what is named ends.
    if ((mode & ERL_DRV_USE_NO_CALLBACK) == ERL_DRV_USE_NO_CALLBACK) it->second &= ~ERL_DRV_USE;
    else if (mode & ERL_DRV_USE) it->second = 0;
    watch(fd, it->second);
    if (it->second == 0) selected_.erase(it);
  }
  if ((mode & ERL_DRV_USE_NO_CALLBACK) == ERL_DRV_USE && entry().stop_select)
    entry().stop_select(reinterpret_cast<ErlDrvEvent>(static_cast<std::intptr_t>(fd)), nullptr);
  return 0;
}

// --- timers ----------------------------------------------------------------------------------------------------------------------

void LinkedPort::release_timer() {
  port::cancel_timer(port_, timer_);
  timer_token_++;
}

void LinkedPort::set_timer(unsigned long milliseconds) {
  release_timer();
  timer_due_ns_ = proc::raw_monotonic_ns() + static_cast<std::int64_t>(milliseconds) * kNanosecondsPerMillisecond;
  timer_ = port::start_timer(port_, static_cast<std::uint32_t>(std::min<unsigned long>(milliseconds, UINT32_MAX)), timer_token_);
}

void LinkedPort::cancel_timer() { release_timer(); }

unsigned long LinkedPort::timer_left() const {
  if (!timer_) return 0;
  const std::int64_t left = timer_due_ns_ - proc::raw_monotonic_ns();
  return left <= 0 ? 0 : static_cast<unsigned long>((left + kNanosecondsPerMillisecond - 1) / kNanosecondsPerMillisecond);
}

void LinkedPort::timed_out(port::Port&, std::uint64_t token) {
  if (token != timer_token_) return;
  timer_ = nullptr;
  timer_token_++;
  if (!entry().timeout) return;
  port::tell_timeout(port_);
  Entered entered(*this);
  entry().timeout(data_);
}

// --- monitors --------------------------------------------------------------------------------------------------------------------

int LinkedPort::monitor(Term process, ErlDrvMonitor* out) {
  if (!entry().process_exit) return -1;
  if (!process.is_local_pid()) return 1;
  proc::Signal* s = proc::Signal::create(proc::SignalKind::Monitor);
  const std::uint64_t key = proc::next_ref_key();
  s->from = port_.id;
  s->id = key;
  sync::Epoch::Guard guard;
  if (!proc::deliver_to(port_.ports.runtime(), process, s)) return 1;
  monitors_.push_back({key, process});
  std::memset(out->data, 0, sizeof out->data);
  std::memcpy(out->data, &key, sizeof key);
  return 0;
}

int LinkedPort::demonitor(const ErlDrvMonitor& monitor) {
  const std::uint64_t key = key_of(monitor);
  const Term pid = monitored(monitor);
  if (!pid.is_value()) return 1;
  std::erase_if(monitors_, [&](auto& m) { return m.first == key; });
  proc::Signal* s = proc::Signal::create(proc::SignalKind::Demonitor);
  s->from = port_.id;
  s->id = key;
  sync::Epoch::Guard guard;
  proc::deliver_to(port_.ports.runtime(), pid, s);
  return 0;
}

Term LinkedPort::monitored(const ErlDrvMonitor& monitor) const {
  for (auto& [key, pid] : monitors_)
    if (key == key_of(monitor)) return pid;
  return Term::non_value();
}

std::vector<Term> LinkedPort::monitored() const {
  std::vector<Term> pids;
  for (auto& [key, pid] : monitors_) pids.push_back(pid);
  return pids;
}

void LinkedPort::monitor_fired(port::Port&, std::uint64_t key) {
  if (std::erase_if(monitors_, [&](auto& m) { return m.first == key; }) == 0 || !entry().process_exit) return;
  ErlDrvMonitor fired{};
  std::memcpy(fired.data, &key, sizeof key);
  Entered entered(*this);
  entry().process_exit(data_, &fired);
}

// --- output ----------------------------------------------------------------------------------------------------------------------

void LinkedPort::output(std::string_view head, std::string_view bytes, ErlDrvBinary* shared) {
  port_.input_bytes += head.size() + bytes.size();
  if (port_.options.framing == port::PortOptions::Framing::Line && head.empty()) return port_.send_data(bytes);
  port_.send_to(port_.connected, [&](term::HeapWriter& h) {
    Term data;
    if (shared && port_.options.binary) {
      driver_binary_inc_refc(shared);
      data = term::make_refc_binary(h, data_of(shared), reinterpret_cast<const Byte*>(bytes.data()), bytes.size());
    } else {
      data = head.empty() || !bytes.empty() ? port_.data_term(h, bytes) : term::kNil;
    }
    for (std::size_t i = head.size(); i-- > 0;) data = h.cons(Term::small(static_cast<unsigned char>(head[i])), data);
    return term::Tuple::make(h, port_.id, term::Tuple::make(h, atoms::data, data));
  });
}

void LinkedPort::output_parts(std::string_view head, std::span<const std::string_view> parts) {
  if (parts.size() == 1) return output(head, parts.front());
  if (!port_.options.binary || port_.options.framing == port::PortOptions::Framing::Line) {
    std::string all;
    for (std::string_view part : parts) all += part;
    return output(head, all);
  }
  for (std::string_view part : parts) port_.input_bytes += part.size();
  port_.input_bytes += head.size();
  port_.send_to(port_.connected, [&](term::HeapWriter& h) {
    Term data = parts.empty() ? term::kNil : port_.data_term(h, parts.back());
    for (std::size_t i = parts.empty() ? 0 : parts.size() - 1; i-- > 0;) data = h.cons(port_.data_term(h, parts[i]), data);
    for (std::size_t i = head.size(); i-- > 0;) data = h.cons(Term::small(static_cast<unsigned char>(head[i])), data);
    return term::Tuple::make(h, port_.id, term::Tuple::make(h, atoms::data, data));
  });
}

void LinkedPort::queue_changed() {
  port_.queue_bytes = queue_.size();
  if (depth_ == 0) left();
}

}  // namespace vm::driver
