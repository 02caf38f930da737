// SPDX-License-Identifier: Apache-2.0
//
// enif_select: telling a process once when a descriptor is ready.
//
// A few pollers for all native code, as the machine's processors ask for, each with its share of the descriptors; each is made when somebody
// first selects one of them. A watched descriptor keeps its resource alive until it is stopped. Messages are built when the event is asked for.
// Errors of descriptors (ERL_NIF_SELECT_ERROR) come whether asked for or not, and then as the event that is waited for.
//
// Locks: `lock` guards the table and may be held when the poller is told of changes, but not in Poller::remove, which waits for callbacks.
#include <fcntl.h>

#include <algorithm>
#include <climits>
#include <memory>
#include <thread>

#include "nif/library_internal.h"
#include "os/poller.h"
#include "proc/send.h"
#include "sync/epoch.h"

using namespace vm;
using nif::in;
using nif::Resource;

namespace {

struct Wanted {
  bool armed = false;
  Term pid = term::kNil;
  heap::OwnedTerm message;
};

struct Watch {
  Resource* resource = nullptr;
  proc::Runtime* runtime = nullptr;
  Wanted read, write, error;
  unsigned events() const {
    return (read.armed ? unsigned{os::Poller::kRead} : 0u) | (write.armed ? unsigned{os::Poller::kWrite} : 0u) |
           (error.armed ? unsigned{os::Poller::kError} : 0u);
  }
};

// The descriptors of one poller. The tables are the host program's, as descriptors are.
struct Table {
  std::mutex lock;
  std::unordered_map<int, std::unique_ptr<Watch>> watches;
  std::unique_ptr<os::Poller> poller;
};
constexpr unsigned kProcessorsForATable = 4, kMostTables = 16;

unsigned table_count() {
  static const unsigned count = std::clamp(std::thread::hardware_concurrency() / kProcessorsForATable, 1u, kMostTables);
  return count;
}

Table& table_of(int fd) {
  static auto* tables = new Table[table_count()];  // threads may use them until the program ends
  return tables[static_cast<unsigned>(fd) % table_count()];
}

void disarm(Wanted& w) {
  if (w.armed) heap::release(w.message);
  w = Wanted{};
}

// On the poller's thread.
void ready(int fd, unsigned events) {
  Table& t = table_of(fd);
  Wanted due[3];
  proc::Runtime* rt = nullptr;
  {
    std::lock_guard<std::mutex> hold(t.lock);
    auto found = t.watches.find(fd);
    if (found == t.watches.end()) return;
    Watch& w = *found->second;
    rt = w.runtime;
    if ((events & os::Poller::kRead) && w.read.armed) std::swap(due[0], w.read);
    if ((events & os::Poller::kWrite) && w.write.armed) std::swap(due[1], w.write);
    if ((events & os::Poller::kError) && w.error.armed) std::swap(due[2], w.error);
    t.poller->change(fd, w.events());
  }
  for (Wanted& d : due)
    if (d.armed) proc::send_owned(*rt, d.pid, std::move(d.message));
}

// {select, Resource, Ref, ready_input | ready_output}, or the caller's own.
heap::OwnedTerm message_for(Resource* resource, ERL_NIF_TERM msg, ErlNifEnv* msg_env, bool custom, Term event) {
  if (custom) {
    if (!msg_env) return heap::copy_to_keep(in(msg));
    auto* own = static_cast<nif::OwnEnv*>(msg_env);
    heap::OwnedTerm taken;
    taken.term = in(msg);
    taken.fragments = own->writer->take();
    own->free_temporary();
    own->restart();
    return taken;
  }
  heap::FragmentWriter h(32);
  Term object = term::make_magic_ref(h, resource);
  Term ref = heap::copy_with_literals(in(msg), h);
  heap::OwnedTerm built;
  built.term = term::Tuple::make(h, atoms::select, object, ref, event);
  built.fragments = h.take();
  return built;
}

int stop(Table& t, int fd, Resource* resource, proc::Runtime* rt) {
  int answer = ERL_NIF_SELECT_STOP_CALLED;
  std::unique_ptr<Watch> watch;
  {
    std::lock_guard<std::mutex> hold(t.lock);
    auto found = t.watches.find(fd);
    if (found != t.watches.end()) {
      watch = std::move(found->second);
      t.watches.erase(found);
    }
  }
  if (watch) {
    t.poller->remove(fd);
    if (watch->read.armed) answer |= ERL_NIF_SELECT_READ_CANCELLED;
    if (watch->write.armed) answer |= ERL_NIF_SELECT_WRITE_CANCELLED;
    if (watch->error.armed) answer |= ERL_NIF_SELECT_ERROR_CANCELLED;
    disarm(watch->read);
    disarm(watch->write);
    disarm(watch->error);
  }
  if (resource->resource_type->init.stop) {
    nif::OwnEnv env(rt, resource->resource_type->owner);
    resource->resource_type->init.stop(&env, resource->data, fd, 1);
  }
  if (watch) watch->resource->release();
  return answer;
}

int cancel(Table& t, int fd, unsigned mode) {
  std::lock_guard<std::mutex> hold(t.lock);
  auto found = t.watches.find(fd);
  if (found == t.watches.end()) return 0;
  Watch& w = *found->second;
  int answer = 0;
  if ((mode & ERL_NIF_SELECT_READ) && w.read.armed) {
    answer |= ERL_NIF_SELECT_READ_CANCELLED;
    disarm(w.read);
  }
  if ((mode & ERL_NIF_SELECT_WRITE) && w.write.armed) {
    answer |= ERL_NIF_SELECT_WRITE_CANCELLED;
    disarm(w.write);
  }
  if ((mode & ERL_NIF_SELECT_ERROR) && w.error.armed) {
    answer |= ERL_NIF_SELECT_ERROR_CANCELLED;
    disarm(w.error);
  }
  t.poller->change(fd, w.events());
  return answer;
}

}  // namespace

std::size_t nif::selected_descriptors() {
  std::size_t count = 0;
  for (unsigned i = 0; i < table_count(); i++) {
    std::lock_guard<std::mutex> hold(table_of(static_cast<int>(i)).lock);
    count += table_of(static_cast<int>(i)).watches.size();
  }
  return count;
}

extern "C" {

int enif_select_x(ErlNifEnv* env, ErlNifEvent fd, enum ErlNifSelectFlags flags, void* object, const ErlNifPid* pid, ERL_NIF_TERM msg,
                  ErlNifEnv* msg_env) {
  sync::Epoch::Guard guard;
  auto mode = static_cast<unsigned>(flags);
  Resource* resource = Resource::of(object);
  proc::Runtime* rt = env ? env->runtime : nif::Natives::default_runtime();
  Table& t = table_of(fd);
  if (mode & ERL_NIF_SELECT_STOP) return stop(t, fd, resource, rt);
  if (fcntl(fd, F_GETFD) < 0) return INT_MIN | ERL_NIF_SELECT_INVALID_EVENT;
  if (mode & ERL_NIF_SELECT_CANCEL) return cancel(t, fd, mode);
  Term receiver = pid ? in(pid->pid) : env && env->process ? env->process->pid : term::kNil;
  if (!receiver.is_local_pid()) return INT_MIN | ERL_NIF_SELECT_FAILED;
  bool custom = mode & ERL_NIF_SELECT_CUSTOM_MSG;
  std::lock_guard<std::mutex> hold(t.lock);
  if (!t.poller) {
    t.poller = std::make_unique<os::Poller>();
    t.poller->start();
  }
  std::unique_ptr<Watch>& slot = t.watches[fd];
  bool fresh = !slot;
  if (fresh) slot = std::make_unique<Watch>();
  Watch& w = *slot;
  if (w.resource != resource) {  // another resource takes the descriptor over
    resource->add_ref();
    if (w.resource) w.resource->release();
    w.resource = resource;
    w.runtime = rt;
    disarm(w.read);
    disarm(w.write);
    disarm(w.error);
  }
  auto arm = [&](Wanted& wanted, Term event) {
    disarm(wanted);
    wanted.message = message_for(resource, msg, msg_env, custom, event);
    wanted.pid = receiver;
    wanted.armed = true;
  };
  if (mode & ERL_NIF_SELECT_READ) arm(w.read, atoms::ready_input);
  if (mode & ERL_NIF_SELECT_WRITE) arm(w.write, atoms::ready_output);
  if (mode & ERL_NIF_SELECT_ERROR) arm(w.error, atoms::ready_error);
  if (fresh)
    t.poller->add(
        fd, w.events(), [fd](unsigned events) { ready(fd, events); }, os::Poller::Mode::Once);
  else t.poller->change(fd, w.events());
  return 0;
}

int enif_select(ErlNifEnv* env, ErlNifEvent fd, enum ErlNifSelectFlags flags, void* object, const ErlNifPid* pid, ERL_NIF_TERM ref) {
  return enif_select_x(env, fd, flags, object, pid, ref, nullptr);
}

}  // extern "C"
