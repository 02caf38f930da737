// SPDX-License-Identifier: Apache-2.0
#include "boot/boot_times.h"

#include <malloc.h>

#include <cstdio>

#include "heap/block_cache.h"
#include "os/clock.h"
#include "os/memory.h"

namespace vm::boot {

namespace {

std::size_t allocated() {
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
#else
  return 0;
#endif
}

double ms(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }
double kib(std::size_t after, std::size_t before) { return (static_cast<double>(after) - static_cast<double>(before)) / 1024; }

}  // namespace

BootTimes::BootTimes() : marks_{mark("start")} {}

BootTimes::Mark BootTimes::mark(const char* name) {
  return {name, os::monotonic_ns(), os::process_cpu_ns(), os::resident_bytes(), allocated(), heap::block_bytes_in_use()};
}

void BootTimes::note(const char* name) { marks_.push_back(mark(name)); }

void BootTimes::print() const {
  if (!enabled_) return;
  std::fprintf(stderr, "%-36s %9s %9s %12s %12s %12s\n", "phase", "wall ms", "cpu ms", "resident KiB", "malloc KiB", "heaps KiB");
  const auto row = [](const char* name, const Mark& a, const Mark& b) {
    std::fprintf(stderr, "%-36s %9.2f %9.2f %12.0f %12.0f %12.0f\n", name, ms(b.wall_ns - a.wall_ns), ms(b.cpu_ns - a.cpu_ns),
                 kib(b.resident_bytes, a.resident_bytes), kib(b.allocated_bytes, a.allocated_bytes), kib(b.heap_bytes, a.heap_bytes));
  };
  Mark nothing = marks_.front();
  nothing.cpu_ns = 0;
  nothing.resident_bytes = nothing.allocated_bytes = nothing.heap_bytes = 0;
  row("before main", nothing, marks_.front());
  for (std::size_t i = 1; i < marks_.size(); i++) row(marks_[i].name, marks_[i - 1], marks_[i]);
  row("total", nothing, marks_.back());
}

}  // namespace vm::boot
