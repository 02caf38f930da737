// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] A port on a driver that was loaded as a shared object (erl_ddll): port::Driver on one side, the C interface of erl_driver.h on the other.
//
// An ErlDrvPort is the address of a LinkedPort; it is good while the port lives. Every callback of the driver runs with the port's lock held and,
// unless the driver asked for port locking, with its driver's lock, too (recursive: a callback may reach another port of the same driver). What a
// callback asks for that would end the port (driver_failure_*, driver_exit) is done when the outermost callback has returned.
//
// Bytes for the driver come flat; an `outputv` gets them as one binary behind an empty first vector. The driver's queue is a row of slices of
// binaries; a closed port lives on until it is empty.
//
// Threading: the C functions may be called from callbacks; from other threads only those that erl_driver(3) allows (terms sent by port term, queues
// under a port data lock, binaries, locks).
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "driver/abi.h"
#include "driver/library.h"
#include "port/driver.h"
#include "port/port.h"
#include "port/port_timer.h"

namespace vm::driver {

// Slices of binaries, front first; one reference each.
class PieceQueue {
 public:
  ~PieceQueue();
  void push_back(ErlDrvBinary* shared, std::size_t offset, std::size_t size);
  void push_front(ErlDrvBinary* shared, std::size_t offset, std::size_t size);
  // Takes bytes off the front. False when there are fewer.
  bool drop(std::size_t size);
  std::size_t size() const { return size_; }
  // Vectors over the whole queue, good until it changes.
  SysIOVec* vectors(int* count);
  ErlDrvBinary** binaries();

 private:
  struct Piece {
    ErlDrvBinary* binary;
    std::size_t offset, size;
  };
  void refresh();
  std::deque<Piece> pieces_;
  std::size_t size_ = 0;
  bool stale_ = true;
  std::vector<SysIOVec> vectors_;
  std::vector<ErlDrvBinary*> binaries_;
};

class LinkedPort final : public port::Driver {
 public:
  LinkedPort(port::Port& port, std::shared_ptr<Library> library);
  ~LinkedPort() override;

  // Calls the driver's start. The non-value, or the error for open_port/2.
  Term start(const std::string& command);
  // Instead of start: data of the driver's own (driver_create_port).
  void adopt(ErlDrvData data) {
    data_ = data;
    started_ = true;
  }

  void opened(port::Port&) override { left(); }
  bool is_free() const override;
  bool wait_until_free(port::Port& port) override;
  void command(port::Port& port, std::string bytes) override;
  void received(port::Port& port, std::string_view bytes) override;
  bool takes_vectors() const override { return entry().outputv; }
  bool may_be_forced() const override { return entry().driver_flags & ERL_DRV_FLAG_SOFT_BUSY; }
  std::optional<std::string> control(port::Port& port, unsigned operation, std::string_view data) override;
  std::optional<std::string> call(port::Port& port, unsigned operation, std::string_view data) override;
  void timed_out(port::Port& port, std::uint64_t token) override;
  std::vector<Term> monitored() const override;
  void monitor_fired(port::Port& port, std::uint64_t key) override;
  bool flush(port::Port& port) override;
  void released(port::Port& port) override;

  // --- behind the C interface
  int select(int fd, int mode, bool on);
  void set_timer(unsigned long milliseconds);
  void cancel_timer();
  unsigned long timer_left() const;  // milliseconds
  // The port ends with this reason once the driver has returned; eof: as at the end of input.
  void fail(Term reason, bool eof = false);
  void async_done(void* data);
  // A port that is free again takes the commands that wait once the driver has returned.
  void set_busy(bool busy);
  int monitor(Term process, ErlDrvMonitor* monitor);
  int demonitor(const ErlDrvMonitor& monitor);
  Term monitored(const ErlDrvMonitor& monitor) const;  // the non-value: none
  // {Port, {data, [Head..., Bytes...]}} to the connected process; with `shared` the bytes lie in that binary.
  void output(std::string_view head, std::string_view bytes, ErlDrvBinary* shared = nullptr);
  // The same of several parts. A port with binaries sends one for each, as an improper list.
  void output_parts(std::string_view head, std::span<const std::string_view> parts);
  PieceQueue& queue() { return queue_; }
  bool gone() const { return gone_.load(std::memory_order_acquire); }  // closed and released; only a port data lock keeps it
  void queue_changed();

  port::Port& port() { return port_; }
  // The port whose callback runs on this thread, or nullptr.
  static port::Port* running();
  Library& library() { return *library_; }
  const std::shared_ptr<Library>& library_ref() const { return library_; }

  ErlDrvPDL data_lock = nullptr;
  // Reads and sets the limits of commands that wait; 0: as it is.
  void queue_limits(std::size_t* low, std::size_t* high);
  // The driver says that the port is open, or why not.
  void opened_itself(ErlDrvData data);
  void answer_binaries(bool on) { binary_answers_ = on; }

 private:
  class Entered;
  struct Ending {
    Term reason;
    bool eof;
  };
  ErlDrvEntry& entry() const { return *library_->entry; }
  void ready(int fd, unsigned events);
  void react(int fd, unsigned events);
  void watch(int fd, int selected);
  void left();
  void release_timer();
  void end_queue();

  port::Port& port_;
  std::shared_ptr<Library> library_;
  ErlDrvData data_ = nullptr;
  bool started_ = false;
  unsigned depth_ = 0;  // of callbacks
  std::optional<Ending> ending_;
  bool binary_answers_ = false;  // of control
  bool freed_ = false;           // no longer busy: see set_busy
  bool acknowledges_ = false;    // who opens the port waits for opened_itself
  void acknowledge(Term outcome);
  PieceQueue queue_;
  std::atomic<bool> gone_{false};
  std::map<int, int> selected_;  // descriptor: ERL_DRV_READ, ERL_DRV_WRITE, ERL_DRV_USE
  std::vector<std::pair<std::uint64_t, Term>> monitors_;
  port::PortTimer* timer_ = nullptr;
  std::uint64_t timer_token_ = 0;
  std::int64_t timer_due_ns_ = 0;
};

}  // namespace vm::driver
