// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Sockets of the prim_socket natives.
//
// A socket is a resource with one descriptor. Its owner, whoever closes it, and every process that waits for it are monitored. Who wants to do
// what somebody else already waits for stands in a Line; the first of a line is the one the descriptor is selected for: it gets
// {'$socket', Socket, select, Ref} when the descriptor is ready and calls again, then the next one is selected for.
//
// Rules. 1. What belongs to reading (readers, acceptors, counters of reading) is used under read_lock, what belongs to writing under
// write_lock; who needs both takes read_lock first. What the state bits say of the end (closing, closed) stands in both states. 2. The
// descriptor is never selected for, used or closed by number once kClosing is set, but by whoever set it. 3. A native never blocks but in the
// dirty ones (sendfile, ioctl, finalize_close): descriptors are non-blocking.
#pragma once

#include <erl_nif.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>

#include "nifs/socket_terms.h"

namespace vm::nifs::socket {

// As socket:info/1 shows them.
enum State : unsigned {
  kBound = 0x1,
  kListening = 0x2,
  kAccepting = 0x4,
  kConnecting = 0x10,
  kConnected = 0x20,
  kSelected = 0x100,
  kClosing = 0x200,
  kClosed = 0x400,
};
constexpr bool is_open(unsigned state) { return (state & (kClosing | kClosed)) == 0; }

constexpr std::size_t kDefaultReadSize = 8192, kDefaultControlSize = 1024;

// Watches a process for one socket; at most one at a time.
class Monitor {
 public:
  bool watch(ErlNifEnv* env, void* socket, const ErlNifPid& pid) {
    return active_ = enif_monitor_process(env, socket, &pid, &monitor_) == 0;
  }
  void drop(ErlNifEnv* env, void* socket) {
    if (active_) enif_demonitor_process(env, socket, &monitor_);
    active_ = false;
  }
  bool is(const ErlNifMonitor& other) const { return active_ && enif_compare_monitors(&monitor_, &other) == 0; }
  void fired() { active_ = false; }
  bool active() const { return active_; }

 private:
  ErlNifMonitor monitor_{};
  bool active_ = false;
};

// A process that waits for its turn, or for the descriptor, with the reference it knows its request by.
struct Waiter {
  ErlNifPid pid;
  Monitor monitor;
  ErlNifEnv* env = nullptr;  // holds ref
  ERL_NIF_TERM ref = 0;
};

struct Socket;
enum class Direction { Read, Write };

// The processes that wait to do one kind of thing with a socket. Under that direction's lock.
class Line {
 public:
  Line(Socket& socket, Direction direction) : socket_(socket), direction_(direction) {}
  ~Line();
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  bool busy() const { return !waiters_.empty(); }
  Waiter& first() { return waiters_.front(); }
  bool is_first(const ErlNifPid& pid) const { return busy() && enif_compare_pids(&waiters_.front().pid, &pid) == 0; }
  // Whether pid waits behind the first.
  bool waits(const ErlNifPid& pid) const;
  unsigned size() const { return static_cast<unsigned>(waiters_.size()); }

  // The calling process becomes the last one.
  void enter(ErlNifEnv* env, ERL_NIF_TERM ref);
  // The first one goes on waiting, under another reference; or the calling process becomes the first of an empty line.
  void stay(ErlNifEnv* env, ERL_NIF_TERM ref);
  // Selects for the first one. Below 0: the error of enif_select.
  int select(ErlNifEnv* env, ERL_NIF_TERM ref);
  // The first one is done; the next that can be selected for takes its place.
  void next(ErlNifEnv* env);
  // The first one gets the error as its answer, the others are told.
  void fail(ErlNifEnv* env, ERL_NIF_TERM reason);
  // The socket closes: everybody is told, the first one only if its select message will not come.
  void close(ErlNifEnv* env, bool first_cancelled);
  // The answer of cancel for the calling process's request.
  ERL_NIF_TERM cancel(ErlNifEnv* env, ERL_NIF_TERM ref);
  // A monitored process ended. Answers whether the line knew it.
  bool down(ErlNifEnv* env, const ErlNifMonitor& monitor);

 private:
  void drop_first(ErlNifEnv* env);
  void abort(ErlNifEnv* env, Waiter& w, ERL_NIF_TERM reason);

  Socket& socket_;
  const Direction direction_;
  std::list<Waiter> waiters_;
};

struct TransferCounters {
  std::uint64_t packages = 0, largest = 0, running = 0, bytes = 0, tries = 0, waits = 0, fails = 0;

  // A package (or the last part of one) of n bytes is through.
  void package(std::uint64_t n) {
    packages++;
    bytes += n;
    running += n;
    if (running > largest) largest = running;
    running = 0;
  }
};

struct SendfileCounters {
  std::uint64_t calls = 0, bytes = 0, fails = 0, largest = 0, running = 0, packages = 0, largest_package = 0, tries = 0, waits = 0;
};

struct Socket {
  Socket(int fd, int domain, int type, int protocol);
  ~Socket();

  const int domain, type, protocol;
  int fd;                // -1: closed
  int original_fd = -1;  // made from this descriptor
  bool close_fd = true;  // false: the descriptor belongs to somebody else

  std::mutex write_lock;
  unsigned write_state = 0;
  Line writers{*this, Direction::Write};
  Line connectors{*this, Direction::Write};  // at most one
  TransferCounters written;
  int sendfile_fd = -1;
  std::unique_ptr<SendfileCounters> sendfile;
  std::size_t write_control_size = kDefaultControlSize;
  ErlNifEnv* meta_env = nullptr;  // null: meta is undefined
  ERL_NIF_TERM meta;

  std::mutex read_lock;
  unsigned read_state = 0;
  Line readers{*this, Direction::Read};
  Line acceptors{*this, Direction::Read};
  TransferCounters read;
  std::uint64_t accepted = 0, accept_tries = 0, accept_waits = 0, accept_fails = 0;
  std::size_t read_size = kDefaultReadSize;   // when no length is asked for
  unsigned reads_wanted = 0, reads_done = 0;  // option {otp, rcvbuf}: {reads_wanted, read_size}
  std::size_t read_control_size = kDefaultControlSize;

  // Under both locks.
  ErlNifPid owner, closer;
  Monitor owner_monitor, closer_monitor;
  bool counter_wraps = false;  // option iow
  bool debug = false;
  bool use_registry = false;
};

// Takes both locks in their order.
class BothLocks {
 public:
  explicit BothLocks(Socket& s) : read_(s.read_lock), write_(s.write_lock) {}

 private:
  std::lock_guard<std::mutex> read_, write_;
};

struct Globals {
  ErlNifPid registry;
  std::mutex lock;  // guards what follows
  bool debug = false, socket_debug = false, use_registry = true, counter_wraps = false;
  int longest_vector = 0;
  std::uint64_t sockets = 0, datagrams = 0, streams = 0, sequenced = 0, local = 0, inet = 0, inet6 = 0, ip = 0, tcp = 0, udp = 0, sctp = 0;
};
extern Globals globals;
extern ErlNifResourceType* socket_type;

Socket* socket_of(ErlNifEnv* env, ERL_NIF_TERM t);
ErlNifPid self(ErlNifEnv* env);
// {'$socket', Ref}
ERL_NIF_TERM socket_term(ErlNifEnv* env, ERL_NIF_TERM ref);
// {'$socket', {'$socket', Ref}, Tag, Info}
ERL_NIF_TERM socket_message(ErlNifEnv* env, ERL_NIF_TERM ref, ERL_NIF_TERM tag, ERL_NIF_TERM info);
// Tells the registry: tag is add, del or sendfile_deferred_close.
void tell_registry(ErlNifEnv* env, ERL_NIF_TERM tag, ERL_NIF_TERM ref);

// A socket of the calling process on a descriptor, counted and told to the registry. {ok, Ref}.
struct NewSocket {
  int fd, domain, type, protocol;
  bool debug, use_registry;
};
Socket* make_socket(ErlNifEnv* env, const NewSocket& with, const ErlNifPid& owner, ERL_NIF_TERM* ref);
// The socket is closed from here on, and counted no more. Answers the descriptor. Under both locks.
int give_up_descriptor(Socket& s);
// Closes it, if it is the socket's, and tells the registry. May block where the descriptor does. Answers the error of close, or 0.
int close_descriptor(ErlNifEnv* env, Socket& s, int fd);
// Selecting ends, everybody who waits is told. Under both locks.
void stop(ErlNifEnv* env, Socket& s);
void process_down(ErlNifEnv* env, void* object, ErlNifPid* pid, ErlNifMonitor* monitor);

int get_int_option(const Socket& s, int level, int option, int* value);

// A list of control messages. `buffer` is the binary they were read to.
ERL_NIF_TERM encode_control(ErlNifEnv* env, const msghdr& message, ERL_NIF_TERM buffer, const unsigned char* start);
ERL_NIF_TERM encode_control_message(ErlNifEnv* env, const cmsghdr& c, ERL_NIF_TERM buffer, const unsigned char* start);
// Fills a buffer of `size` bytes. False: not a list of control messages, or too long.
bool decode_control(ErlNifEnv* env, ERL_NIF_TERM list, unsigned char* buffer, std::size_t size, std::size_t* used);

// Tables for prim_socket:supports (prim_socket_options.cpp, prim_socket_ioctl.cpp, prim_socket_supports.cpp).
ERL_NIF_TERM supported_options(ErlNifEnv* env);
ERL_NIF_TERM supported_ioctl_requests(ErlNifEnv* env);
ERL_NIF_TERM supported_ioctl_flags(ErlNifEnv* env);
ERL_NIF_TERM supported_message_flags(ErlNifEnv* env);
ERL_NIF_TERM message_flags(ErlNifEnv* env, int flags);

// Values of options, and what the level `otp` knows. Under the locks of their direction, with the socket open.
bool decode_tos(ErlNifEnv* env, ERL_NIF_TERM t, int* value);
ERL_NIF_TERM encode_tos(ErlNifEnv* env, int value);
ERL_NIF_TERM set_otp_option(ErlNifEnv* env, Socket& s, int option, ERL_NIF_TERM value);
ERL_NIF_TERM get_otp_option(ErlNifEnv* env, Socket& s, int option);
ERL_NIF_TERM set_raw_option(ErlNifEnv* env, Socket& s, int level, int option, const void* value, socklen_t size);

// The natives, by file.
#define VM_NATIVE(name) ERL_NIF_TERM name(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[])
VM_NATIVE(nif_info);  // prim_socket_supports.cpp
VM_NATIVE(nif_supports);
VM_NATIVE(nif_command);
VM_NATIVE(nif_open);  // prim_socket_open.cpp
VM_NATIVE(nif_bind);
VM_NATIVE(nif_listen);
VM_NATIVE(nif_sockname);
VM_NATIVE(nif_peername);
VM_NATIVE(nif_connect);  // prim_socket_connect.cpp
VM_NATIVE(nif_accept);
VM_NATIVE(nif_close);  // prim_socket_close.cpp
VM_NATIVE(nif_finalize_close);
VM_NATIVE(nif_shutdown);
VM_NATIVE(nif_cancel);  // prim_socket_line.cpp
VM_NATIVE(nif_send);    // prim_socket_send.cpp
VM_NATIVE(nif_sendto);
VM_NATIVE(nif_sendmsg);
VM_NATIVE(nif_sendfile);  // prim_socket_sendfile.cpp
VM_NATIVE(nif_recv);      // prim_socket_receive.cpp
VM_NATIVE(nif_recvfrom);
VM_NATIVE(nif_recvmsg);
VM_NATIVE(nif_setopt);  // prim_socket_options.cpp
VM_NATIVE(nif_getopt);
VM_NATIVE(nif_ioctl);  // prim_socket_ioctl.cpp
#undef VM_NATIVE

}  // namespace vm::nifs::socket
