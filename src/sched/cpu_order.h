// SPDX-License-Identifier: Apache-2.0
//
// CPU topologies as data: which are consistent, in which order schedulers are bound to their processors, and groups of processors that are near to each
// other. Nothing here asks the system.
//
// A topology is a list of os::Cpu. Orders work on numbers counted anew, level by level, in the order of a checked list: siblings at one level need not
// have neighbouring numbers, and a processor's nodes count as nodes among those that hold processors.
#pragma once

#include <cstdint>
#include <vector>

#include "os/cpu_topology.h"

namespace vm::sched {

// The highest number that anything in a topology may have.
inline constexpr int kMaxCpuNumber = 0xffff;

enum class TopologyFault : std::uint8_t { None, RepeatedLogical, RepeatedPlace, BadNodes };
// Puts the list into order: by processor, node, processor_node, core and thread. Answers what is wrong with it.
TopologyFault check_topology(std::vector<os::Cpu>& cpus);

// How schedulers are spread over processors: erl(1), +sbt.
enum class BindOrder : std::uint8_t {
  Unbound,
  NoSpread,
  ThreadSpread,
  ProcessorSpread,
  Spread,
  NoNodeThreadSpread,
  NoNodeProcessorSpread,
  ThreadNoNodeProcessorSpread,
};
inline constexpr BindOrder kDefaultBindOrder = BindOrder::ThreadNoNodeProcessorSpread;

// Logical processors in the order in which schedulers get them; `cpus` is a checked list. Of Unbound there is none.
std::vector<int> bind_sequence(std::vector<os::Cpu> cpus, BindOrder order);

// A logical processor and its group, from 0 on.
struct CpuGroup {
  int logical, group;
};
// Shares processors out over at most so many groups of neighbours, as evenly as the topology allows. `cpus` is a checked list, groups at least 1.
std::vector<CpuGroup> cpu_groups(std::vector<os::Cpu> cpus, int groups);

}  // namespace vm::sched
