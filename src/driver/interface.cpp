// SPDX-License-Identifier: Apache-2.0
//
// What drivers ask of their port: output, queue, descriptors, timers, monitors, its end.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "driver/binaries.h"
#include "driver/linked_port.h"
#include "nif/natives.h"
#include "os/errno_name.h"
#include "term/atoms.h"

using namespace vm;
using driver::LinkedPort;

namespace {

LinkedPort* of(ErlDrvPort port) {
  const auto word = reinterpret_cast<std::intptr_t>(port);
  return word == 0 || word == -1 ? nullptr : reinterpret_cast<LinkedPort*>(port);
}

// The queue, which ends with the port even where a port data lock keeps the rest; nullptr: there is none.
driver::PieceQueue* queue_of(ErlDrvPort port) { return of(port) && !of(port)->gone() ? &of(port)->queue() : nullptr; }

std::string_view text(const char* bytes, std::size_t size) { return {bytes ? bytes : "", bytes ? size : 0}; }

// A binary of one's own for bytes that go into a queue.
struct Copied {
  Copied(const char* bytes, std::size_t size) : binary(driver_alloc_binary(size)) {
    if (size) std::memcpy(binary->orig_bytes, bytes, size);
  }
  ~Copied() { driver_free_binary(binary); }
  ErlDrvBinary* binary;
};

// Visits the vectors of ev behind the first `skip` bytes: visit(index, offset in it, bytes of it). False when there are fewer.
template <typename Visit>
bool behind(const ErlIOVec& ev, std::size_t skip, Visit&& visit) {
  if (skip > ev.size) return false;
  for (int i = 0; i < ev.vsize; i++) {
    const std::size_t size = ev.iov[i].iov_len;
    if (skip >= size) {
      skip -= size;
      continue;
    }
    visit(i, skip, size - skip);
    skip = 0;
  }
  return true;
}

std::size_t offset_in(const ErlIOVec& ev, int i, std::size_t from) {
  return static_cast<std::size_t>(static_cast<char*>(ev.iov[i].iov_base) - ev.binv[i]->orig_bytes) + from;
}

int end_port(ErlDrvPort port, Term reason, bool eof = false) {
  if (!of(port)) return -1;
  of(port)->fail(reason, eof);
  return 0;
}

}  // namespace

struct erl_drv_port_data_lock {
  pthread_mutex_t mutex;
  std::atomic<ErlDrvSInt> refs;
  std::shared_ptr<port::Port> port;  // whoever holds the lock may use the port's name for it
};

extern "C" {

// --- output

int driver_output2(ErlDrvPort port, char* head, ErlDrvSizeT head_size, char* bytes, ErlDrvSizeT size) {
  if (!of(port)) return -1;
  of(port)->output(text(head, head_size), text(bytes, size));
  return 0;
}
int driver_output(ErlDrvPort port, char* bytes, ErlDrvSizeT size) { return driver_output2(port, nullptr, 0, bytes, size); }

int driver_output_binary(ErlDrvPort port, char* head, ErlDrvSizeT head_size, ErlDrvBinary* binary, ErlDrvSizeT offset, ErlDrvSizeT size) {
  if (!of(port) || !binary || offset + size > static_cast<ErlDrvSizeT>(binary->orig_size)) return -1;
  of(port)->output(text(head, head_size), {binary->orig_bytes + offset, size}, binary);
  return 0;
}

int driver_outputv(ErlDrvPort port, char* head, ErlDrvSizeT head_size, ErlIOVec* ev, ErlDrvSizeT skip) {
  if (!of(port)) return -1;
  std::vector<std::string_view> parts;
  const auto add = [&](int i, std::size_t from, std::size_t size) {
    parts.emplace_back(static_cast<char*>(ev->iov[i].iov_base) + from, size);
  };
  if (!behind(*ev, skip, add)) return -1;
  of(port)->output_parts(text(head, head_size), parts);
  return 0;
}

ErlDrvSizeT driver_vec_to_buf(ErlIOVec* ev, char* buffer, ErlDrvSizeT size) {
  const ErlDrvSizeT room = size;
  for (int i = 0; i < ev->vsize && size > 0; i++) {
    const std::size_t n = std::min<std::size_t>(ev->iov[i].iov_len, size);
    if (n) std::memcpy(buffer, ev->iov[i].iov_base, n);
    buffer += n;
    size -= n;
  }
  return room - size;
}

// --- queue

int driver_enq_bin(ErlDrvPort port, ErlDrvBinary* binary, ErlDrvSizeT offset, ErlDrvSizeT size) {
  if (!queue_of(port)) return -1;
  if (size) queue_of(port)->push_back(binary, offset, size);
  of(port)->queue_changed();
  return 0;
}
int driver_pushq_bin(ErlDrvPort port, ErlDrvBinary* binary, ErlDrvSizeT offset, ErlDrvSizeT size) {
  if (!queue_of(port)) return -1;
  if (size) queue_of(port)->push_front(binary, offset, size);
  of(port)->queue_changed();
  return 0;
}
int driver_enq(ErlDrvPort port, char* bytes, ErlDrvSizeT size) {
  const Copied copied(bytes, size);
  return driver_enq_bin(port, copied.binary, 0, size);
}
int driver_pushq(ErlDrvPort port, char* bytes, ErlDrvSizeT size) {
  const Copied copied(bytes, size);
  return driver_pushq_bin(port, copied.binary, 0, size);
}
int driver_enqv(ErlDrvPort port, ErlIOVec* ev, ErlDrvSizeT skip) {
  if (!of(port)) return -1;
  return behind(*ev, skip,
                [&](int i, std::size_t from, std::size_t size) {
                  if (ev->binv && ev->binv[i]) driver_enq_bin(port, ev->binv[i], offset_in(*ev, i, from), size);
                  else driver_enq(port, static_cast<char*>(ev->iov[i].iov_base) + from, size);
                })
             ? 0
             : -1;
}
int driver_pushqv(ErlDrvPort port, ErlIOVec* ev, ErlDrvSizeT skip) {
  if (!of(port)) return -1;
  struct Part {
    int index;
    std::size_t from, size;
  };
  std::vector<Part> parts;
  if (!behind(*ev, skip, [&](int i, std::size_t from, std::size_t size) { parts.push_back({i, from, size}); })) return -1;
  for (std::size_t n = parts.size(); n-- > 0;) {
    const auto [i, from, size] = parts[n];
    if (ev->binv && ev->binv[i]) driver_pushq_bin(port, ev->binv[i], offset_in(*ev, i, from), size);
    else driver_pushq(port, static_cast<char*>(ev->iov[i].iov_base) + from, size);
  }
  return 0;
}
ErlDrvSizeT driver_deq(ErlDrvPort port, ErlDrvSizeT size) {
  if (!queue_of(port) || !queue_of(port)->drop(size)) return static_cast<ErlDrvSizeT>(-1);
  const ErlDrvSizeT left = queue_of(port)->size();
  of(port)->queue_changed();
  return left;
}
ErlDrvSizeT driver_sizeq(ErlDrvPort port) { return queue_of(port) ? queue_of(port)->size() : static_cast<ErlDrvSizeT>(-1); }
SysIOVec* driver_peekq(ErlDrvPort port, int* count) {
  if (!queue_of(port)) {
    *count = -1;
    return nullptr;
  }
  return queue_of(port)->vectors(count);
}
ErlDrvSizeT driver_peekqv(ErlDrvPort port, ErlIOVec* ev) {
  driver::PieceQueue* const queue = queue_of(port);
  if (!queue) return static_cast<ErlDrvSizeT>(-1);
  ev->iov = queue->vectors(&ev->vsize);
  ev->binv = queue->binaries();
  ev->size = queue->size();
  return ev->size;
}

// --- descriptors, timers

int driver_select(ErlDrvPort port, ErlDrvEvent event, int mode, int on) {
  if (!of(port)) return -1;
  return of(port)->select(static_cast<int>(reinterpret_cast<std::intptr_t>(event)), mode, on != 0);
}

int driver_set_timer(ErlDrvPort port, unsigned long milliseconds) {
  if (!of(port)) return -1;
  of(port)->set_timer(milliseconds);
  return 0;
}
int driver_cancel_timer(ErlDrvPort port) {
  if (!of(port)) return -1;
  of(port)->cancel_timer();
  return 0;
}
int driver_read_timer(ErlDrvPort port, unsigned long* left) {
  if (!of(port)) return -1;
  *left = of(port)->timer_left();
  return 0;
}

// --- the end

int driver_failure_eof(ErlDrvPort port) { return end_port(port, atoms::normal, true); }
int driver_failure_atom(ErlDrvPort port, char* reason) { return end_port(port, term::AtomTable::intern(reason)); }
int driver_failure_posix(ErlDrvPort port, int error) { return end_port(port, term::AtomTable::intern(os::errno_name(error))); }
int driver_failure(ErlDrvPort port, int error) { return error == 0 ? driver_failure_eof(port) : end_port(port, Term::small(error)); }
// The connected process is not told by its link.
int driver_exit(ErlDrvPort port, int error) {
  if (of(port)) of(port)->port().unlink_connected();
  return error == 0 ? end_port(port, atoms::normal) : driver_failure_posix(port, error);
}

// --- monitors

int driver_monitor_process(ErlDrvPort port, ErlDrvTermData process, ErlDrvMonitor* monitor) {
  return of(port) ? of(port)->monitor(Term::from_bits(process), monitor) : -1;
}
int driver_demonitor_process(ErlDrvPort port, const ErlDrvMonitor* monitor) { return of(port) ? of(port)->demonitor(*monitor) : 1; }
ErlDrvTermData driver_get_monitored_process(ErlDrvPort port, const ErlDrvMonitor* monitor) {
  const Term pid = of(port) ? of(port)->monitored(*monitor) : Term::non_value();
  return pid.is_value() ? pid.bits() : static_cast<ErlDrvTermData>(atoms::undefined.bits());
}
int driver_compare_monitors(const ErlDrvMonitor* a, const ErlDrvMonitor* b) { return std::memcmp(a->data, b->data, sizeof a->data); }

// --- what the port is

void set_busy_port(ErlDrvPort port, int on) {
  if (of(port)) of(port)->set_busy(on != 0);
}
void set_port_control_flags(ErlDrvPort port, int flags) {
  if (of(port)) of(port)->answer_binaries(flags & PORT_CONTROL_FLAG_BINARY);
}
int get_port_flags(ErlDrvPort port) {
  if (!of(port)) return 0;
  const port::PortOptions& o = of(port)->port().options;
  return (o.binary ? PORT_FLAG_BINARY : 0) | (o.framing == port::PortOptions::Framing::Line ? PORT_FLAG_LINE : 0);
}
void erl_drv_busy_msgq_limits(ErlDrvPort port, ErlDrvSizeT* low, ErlDrvSizeT* high) {
  if (of(port)) return of(port)->queue_limits(low, high);
  if (low) *low = ERL_DRV_BUSY_MSGQ_DISABLED;
  if (high) *high = ERL_DRV_BUSY_MSGQ_DISABLED;
}
int erl_drv_consume_timeslice(ErlDrvPort port, int percent) {
  if (!of(port)) return -1;
  constexpr std::int64_t kSlice = 4000, kPercent = 100;  // reductions of a process's slice
  std::int64_t& consumed = of(port)->port().consumed;
  consumed = std::min(kSlice, consumed + kSlice * std::clamp<std::int64_t>(percent, 1, kPercent) / kPercent);
  return consumed >= kSlice ? 1 : 0;
}
void erl_drv_init_ack(ErlDrvPort port, ErlDrvData data) {
  if (of(port)) of(port)->opened_itself(data);
}
void erl_drv_set_os_pid(ErlDrvPort port, ErlDrvSInt pid) {
  if (of(port)) of(port)->port().pid = static_cast<int>(pid);
}
void add_driver_entry(ErlDrvEntry* entry) { driver::Libraries::of(*nif::Natives::default_runtime()).add_linked_in(entry); }
int remove_driver_entry(ErlDrvEntry* entry) {
  return driver::Libraries::of(*nif::Natives::default_runtime()).remove_linked_in(entry) ? 1 : 0;
}
int driver_lock_driver(ErlDrvPort port) {
  if (!of(port)) return -1;
  driver::Libraries::of(of(port)->port().ports.runtime()).make_permanent(of(port)->library());
  return 0;
}

ErlDrvPort driver_create_port(ErlDrvPort creator, ErlDrvTermData owner, char* name, ErlDrvData data) {
  if (!of(creator)) return reinterpret_cast<ErlDrvPort>(-1);
  LinkedPort& by = *of(creator);
  LinkedPort* made = nullptr;
  by.port().ports.admit_accepted(Term::from_bits(owner), name, by.port().options, [&](port::Port& port) -> std::unique_ptr<port::Driver> {
    auto driver = std::make_unique<LinkedPort>(port, by.library_ref());
    driver->adopt(data);
    made = driver.get();
    return driver;
  });
  return made ? reinterpret_cast<ErlDrvPort>(made) : reinterpret_cast<ErlDrvPort>(-1);
}

// --- port data lock

ErlDrvPDL driver_pdl_create(ErlDrvPort port) {
  if (!of(port) || of(port)->data_lock) return nullptr;
  auto* lock = new erl_drv_port_data_lock;
  pthread_mutex_init(&lock->mutex, nullptr);
  lock->refs.store(1);
  lock->port = of(port)->port().shared_from_this();
  of(port)->data_lock = lock;
  return lock;
}
void driver_pdl_lock(ErlDrvPDL lock) {
  driver_pdl_inc_refc(lock);
  pthread_mutex_lock(&lock->mutex);
}
void driver_pdl_unlock(ErlDrvPDL lock) {
  pthread_mutex_unlock(&lock->mutex);
  driver_pdl_dec_refc(lock);
}
ErlDrvSInt driver_pdl_get_refc(ErlDrvPDL lock) { return lock->refs.load(); }
ErlDrvSInt driver_pdl_inc_refc(ErlDrvPDL lock) { return lock->refs.fetch_add(1) + 1; }
ErlDrvSInt driver_pdl_dec_refc(ErlDrvPDL lock) {
  const ErlDrvSInt left = lock->refs.fetch_sub(1) - 1;
  if (left > 0) return left;
  const std::shared_ptr<port::Port> last = std::move(lock->port);
  pthread_mutex_destroy(&lock->mutex);
  delete lock;
  return 0;
}

}  // extern "C"
