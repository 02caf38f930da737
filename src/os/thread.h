// SPDX-License-Identifier: Apache-2.0
//
// Threads and the futex they sleep on.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace vm::os {

// One thread with a chosen stack size. start once, join once (or detach).
class Thread {
 public:
  // name: at most 15 characters, shown by debuggers. Running out of threads is fatal unless `must` is false; then false comes back.
  bool start(const char* name, std::size_t stack_bytes, void (*body)(void*), void* argument, bool must = true);
  void join();
  void detach();
  bool started() const { return started_; }
  pthread_t handle() const { return handle_; }  // of one that was started

 private:
  pthread_t handle_{};
  bool started_ = false;
};

// Sleeps while *word == expected, at most timeout_ns (negative: no limit). May wake for no reason.
void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected, std::int64_t timeout_ns);
void futex_wake(std::atomic<std::uint32_t>& word, int count);

// A flag one thread sleeps on. set from anywhere; a set that comes before the wait is not lost.
class Wakeup {
 public:
  void set() {
    if (word_.exchange(1, std::memory_order_seq_cst) == 2) futex_wake(word_, 1);
  }
  bool is_set() const { return word_.load(std::memory_order_acquire) == 1; }
  // Answers after set, or when the time is over (negative: no limit); clears the flag. True when it was set.
  bool wait(std::int64_t timeout_ns);
  void clear() { word_.store(0, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint32_t> word_{0};  // 0 clear, 1 set, 2 a thread sleeps
};

inline void cpu_relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}
// After it answered true, every other thread of the program has passed a full memory barrier. False: the system can't.
bool barrier_on_all_threads();
void yield_thread();

}  // namespace vm::os
