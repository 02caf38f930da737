// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Sockets of gen_tcp, gen_udp and gen_sctp: what TCP and datagram ports share.
//
// A socket port speaks the protocol of module prim_inet: port_control/3 carries requests (inet_protocol.h), answered at once by bytes. What may take
// longer (connect, accept, receive) answers with a number, and a message {inet_async, Port, Number, Outcome} follows. Output by port_command/3 is
// answered by {inet_reply, Port, Outcome}, which is held back while the queue is above its high watermark: that is how senders are slowed.
//
// The descriptor never blocks. It is watched for reading only while somebody wants input (the port is active, or a process receives), so an idle
// passive socket costs nothing and the system's own buffer pushes back on the peer.
//
// Every method runs with the port's lock held: from processes (control, command), from the poller's thread (ready) and from timers (timed_out).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "port/driver.h"
#include "port/inet_address.h"
#include "port/inet_protocol.h"
#include "port/packet.h"
#include "port/port.h"
#include "port/port_timer.h"

namespace vm::port {

// Options that are the port's own, see inet:setopts/2.
struct InetOptions {
  inet::Active active = inet::Active::No;
  std::int16_t active_count = 0;
  bool binary = false;
  bool as_port = false;  // {Port, {data, Data}} instead of {tcp, Port, Data}
  bool exit_on_close = true;
  bool buffer_set = false;
  bool linger_zero = false;                          // closing resets the connection
  unsigned header = 0;                               // bytes at the front of a binary that come as a list
  unsigned packet = 0;                               // number of the packet type as prim_inet sends it
  int buffer = 1460;                                 // bytes read at once
  PacketLimits limits;                               // packet_size, line_delimiter
  unsigned packet_control = 0;                       // which control messages of datagrams are wanted: bits of ControlMessage
  std::int32_t high_queue = 8192, low_queue = 4096;  // bytes waiting for a busy port; told, not enforced: see Port::park
  std::string network_namespace;
};
enum ControlMessage : unsigned { kWantTos = 1, kWantTrafficClass = 2, kWantTtl = 4 };

// What inet:getstat/2 tells.
struct InetStatistics {
  std::uint64_t received_bytes = 0, sent_bytes = 0;
  std::uint32_t received = 0, sent = 0;
  std::size_t received_max = 0, sent_max = 0;
  double received_average = 0, received_deviation = 0, sent_average = 0;

  void count_input(std::size_t bytes);
  void count_output(std::size_t bytes);
};

class InetSocket : public Driver {
 public:
  // A process that waits for the outcome of a request.
  struct Waiter {
    std::uint16_t number;
    Term caller;
    PortTimer* timer = nullptr;
    std::uint64_t token = 0;  // of the timer
  };

  explicit InetSocket(Port& port, int type) : port_(port), type_(type) {}
  ~InetSocket() override;

  std::optional<std::string> control(Port& port, unsigned operation, std::string_view data) override;
  void received(Port&, std::string_view) override {}
  bool takes_vectors() const override { return true; }
  bool may_be_forced() const override { return true; }
  void released(Port& port) override;

  // The descriptor may be read or written; `events` are hints.
  virtual void ready(unsigned events) = 0;

 protected:
  // Requests of the kind of socket; others go to common_request.
  virtual std::string request(inet::Request request, inet::WireReader& in) = 0;
  std::string common_request(inet::Request request, inet::WireReader& in);
  // An option that only this kind of socket has. Nothing: not mine.
  enum class OptionFate { NotMine, Done, Wrong };
  virtual OptionFate set_own_option(std::uint8_t, std::int32_t) { return OptionFate::NotMine; }
  virtual std::optional<std::int32_t> own_option(std::uint8_t) { return std::nullopt; }
  // After a successful setopts; `was` are the options before.
  virtual void options_changed(const InetOptions& was) = 0;
  virtual std::size_t pending_output() const { return 0; }
  virtual Term passive_tag() const = 0;
  // The port became active after its peer had gone.
  virtual void activated_when_closed() {}

  // Answers to port_control/3.
  static PacketType packet_type_of(unsigned number);
  static std::string ok(std::string_view bytes = {});
  static std::string error(int number);
  static std::string error(const char* name);
  std::string ok_number(std::uint16_t number) const;

  // --- the descriptor ---------------------------------------------------------------------------------------------------------------
  bool is_open() const { return state_ & inet::kStateOpen; }
  bool has(std::uint32_t state) const { return (state_ & state) == state; }
  std::string open(inet::WireReader& in, bool given);
  void adopt(int fd, int domain);
  void want(unsigned events);  // exactly these of Poller's events
  bool watches(unsigned events) const { return watched_ & events; }
  void want_more(unsigned events) { want((ignored_ ? wanted_when_back_ : watched_) | events); }
  void want_less(unsigned events) { want((ignored_ ? wanted_when_back_ : watched_) & ~events); }
  virtual void close_descriptor();
  // The port ends on its own; the connected process knows by a message and gets no exit signal.
  void exit_port(Term reason);

  std::uint64_t new_token() { return ++next_token_; }

  // --- waiting processes and messages ----------------------------------------------------------------------------------------------------
  // Takes the caller in; with a time-out unless `milliseconds` is kForever.
  Waiter new_waiter(std::uint32_t milliseconds);
  Waiter new_waiter() { return new_waiter(inet::kForever); }
  void finish(const Waiter& w, Term outcome_atom);  // {inet_async, Port, N, ok}
  void finish_error(const Waiter& w, Term reason);  // {inet_async, Port, N, {error, Reason}}
  void reply(Term to, Term reason);                 // {inet_reply, Port, ok | {error, Reason}}
  void tell(Term tag);                              // {Tag, Port} to the connected process
  void tell(Term tag, Term reason);                 // {Tag, Port, Reason}
  void tell_queue_empty();                          // {empty_out_q, Port} to subscribers
  void count_delivery();                            // after a message to an active port: once and N run out
  // Bytes as the mode and header options want them.
  Term data_term(term::HeapWriter& h, std::string_view bytes) const;
  // The same in a message of the port's own form: a binary if that is the mode and the port was opened so.
  Term port_data_term(term::HeapWriter& h, std::string_view bytes) const;
  static Term list_of(term::HeapWriter& h, std::string_view bytes, Term tail);

  Port& port_;
  const int type_;  // SOCK_STREAM, SOCK_DGRAM
  int fd_ = -1;
  int domain_ = 0;
  std::uint32_t state_ = inet::kStateClosed;
  bool given_ = false;  // by fdopen: not closed by us
  InetOptions options_;
  InetStatistics statistics_;
  inet::Address remote_;

 private:
  friend class InetOptionWriter;
  friend class InetOptionReader;
  std::string request_when_open(inet::Request request, inet::WireReader& in);
  std::string ignore_descriptor(inet::WireReader& in);
  std::string set_options(inet::WireReader& in);
  std::string get_options(inet::WireReader& in);
  std::string bind(inet::WireReader& in);
  std::string name(bool of_peer);
  std::string set_name(inet::WireReader& in, std::optional<inet::Address>* which);
  std::string statistics(inet::WireReader& in);
  std::string subscribe(inet::WireReader& in);
  std::string type() const;

  std::optional<inet::Address> shown_name_, shown_peer_;
  std::uint16_t next_number_ = 0;
  std::uint64_t next_token_ = 0;
  unsigned watched_ = 0;
  bool registered_ = false;
  bool ignored_ = false;  // lent to somebody else
  unsigned wanted_when_back_ = 0;

 protected:
  std::vector<Term> empty_queue_subscribers_;
};

Term reason_atom(int error);

namespace inet {

// Control messages of a packet that Erlang programs can ask for: tos, ttl, tclass.
struct ControlValue {
  std::uint8_t option;  // its number
  int value;
};
std::vector<ControlValue> control_values(const msghdr& message);
std::string control_bytes(const msghdr& message);

// Interfaces: the same for every socket. *error is an errno, or untouched.
std::string interface_addresses(int* error);
std::string interface_names(int* error);
std::string get_interface(WireReader& in, int* error);
int set_interface(WireReader& in);
}  // namespace inet

std::unique_ptr<Driver> open_tcp(Port& port);
std::unique_ptr<Driver> open_udp(Port& port);

}  // namespace vm::port
