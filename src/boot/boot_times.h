// SPDX-License-Identifier: Apache-2.0
//
// Where the time of starting up goes: +girder_boot_times prints a table of the phases to standard error when the emulator halts. A phase ends
// where `end` is called. Main thread only; costs a test of a flag when it is off.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace vm::boot {

class BootTimes {
 public:
  BootTimes();  // the first phase begins
  void enable() { enabled_ = true; }
  // The phase called `name` (static text) ends here, the next one begins.
  void end(const char* name) {
    if (enabled_) note(name);
  }
  void print() const;

 private:
  struct Mark {
    const char* name;
    std::int64_t wall_ns;
    std::int64_t cpu_ns;  // of all threads
    std::size_t resident_bytes;
    std::size_t allocated_bytes;  // by the C library's allocator, in use
    std::size_t heap_bytes;       // blocks of process heaps
  };
  static Mark mark(const char* name);
  void note(const char* name);

  bool enabled_ = false;
  std::vector<Mark> marks_;
};

}  // namespace vm::boot
