// SPDX-License-Identifier: Apache-2.0
//
// TCP: listening, connecting, accepting, options, time-outs.
#include "port/tcp_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "os/errno_name.h"
#include "proc/process_table.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::port {

using inet::Request;

TcpSocket::~TcpSocket() {
  if (file_) ::close(file_->fd);
}

Term TcpSocket::passive_tag() const { return atoms::tcp_passive; }

std::string TcpSocket::request(Request what, inet::WireReader& in) {
  switch (what) {
    case Request::Listen: return listen(in);
    case Request::Connect: return connect(in);
    case Request::Accept: return accept(in);
    case Request::GetStatus: forget_dead_acceptors(); return common_request(what, in);
    case Request::Close:
      fail_all_waiters(atoms::closed);
      close_descriptor();
      return ok();
    case Request::TcpReceive: return receive(in);
    case Request::TcpUnreceive: return unreceive(in.rest());
    case Request::TcpShutdown: return shutdown(in);
    case Request::TcpSendFile: return send_file(in);
    default: return common_request(what, in);
  }
}

// --- options -----------------------------------------------------------------------------------------------------------------------------

InetSocket::OptionFate TcpSocket::set_own_option(std::uint8_t number, std::int32_t value) {
  switch (number) {
    case inet::kHighWatermark:
      high_watermark_ = std::max(value, 0);
      low_watermark_ = std::min(low_watermark_, high_watermark_);
      return OptionFate::Done;
    case inet::kLowWatermark:
      low_watermark_ = std::max(value, 0);
      high_watermark_ = std::max(low_watermark_, high_watermark_);
      return OptionFate::Done;
    case inet::kSendTimeout: send_timeout_ = static_cast<std::uint32_t>(value); return OptionFate::Done;
    case inet::kSendTimeoutClose: send_timeout_close_ = value != 0; return OptionFate::Done;
    case inet::kDelaySend: delay_send_ = value != 0; return OptionFate::Done;
    case inet::kShowReset: show_reset_ = value != 0; return OptionFate::Done;
    case inet::kReadPackets: return OptionFate::Done;  // of datagrams: no matter here
    default: return OptionFate::NotMine;
  }
}

std::optional<std::int32_t> TcpSocket::own_option(std::uint8_t number) {
  switch (number) {
    case inet::kHighWatermark: return high_watermark_;
    case inet::kLowWatermark: return low_watermark_;
    case inet::kSendTimeout: return static_cast<std::int32_t>(send_timeout_);
    case inet::kSendTimeoutClose: return send_timeout_close_;
    case inet::kDelaySend: return delay_send_;
    case inet::kShowReset: return show_reset_;
    default: return std::nullopt;
  }
}

void TcpSocket::options_changed(const InetOptions& was) {
  if (!has(inet::kStateConnected)) return;
  const bool active = options_.active != inet::Active::No, was_active = was.active != inet::Active::No;
  if (active && !was_active) {
    deliver();
    // What is in the system's buffer comes now and not after a turn of the poller: `once` is set for each packet.
    if (options_.active != inet::Active::No && has(inet::kStateConnected)) read();
  } else if (active && was.packet != options_.packet) {
    deliver();
  }
  if (!has(inet::kStateConnected)) return;
  if (options_.active != inet::Active::No) want_more(os::Poller::kRead);
  else if (waiters_.empty()) want_less(os::Poller::kRead);
}

void TcpSocket::activated_when_closed() {
  if (gone_ & kSayReset) tell(atoms::tcp_error, atoms::econnreset);
  gone_ &= ~unsigned{kSayReset};
  tell_closed(atoms::normal);
  if (options_.exit_on_close) exit_port(atoms::normal);
}

// --- listening and accepting -----------------------------------------------------------------------------------------------------------------

std::string TcpSocket::listen(inet::WireReader& in) {
  if (!is_open()) return error("exbadport");
  const std::uint32_t backlog = in.u16();
  if (!in.ok() || !in.empty()) return error(EINVAL);
  if (::listen(fd_, static_cast<int>(backlog)) != 0) return error(errno);
  state_ = inet::kStateOpen | inet::kStateListening;
  return ok();
}

// The accepted connection's port, whose options are ours. The non-value: no more ports.
Term TcpSocket::admit(int fd, const Waiter& who) {
  return port_.ports.admit_accepted(who.caller, port_.name, PortOptions(), [&](Port& made) {
    auto socket = std::make_unique<TcpSocket>(made);
    socket->options_ = options_;
    socket->options_.active = inet::Active::No;
    socket->options_.active_count = 0;
    socket->high_watermark_ = high_watermark_;
    socket->low_watermark_ = low_watermark_;
    socket->send_timeout_ = send_timeout_;
    socket->send_timeout_close_ = send_timeout_close_;
    socket->show_reset_ = show_reset_;
    socket->adopt(fd, domain_);
    socket->state_ |= inet::kStateConnected;
    return socket;
  });
}

std::string TcpSocket::accept(inet::WireReader& in) {
  const std::uint32_t timeout = in.u32();
  if (!has(inet::kStateListening) || !in.ok() || !in.empty()) return error(EINVAL);
  const Waiter waiter = new_waiter(timeout);
  waiters_.push_back(waiter);
  if (waiters_.size() == 1) accept_ready();
  if (!waiters_.empty()) {
    state_ |= inet::kStateAccepting;
    want_more(os::Poller::kRead);
  }
  return ok_number(waiter.number);
}

// Who died waiting takes no connection along.
void TcpSocket::forget_dead_acceptors() {
  if (!has(inet::kStateListening)) return;
  std::erase_if(waiters_, [&](Waiter& w) {
    if (port_.ports.runtime().processes->lookup(w.caller)) return false;
    cancel_timer(port_, w.timer);
    return true;
  });
  stop_accepting_when_done();
}

void TcpSocket::accept_ready() {
  forget_dead_acceptors();
  while (!waiters_.empty()) {
    Waiter& first = waiters_.front();
    const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (fd < 0 && errno == EINTR) continue;
    const int failed = errno;
    Waiter served = first;
    waiters_.erase(waiters_.begin());
    cancel_timer(port_, served.timer);
    if (fd < 0) {
      finish_error(served, reason_atom(failed));
      continue;
    }
    const Term made = admit(fd, served);
    if (made.is_value()) {
      port_.send_to(served.caller, [&](term::HeapWriter& h) {
        return term::Tuple::make(h, atoms::inet_async, port_.id, Term::small(served.number), term::Tuple::make(h, atoms::ok, made));
      });
    } else {
      ::close(fd);
      finish_error(served, atoms::system_limit);
    }
  }
  stop_accepting_when_done();
}

void TcpSocket::stop_accepting_when_done() {
  if (!waiters_.empty() || !has(inet::kStateListening)) return;
  state_ &= ~std::uint32_t{inet::kStateAccepting};
  want_less(os::Poller::kRead);
}

// --- connecting ----------------------------------------------------------------------------------------------------------------------------

std::string TcpSocket::connect(inet::WireReader& in) {
  if (!is_open()) return error("exbadport");
  if (has(inet::kStateConnected)) return error(EISCONN);
  if (has(inet::kStateConnecting)) return error(EINVAL);
  const std::uint32_t timeout = in.u32();
  inet::Address to;
  if (const char* wrong = inet::read_address(in, domain_, &to)) return error(wrong);
  remote_ = to;
  int done = 0;
  do done = ::connect(fd_, to.data(), to.size);
  while (done != 0 && errno == EINTR);
  if (done != 0 && errno != EINPROGRESS && errno != EAGAIN) return error(errno);
  if (done == 0) {
    const Waiter waiter = new_waiter();
    state_ = inet::kStateOpen | inet::kStateConnected;
    if (options_.active != inet::Active::No) want_more(os::Poller::kRead);
    finish(waiter, atoms::ok);
    return ok_number(waiter.number);
  }
  state_ = inet::kStateOpen | inet::kStateConnecting;
  waiters_.push_back(new_waiter(timeout));
  const std::uint16_t number = waiters_.back().number;
  want(os::Poller::kWrite);
  return ok_number(number);
}

void TcpSocket::connected_or_not() {
  // An event may be an old one, of a descriptor with the same number.
  pollfd writable{fd_, POLLOUT, 0};
  if (poll(&writable, 1, 0) == 0) return;
  int failed = 0;
  socklen_t size = sizeof failed;
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &failed, &size) != 0) failed = errno;
  want(0);
  const Waiter waiter = waiters_.empty() ? new_waiter() : waiters_.front();
  cancel_waiters();
  state_ = inet::kStateOpen;
  if (failed) return finish_error(waiter, reason_atom(failed));
  state_ |= inet::kStateConnected;
  if (options_.active != inet::Active::No) want_more(os::Poller::kRead);
  finish(waiter, atoms::ok);
}

std::string TcpSocket::shutdown(inet::WireReader& in) {
  if (!has(inet::kStateConnected)) return error(ENOTCONN);
  const std::uint32_t how = in.u8();
  if (!in.ok() || !in.empty()) return error(EINVAL);
  if (how != SHUT_RD && port_.queue_bytes > 0) {
    pending_shutdown_ = static_cast<int>(how);
    return ok();
  }
  if (::shutdown(fd_, static_cast<int>(how)) == 0) return ok();
  if (how != SHUT_RD) write_shut_ = true;
  return error(errno);
}

// --- events ----------------------------------------------------------------------------------------------------------------------------------

void TcpSocket::ready(unsigned events) {
  if (has(inet::kStateConnecting)) return connected_or_not();
  if (has(inet::kStateListening)) return accept_ready();
  if (!has(inet::kStateConnected)) return want(0);
  if (events & os::Poller::kWrite) write_queue();
  if ((events & os::Poller::kRead) && has(inet::kStateConnected)) read_on();
}

void TcpSocket::timed_out(Port& port, std::uint64_t token) {
  if (token == send_token_) {
    send_timer_ = nullptr;
    send_token_ = 0;
    if (port.closed) return;  // nobody waits
    end_busy(atoms::timeout);
    if (send_timeout_close_) close_descriptor();
    return free_port();
  }
  if (token == delay_token_) {
    delay_timer_ = nullptr;
    delay_token_ = 0;
    return write_queue();
  }
  const auto found = std::find_if(waiters_.begin(), waiters_.end(), [&](const Waiter& w) { return w.token == token; });
  if (found == waiters_.end()) return;
  const Waiter late = *found;
  waiters_.erase(found);
  if (has(inet::kStateConnecting)) close_descriptor();  // such a socket is of no use any more
  else if (has(inet::kStateListening)) stop_accepting_when_done();
  else if (options_.active == inet::Active::No) want_less(os::Poller::kRead);
  finish_error(late, atoms::timeout);
}

void TcpSocket::cancel_waiters() {
  for (Waiter& w : waiters_) cancel_timer(port_, w.timer);
  waiters_.clear();
}

void TcpSocket::fail_all_waiters(Term reason) {
  std::vector<Waiter> waiting;
  waiting.swap(waiters_);
  for (Waiter& w : waiting) {
    cancel_timer(port_, w.timer);
    finish_error(w, reason);
  }
}

void TcpSocket::close_descriptor() {
  cancel_waiters();
  cancel_timer(port_, send_timer_);
  cancel_timer(port_, delay_timer_);
  send_token_ = delay_token_ = 0;
  drop_output();
  clear_input();
  if (file_) ::close(file_->fd);
  file_.reset();
  InetSocket::close_descriptor();
}

std::unique_ptr<Driver> open_tcp(Port& port) { return std::make_unique<TcpSocket>(port); }

}  // namespace vm::port
