// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Ports: the world outside as Erlang sees it.
//
// A Port is an object with a lock. What processes, descriptors and timers want of it are requests (requests.h): done at once where nobody is at the port,
// else in the port's turn on a scheduler. All of it happens under the port's lock, so what a port sends is in order for each receiver. Messages go to the
// connected process.
//
// Input is framed by the port's mode (stream, line, packet 1/2/4) before it becomes messages. Output that the descriptor does not take at
// once waits in the port's queue.
//
// Life: opened, maybe `ending` (end of file seen, child still running), closed. A closed port is not found any more, except by who asks what is known
// of it while its queue is still being written; then it is out of the table, too. Whoever still holds it finds `closed` set.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "heap/fragment.h"
#include "os/poller.h"
#include "port/channel.h"
#include "port/driver.h"
#include "port/port_lock.h"
#include "port/requests.h"
#include "proc/runtime.h"
#include "proc/tracing.h"
#include "sync/mutex.h"
#include "sync/small_mutex.h"

namespace vm::port {

struct PortOptions {
  enum class Framing { Stream, Packet, Line } framing = Framing::Stream;
  unsigned packet_bytes = 0;  // 1, 2 or 4
  std::size_t line_limit = 0;
  bool binary = false;
  bool eof = false;
  bool exit_status = false;
  bool in = true, out = true;
  bool use_stdio = true;
  bool stderr_to_stdout = false;
  bool parallelism = false;
  std::string directory;
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<std::string> removed_environment;
  bool has_arguments = false;
  std::vector<std::string> arguments;
  bool has_arg0 = false;
  std::string arg0;
  std::size_t busy_low = 4096, busy_high = 8192;    // bytes waiting for a program or descriptor
  std::size_t queue_low = 4096, queue_high = 8192;  // bytes of commands waiting for a driver; kUnlimited: neither
  static constexpr std::size_t kUnlimited = ~std::size_t{0};
};

enum class PortKind { Fd, File, Spawn, SpawnExecutable, Terminal, RamFile, Socket, Linked };

class Ports;
enum class Origin;

class Port : public std::enable_shared_from_this<Port> {
 public:
  Port(Ports& ports, Term self, Term owner, std::string name, PortOptions options);

  // All with `lock` held.
  void output(std::string bytes);          // hands to the driver, or frames and writes
  void write(std::string bytes);           // as they are, now or when the descriptor takes them
  void input(std::string_view bytes);      // from the poller: to the driver, or send_data
  void send_data(std::string_view bytes);  // frames and sends to the connected process
  // port_control/3; nothing: badarg in the caller.
  std::optional<std::string> control(unsigned operation, std::string_view operand);
  void end_of_input();
  void child_ended(int status);
  void writable();
  // Links and monitors learn of it; the queue is written first, unless the reason is kill. When that is done, who asked gets {Port, closed}.
  void close(Term reason, Term asked = term::kNil);
  void send_to_owner(Term (*build)(term::HeapWriter& h, Port& port, const void* argument), const void* argument);
  // What the connected process gets for bytes of one frame.
  Term data_term(term::HeapWriter& h, std::string_view bytes) const;
  // The same as the machine ends: what is queued is written, whatever that takes.
  void close_for_halt();
  void flushed();  // the driver of a closed port wrote its queue
  // A message to any process; `build` gets the writer and answers the message.
  template <typename Build>
  void send_to(Term receiver, Build&& build) {
    heap::FragmentWriter writer(kMessageWords);
    heap::OwnedTerm message;
    message.term = build(static_cast<term::HeapWriter&>(writer));
    message.fragments = writer.take();
    deliver_message(receiver, std::move(message));
  }

  // Takes the link between port and connected process away, as unlink/1 does.
  void unlink_connected();
  // The connection to another node that the port carries is gone: before anybody can hear that the port is.
  void end_channel(Term reason);
  // A busy port takes no commands: those of processes that may wait are parked and done, in order, when it is free again.
  void set_busy(bool busy);
  bool is_busy() const { return busy_.load(std::memory_order_relaxed); }
  // Open, or closed and still writing what is queued.
  bool is_known() const { return !closed || close_after_flush; }
  // The sender, which runs on this thread, is suspended until its command is done. {Reference, true} follows, or {Reference, badarg} when the port
  // closes. Answers the reference, made on h.
  Term park(proc::Process& sender, std::string bytes, term::HeapWriter& h);
  // A command that came as a message, in its owner's name: the sender, running on this thread, is suspended until it is done.
  void park_message(proc::Process& sender, Term owner, std::string bytes);
  // The answer to who waits for the port to open.
  void answer_opener(Term opener, Term outcome);
  // output() for a process: answers of drivers go to it. source: what the bytes are made of, or the non-value.
  void output_for(Term sender, std::string bytes, Term source = Term::non_value());

  // --- requests, see requests.h
  // Takes the lock for a request of this sender (nil: of nobody) if it may be done at once.
  bool try_enter(Term sender);
  // Puts it into the queue. from: the sender, if it runs on this thread: a process whose command is too much is suspended.
  void enqueue(std::unique_ptr<PortRequest> r, proc::Process* from);
  // The same for who waits for the outcome: its reference, made on h.
  Term enqueue_for_answer(std::unique_ptr<PortRequest> r, proc::Process& from, term::HeapWriter& h);
  // port_command/3 by a process that waits for the answer. data: what the bytes are made of, or the non-value.
  std::unique_ptr<PortRequest> make_command(Term sender, std::string bytes, Term data, bool forced = false) const;
  // What tracing will ask of a command that waits: a copy of its data, or the non-value.
  heap::OwnedTerm keep_for_tracing(Term data) const;
  // Whether a process that sends a command now is suspended, or told so. Any thread.
  bool takes_no_commands() const { return is_busy() || requests_.is_full(); }
  void queue_limits(std::size_t* low, std::size_t* high) const { requests_.limits(low, high); }
  void set_queue_limits(std::size_t low, std::size_t high) {
    requests_.set_limits(low, high);
    take_commands_again();
  }
  std::size_t waiting_bytes() const { return requests_.bytes(); }
  void schedule_turn();

  // Descriptors that were there before the port stay when it goes.
  bool owns_descriptors() const { return kind != PortKind::Fd && kind != PortKind::Terminal; }

  static constexpr std::size_t kMessageWords = 32;

  mutable PortLock lock{*this};
  Ports& ports;
  const Term id;
  Term connected;
  Term caller = term::kNil;  // the process whose command or request is being served
  std::string name;
  PortOptions options;
  PortKind kind = PortKind::Fd;
  std::unique_ptr<Driver> driver;    // null: a plain stream
  std::shared_ptr<Channel> channel;  // carries a connection to another node
  int in_fd = -1, out_fd = -1;
  int pid = -1;
  std::optional<int> child_status;  // the child has ended, its output perhaps not
  int exit_fd = -1;
  std::atomic<bool> closed = false;  // set under the lock; who looks a port up sees it without
  bool ended = false;                // end of input was seen
  bool close_after_flush = false;
  bool control_binary = false;  // port_control/3 answers binaries, not lists
  std::size_t input_bytes = 0, output_bytes = 0;
  std::deque<std::string> queue;
  std::size_t queue_begin = 0;  // of the first one so much is written
  std::size_t queue_bytes = 0;
  bool never_blocks = false;                             // the output descriptor is ours alone and was told not to
  std::string partial;                                   // input short of a frame
  std::vector<Term> links;                               // local pids
  std::vector<std::pair<std::uint64_t, Term>> watchers;  // monitor key, pid
  sync::SmallMutex data_lock;  // of the next two, which nobody waits for the driver to see; inside or outside the port's
  heap::OwnedTerm data;        // port_set_data
  bool has_data = false;
  // A driver says itself when the port is open (erl_drv_init_ack): whoever opens it waits for an answer with this key of a reference, 0: does not.
  std::uint64_t open_key = 0;
  std::int64_t consumed = 0;  // reductions that the driver says it took; paid by the process on whose thread it runs
  bool in_turn = false;       // requests are being worked off: one visit (port_trace.h) for all of them
  Term registered_name = term::kNil;
  proc::TracedPort trace;

 private:
  void report_end();
  void send_frame(std::string_view bytes, bool end_of_line);
  void split_packets();
  void split_lines(std::size_t searched);  // so many bytes of `partial` have no newline
  void write_queue();
  void update_polling();
  void release_descriptors();
  void deliver_message(Term receiver, heap::OwnedTerm&& message);
  struct Turn final : sched::Runnable {
    sched::After run(sched::Scheduler& scheduler) override;
    std::shared_ptr<Port> port;  // while it is in a scheduler's queue
  };
  sched::After work_off();
  void work_on(std::unique_ptr<PortRequest> r);
  void finish(PortRequest& r, Term instead = Term::non_value());
  void take_commands_again();
  void give_parked_up();
  bool driver_is_free() const;
  bool waits_behind_parked(Term sender) const;
  void suspend_sender(proc::Process& waiting);
  void resume_sender(Term sender);
  void answer(Term process, std::uint64_t key, Term outcome, heap::FragmentWriter& h);
  Turn turn_;
  Requests requests_;
  std::deque<std::unique_ptr<PortRequest>> parked_;  // until the port is no longer busy
  std::atomic<bool> busy_ = false;
  bool unparking_ = false;
  bool closed_for_halt_ = false;
  std::shared_ptr<Port> kept_;  // itself, closed, until its queue is written
  Term tell_closed_ = term::kNil;
};

// A request of a process: act(port, h, from) is done now, or in turn with no `from`; it makes what the caller gets, or is sent, on h.
template <typename Act>
Term ask(Port& port, proc::Process& from, term::HeapWriter& h, Act act) {
  if (port.try_enter(from.pid)) {
    const std::lock_guard<PortLock> hold(port.lock, std::adopt_lock);
    return act(port, h, &from);
  }
  auto in_turn = [act = std::move(act)](Port& p, term::HeapWriter& w) mutable -> Term { return act(p, w, nullptr); };
  return port.enqueue_for_answer(make_request(from.pid, std::move(in_turn)), from, h);
}

// A request of nobody: act(port), now or in turn.
template <typename Act>
void post(Port& port, Act act) {
  if (port.try_enter(term::kNil)) {
    const std::lock_guard<PortLock> hold(port.lock, std::adopt_lock);
    return act(port);
  }
  auto in_turn = [act = std::move(act)](Port& p, term::HeapWriter&) mutable -> Term {
    act(p);
    return term::kNil;
  };
  port.enqueue(make_request(term::kNil, std::move(in_turn)), nullptr);
}

// Outcome of opening: a port, or the error as open_port/2 raises it (badarg, enoent, …).
struct Opened {
  std::shared_ptr<Port> port;
  Term error = term::kNil;
};

class Ports {
 public:
  explicit Ports(proc::Runtime& runtime);
  ~Ports();

  std::shared_ptr<Port> find(Term id) const;        // an open one
  std::shared_ptr<Port> find_known(Term id) const;  // also one that is closed and still writes what is queued
  std::shared_ptr<Port> find_by_name(Term name) const;
  std::vector<Term> ids() const;
  std::size_t count() const;
  // Stress: now and then a request waits although it need not.
  bool mixes_turns() const { return mixes_turns_; }
  bool next_waits() { return mix_.fetch_add(1, std::memory_order_relaxed) % 2 == 0; }
  // The same bytes reach the port once nobody here holds a port any more.
  void output_later(Term id, std::string bytes);

  Opened open_fd(Term owner, int in, int out, PortOptions options);
  // A file, by options.in and options.out read, or made anew and written, or both.
  Opened open_file(Term owner, const std::string& path, PortOptions options);
  // The terminal as a line editor's port; `words` follow its name. einval when there is none.
  Opened open_terminal(Term owner, const std::string& name, std::string_view words, PortOptions options);
  Opened open_ram_file(Term owner, const std::string& name, PortOptions options);
  // A socket of "tcp_inet" or "udp_inet".
  Opened open_socket(Term owner, const std::string& name, PortOptions options);
  // A port on a driver that `make` starts under the port's lock; a null driver: the error it sets.
  Opened open_driver(Term owner, const std::string& name, PortOptions options,
                     const std::function<std::unique_ptr<Driver>(Port&, Term* error)>& make);
  // A connection that a listening port accepted, for a process other than the running one: linked to it. The port, or the non-value.
  Term admit_accepted(Term owner, const std::string& name, const PortOptions& options,
                      const std::function<std::unique_ptr<Driver>(Port&)>& make);
  Opened open_program(Term owner, PortKind kind, const std::string& program, PortOptions options);

  // From other processes, see proc::Hooks.
  bool signal(Term id, proc::Signal* s);
  // Port ! Message from a process.
  void message(proc::Process* from, Term id, Term message);

  // Before the machine ends: closes all ports and calls `done`, once, when everything queued has gone out; that may be at once, and on any thread. A port
  // that is opened meanwhile is not waited for.
  void close_all(std::function<void()> done);

  // register/2 and unregister/1. False: the name is taken, the port has one or is closed; it has another.
  bool register_name(Term id, Term name);
  bool unregister_name(Term id, Term name);

  void unname(Port& port);
  void remove(Port& port);
  os::Poller& poller() { return *poller_; }
  proc::Runtime& runtime() { return runtime_; }

 private:
  Opened admit(std::shared_ptr<Port> port, Origin origin);
  Term next_id();
  struct Later;
  void output_now();
  proc::Runtime& runtime_;
  std::unique_ptr<os::Poller> poller_;
  const bool mixes_turns_;
  std::atomic<unsigned> mix_{0};
  mutable sync::Mutex lock_{sync::LockRank::PortTable};
  std::map<Word, std::shared_ptr<Port>> table_;
  Word next_ = 1;
  std::vector<std::pair<Term, std::string>> later_;
  std::set<Word> awaited_;  // ports that close_all waits for
  std::function<void()> all_closed_;
};

// Reads the options of open_port/2. Answers false on a wrong option.
bool read_options(Term list, PortOptions* options);
// Characters or bytes of a command or path: iolist or string.
bool native_name(Term t, std::string* out);

}  // namespace vm::port
