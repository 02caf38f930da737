// SPDX-License-Identifier: Apache-2.0
//
// The processors of this computer: which of them the program may use, how they hang together, and binding the calling thread to one of them.
//
// Who may use what is asked of the program's first thread, which is never bound. A bound thread notes what it might use before, so that threads it
// starts can be given that: they would inherit the binding otherwise.
#pragma once

#include <pthread.h>
#include <sched.h>

#include <string>
#include <vector>

namespace vm::os {

// One logical processor and where it is. Numbers of one level tell siblings apart. node is set where a node holds processors, processor_node where a
// processor holds nodes; -1: there is none.
struct Cpu {
  int node = -1;
  int processor = 0;
  int processor_node = -1;
  int core = 0;
  int thread = 0;
  int logical = 0;
  bool operator==(const Cpu&) const = default;
};

// Logical processors by number. What is too high for the system's own masks is never in.
class CpuSet {
 public:
  CpuSet() { CPU_ZERO(&mask_); }
  bool contains(int cpu) const { return cpu >= 0 && cpu < CPU_SETSIZE && CPU_ISSET(static_cast<std::size_t>(cpu), &mask_); }
  void add(int cpu) {
    if (cpu >= 0 && cpu < CPU_SETSIZE) CPU_SET(static_cast<std::size_t>(cpu), &mask_);
  }
  unsigned size() const { return static_cast<unsigned>(CPU_COUNT(&mask_)); }
  bool operator==(const CpuSet& other) const { return CPU_EQUAL(&mask_, &other.mask_); }
  const cpu_set_t& mask() const { return mask_; }
  cpu_set_t& mask() { return mask_; }

 private:
  cpu_set_t mask_;
};

struct CpuInfo {
  unsigned configured = 0, online = 0, available = 0;
  unsigned quota = 0;  // processors' worth of time that the program may take; 0: no limit is known
  CpuSet usable;
  std::vector<Cpu> topology;  // by node, processor, processor_node, core and thread; empty: not known, or not asked for

  // Asks the system. Answers whether anything is another than before. Without the topology, that one stays.
  bool update(bool with_topology);
};

// Reads the topology below `root` (/sys/devices/system). Empty when it is not there, when it shows fewer processors than are online, or more than are
// configured.
std::vector<Cpu> read_cpu_topology(const std::string& root, unsigned configured, unsigned online);

// Binds the calling thread. Answers 0, or the system's error number: it stays where it was.
int bind_this_thread(int cpu, const CpuSet& usable);
// Undoes that for a thread, the calling or another one.
int unbind_thread(pthread_t thread, const CpuSet& usable);
// What the calling thread's children are to be allowed instead of its own processor; nullptr: it is not bound.
const cpu_set_t* unbound_mask();
// Sees to it that a thread made with these attributes is not bound as the calling one is.
void start_unbound(pthread_attr_t* attributes);
// The same for one that the calling thread has started otherwise.
void unbind_child(pthread_t thread);

}  // namespace vm::os
