// SPDX-License-Identifier: Apache-2.0
//
// Mutex with a rank (sync/lock_ranks.def). A debug build checks on every lock that ranks only grow along what a thread holds, so that a possible
// deadlock shows in the first run that takes the two locks, not in the one that hangs. Annotated for clang's thread-safety analysis.
#pragma once

#include <mutex>

#include "base/assert.h"

#if defined(__clang__)
#define VM_CAPABILITY(x) __attribute__((capability(x)))
#define VM_SCOPED_CAPABILITY __attribute__((scoped_lockable))
#define VM_GUARDED_BY(x) __attribute__((guarded_by(x)))
#define VM_REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
#define VM_ACQUIRE(...) __attribute__((acquire_capability(__VA_ARGS__)))
#define VM_RELEASE(...) __attribute__((release_capability(__VA_ARGS__)))
#define VM_TRY_ACQUIRE(...) __attribute__((try_acquire_capability(__VA_ARGS__)))
#define VM_NO_THREAD_SAFETY __attribute__((no_thread_safety_analysis))
#else
#define VM_CAPABILITY(x)
#define VM_SCOPED_CAPABILITY
#define VM_GUARDED_BY(x)
#define VM_REQUIRES(...)
#define VM_ACQUIRE(...)
#define VM_RELEASE(...)
#define VM_TRY_ACQUIRE(...)
#define VM_NO_THREAD_SAFETY
#endif

namespace vm::sync {

enum class LockRank : unsigned char {
#define VM_LOCK_RANK(name) name,
#include "sync/lock_ranks.def"
#undef VM_LOCK_RANK
};

// Debug bookkeeping of what the calling thread holds.
void note_lock(LockRank rank);
void note_unlock(LockRank rank);

class VM_CAPABILITY("mutex") Mutex {
 public:
  explicit Mutex(LockRank rank) : rank_(rank) {}
  void lock() VM_ACQUIRE() {
#ifdef VM_DEBUG
    note_lock(rank_);
#endif
    mutex_.lock();
  }
  void unlock() VM_RELEASE() {
    mutex_.unlock();
#ifdef VM_DEBUG
    note_unlock(rank_);
#endif
  }
  std::mutex& native() { return mutex_; }

 private:
  std::mutex mutex_;
  [[maybe_unused]] LockRank rank_;
};

class VM_SCOPED_CAPABILITY MutexGuard {
 public:
  explicit MutexGuard(Mutex& m) VM_ACQUIRE(m) : mutex_(m) { mutex_.lock(); }
  ~MutexGuard() VM_RELEASE() { mutex_.unlock(); }
  MutexGuard(const MutexGuard&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace vm::sync
