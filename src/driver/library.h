// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Drivers loaded from shared objects: who uses them, when they go, who wants to know (module erl_ddll).
//
// A driver is used by processes, each with a count of its loads, and by open ports. It is unloaded when no process uses it and the last port is gone;
// with kill_ports the ports are closed as soon as no process uses it. A reload is an unload that is followed by a load. One lock guards the table: loading
// is rare. The lock is never held while a port is closed or a message is sent.
//
// Ports hold their Library, so entry and shared object stay until the last port is gone, whatever the table says.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "driver/abi.h"
#include "proc/runtime.h"
#include "term/term.h"

namespace vm::port {
class Port;
struct PortOptions;
struct Opened;
}  // namespace vm::port

namespace vm::driver {

class LinkedPort;

// What a loaded shared object gave. Closed with the last reference.
struct Library {
  ~Library();
  std::string name, path;
  void* handle = nullptr;
  ErlDrvEntry* entry = nullptr;
  std::recursive_mutex lock;  // of drivers without port locking
  bool port_locking() const { return entry->driver_flags & ERL_DRV_FLAG_USE_PORT_LOCKING; }
  // Ports that could not take the lock: woken when it is given back.
  void wait(std::weak_ptr<port::Port> port);
  void wake_waiting();

 private:
  std::mutex waiting_lock_;
  std::vector<std::weak_ptr<port::Port>> waiting_;
  std::atomic<bool> somebody_waits_{false};
};

enum class Watch : std::uint8_t { Loaded, Unloaded, UnloadedOnly };

// A term for erl_ddll's callers, made on their heap: an atom, or {open_error, Text} and the like.
struct Fault {
  Term reason = term::kNil;  // atom
  std::string detail;        // of open_error
};

enum class LoadStatus : std::uint8_t { Loaded, AlreadyLoaded, PendingDriver, PendingProcess, Failed };
enum class UnloadStatus : std::uint8_t { PendingDriver, PendingProcess, Failed };
enum class When : std::uint8_t { Never, PendingDriver, Pending };

struct LoadOptions {
  bool kill_ports = false;
  When monitor = When::Never, reload = When::Never;
};
struct UnloadOptions {
  bool kill_ports = false;
  When monitor = When::Never;
};

struct LoadAnswer {
  LoadStatus status;
  Fault fault;
  std::uint64_t monitor = 0;  // key of the monitor that was set; 0: none
};
struct UnloadAnswer {
  UnloadStatus status;
  Fault fault;
  std::uint64_t monitor = 0;
};

using Counts = std::vector<std::pair<Term, std::uint64_t>>;

class Libraries {
 public:
  // The machine's, made when first asked for.
  static Libraries& of(proc::Runtime& rt);

  LoadAnswer load(proc::Process& self, const std::string& path, const std::string& name, const LoadOptions& options);
  UnloadAnswer unload(proc::Process& self, const std::string& name, const UnloadOptions& options);
  std::vector<std::string> names();  // linked-in ones last
  // Item of erl_ddll:info/2 on the heap; the non-value: no such driver or item.
  Term info(term::HeapWriter& h, const std::string& name, Term item);
  std::uint64_t monitor(proc::Process& self, const std::string& name, Watch what);
  void demonitor(proc::Process& self, std::uint64_t key);
  void process_ended(proc::Process& p);
  bool is_used_by_processes() const { return users_.load(std::memory_order_acquire) > 0; }

  // The driver that open_port/2 finds under the name: loaded and not about to go.
  std::shared_ptr<Library> find(const std::string& name);
  port::Opened open(Term owner, std::shared_ptr<Library> library, const std::string& command, port::PortOptions options);
  void port_opened(Library& library, Term port);
  void port_closed(std::shared_ptr<Library> library, Term port);
  void make_permanent(Library& library);

  // The poller has one watcher for each descriptor: the port that selected it last. Claiming answers who it was before, giving up whether it was this one.
  const LinkedPort* claim_descriptor(int fd, const LinkedPort* port);
  bool give_up_descriptor(int fd, const LinkedPort* port);
  bool has_descriptor(int fd, const LinkedPort* port);

  // Drivers whose code is in the program or in a native library (add_driver_entry): never loaded, never unloaded by processes.
  void add_linked_in(ErlDrvEntry* entry);
  bool remove_linked_in(const ErlDrvEntry* entry);

 private:
  explicit Libraries(proc::Runtime& rt) : runtime_(rt) {}
  struct Watcher {
    std::uint64_t key;
    Term pid;
    Watch what;
  };
  struct Wanted {
    std::string path;
    bool kill_ports;
  };
  struct Driver {
    std::shared_ptr<Library> library;
    std::string path;
    bool kill_ports = false;
    bool permanent = false;
    bool leaving = false;  // no process uses it, or a reload was asked for: it goes with its last port
    bool killing = false;  // its ports are being closed: nobody can take it back
    std::optional<Wanted> reload;
    std::map<Word, std::uint64_t> users;  // pid, loads
    std::vector<Term> ports;
    std::vector<Watcher> watchers;
  };
  struct Notice {
    Watcher to;
    std::string name;
    bool up;
    Term what;  // atom
    Fault failure;
  };
  // Things to do once the lock is released.
  struct Later {
    std::vector<Notice> notices;
    std::vector<Term> ports_to_close;
    std::vector<std::shared_ptr<Library>> gone;
  };
  bool is_linked_in(const std::string& name) const;
  std::shared_ptr<Library> open_library(const std::string& path, const std::string& name, Fault* fault);
  std::uint64_t add_watcher(Driver& d, proc::Process& self, Watch what);
  void leave(Driver& d, bool kill, Later* later);
  void settle(std::map<std::string, Driver>::iterator it, Later* later);
  void tell(Driver& d, const std::string& name, bool loaded_side, bool up, Term what, const Fault& failure, Later* later);
  void run(Later& later);
  void send(const Notice& notice);

  proc::Runtime& runtime_;
  std::mutex lock_;
  std::map<std::string, Driver> drivers_;
  std::map<int, const LinkedPort*> watchers_of_descriptors_;
  std::map<std::string, std::shared_ptr<Library>> linked_in_;  // by add_driver_entry
  std::atomic<std::size_t> users_{0};
};

}  // namespace vm::driver
