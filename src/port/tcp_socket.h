// SPDX-License-Identifier: Apache-2.0
//
// TcpSocket: the port behind gen_tcp, for TCP and local streams. See inet_socket.h for what sockets share.
//
// Input waits in `input_` until it makes a packet (option packet) or as much as a process asked for. Output that the system does not take waits in
// `output_`; beyond the high watermark the sender's answer is held back and the port is busy for others until the low watermark.
//
// When the peer closes, a passive port stays (its process must hear {error, closed} from its next call) while an active one tells its process and
// ends. `gone_` remembers what the next call is to be told.
#pragma once

#include <deque>

#include "port/inet_socket.h"

namespace vm::port {

class TcpSocket final : public InetSocket {
 public:
  explicit TcpSocket(Port& port) : InetSocket(port, SOCK_STREAM) {}
  ~TcpSocket() override;

  void command(Port& port, std::string bytes) override;
  void ready(unsigned events) override;
  void timed_out(Port& port, std::uint64_t token) override;
  bool flush(Port& port) override;
  bool carries_packets() const override { return has(inet::kStateConnected); }
  void queue_packet(Port& port, std::string head, std::string body) override;
  void write_packets(Port& port) override;

 protected:
  std::string request(inet::Request request, inet::WireReader& in) override;
  OptionFate set_own_option(std::uint8_t number, std::int32_t value) override;
  std::optional<std::int32_t> own_option(std::uint8_t number) override;
  void options_changed(const InetOptions& was) override;
  std::size_t pending_output() const override { return port_.queue_bytes; }
  Term passive_tag() const override;
  void activated_when_closed() override;
  void close_descriptor() override;

 private:
  // tcp_socket.cpp: connections
  std::string listen(inet::WireReader& in);
  std::string connect(inet::WireReader& in);
  std::string accept(inet::WireReader& in);
  std::string shutdown(inet::WireReader& in);
  void connected_or_not();
  void accept_ready();
  void forget_dead_acceptors();
  Term admit(int fd, const Waiter& who);
  void stop_accepting_when_done();
  void fail_all_waiters(Term reason);
  void cancel_waiters();

  // tcp_input.cpp
  std::string receive(inet::WireReader& in);
  std::string unreceive(std::string_view bytes);
  // Reads once, as much as a packet may need, and hands out what is whole. Whether there may be more.
  bool read();
  void read_on();
  void deliver();
  bool deliver_one();
  struct Packet {
    enum Kind { Whole, More, Wrong } kind;
    std::size_t size;  // of the packet; More: how many bytes to read next
  };
  Packet next_packet();
  void deliver_packet(std::string_view packet);
  Term packet_term(term::HeapWriter& h, std::string_view packet);
  std::string_view waiting_input() const { return std::string_view(input_).substr(input_begin_); }
  void clear_input();
  void peer_closed();
  void tell_closed(Term port_reason);
  void input_failed(int error);
  void hang_up(Term port_reason);

  // tcp_output.cpp
  void enqueue(std::string bytes);
  void write_queue();
  void output_failed(int error);
  void drop_output();
  void end_busy(Term reason);  // answers the sender that waited for the queue; free_port follows when all is settled
  void free_port() { port_.set_busy(busy_); }
  void finish_queue();
  std::string send_file(inet::WireReader& in);
  void continue_file();
  void end_file(Term reason);
  bool is_local() const;

  enum Gone : unsigned { kSendSaysClosed = 1, kReceiveSaysClosed = 2, kSayReset = 4 };

  // Options.
  int high_watermark_ = 8192, low_watermark_ = 4096;  // bytes
  std::uint32_t send_timeout_ = inet::kForever;       // milliseconds
  bool send_timeout_close_ = false, delay_send_ = false, show_reset_ = false;

  std::vector<Waiter> waiters_;   // accepting: any number; connecting or receiving: one
  std::size_t wanted_bytes_ = 0;  // by the receiving process; 0: a packet, or whatever comes
  std::string input_;
  std::size_t input_begin_ = 0;
  HttpState http_state_ = HttpState::Start;

  std::deque<std::string> output_;
  std::deque<std::string> behind_file_;  // was sent while a file was being sent: goes out after it
  std::size_t output_begin_ = 0;         // bytes of output_.front() that are gone
  bool busy_ = false;
  Term busy_caller_ = term::kNil;
  PortTimer* send_timer_ = nullptr;
  std::uint64_t send_token_ = 0;
  PortTimer* delay_timer_ = nullptr;
  std::uint64_t delay_token_ = 0;
  std::optional<int> pending_shutdown_;  // SHUT_WR or SHUT_RDWR once the queue is empty
  bool write_shut_ = false;
  unsigned gone_ = 0;

  struct FileTransfer {
    int fd;
    std::uint64_t offset, left, sent = 0;
    Term caller;
  };
  std::optional<FileTransfer> file_;
};

}  // namespace vm::port
