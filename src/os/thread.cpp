// SPDX-License-Identifier: Apache-2.0
#include "os/thread.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "os/clock.h"
#include "os/cpu_topology.h"

namespace vm::os {
namespace {

struct StartData {
  void (*body)(void*);
  void* argument;
  char name[16];
};

void* thread_main(void* raw) {
  StartData data = *static_cast<StartData*>(raw);
  delete static_cast<StartData*>(raw);
  pthread_setname_np(pthread_self(), data.name);
  data.body(data.argument);
  return nullptr;
}

}  // namespace

bool Thread::start(const char* name, std::size_t stack_bytes, void (*body)(void*), void* argument, bool must) {
  VM_CHECK(!started_);
  auto* data = new StartData{body, argument, {}};
  for (std::size_t i = 0; i + 1 < sizeof data->name && name[i]; i++) data->name[i] = name[i];
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (stack_bytes) pthread_attr_setstacksize(&attributes, stack_bytes);
  start_unbound(&attributes);
  const int result = pthread_create(&handle_, &attributes, thread_main, data);
  pthread_attr_destroy(&attributes);
  if (result != 0) {
    delete data;
    VM_CHECK(!must);
    return false;
  }
  started_ = true;
  return true;
}

void Thread::join() {
  if (!started_) return;
  pthread_join(handle_, nullptr);
  started_ = false;
}

void Thread::detach() {
  if (!started_) return;
  pthread_detach(handle_);
  started_ = false;
}

void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected, std::int64_t timeout_ns) {
  timespec ts;
  if (timeout_ns >= 0) {
    ts.tv_sec = timeout_ns / 1'000'000'000;
    ts.tv_nsec = timeout_ns % 1'000'000'000;
  }
  syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAIT_PRIVATE, expected, timeout_ns >= 0 ? &ts : nullptr, nullptr, 0);
}

void futex_wake(std::atomic<std::uint32_t>& word, int count) {
  syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

bool Wakeup::wait(std::int64_t timeout_ns) {
  std::uint32_t seen = 0;
  if (!word_.compare_exchange_strong(seen, 2, std::memory_order_seq_cst)) {
    word_.store(0, std::memory_order_seq_cst);  // was 1
    return true;
  }
  const std::int64_t begin = timeout_ns >= 0 ? monotonic_ns() : 0;
  std::int64_t left = timeout_ns;
  while (word_.load(std::memory_order_acquire) == 2) {
    futex_wait(word_, 2, left);
    if (timeout_ns < 0) continue;
    left = timeout_ns - (monotonic_ns() - begin);
    if (left <= 0) break;
  }
  return word_.exchange(0, std::memory_order_seq_cst) == 1;
}

bool barrier_on_all_threads() {
  constexpr int kExpedited = 1 << 3, kRegister = 1 << 4;  // MEMBARRIER_CMD_(REGISTER_)PRIVATE_EXPEDITED
  static const bool able = syscall(SYS_membarrier, kRegister, 0, 0) == 0;
  return able && syscall(SYS_membarrier, kExpedited, 0, 0) == 0;
}

void yield_thread() { sched_yield(); }

}  // namespace vm::os
