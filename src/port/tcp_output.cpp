// SPDX-License-Identifier: Apache-2.0
//
// TCP output: the queue with its watermarks, files sent by the system, and how connections fail in sending.
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "port/tcp_socket.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::port {

namespace {

constexpr std::size_t kPieces = 64;               // of the queue, written at once
constexpr std::size_t kFileChunk = 0x7FFFF000;    // bytes sendfile takes at most
constexpr unsigned kLengthPackets[] = {1, 2, 4};  // bytes of length in front of packets of types 1, 2, 3

std::string length_header(unsigned packet, std::size_t size) {
  std::string head;
  if (packet < 1 || packet > std::size(kLengthPackets)) return head;
  for (unsigned i = kLengthPackets[packet - 1]; i-- > 0;) head.push_back(static_cast<char>(size >> (8 * i)));
  return head;
}

}  // namespace

void TcpSocket::command(Port&, std::string bytes) {
  const Term caller = port_.caller;
  if (!has(inet::kStateConnected)) {
    Term reason = reason_atom(ENOTCONN);
    if (gone_ & kSendSaysClosed) reason = gone_ & kSayReset ? Term(atoms::econnreset) : Term(atoms::closed);
    gone_ &= ~unsigned{kSendSaysClosed};
    return reply(caller, reason);
  }
  if (pending_shutdown_) return output_failed(EPIPE);
  std::string head = length_header(options_.packet, bytes.size());
  const std::size_t size = head.size() + bytes.size();
  statistics_.count_output(size);
  const bool queued = port_.queue_bytes > 0 || file_;
  const std::size_t before = port_.queue_bytes;
  if (size == 0 && !queued) return reply(caller, atoms::ok);
  enqueue(std::move(head));
  enqueue(std::move(bytes));
  if (queued) {
    if (before + size < static_cast<std::size_t>(high_watermark_)) return reply(caller, atoms::ok);
    if (send_timeout_ == 0) return reply(caller, atoms::timeout);
    busy_ = true;
    busy_caller_ = caller;
    state_ |= inet::kStateBusy;
    port_.set_busy(true);
    if (send_timeout_ != inet::kForever) {
      send_token_ = new_token();
      send_timer_ = start_timer(port_, send_timeout_, send_token_);
    }
    return;
  }
  if (delay_send_) {
    delay_token_ = new_token();
    delay_timer_ = start_timer(port_, 0, delay_token_);
    return reply(caller, atoms::ok);
  }
  write_queue();
  // A failure has answered already.
  if (has(inet::kStateConnected)) reply(caller, atoms::ok);
}

void TcpSocket::queue_packet(Port&, std::string head, std::string body) {
  const std::size_t size = head.size() + body.size();
  std::string length = length_header(options_.packet, size);
  statistics_.count_output(length.size() + size);
  if (!length.empty()) head.insert(0, length);
  enqueue(std::move(head));
  if (!body.empty()) enqueue(std::move(body));
}

void TcpSocket::write_packets(Port&) {
  if (has(inet::kStateConnected)) write_queue();
}

void TcpSocket::enqueue(std::string bytes) {
  if (bytes.empty()) return;
  port_.queue_bytes += bytes.size();
  (file_ ? behind_file_ : output_).push_back(std::move(bytes));
}

void TcpSocket::drop_output() {
  output_.clear();
  behind_file_.clear();
  output_begin_ = 0;
  port_.queue_bytes = 0;
  tell_queue_empty();
}

// Writes what the system takes and watches for the rest.
void TcpSocket::write_queue() {
  while (!output_.empty()) {
    iovec pieces[kPieces];
    std::size_t count = 0, skip = output_begin_;
    for (std::string& s : output_) {
      if (count == kPieces) break;
      pieces[count++] = {s.data() + skip, s.size() - skip};
      skip = 0;
    }
    msghdr message{};
    message.msg_iov = pieces;
    message.msg_iovlen = count;
    const ssize_t n = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (n < 0) return output_failed(errno);
    auto left = static_cast<std::size_t>(n);
    port_.queue_bytes -= left;
    while (left > 0) {
      const std::size_t size = output_.front().size() - output_begin_;
      if (left < size) {
        output_begin_ += left;
        break;
      }
      left -= size;
      output_.pop_front();
      output_begin_ = 0;
    }
  }
  if (busy_ && port_.queue_bytes <= static_cast<std::size_t>(low_watermark_)) end_busy(atoms::ok);
  if (output_.empty()) finish_queue();
  else want_more(os::Poller::kWrite);
  free_port();
}

// The queue has run dry.
void TcpSocket::finish_queue() {
  if (file_) return continue_file();
  want_less(os::Poller::kWrite);
  tell_queue_empty();
  if (const std::shared_ptr<Channel> carried = port_.channel) carried->drained(port_);
  if (pending_shutdown_) {
    const int how = *pending_shutdown_;
    pending_shutdown_.reset();
    if (::shutdown(fd_, how) != 0) output_failed(errno);
    else write_shut_ = true;
  }
  port_.flushed();
}

void TcpSocket::end_busy(Term reason) {
  if (!busy_) return;
  busy_ = false;
  state_ &= ~std::uint32_t{inet::kStateBusy};
  cancel_timer(port_, send_timer_);
  send_token_ = 0;
  reply(busy_caller_, reason);
}

void TcpSocket::output_failed(int failed) {
  drop_output();                             // it is lost
  if (port_.closed) return port_.flushed();  // all were told when it closed
  // A peer that went away shows as a broken pipe; only after our own shutdown it means just that.
  if (failed == EPIPE && !write_shut_) failed = ECONNRESET;
  const bool reset = failed == ECONNRESET && show_reset_;
  const Term reason = reset ? reason_atom(failed) : Term(atoms::closed);
  const bool was_busy = busy_;
  const bool by_command = !port_.caller.is_nil();
  if (was_busy) end_busy(reason);
  if (options_.active != inet::Active::No) {
    if (reset) tell(atoms::tcp_error, reason);
    tell_closed(atoms::normal);
    if (!was_busy && !file_ && by_command) reply(port_.caller, reason);
    if (file_) end_file(reason);
    if (options_.exit_on_close) return exit_port(atoms::normal);
    close_descriptor();
    return free_port();
  }
  if (file_) end_file(reason);
  else if (!was_busy && by_command) reply(port_.caller, reason);
  else if (!was_busy) gone_ |= kSendSaysClosed;
  std::vector<Waiter> waiting = std::move(waiters_);
  waiters_.clear();
  close_descriptor();
  waiters_ = std::move(waiting);
  fail_all_waiters(atoms::closed);
  gone_ |= kReceiveSaysClosed | (reset ? kSayReset : 0u);
  free_port();
}

bool TcpSocket::flush(Port&) {
  end_busy(atoms::closed);
  fail_all_waiters(atoms::closed);
  if (fd_ < 0 || output_.empty() || options_.linger_zero || file_ || !has(inet::kStateConnected)) {
    drop_output();
    return true;
  }
  want(os::Poller::kWrite);
  return false;
}

// --- files ---------------------------------------------------------------------------------------------------------------------------------------

std::string TcpSocket::send_file(inet::WireReader& in) {
  const std::string_view handle = in.bytes(sizeof(int));
  const std::uint64_t offset = in.u64(), length = in.u64();
  if (!in.ok() || !in.empty()) return error(EINVAL);
  if (!has(inet::kStateConnected)) return error(ENOTCONN);
  if (file_) return error(EINVAL);
  int fd;
  std::memcpy(&fd, handle.data(), sizeof fd);
  fd = ::dup(fd);
  if (fd < 0) return error(errno);
  file_ = FileTransfer{fd, offset, length, 0, port_.caller};
  if (output_.empty()) continue_file();
  else want_more(os::Poller::kWrite);
  return ok();
}

void TcpSocket::continue_file() {
  while (file_->left > 0) {
    auto offset = static_cast<off_t>(file_->offset);
    const ssize_t n = ::sendfile(fd_, file_->fd, &offset, std::min<std::uint64_t>(file_->left, kFileChunk));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return want_more(os::Poller::kWrite);
    if (n < 0) return errno == EINVAL || errno == EOVERFLOW ? end_file(reason_atom(errno)) : output_failed(errno);
    if (n == 0) break;  // the end of the file
    const auto sent = static_cast<std::uint64_t>(n);
    file_->offset += sent;
    file_->sent += sent;
    file_->left -= sent;
  }
  end_file(atoms::ok);
}

void TcpSocket::end_file(Term reason) {
  const FileTransfer done = *file_;
  file_.reset();
  ::close(done.fd);
  for (std::string& bytes : behind_file_) output_.push_back(std::move(bytes));
  behind_file_.clear();
  statistics_.sent_bytes += done.sent;
  port_.send_to(done.caller, [&](term::HeapWriter& h) {
    Term outcome;
    if (reason == atoms::ok)
      outcome = term::Tuple::make(h, atoms::ok, Term::small(static_cast<SWord>(done.sent & 0xFFFFFFFF)),
                                  Term::small(static_cast<SWord>(done.sent >> 32)));
    else outcome = term::Tuple::make(h, atoms::error, reason);
    return term::Tuple::make(h, atoms::sendfile, port_.id, outcome);
  });
  if (reason == atoms::ok) write_queue();
}

}  // namespace vm::port
