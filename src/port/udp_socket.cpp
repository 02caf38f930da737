// SPDX-License-Identifier: Apache-2.0
//
// UdpSocket: the port behind gen_udp, for UDP and local datagrams. See inet_socket.h for what sockets share.
//
// A datagram is sent or refused at once; nothing is queued. Received ones go one for each recv/2 to a waiting process, or `read_packets` at a turn
// to the process of an active port.
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "port/inet_socket.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::port {

namespace {

using inet::Request;

constexpr std::size_t kControlRoom = 256;  // bytes of control messages of a datagram

// The control messages of a datagram to send, from pairs of an option's number and its value.
bool control_of(std::string_view pairs, std::string* out) {
  inet::WireReader in(pairs);
  while (!in.empty()) {
    const std::uint32_t option = in.u8();
    const std::int32_t value = in.i32();
    if (!in.ok()) return false;
    const bool v6 = option == inet::kTrafficClass;
    if (!v6 && option != inet::kTos && option != inet::kTtl) return false;
    const int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
    const int type = v6 ? IPV6_TCLASS : option == inet::kTos ? IP_TOS : IP_TTL;
    alignas(cmsghdr) char room[CMSG_SPACE(sizeof value)] = {};
    auto* header = reinterpret_cast<cmsghdr*>(room);
    header->cmsg_len = CMSG_LEN(sizeof value);
    header->cmsg_level = level;
    header->cmsg_type = type;
    std::memcpy(CMSG_DATA(header), &value, sizeof value);
    out->append(room, sizeof room);
  }
  return true;
}

class UdpSocket final : public InetSocket {
 public:
  explicit UdpSocket(Port& port) : InetSocket(port, SOCK_DGRAM) {}

  void command(Port&, std::string bytes) override {
    const Term caller = port_.caller;
    if (!is_open()) return reply(caller, reason_atom(EINVAL));
    inet::WireReader in(bytes);
    inet::Address to;
    if (const char* wrong = inet::read_address(in, domain_, &to)) return reply(caller, term::AtomTable::intern(wrong));
    const std::string_view pairs = in.bytes(in.u32());
    std::string control;
    if (!in.ok() || !control_of(pairs, &control)) return reply(caller, reason_atom(EINVAL));
    const std::string_view data = in.rest();
    statistics_.count_output(data.size());
    iovec piece{const_cast<char*>(data.data()), data.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    if (!has(inet::kStateConnected)) {
      message.msg_name = to.data();
      message.msg_namelen = to.size;
    }
    if (!control.empty()) {
      message.msg_control = control.data();
      message.msg_controllen = control.size();
    }
    ssize_t n;
    do n = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    reply(caller, n < 0 ? reason_atom(errno) : Term(atoms::ok));
  }

  bool flush(Port&) override {
    if (!waiter_) return true;
    const Waiter waiter = *waiter_;
    close_descriptor();
    finish_error(waiter, atoms::closed);
    return true;
  }

  void ready(unsigned) override {
    for (int left = read_packets_; left > 0 && is_open(); left--)
      if (!read_one()) return;
  }

  void timed_out(Port&, std::uint64_t token) override {
    if (!waiter_ || waiter_->token != token) return;
    const Waiter late = *waiter_;
    waiter_.reset();
    if (options_.active == inet::Active::No) want(0);
    finish_error(late, atoms::timeout);
  }

 protected:
  std::string request(Request what, inet::WireReader& in) override {
    switch (what) {
      case Request::Connect: return connect(in);
      case Request::PacketReceive: return receive(in);
      case Request::Close: close_descriptor(); return ok();
      default: return common_request(what, in);
    }
  }

  OptionFate set_own_option(std::uint8_t number, std::int32_t value) override {
    switch (number) {
      case inet::kReadPackets:
        if (value <= 0) return OptionFate::Wrong;
        read_packets_ = value;
        return OptionFate::Done;
      case inet::kHighWatermark:  // of streams: no matter here
      case inet::kLowWatermark:
      case inet::kSendTimeout:
      case inet::kSendTimeoutClose:
      case inet::kDelaySend:
      case inet::kShowReset: return OptionFate::Done;
      default: return OptionFate::NotMine;
    }
  }

  std::optional<std::int32_t> own_option(std::uint8_t number) override {
    return number == inet::kReadPackets ? std::optional<std::int32_t>(read_packets_) : std::nullopt;
  }

  void options_changed(const InetOptions&) override {
    if (is_open()) want(options_.active != inet::Active::No || waiter_ ? os::Poller::kRead : 0u);
  }

  Term passive_tag() const override { return atoms::udp_passive; }

  void close_descriptor() override {
    if (waiter_) cancel_timer(port_, waiter_->timer);
    waiter_.reset();
    InetSocket::close_descriptor();
  }

 private:
  void dissolve() {
    const sockaddr none{AF_UNSPEC, {}};
    ::connect(fd_, &none, sizeof none);
    state_ &= ~std::uint32_t{inet::kStateConnected};
  }

  std::string connect(inet::WireReader& in) {
    if (!is_open()) return error("exbadport");
    if (in.empty()) {
      dissolve();
    } else {
      in.u32();  // the time-out: nothing here takes time
      inet::Address to;
      if (const char* wrong = inet::read_address(in, domain_, &to)) return error(wrong);
      remote_ = to;
      // Without this Linux keeps the source address of the former association.
      if (has(inet::kStateConnected)) dissolve();
      if (::connect(fd_, to.data(), to.size) != 0) {
        const int failed = errno;
        dissolve();
        return error(failed);
      }
      state_ |= inet::kStateConnected;
    }
    const Waiter waiter = new_waiter();
    finish(waiter, atoms::ok);
    return ok_number(waiter.number);
  }

  std::string receive(inet::WireReader& in) {
    if (!is_open()) return error("exbadport");
    const std::uint32_t timeout = in.u32();
    in.u32();  // the length: a datagram is always whole
    if (options_.active != inet::Active::No || !in.ok() || !in.empty()) return error(EINVAL);
    if (waiter_) return error(EALREADY);
    waiter_ = new_waiter();
    const std::uint16_t number = waiter_->number;
    read_one();
    if (waiter_) {
      if (timeout != inet::kForever) {
        waiter_->token = new_token();
        waiter_->timer = start_timer(port_, timeout, waiter_->token);
      }
      want(os::Poller::kRead);
    }
    return ok_number(number);
  }

  // Takes one datagram. False: there is none, or nobody wants more.
  bool read_one() {
    if (options_.active == inet::Active::No && !waiter_) return false;
    static thread_local std::string buffer;
    const auto room = static_cast<std::size_t>(options_.buffer);
    if (buffer.size() < room) buffer.resize(room);
    inet::Address from;
    from.size = sizeof from.storage;
    alignas(cmsghdr) char control[kControlRoom];
    iovec piece{buffer.data(), room};
    msghdr message{};
    message.msg_name = from.data();
    message.msg_namelen = from.size;
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    if (options_.packet_control) {
      message.msg_control = control;
      message.msg_controllen = sizeof control;
    }
    ssize_t n;
    do n = ::recvmsg(fd_, &message, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
      if (errno != EAGAIN && errno != EWOULDBLOCK) failed(errno);
      return false;
    }
    from.size = message.msg_namelen;
    if (from.size == 0) from.storage.ss_family = static_cast<sa_family_t>(has(inet::kStateConnected) ? domain_ : AF_UNSPEC);
    if (has(inet::kStateConnected)) from = remote_;
    statistics_.count_input(static_cast<std::size_t>(n));
    hand_out(from, message, {buffer.data(), static_cast<std::size_t>(n)});
    return options_.active != inet::Active::No;
  }

  void failed(int number) {
    if (options_.active != inet::Active::No) return tell(atoms::udp_error, reason_atom(number));
    if (!waiter_) return;
    Waiter waiter = *waiter_;
    waiter_.reset();
    cancel_timer(port_, waiter.timer);
    want(0);
    finish_error(waiter, reason_atom(number));
  }

  Term control_term(term::HeapWriter& h, const msghdr& message) const {
    Term list = term::kNil;
    std::vector<inet::ControlValue> values = inet::control_values(message);
    for (std::size_t i = values.size(); i-- > 0;) {
      const Term name = values[i].option == inet::kTos ? atoms::tos : values[i].option == inet::kTtl ? atoms::ttl : atoms::tclass;
      list = h.cons(term::Tuple::make(h, name, Term::small(values[i].value)), list);
    }
    return list;
  }

  void hand_out(const inet::Address& from, const msghdr& message, std::string_view data) {
    const bool with_control = options_.packet_control != 0;
    if (options_.active == inet::Active::No) {
      Waiter waiter = *waiter_;
      waiter_.reset();
      cancel_timer(port_, waiter.timer);
      want(0);
      port_.send_to(waiter.caller, [&](term::HeapWriter& h) {
        std::string address;
        inet::put_address(address, from);
        Term outcome = list_of(h, address, data_term(h, data));
        if (with_control) outcome = term::Tuple::make(h, outcome, control_term(h, message));
        outcome = term::Tuple::make(h, atoms::ok, outcome);
        return term::Tuple::make(h, atoms::inet_async, port_.id, Term::small(waiter.number), outcome);
      });
      return;
    }
    port_.send_to(port_.connected, [&](term::HeapWriter& h) {
      if (options_.as_port) {
        std::string address;
        inet::put_address(address, from);
        const Term bytes = port_data_term(h, address.append(data));
        return term::Tuple::make(h, port_.id, term::Tuple::make(h, atoms::data, bytes));
      }
      const inet::AddressTerms a = inet::address_terms(h, from);
      const Term body = data_term(h, data);
      if (with_control) return term::Tuple::make(h, atoms::udp, port_.id, a.host, a.port, control_term(h, message), body);
      return term::Tuple::make(h, atoms::udp, port_.id, a.host, a.port, body);
    });
    count_delivery();
    if (options_.active == inet::Active::No) want(0);
  }

  int read_packets_ = 5;
  std::optional<Waiter> waiter_;
};

}  // namespace

std::unique_ptr<Driver> open_udp(Port& port) { return std::make_unique<UdpSocket>(port); }

}  // namespace vm::port
