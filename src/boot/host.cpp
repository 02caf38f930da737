// SPDX-License-Identifier: Apache-2.0
#include "boot/host.h"

#include <sched.h>

#include <cstdio>

namespace vm::boot::host {

namespace {

// cpu.max of the unified hierarchy: "<quota> <period>" or "max <period>". 0: no limit known.
unsigned cgroup_quota() {
  std::FILE* f = std::fopen("/sys/fs/cgroup/cpu.max", "re");
  if (!f) return 0;
  long quota = 0, period = 0;
  int n = std::fscanf(f, "%ld %ld", &quota, &period);
  std::fclose(f);
  if (n != 2 || quota <= 0 || period <= 0) return 0;
  long whole = quota / period;
  return whole > 0 ? static_cast<unsigned>(whole) : 1;
}

}  // namespace

unsigned logical_processors() {
  cpu_set_t set;
  unsigned n = 1;
  if (sched_getaffinity(0, sizeof set, &set) == 0) n = static_cast<unsigned>(CPU_COUNT(&set));
  unsigned quota = cgroup_quota();
  if (quota && quota < n) n = quota;
  return n ? n : 1;
}

}  // namespace vm::boot::host
