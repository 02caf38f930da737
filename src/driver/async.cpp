// SPDX-License-Identifier: Apache-2.0
//
// Work of drivers on threads of their own (driver_async): as many as `+A` says, made when first needed. Jobs of one key are done in order.
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "driver/linked_port.h"
#include "os/cpu_topology.h"
#include "port/port_trace.h"
#include "proc/runtime.h"

using namespace vm;
using driver::LinkedPort;

namespace {

struct Job {
  std::weak_ptr<port::Port> port;
  void (*invoke)(void*);
  void* data;
  void (*free)(void*);
  ErlDrvPDL data_lock;  // counted, or nullptr: the job may look at the queue
};

// The port has it, or is gone.
void end(const Job& job, port::Port* p) {
  if (p && (!p->closed || p->close_after_flush)) static_cast<LinkedPort&>(*p->driver).async_done(job.data);
  else if (job.free) job.free(job.data);
  if (job.data_lock) driver_pdl_dec_refc(job.data_lock);
}

void finish(Job job) {
  const std::shared_ptr<port::Port> port = job.port.lock();
  if (!port) return end(job, nullptr);
  port::post(*port, [job = std::move(job)](port::Port& p) {
    const port::PortVisit visit(p);
    end(job, &p);
  });
}

class Worker {
 public:
  Worker() : thread_([this] { work(); }) {
    os::unbind_child(thread_.native_handle());
    thread_.detach();
  }
  void add(Job job) {
    {
      std::lock_guard<std::mutex> hold(lock_);
      jobs_.push_back(std::move(job));
    }
    more_.notify_one();
  }

 private:
  [[noreturn]] void work() {
    for (;;) {
      std::unique_lock<std::mutex> hold(lock_);
      more_.wait(hold, [&] { return !jobs_.empty(); });
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      hold.unlock();
      if (job.invoke) job.invoke(job.data);
      finish(std::move(job));
    }
  }
  std::mutex lock_;
  std::condition_variable more_;
  std::deque<Job> jobs_;
  std::thread thread_;
};

// Never ended: jobs may run until the program does.
std::vector<Worker*>& workers(std::size_t count) {
  static auto* all = [count] {
    auto* list = new std::vector<Worker*>;
    for (std::size_t i = 0; i < count; i++) list->push_back(new Worker);
    return list;
  }();
  return *all;
}

}  // namespace

extern "C" {

unsigned driver_async_port_key(ErlDrvPort port) {
  return static_cast<unsigned>(reinterpret_cast<LinkedPort*>(port)->port().id.id_data() & 0xFFFFFFFF);
}

long driver_async(ErlDrvPort port, unsigned* key, void (*invoke)(void*), void* data, void (*free)(void*)) {
  static std::atomic<long> next{1};
  static std::atomic<unsigned> turn{0};
  LinkedPort& linked = *reinterpret_cast<LinkedPort*>(port);
  port::Port& p = linked.port();
  const std::size_t count = std::max<std::size_t>(p.ports.runtime().settings.async_threads, 1);
  std::vector<Worker*>& all = workers(count);
  const unsigned slot = key ? *key : turn++;
  if (key) *key = static_cast<unsigned>(*key % all.size());
  if (linked.data_lock) driver_pdl_inc_refc(linked.data_lock);
  all[slot % all.size()]->add({p.weak_from_this(), invoke, data, free, linked.data_lock});
  return next++;
}

}  // extern "C"
