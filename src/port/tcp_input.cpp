// SPDX-License-Identifier: Apache-2.0
//
// TCP input: reading, packets, what processes get.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "port/packet_terms.h"
#include "port/tcp_socket.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::port {

namespace {

constexpr std::size_t kMaxReceive = 0x4000000;  // bytes one recv/2 may ask for
constexpr std::size_t kReadChunk = 0x10000;     // bytes read at once, whatever is still wanted
constexpr int kReadsAtOnce = 16;                // of a socket that keeps having more

constexpr std::size_t kChannelRead = 64 * 1024;  // bytes read at once of a connection to another node

enum PacketNumber : unsigned { kRawPackets = 0, kSslPackets = 12, kHttpBinary = 13, kHttpHeaderBinary = 14 };

}  // namespace

std::string TcpSocket::receive(inet::WireReader& in) {
  if (!has(inet::kStateConnected)) {
    if (!(gone_ & kReceiveSaysClosed)) return error(ENOTCONN);
    const bool reset = gone_ & kSayReset;
    gone_ = 0;
    return error(reset ? "econnreset" : "closed");
  }
  const std::uint32_t timeout = in.u32(), wanted = in.u32();
  if (options_.active != inet::Active::No || !in.ok() || !in.empty()) return error(EINVAL);
  if (options_.packet != kRawPackets && wanted != 0) return error(EINVAL);
  if (wanted > kMaxReceive) return error(ENOMEM);
  if (!waiters_.empty()) return error(EALREADY);
  // The time-out is set once it is known that there is nothing yet.
  waiters_.push_back(new_waiter());
  const std::uint16_t number = waiters_.back().number;
  wanted_bytes_ = wanted;
  deliver();
  if (!waiters_.empty() && has(inet::kStateConnected)) read();
  if (!waiters_.empty()) {
    if (timeout == 0) {
      const Waiter late = waiters_.front();
      waiters_.clear();
      finish_error(late, atoms::timeout);
    } else {
      if (timeout != inet::kForever) {
        waiters_.front().token = new_token();
        waiters_.front().timer = start_timer(port_, timeout, waiters_.front().token);
      }
      want_more(os::Poller::kRead);
    }
  }
  return ok_number(number);
}

std::string TcpSocket::unreceive(std::string_view bytes) {
  if (!has(inet::kStateConnected)) return error(ENOTCONN);
  input_.replace(0, input_begin_, bytes);
  input_begin_ = 0;
  if (options_.active != inet::Active::No) deliver();
  return ok();
}

void TcpSocket::clear_input() {
  input_.clear();
  input_begin_ = 0;
  if (input_.capacity() > static_cast<std::size_t>(options_.buffer)) input_.shrink_to_fit();
  http_state_ = HttpState::Start;
}

TcpSocket::Packet TcpSocket::next_packet() {
  const std::string_view have = waiting_input();
  const auto buffer = port_.channel ? kChannelRead : static_cast<std::size_t>(options_.buffer);
  if (options_.active == inet::Active::No && wanted_bytes_ > 0) {
    if (have.size() >= wanted_bytes_) return {Packet::Whole, wanted_bytes_};
    return {Packet::More, wanted_bytes_ - have.size()};
  }
  PacketLimits limits = options_.limits;
  limits.line_length = static_cast<std::uint32_t>(options_.buffer);  // a longer line comes in pieces
  const PacketLength length = packet_length(packet_type_of(options_.packet), have, limits, &http_state_);
  if (length.kind == PacketLength::Invalid) return {Packet::Wrong, 0};
  if (length.kind == PacketLength::Known && length.bytes > 0) {
    if (length.bytes <= have.size()) return {Packet::Whole, length.bytes};
    if (length.bytes > kMaxReceive) return {Packet::Wrong, 0};
    return {Packet::More, length.bytes - have.size()};
  }
  if (have.size() < buffer) return {Packet::More, buffer - have.size()};
  // The end of a packet is still not in sight: it may be as long as packet_size says.
  if (options_.limits.packet_size > have.size()) return {Packet::More, options_.limits.packet_size - have.size()};
  return {Packet::Wrong, 0};
}

bool TcpSocket::read() {
  const Packet need = next_packet();
  if (need.kind != Packet::More) {
    if (need.kind == Packet::Wrong) input_failed(EMSGSIZE);
    else deliver();
    return false;
  }
  if (input_begin_ > 0) {
    input_.erase(0, input_begin_);
    input_begin_ = 0;
  }
  // Read aside, so that a long packet that comes in small pieces is not cleared to its end for each of them.
  static thread_local std::array<char, kReadChunk> chunk;
  const std::size_t size = std::min(need.size, chunk.size());
  ssize_t n;
  do n = ::recv(fd_, chunk.data(), size, 0);
  while (n < 0 && errno == EINTR);
  const int failed = errno;
  if (n > 0) {
    input_.append(chunk.data(), static_cast<std::size_t>(n));
    deliver();
    return static_cast<std::size_t>(n) == size;
  }
  if (n == 0 || (failed == ECONNRESET && !show_reset_)) peer_closed();
  else if (failed != EAGAIN && failed != EWOULDBLOCK) input_failed(failed);
  return false;
}

// Where more is there than one packet's worth, the poller need not be asked each time whether there is.
void TcpSocket::read_on() {
  for (int rounds = kReadsAtOnce; rounds > 0 && read(); rounds--)
    if (!has(inet::kStateConnected) || !watches(os::Poller::kRead)) return;
}

// Hands out whole packets while somebody wants them.
void TcpSocket::deliver() {
  while (deliver_one()) {
  }
}

bool TcpSocket::deliver_one() {
  if (!has(inet::kStateConnected)) return false;
  const bool wanted = options_.active != inet::Active::No || !waiters_.empty();
  if (!wanted || waiting_input().empty()) return false;
  const Packet packet = next_packet();
  if (packet.kind == Packet::Wrong) {
    input_failed(EMSGSIZE);
    return false;
  }
  if (packet.kind == Packet::More) return false;
  statistics_.count_input(packet.size);
  const std::string_view bytes = waiting_input().substr(0, packet.size);
  deliver_packet(bytes);
  input_begin_ += packet.size;
  if (input_begin_ == input_.size()) {
    input_.clear();
    input_begin_ = 0;
    if (input_.capacity() > static_cast<std::size_t>(options_.buffer)) input_.shrink_to_fit();
  }
  return true;
}

Term TcpSocket::packet_term(term::HeapWriter& h, std::string_view packet) {
  const PacketType type = packet_type_of(options_.packet);
  if (type == PacketType::Http || type == PacketType::HttpHeader) {
    const bool binaries = options_.packet == kHttpBinary || options_.packet == kHttpHeaderBinary;
    return PacketTerms(h, binaries).http(parse_http(packet, &http_state_));
  }
  if (type == PacketType::SslTls) {
    const SslRecord record = parse_ssl(packet);
    const std::string bytes = record.prefix + std::string(record.data);
    const Term data = term::make_binary(h, {reinterpret_cast<const Byte*>(bytes.data()), bytes.size()});
    return PacketTerms::ssl(h, port_.id, record, data);
  }
  return data_term(h, packet_body(type, packet));
}

void TcpSocket::deliver_packet(std::string_view packet) {
  if (options_.active == inet::Active::No) {
    Waiter waiter = waiters_.front();
    waiters_.clear();
    cancel_timer(port_, waiter.timer);
    want_less(os::Poller::kRead);
    port_.send_to(waiter.caller, [&](term::HeapWriter& h) {
      const Term outcome = term::Tuple::make(h, atoms::ok, packet_term(h, packet));
      return term::Tuple::make(h, atoms::inet_async, port_.id, Term::small(waiter.number), outcome);
    });
    return;
  }
  const PacketType type = packet_type_of(options_.packet);
  if (const std::shared_ptr<Channel> carried = port_.channel) return carried->received(port_, packet_body(type, packet));
  port_.send_to(port_.connected, [&](term::HeapWriter& h) {
    const bool http = type == PacketType::Http || type == PacketType::HttpHeader;
    if (options_.as_port && !http && type != PacketType::SslTls)
      return term::Tuple::make(h, port_.id, term::Tuple::make(h, atoms::data, port_data_term(h, packet_body(type, packet))));
    const Term data = packet_term(h, packet);
    if (type == PacketType::SslTls) return data;
    return term::Tuple::make(h, http ? atoms::http : atoms::tcp, port_.id, data);
  });
  count_delivery();
  if (options_.active == inet::Active::No) want_less(os::Poller::kRead);
}

// --- the end of input --------------------------------------------------------------------------------------------------------------------------

// {tcp_closed, Port}. Who hears it may connect to the other node anew: a connection that the port carries has ended by then.
void TcpSocket::tell_closed(Term port_reason) {
  if (options_.exit_on_close) port_.end_channel(port_reason);
  tell(atoms::tcp_closed);
}

// No more input: the connection goes, or only its reading half when the port shall not exit on close.
void TcpSocket::hang_up(Term port_reason) {
  clear_input();
  if (options_.active != inet::Active::No) {
    tell_closed(port_reason);
    if (options_.exit_on_close) return exit_port(port_reason);
    want_less(os::Poller::kRead);
    return;
  }
  if (!options_.exit_on_close) return want_less(os::Poller::kRead);
  const std::vector<Waiter> kept = std::move(waiters_);
  waiters_.clear();
  close_descriptor();
  waiters_ = kept;
}

void TcpSocket::peer_closed() {
  const bool somebody_sends = busy_ || file_;
  if (busy_) drop_output();
  end_busy(atoms::closed);
  if (file_) end_file(atoms::closed);
  // The next send shall hear that the peer closed, not that there is no connection.
  if (!somebody_sends) gone_ |= kSendSaysClosed;
  hang_up(atoms::normal);
  fail_all_waiters(atoms::closed);
  free_port();
}

void TcpSocket::input_failed(int failed) {
  if (busy_) drop_output();
  end_busy(atoms::closed);
  if (file_) end_file(reason_atom(failed));
  if (options_.active != inet::Active::No) tell(atoms::tcp_error, reason_atom(failed));
  hang_up(reason_atom(failed));
  fail_all_waiters(reason_atom(failed));
  free_port();
}

}  // namespace vm::port
