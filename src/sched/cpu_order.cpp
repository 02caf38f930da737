// SPDX-License-Identifier: Apache-2.0
#include "sched/cpu_order.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/assert.h"

namespace vm::sched {

using os::Cpu;

namespace {

// What an order compares, the weightiest first.
using Field = int Cpu::*;
using Fields = std::vector<Field>;

const Fields& fields_of(BindOrder order) {
  static const Fields kNoSpread{&Cpu::node, &Cpu::processor, &Cpu::processor_node, &Cpu::core, &Cpu::thread};
  static const Fields kThreadSpread{&Cpu::thread, &Cpu::node, &Cpu::processor, &Cpu::processor_node, &Cpu::core};
  static const Fields kProcessorSpread{&Cpu::thread, &Cpu::processor_node, &Cpu::core, &Cpu::node, &Cpu::processor};
  static const Fields kSpread{&Cpu::thread, &Cpu::core, &Cpu::processor_node, &Cpu::processor, &Cpu::node};
  static const Fields kNoNodeThreadSpread{&Cpu::node, &Cpu::thread, &Cpu::processor, &Cpu::core};
  static const Fields kNoNodeProcessorSpread{&Cpu::node, &Cpu::thread, &Cpu::core, &Cpu::processor};
  static const Fields kThreadNoNodeProcessorSpread{&Cpu::thread, &Cpu::node, &Cpu::core, &Cpu::processor};
  switch (order) {
    case BindOrder::NoSpread: return kNoSpread;
    case BindOrder::ThreadSpread: return kThreadSpread;
    case BindOrder::ProcessorSpread: return kProcessorSpread;
    case BindOrder::Spread: return kSpread;
    case BindOrder::NoNodeThreadSpread: return kNoNodeThreadSpread;
    case BindOrder::NoNodeProcessorSpread: return kNoNodeProcessorSpread;
    case BindOrder::ThreadNoNodeProcessorSpread: return kThreadNoNodeProcessorSpread;
    case BindOrder::Unbound: break;
  }
  VM_UNREACHABLE();
}

void sort_by(std::vector<Cpu>& cpus, const Fields& fields) {
  std::stable_sort(cpus.begin(), cpus.end(), [&](const Cpu& a, const Cpu& b) {
    for (Field f : fields)
      if (a.*f != b.*f) return a.*f < b.*f;
    return false;
  });
}

// Counts the entities of one level as they come; what was never there has the number -1.
struct Level {
  int seen = -1, number = -1;
  void reset() { seen = number = -1; }
  bool next(int value) {
    if (value == seen) return false;
    seen = value;
    number++;
    return true;
  }
};

// How nodes inside of processors count: PerProcessor as nodes of their own that have a number within their processor, too; Flat only as nodes.
enum class InnerNodes : std::uint8_t { PerProcessor, Flat };

class Renumbering {
 public:
  explicit Renumbering(InnerNodes inner) : flat_(inner == InnerNodes::Flat) {}

  void apply(Cpu& c) {
    if (!flat_ || c.node >= 0) outer_node(c);
    if (processor_.next(c.processor)) {
      if (!flat_) {
        own_node_ = -1;
        inner_.reset();
      }
      below_nodes_again();
    }
    c.processor = processor_.number;
    if (flat_) flat_inner_node(c);
    else inner_node(c);
    if (core_.next(c.core)) thread_.reset();
    c.core = core_.number;
    thread_.next(c.thread);
    c.thread = thread_.number;
  }

 private:
  void below_nodes_again() {
    core_.reset();
    thread_.reset();
  }

  void outer_node(Cpu& c) {
    if (c.node == seen_node_) {
      c.node = nodes_;
      return;
    }
    seen_node_ = c.node;
    processor_.reset();
    if (!flat_) inner_.reset();
    below_nodes_again();
    if (c.node >= 0) c.node = ++nodes_;
  }

  void inner_node(Cpu& c) {
    if (inner_.next(c.processor_node)) {
      below_nodes_again();
      own_node_ = ++nodes_;
    }
    if (own_node_ >= 0) c.node = own_node_;
    c.processor_node = std::max(0, inner_.number);
  }

  void flat_inner_node(Cpu& c) {
    if (c.processor_node < 0) {
      inner_.seen = -1;
      return;
    }
    if (inner_.next(c.processor_node)) {
      below_nodes_again();
      nodes_++;
    }
    c.node = c.processor_node = nodes_;
  }

  const bool flat_;
  int nodes_ = -1, seen_node_ = -1;
  int own_node_ = -1;  // of the inner node that the walk is in
  Level processor_, inner_, core_, thread_;
};

bool without_processor_nodes(BindOrder order) {
  return order == BindOrder::NoNodeThreadSpread || order == BindOrder::NoNodeProcessorSpread ||
         order == BindOrder::ThreadNoNodeProcessorSpread;
}

void put_in_order(std::vector<Cpu>& cpus, BindOrder order) {
  if (cpus.size() < 2) return;
  Renumbering renumbering(without_processor_nodes(order) ? InnerNodes::Flat : InnerNodes::PerProcessor);
  for (Cpu& c : cpus) renumbering.apply(c);
  sort_by(cpus, fields_of(order));
}

bool nodes_fit(const std::vector<Cpu>& cpus) {
  const auto has_node = [](const Cpu& c) { return c.node >= 0 || c.processor_node >= 0; };
  const bool nodes = has_node(cpus[0]);
  for (std::size_t i = 1; i < cpus.size(); i++) {
    const Cpu &before = cpus[i - 1], &c = cpus[i];
    if (!nodes && has_node(c)) return false;
    if (!nodes) continue;
    if (c.processor == before.processor && c.node != before.node) return false;
    if ((c.node >= 0) == (c.processor_node >= 0)) return false;  // inside of one kind, and of one only
  }
  return true;
}

// --- groups

// Entities that hold others, from the outside in; counted over the whole topology.
constexpr std::size_t kLevels = 4;
constexpr std::size_t kCoreLevel = kLevels - 1;
constexpr std::array<Field, kLevels> kLevelFields{&Cpu::node, &Cpu::processor, &Cpu::processor_node, &Cpu::core};
using Place = std::array<int, kLevels>;

// Where each processor is, and how many entities of each level there are.
std::vector<Place> places_of(const std::vector<Cpu>& cpus, Place* counts) {
  Place at;
  at.fill(-1);
  std::vector<Place> places;
  for (std::size_t i = 0; i < cpus.size(); i++) {
    std::size_t first = 0;
    while (i > 0 && first < kLevels && cpus[i].*kLevelFields[first] == cpus[i - 1].*kLevelFields[first]) first++;
    for (std::size_t level = first; level < kLevels; level++) at[level]++;
    places.push_back(at);
  }
  for (std::size_t level = 0; level < kLevels; level++) (*counts)[level] = at[level] + 1;
  return places;
}

// Something whose parts are shared out over groups of its own.
struct Holder {
  int id = 0, parts = 0, groups = 0;
};

std::vector<Holder> holders_of(const std::vector<Place>& places, std::size_t level) {
  std::vector<Holder> holders;
  int last = -1;
  for (const Place& p : places) {
    const int id = level == 0 ? 0 : p[level - 1];
    if (holders.empty() || holders.back().id != id) holders.push_back({id, 0, 0});
    if (p[level] != last) holders.back().parts++;
    last = p[level];
  }
  return holders;
}

// Every holder gets the same number of groups; what is left goes to those with most parts.
void share_groups(std::vector<Holder>& holders, int groups) {
  if (holders.size() == 1) {
    holders[0].groups = groups;
    return;
  }
  const int each = groups / static_cast<int>(holders.size());
  std::sort(holders.begin(), holders.end(),
            [](const Holder& a, const Holder& b) { return std::tie(b.parts, a.id) < std::tie(a.parts, b.id); });
  for (Holder& h : holders) {
    h.groups = std::min(h.parts, each);
    groups -= h.groups;
  }
  while (groups > 0) {
    for (auto h = holders.begin(); h != holders.end() && groups > 0 && h->groups < h->parts; ++h) {
      h->groups++;
      groups--;
    }
  }
  std::sort(holders.begin(), holders.end(), [](const Holder& a, const Holder& b) { return a.id < b.id; });
}

// The group of every entity of the level that is shared out. A holder's last groups are the larger ones.
std::vector<int> groups_of_parts(const std::vector<Holder>& holders) {
  std::vector<int> of_part;
  int first = 0;
  for (const Holder& h : holders) {
    const int least = h.parts / h.groups, larger = h.parts % h.groups;
    for (int g = 0; g < h.groups; g++) of_part.insert(of_part.end(), static_cast<std::size_t>(least + (g >= h.groups - larger)), first + g);
    first += h.groups;
  }
  return of_part;
}

}  // namespace

TopologyFault check_topology(std::vector<Cpu>& cpus) {
  if (cpus.empty()) return TopologyFault::None;
  std::vector<int> logical;
  for (const Cpu& c : cpus) logical.push_back(c.logical);
  std::sort(logical.begin(), logical.end());
  if (std::adjacent_find(logical.begin(), logical.end()) != logical.end()) return TopologyFault::RepeatedLogical;
  sort_by(cpus, {&Cpu::processor, &Cpu::node, &Cpu::processor_node, &Cpu::core, &Cpu::thread});
  const auto same_place = [](const Cpu& a, const Cpu& b) {
    return a.processor == b.processor && a.node == b.node && a.processor_node == b.processor_node && a.core == b.core &&
           a.thread == b.thread;
  };
  if (std::adjacent_find(cpus.begin(), cpus.end(), same_place) != cpus.end()) return TopologyFault::RepeatedPlace;
  return nodes_fit(cpus) ? TopologyFault::None : TopologyFault::BadNodes;
}

std::vector<int> bind_sequence(std::vector<Cpu> cpus, BindOrder order) {
  std::vector<int> sequence;
  if (order == BindOrder::Unbound) return sequence;
  put_in_order(cpus, order);
  for (const Cpu& c : cpus) sequence.push_back(c.logical);
  return sequence;
}

std::vector<CpuGroup> cpu_groups(std::vector<Cpu> cpus, int groups) {
  std::vector<CpuGroup> result;
  if (cpus.empty()) return result;
  put_in_order(cpus, BindOrder::NoSpread);
  Place counts;
  const std::vector<Place> places = places_of(cpus, &counts);
  std::size_t level = 0;  // the outermost one with more entities than there may be groups
  while (level < kCoreLevel && counts[level] <= groups) level++;
  std::vector<int> of_part;
  if (counts[level] > groups) {
    std::vector<Holder> holders = holders_of(places, level);
    share_groups(holders, groups);
    of_part = groups_of_parts(holders);
  }
  for (std::size_t i = 0; i < cpus.size(); i++) {
    const int part = places[i][level];
    result.push_back({cpus[i].logical, of_part.empty() ? part : of_part[static_cast<std::size_t>(part)]});
  }
  return result;
}

}  // namespace vm::sched
