// SPDX-License-Identifier: Apache-2.0
#include "port/inet_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "os/errno_name.h"
#include "port/port_trace.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::port {

using inet::Request;

namespace {

constexpr const char* kNotOpen = "exbadport";
constexpr std::size_t kMaxName = 255;

int domain_of(std::uint32_t family) {
  switch (family) {
    case inet::kInet: return AF_INET;
    case inet::kInet6: return AF_INET6;
    case inet::kLocal: return AF_UNIX;
    default: return -1;
  }
}

// Opens a socket in a network namespace, given by the path of its file; empty: in this thread's.
int socket_in(const std::string& network_namespace, int domain, int type) {
  if (network_namespace.empty()) return ::socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int here = ::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  const int there = here < 0 ? -1 : ::open(network_namespace.c_str(), O_RDONLY | O_CLOEXEC);
  int fd = -1;
  if (there >= 0 && setns(there, CLONE_NEWNET) == 0) {
    fd = ::socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int error = errno;
    if (setns(here, CLONE_NEWNET) != 0 && fd >= 0) {
      ::close(fd);
      fd = -1;
    } else {
      errno = error;
    }
  }
  const int error = errno;
  if (there >= 0) ::close(there);
  if (here >= 0) ::close(here);
  errno = error;
  return fd;
}

std::string text_argument(inet::WireReader& in) { return std::string(in.bytes(in.u8())); }

std::string host_name(int* error) {
  char name[kMaxName + 1];
  if (gethostname(name, sizeof name) != 0) *error = errno;
  name[kMaxName] = '\0';
  return *error ? std::string() : std::string(name);
}

}  // namespace

Term reason_atom(int error) { return term::AtomTable::intern(os::errno_name(error)); }

void InetStatistics::count_input(std::size_t bytes) {
  const auto size = static_cast<double>(bytes);
  if (++received == 0) received = 1;
  received_bytes += bytes;
  received_average += (size - received_average) / received;
  received_deviation += (size - received_average - received_deviation) / received;
  received_max = std::max(received_max, bytes);
}

void InetStatistics::count_output(std::size_t bytes) {
  if (++sent == 0) sent = 1;
  sent_bytes += bytes;
  sent_average += (static_cast<double>(bytes) - sent_average) / sent;
  sent_max = std::max(sent_max, bytes);
}

InetSocket::~InetSocket() {
  if (fd_ >= 0 && !given_) ::close(fd_);
}

// --- answers -----------------------------------------------------------------------------------------------------------------------------

std::string InetSocket::ok(std::string_view bytes) {
  std::string answer(1, static_cast<char>(inet::kOk));
  answer.append(bytes);
  return answer;
}

std::string InetSocket::error(const char* name) { return std::string(1, static_cast<char>(inet::kError)) + name; }
std::string InetSocket::error(int number) { return error(os::errno_name(number)); }

std::string InetSocket::ok_number(std::uint16_t number) const {
  std::string bytes;
  inet::put_u16(bytes, number);
  return ok(bytes);
}

// --- requests ----------------------------------------------------------------------------------------------------------------------------

std::optional<std::string> InetSocket::control(Port&, unsigned operation, std::string_view data) {
  inet::WireReader in(data);
  return request(static_cast<Request>(operation - inet::kControlBase), in);
}

std::string InetSocket::common_request(Request what, inet::WireReader& in) {
  int failed = 0;
  switch (what) {
    case Request::Open: return open(in, false);
    case Request::FdOpen: return open(in, true);
    case Request::SetOptions: return set_options(in);
    case Request::GetOptions: return get_options(in);
    case Request::GetStatistics: return statistics(in);
    case Request::Subscribe: return subscribe(in);
    case Request::GetType: return type();
    case Request::GetStatus: {
      std::string bytes;
      inet::put_u32(bytes, state_);
      return ok(bytes);
    }
    case Request::PeerName: return name(true);
    case Request::Name: return name(false);
    case Request::SetPeer: return set_name(in, &shown_peer_);
    case Request::SetName: return set_name(in, &shown_name_);
    case Request::GetHostName: {
      const std::string host = host_name(&failed);
      return failed ? error(failed) : ok(host);
    }
    case Request::GetFd: {
      if (!is_open()) return error(EINVAL);
      std::string bytes;
      inet::put_u32(bytes, static_cast<std::uint32_t>(fd_));
      return ok(bytes);
    }
    case Request::GetServiceByName: {
      const std::string service = text_argument(in), protocol = text_argument(in);
      const servent* found = in.ok() ? getservbyname(service.c_str(), protocol.c_str()) : nullptr;
      return found ? ok_number(ntohs(static_cast<std::uint16_t>(found->s_port))) : error(EINVAL);
    }
    case Request::GetServiceByPort: {
      const auto number = static_cast<std::uint16_t>(in.u16());
      const std::string protocol = text_argument(in);
      const servent* found = in.ok() ? getservbyport(htons(number), protocol.c_str()) : nullptr;
      return found ? ok(found->s_name) : error(EINVAL);
    }
    case Request::IgnoreFd: return ignore_descriptor(in);
    default: return is_open() ? request_when_open(what, in) : error(kNotOpen);
  }
}

std::string InetSocket::request_when_open(Request what, inet::WireReader& in) {
  int failed = 0;
  switch (what) {
    case Request::Bind: return state_ == inet::kStateOpen ? bind(in) : error(kNotOpen);
    case Request::GetLocalAddresses: return name(false);
    case Request::GetPeerAddresses: return name(true);
    case Request::GetInterfaceAddresses: {
      const std::string found = inet::interface_addresses(&failed);
      return failed ? error(failed) : ok(found);
    }
    case Request::GetInterfaceList: {
      const std::string found = inet::interface_names(&failed);
      return failed ? error(failed) : ok(found);
    }
    case Request::GetInterface: {
      const std::string found = inet::get_interface(in, &failed);
      return failed ? error(failed) : ok(found);
    }
    case Request::SetInterface: failed = inet::set_interface(in); return failed ? error(failed) : ok();
    default: return error(kNotOpen);
  }
}

std::string InetSocket::open(inet::WireReader& in, bool given) {
  const int domain = domain_of(in.u8());
  const std::uint32_t type = in.u8();
  if (!in.ok()) return error(EINVAL);
  if (domain < 0) return error("eafnosupport");
  if (type != (type_ == SOCK_STREAM ? inet::kStream : inet::kDatagram)) return error(EINVAL);
  if (!given) {
    const int fd = socket_in(options_.network_namespace, domain, type_);
    if (fd < 0) return error(errno);
    adopt(fd, domain);
    return ok();
  }
  const int fd = in.i32();
  const bool bound = in.empty() || in.u32() != 0;
  if (!in.ok()) return error(EINVAL);
  inet::Address name;
  name.size = sizeof name.storage;
  if (bound) {
    if (getsockname(fd, name.data(), &name.size) != 0) return error(errno);
    if (name.storage.ss_family != domain) return error(EINVAL);
  }
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  given_ = true;
  adopt(fd, domain);
  name.size = sizeof name.storage;
  if (type_ == SOCK_STREAM && getpeername(fd, name.data(), &name.size) == 0) state_ |= inet::kStateConnected;
  return ok();
}

void InetSocket::adopt(int fd, int domain) {
  fd_ = fd;
  domain_ = domain;
  state_ = inet::kStateOpen;
}

std::string InetSocket::bind(inet::WireReader& in) {
  inet::Address address;
  if (const char* wrong = inet::read_address(in, domain_, &address)) return error(wrong);
  if (::bind(fd_, address.data(), address.size) != 0) return error(errno);
  inet::Address bound;
  bound.size = sizeof bound.storage;
  if (port_number(address) == 0 && getsockname(fd_, bound.data(), &bound.size) == 0) return ok_number(port_number(bound));
  return ok_number(port_number(address));
}

std::string InetSocket::name(bool of_peer) {
  if (of_peer && !has(inet::kStateConnected)) return error(ENOTCONN);
  const std::optional<inet::Address>& shown = of_peer ? shown_peer_ : shown_name_;
  inet::Address address;
  if (shown) {
    address = *shown;
  } else {
    address.size = sizeof address.storage;
    if ((of_peer ? getpeername : getsockname)(fd_, address.data(), &address.size) != 0) return error(errno);
  }
  std::string bytes;
  inet::put_address(bytes, address);
  return ok(bytes);
}

std::string InetSocket::set_name(inet::WireReader& in, std::optional<inet::Address>* which) {
  which->reset();
  if (in.empty()) return ok();
  inet::Address address;
  if (const char* wrong = inet::read_address(in, domain_, &address)) return error(wrong);
  *which = address;
  return ok();
}

// Hands the descriptor to somebody else for a while, and takes it back.
std::string InetSocket::ignore_descriptor(inet::WireReader& in) {
  if (!has(inet::kStateConnected)) return error(ENOTCONN);
  const bool ignore = in.u8() == 1;
  if (!in.ok() || type_ != SOCK_STREAM || ignore == ignored_) return error(EINVAL);
  const unsigned wanted = watched_;
  if (ignore) want(0);
  ignored_ = ignore;
  if (ignore) wanted_when_back_ = wanted;
  else want(wanted_when_back_);
  return ok();
}

std::string InetSocket::type() const {
  if (domain_ != AF_INET && domain_ != AF_INET6 && domain_ != AF_UNIX) return error(EINVAL);
  std::string bytes;
  inet::put_u32(bytes, domain_ == AF_INET ? inet::kInet : domain_ == AF_INET6 ? inet::kInet6 : inet::kLocal);
  inet::put_u32(bytes, type_ == SOCK_STREAM ? inet::kStream : inet::kDatagram);
  return ok(bytes);
}

std::string InetSocket::statistics(inet::WireReader& in) {
  std::string bytes;
  auto add = [&bytes](double value) { inet::put_u32(bytes, static_cast<std::uint32_t>(value)); };
  while (!in.empty()) {
    const std::uint32_t which = in.u8();
    inet::put_u8(bytes, which);
    switch (which) {
      case inet::kReceivedCount: inet::put_u32(bytes, statistics_.received); break;
      case inet::kReceivedMax: add(static_cast<double>(statistics_.received_max)); break;
      case inet::kReceivedAverage: add(statistics_.received_average); break;
      case inet::kReceivedDeviation: add(std::max(statistics_.received_deviation, 0.0)); break;
      case inet::kSentCount: inet::put_u32(bytes, statistics_.sent); break;
      case inet::kSentMax: add(static_cast<double>(statistics_.sent_max)); break;
      case inet::kSentAverage: add(statistics_.sent_average); break;
      case inet::kSendPending: inet::put_u32(bytes, static_cast<std::uint32_t>(pending_output())); break;
      case inet::kReceivedBytes: inet::put_u64(bytes, statistics_.received_bytes); break;
      case inet::kSentBytes: inet::put_u64(bytes, statistics_.sent_bytes); break;
      default: return error(EINVAL);
    }
  }
  return ok(bytes);
}

std::string InetSocket::subscribe(inet::WireReader& in) {
  std::string bytes;
  while (!in.empty()) {
    if (in.u8() != inet::kSubscribeEmptyQueue) return error(EINVAL);
    const std::size_t pending = pending_output();
    if (pending > 0) empty_queue_subscribers_.push_back(port_.caller);
    inet::put_u8(bytes, inet::kSubscribeEmptyQueue);
    inet::put_u32(bytes, static_cast<std::uint32_t>(pending));
  }
  return ok(bytes);
}

// --- the descriptor ----------------------------------------------------------------------------------------------------------------------

void InetSocket::want(unsigned events) {
  if (ignored_) wanted_when_back_ = events;
  if (fd_ < 0 || ignored_ || events == watched_) return;
  watched_ = events;
  if (registered_) return port_.ports.poller().change(fd_, events);
  registered_ = true;
  std::weak_ptr<Port> weak = port_.weak_from_this();
  port_.ports.poller().add(fd_, events, [weak](unsigned got) {
    const std::shared_ptr<Port> port = weak.lock();
    if (!port) return;
    std::lock_guard<PortLock> hold(port->lock);
    auto* socket = static_cast<InetSocket*>(port->driver.get());
    const PortVisit visit(*port);
    if (socket->fd_ >= 0 && (socket->watched_ & got)) socket->ready(socket->watched_ & got);
  });
}

void InetSocket::close_descriptor() {
  if (fd_ < 0) return;
  if (registered_) port_.ports.poller().forget(fd_);
  registered_ = false;
  watched_ = 0;
  if (!given_) ::close(fd_);
  fd_ = -1;
  state_ = inet::kStateClosed;
}

void InetSocket::released(Port&) { close_descriptor(); }

}  // namespace vm::port
