// SPDX-License-Identifier: Apache-2.0
#include "driver/library.h"

#include <dlfcn.h>

#include <algorithm>

#include "driver/linked_port.h"
#include "driver/open_errors.h"
#include "nif/natives.h"
#include "port/port.h"
#include "proc/references.h"
#include "proc/send.h"
#include "sync/epoch.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::driver {

namespace {

using DriverInit = ErlDrvEntry* (*)();

bool is_our_own(std::string_view name) {
  return name == port::kTcpSocketName || name == port::kUdpSocketName || name == "ram_file_drv" || name == "tty_sl";
}

bool right_version(const ErlDrvEntry& e) {
  if (e.extended_marker != static_cast<int>(ERL_DRV_EXTENDED_MARKER)) return false;
  if (e.major_version < ERL_DRV_MIN_REQUIRED_MAJOR_VERSION_ON_LOAD || e.major_version > ERL_DRV_EXTENDED_MAJOR_VERSION) return false;
  return e.major_version < ERL_DRV_EXTENDED_MAJOR_VERSION || e.minor_version <= ERL_DRV_EXTENDED_MINOR_VERSION;
}

// dlerror's text without the file's name in front.
std::string reason_text(const std::string& file) {
  const char* text = dlerror();
  std::string reason = text ? text : "";
  if (reason.starts_with(file + ": ")) reason.erase(0, file.size() + 2);
  return reason;
}

template <typename List>
Term pairs(term::HeapWriter& h, const List& list) {
  term::ListBuilder out(h);
  for (auto& [pid, count] : list) out.add(term::Tuple::make(h, pid, term::make_unsigned(h, count)));
  return out.finish();
}

}  // namespace

Library::~Library() {
  if (entry && entry->finish) entry->finish();
  if (handle) dlclose(handle);
}

Libraries& Libraries::of(proc::Runtime& rt) {
  static auto* libraries = new Libraries(rt);  // drivers' threads may use it until the program ends
  return *libraries;
}

bool Libraries::is_linked_in(const std::string& name) const { return is_our_own(name) || linked_in_.contains(name); }

void Libraries::add_linked_in(ErlDrvEntry* entry) {
  if (entry->init && entry->init() != 0) return;
  auto library = std::make_shared<Library>();
  library->name = entry->driver_name;
  library->entry = entry;
  std::lock_guard<std::mutex> hold(lock_);
  linked_in_[library->name] = std::move(library);
}

bool Libraries::remove_linked_in(const ErlDrvEntry* entry) {
  std::shared_ptr<Library> gone;  // ends without the lock
  std::lock_guard<std::mutex> hold(lock_);
  auto it = linked_in_.find(entry->driver_name);
  if (it == linked_in_.end() || it->second->entry != entry) return false;
  gone = std::move(it->second);
  linked_in_.erase(it);
  return true;
}

// --- loading ---------------------------------------------------------------------------------------------------------------------

std::shared_ptr<Library> Libraries::open_library(const std::string& path, const std::string& name, Fault* fault) {
  auto library = std::make_shared<Library>();
  library->name = name;
  library->path = path;
  const std::string file = path + "/" + name + ".so";
  library->handle = dlopen(file.c_str(), RTLD_NOW);
  auto fail = [&](Term reason) {
    fault->reason = reason;
    library->entry = nullptr;
    return nullptr;
  };
  if (!library->handle) {
    fault->detail = reason_text(file);
    return fail(atoms::open_error);
  }
  auto init = reinterpret_cast<DriverInit>(dlsym(library->handle, "driver_init"));
  if (!init) return fail(atoms::no_driver_init);
  library->entry = init();
  if (!library->entry) return fail(atoms::driver_init_failed);
  if (!right_version(*library->entry)) return fail(atoms::driver_incorrect_version);
  if (!library->entry->driver_name || name != library->entry->driver_name) return fail(atoms::bad_driver_name);
  if (library->entry->init && library->entry->init() != 0) return fail(atoms::driver_init_failed);
  runtime_.natives->add_taint(term::AtomTable::intern(name));
  return library;
}

LoadAnswer Libraries::load(proc::Process& self, const std::string& path, const std::string& name, const LoadOptions& options) {
  Later later;
  const Word pid = self.pid.bits();
  auto failed = [](Term reason) { return LoadAnswer{LoadStatus::Failed, {reason, {}}}; };
  LoadAnswer answer{LoadStatus::AlreadyLoaded, {}};
  {
    std::lock_guard<std::mutex> hold(lock_);
    auto it = drivers_.find(name);
    if (it == drivers_.end()) {
      if (options.reload != When::Never) return failed(is_linked_in(name) ? atoms::linked_in_driver : atoms::not_loaded);
      if (is_linked_in(name)) return failed(atoms::linked_in_driver);
      Fault fault;
      std::shared_ptr<Library> library = open_library(path, name, &fault);
      if (!library) return {LoadStatus::Failed, fault};
      Driver& d = drivers_[name];
      d.library = std::move(library);
      d.path = path;
      d.kill_ports = options.kill_ports;
      d.users[pid] = 1;
      users_++;
      return {LoadStatus::Loaded, {}};
    }
    Driver& d = it->second;
    if (d.permanent) return failed(atoms::permanent);
    if (options.reload != When::Never) {
      if (d.reload) return failed(atoms::pending_reload);
      if (!d.users.contains(pid)) return failed(atoms::not_loaded_by_this_process);
      if (d.kill_ports != options.kill_ports) return failed(atoms::inconsistent);
      const bool others = d.users.size() > 1;
      if (others && options.reload == When::PendingDriver) return failed(atoms::pending_process);
      d.reload = Wanted{path, options.kill_ports};
      answer.status = others ? LoadStatus::PendingProcess : LoadStatus::PendingDriver;
      leave(d, d.kill_ports, &later);
    } else if (d.reload || d.killing) {
      if (d.reload && (d.reload->path != path || d.reload->kill_ports != options.kill_ports)) return failed(atoms::inconsistent);
      if (!d.reload) d.reload = Wanted{path, options.kill_ports};
      d.users[pid]++;
      users_++;
      answer.status = LoadStatus::PendingDriver;
    } else {
      if (d.path != path || d.kill_ports != options.kill_ports) return failed(atoms::inconsistent);
      if (d.leaving) tell(d, name, false, true, atoms::unload_cancelled, {}, &later);
      d.leaving = false;
      d.users[pid]++;
      users_++;
    }
    const bool pending = answer.status == LoadStatus::PendingDriver || answer.status == LoadStatus::PendingProcess;
    if (pending &&
        (options.monitor == When::Pending || (options.monitor == When::PendingDriver && answer.status == LoadStatus::PendingDriver)))
      answer.monitor = add_watcher(d, self, Watch::Loaded);
    if (d.leaving && d.ports.empty()) settle(it, &later);
  }
  run(later);
  return answer;
}

UnloadAnswer Libraries::unload(proc::Process& self, const std::string& name, const UnloadOptions& options) {
  Later later;
  UnloadAnswer answer{UnloadStatus::PendingProcess, {}};
  auto failed = [](Term reason) { return UnloadAnswer{UnloadStatus::Failed, {reason, {}}}; };
  {
    std::lock_guard<std::mutex> hold(lock_);
    auto it = drivers_.find(name);
    if (it == drivers_.end()) return failed(is_linked_in(name) ? atoms::linked_in_driver : atoms::not_loaded);
    Driver& d = it->second;
    if (d.permanent) return failed(atoms::permanent);
    auto user = d.users.find(self.pid.bits());
    // What nobody uses any more, and only ports keep, anybody may unload.
    if (user == d.users.end() && !d.users.empty()) return failed(atoms::not_loaded_by_this_process);
    if (user != d.users.end()) {
      if (--user->second == 0) d.users.erase(user);
      users_--;
    }
    if (d.users.empty()) {
      if (d.reload) {
        d.reload.reset();
        tell(d, name, true, false, atoms::load_cancelled, {}, &later);
      }
      answer.status = UnloadStatus::PendingDriver;
    }
    if (options.monitor == When::Pending || (options.monitor == When::PendingDriver && answer.status == UnloadStatus::PendingDriver))
      answer.monitor = add_watcher(d, self, Watch::Unloaded);
    if (d.users.empty()) {
      leave(d, d.kill_ports || options.kill_ports, &later);
      if (d.ports.empty()) settle(it, &later);
    }
  }
  run(later);
  return answer;
}

// Nobody needs the driver any more, or it is to be replaced. With `kill` its ports are closed.
void Libraries::leave(Driver& d, bool kill, Later* later) {
  d.leaving = true;
  if (!kill || d.ports.empty()) return;
  d.killing = true;
  later->ports_to_close.insert(later->ports_to_close.end(), d.ports.begin(), d.ports.end());
}

// A leaving driver has no port left: unloads it, and loads its successor.
void Libraries::settle(std::map<std::string, Driver>::iterator it, Later* later) {
  Driver& d = it->second;
  const std::string name = it->first;
  tell(d, name, false, false, atoms::unloaded, {}, later);
  if (!d.reload) {
    later->gone.push_back(std::move(d.library));
    drivers_.erase(it);
    return;
  }
  const Wanted wanted = *d.reload;
  d.reload.reset();
  d.library.reset();  // before the same file is opened anew
  Fault fault;
  d.library = open_library(wanted.path, name, &fault);
  if (!d.library) {
    tell(d, name, true, false, atoms::load_failure, fault, later);
    for (auto& [pid, count] : d.users) users_ -= count;
    drivers_.erase(it);
    return;
  }
  d.path = wanted.path;
  d.kill_ports = wanted.kill_ports;
  d.leaving = d.killing = false;
  tell(d, name, true, true, atoms::loaded, {}, later);
}

// --- those who want to know ------------------------------------------------------------------------------------------------------

std::uint64_t Libraries::add_watcher(Driver& d, proc::Process& self, Watch what) {
  const std::uint64_t key = proc::next_ref_key();
  d.watchers.push_back({key, self.pid, what});
  users_++;
  return key;
}

void Libraries::tell(Driver& d, const std::string& name, bool loaded_side, bool up, Term what, const Fault& failure, Later* later) {
  std::erase_if(d.watchers, [&](const Watcher& w) {
    const bool meant = loaded_side ? w.what == Watch::Loaded
                                   : w.what == Watch::Unloaded || (w.what == Watch::UnloadedOnly && what != atoms::unload_cancelled);
    if (!meant) return false;
    later->notices.push_back({w, name, up, what, failure});
    users_--;
    return true;
  });
}

void Libraries::send(const Notice& n) {
  constexpr std::size_t kWords = 32;
  heap::FragmentWriter h(kWords);
  Term what = n.what;
  if (what == atoms::load_failure) what = term::Tuple::make(h, what, fault_term(h, n.failure));
  heap::OwnedTerm message;
  message.term = term::Tuple::make(h, n.up ? atoms::UP : atoms::DOWN, proc::make_key_ref(h, n.to.key), atoms::driver,
                                   term::AtomTable::intern(n.name), what);
  message.fragments = h.take();
  sync::Epoch::Guard guard;
  proc::send_owned(runtime_, n.to.pid, std::move(message));
}

void Library::wait(std::weak_ptr<port::Port> port) {
  const std::lock_guard<std::mutex> hold(waiting_lock_);
  waiting_.push_back(std::move(port));
  somebody_waits_.store(true, std::memory_order_seq_cst);
}

void Library::wake_waiting() {
  std::atomic_thread_fence(std::memory_order_seq_cst);  // the lock was given back before this looks, and is tried after wait()
  if (VM_LIKELY(!somebody_waits_.load(std::memory_order_seq_cst))) return;
  std::vector<std::weak_ptr<port::Port>> all;
  {
    const std::lock_guard<std::mutex> hold(waiting_lock_);
    all.swap(waiting_);
    somebody_waits_.store(false, std::memory_order_relaxed);
  }
  for (const auto& weak : all)
    if (const std::shared_ptr<port::Port> p = weak.lock()) p->lock.wake();
}

void Libraries::run(Later& later) {
  for (const Notice& n : later.notices) send(n);
  for (Term id : later.ports_to_close)
    if (std::shared_ptr<port::Port> p = runtime_.ports->find(id))
      port::post(*p, [](port::Port& port) { port.close(atoms::driver_unloaded); });
}

std::uint64_t Libraries::monitor(proc::Process& self, const std::string& name, Watch what) {
  Later later;
  std::uint64_t key = 0;
  {
    std::lock_guard<std::mutex> hold(lock_);
    auto it = drivers_.find(name);
    const bool waits = it != drivers_.end() && !it->second.permanent && (what != Watch::Loaded || it->second.reload);
    const bool leaving = it != drivers_.end() && it->second.leaving;
    if (waits) return add_watcher(it->second, self, what);
    key = proc::next_ref_key();
    Notice now{{key, self.pid, what}, name, true, atoms::permanent, {}};
    if (it == drivers_.end() && !is_linked_in(name)) {
      now.up = false;
      now.what = atoms::unloaded;
    } else if (it != drivers_.end() && !it->second.permanent) {
      now.up = !leaving;
      now.what = leaving ? atoms::load_cancelled : atoms::loaded;
    }
    later.notices.push_back(now);
  }
  run(later);
  return key;
}

void Libraries::demonitor(proc::Process& self, std::uint64_t key) {
  std::lock_guard<std::mutex> hold(lock_);
  for (auto& [name, d] : drivers_) users_ -= std::erase_if(d.watchers, [&](const Watcher& w) { return w.key == key && w.pid == self.pid; });
}

void Libraries::process_ended(proc::Process& p) {
  Later later;
  {
    std::lock_guard<std::mutex> hold(lock_);
    for (auto it = drivers_.begin(); it != drivers_.end();) {
      const auto here = it++;
      Driver& d = here->second;
      users_ -= std::erase_if(d.watchers, [&](const Watcher& w) { return w.pid == p.pid; });
      const auto user = d.users.find(p.pid.bits());
      if (user == d.users.end()) continue;
      users_ -= user->second;
      d.users.erase(user);
      if (!d.users.empty() || d.permanent) continue;
      if (d.reload) {
        d.reload.reset();
        tell(d, here->first, true, false, atoms::load_cancelled, {}, &later);
      }
      leave(d, d.kill_ports, &later);
      if (d.ports.empty()) settle(here, &later);
    }
  }
  run(later);
}

// --- ports -----------------------------------------------------------------------------------------------------------------------

std::shared_ptr<Library> Libraries::find(const std::string& name) {
  std::lock_guard<std::mutex> hold(lock_);
  if (auto own = linked_in_.find(name); own != linked_in_.end()) return own->second;
  auto it = drivers_.find(name);
  if (it == drivers_.end() || it->second.killing) return nullptr;
  return it->second.library;
}

port::Opened Libraries::open(Term owner, std::shared_ptr<Library> library, const std::string& command, port::PortOptions options) {
  return runtime_.ports->open_driver(owner, command, std::move(options),
                                     [&](port::Port& port, Term* error) -> std::unique_ptr<port::Driver> {
                                       auto driver = std::make_unique<LinkedPort>(port, library);
                                       *error = driver->start(command);
                                       if (error->is_value()) return nullptr;
                                       return driver;
                                     });
}

const LinkedPort* Libraries::claim_descriptor(int fd, const LinkedPort* port) {
  std::lock_guard<std::mutex> hold(lock_);
  return std::exchange(watchers_of_descriptors_[fd], port);
}

bool Libraries::give_up_descriptor(int fd, const LinkedPort* port) {
  std::lock_guard<std::mutex> hold(lock_);
  const auto it = watchers_of_descriptors_.find(fd);
  if (it == watchers_of_descriptors_.end() || it->second != port) return false;
  watchers_of_descriptors_.erase(it);
  return true;
}

bool Libraries::has_descriptor(int fd, const LinkedPort* port) {
  std::lock_guard<std::mutex> hold(lock_);
  const auto it = watchers_of_descriptors_.find(fd);
  return it != watchers_of_descriptors_.end() && it->second == port;
}

void Libraries::port_opened(Library& library, Term port) {
  std::lock_guard<std::mutex> hold(lock_);
  auto it = drivers_.find(library.name);
  if (it != drivers_.end() && it->second.library.get() == &library) it->second.ports.push_back(port);
}

void Libraries::port_closed(std::shared_ptr<Library> library, Term port) {
  Later later;
  {
    std::lock_guard<std::mutex> hold(lock_);
    auto it = drivers_.find(library->name);
    if (it == drivers_.end() || it->second.library != library) return;
    std::erase(it->second.ports, port);
    library.reset();  // a reload opens the file anew only when nobody has the old one
    if (it->second.leaving && it->second.ports.empty()) settle(it, &later);
  }
  run(later);
}

void Libraries::make_permanent(Library& library) {
  Later later;
  {
    std::lock_guard<std::mutex> hold(lock_);
    auto it = drivers_.find(library.name);
    if (it == drivers_.end()) return;
    it->second.permanent = true;
    it->second.leaving = false;
    tell(it->second, library.name, true, true, atoms::permanent, {}, &later);
    tell(it->second, library.name, false, true, atoms::permanent, {}, &later);
  }
  run(later);
}

// --- information -----------------------------------------------------------------------------------------------------------------

std::vector<std::string> Libraries::names() {
  std::lock_guard<std::mutex> hold(lock_);
  std::vector<std::string> list;
  for (auto& [name, d] : drivers_) list.push_back(name);
  for (std::string_view name : {port::kTcpSocketName, port::kUdpSocketName}) list.emplace_back(name);
  for (auto& [name, library] : linked_in_) list.push_back(name);
  list.emplace_back("ram_file_drv");
  list.emplace_back("tty_sl");
  return list;
}

Term Libraries::info(term::HeapWriter& h, const std::string& name, Term item) {
  std::lock_guard<std::mutex> hold(lock_);
  const auto it = drivers_.find(name);
  const bool linked_in = it == drivers_.end();
  if (linked_in && !is_linked_in(name)) return Term::non_value();
  const bool permanent = !linked_in && it->second.permanent;
  if (item == atoms::linked_in_driver) return linked_in ? atoms::true_ : atoms::false_;
  if (item == atoms::permanent) return permanent ? atoms::true_ : atoms::false_;
  const bool known = item == atoms::processes || item == atoms::driver_options || item == atoms::port_count ||
                     item == atoms::awaiting_load || item == atoms::awaiting_unload;
  if (!known) return Term::non_value();
  if (linked_in || permanent) return linked_in ? atoms::linked_in_driver : atoms::permanent;
  Driver& d = it->second;
  if (item == atoms::port_count) return term::make_unsigned(h, d.ports.size());
  if (item == atoms::driver_options) return d.kill_ports ? h.cons(atoms::kill_ports, term::kNil) : term::kNil;
  Counts counts;
  if (item == atoms::processes) {
    for (auto& [pid, count] : d.users) counts.push_back({Term::from_bits(pid), count});
    return pairs(h, counts);
  }
  for (const Watcher& w : d.watchers) {
    if ((w.what == Watch::Loaded) != (item == atoms::awaiting_load)) continue;
    const auto mine = std::find_if(counts.begin(), counts.end(), [&](auto& c) { return c.first == w.pid; });
    if (mine == counts.end()) counts.push_back({w.pid, 1});
    else mine->second++;
  }
  return pairs(h, counts);
}

}  // namespace vm::driver
