// SPDX-License-Identifier: Apache-2.0
#include "os/memory.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdint>

#include "base/assert.h"

#if defined(__SANITIZE_ADDRESS__)
#define GIRDER_LEAK_CHECKER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GIRDER_LEAK_CHECKER
#endif
#endif
#ifdef GIRDER_LEAK_CHECKER
#include <sanitizer/lsan_interface.h>
#endif

namespace vm::os {

std::size_t page_size() {
  static const std::size_t size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

namespace {

// nullptr when the system refuses.
void* map_with(int protection, std::size_t bytes, std::size_t alignment) {
  const std::size_t extra = alignment > page_size() ? alignment : 0;
  void* p = mmap(nullptr, bytes + extra, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) return nullptr;
  if (extra == 0) return p;
  const auto begin = reinterpret_cast<std::uintptr_t>(p);
  const std::uintptr_t aligned = (begin + alignment - 1) & ~(alignment - 1);
  if (aligned > begin) munmap(p, aligned - begin);
  const std::uintptr_t end = begin + bytes + extra;
  if (end > aligned + bytes) munmap(reinterpret_cast<void*>(aligned + bytes), end - aligned - bytes);
  return reinterpret_cast<void*>(aligned);
}

}  // namespace

void* reserve(std::size_t bytes, std::size_t alignment) {
  void* p = map_with(PROT_NONE, bytes, alignment);
  VM_CHECK(p != nullptr);
  return p;
}

void commit(void* p, std::size_t bytes) { VM_CHECK(mprotect(p, bytes, PROT_READ | PROT_WRITE) == 0); }

void decommit(void* p, std::size_t bytes) {
  VM_CHECK(mmap(p, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED);
}

void release(void* p, std::size_t bytes) { munmap(p, bytes); }

void* map_lazy(std::size_t bytes) {
  void* p = map_with(PROT_READ | PROT_WRITE, bytes, 0);
  VM_CHECK(p != nullptr);
  return p;
}

void* try_map_aligned(std::size_t bytes, std::size_t alignment) { return map_with(PROT_READ | PROT_WRITE, bytes, alignment); }

void discard(void* p, std::size_t bytes) { madvise(p, bytes, MADV_DONTNEED); }

void note_pointers_in(void* p, std::size_t bytes) {
#ifdef GIRDER_LEAK_CHECKER
  __lsan_register_root_region(p, bytes);
#else
  (void)p;
  (void)bytes;
#endif
}

void advise_huge(void* p, std::size_t bytes, bool wanted) {
#ifdef MADV_HUGEPAGE
  madvise(p, bytes, wanted ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
#else
  (void)p, (void)bytes, (void)wanted;
#endif
}

void set_library_heap(std::size_t trim_threshold, std::size_t top_pad) {
#ifdef __GLIBC__
  const auto set = [](int what, std::size_t bytes) { mallopt(what, static_cast<int>(std::min<std::size_t>(bytes, INT_MAX))); };
  set(M_TRIM_THRESHOLD, trim_threshold);
  set(M_TOP_PAD, top_pad);
#else
  (void)trim_threshold, (void)top_pad;
#endif
}

void give_back_free_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

std::size_t resident_bytes() {
  const int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[128];
  const ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  if (n <= 0) return 0;
  text[n] = 0;
  char* end = nullptr;
  strtoull(text, &end, 10);
  return static_cast<std::size_t>(strtoull(end, nullptr, 10)) * page_size();
}

}  // namespace vm::os
