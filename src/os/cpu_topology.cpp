// SPDX-License-Identifier: Apache-2.0
#include "os/cpu_topology.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>

#include "os/cpu_quota.h"

namespace vm::os {

namespace {

constexpr const char* kSystemRoot = "/sys/devices/system";

// What a bound thread might use before. Its own thread's only.
struct Binding {
  bool bound = false;
  cpu_set_t outside;
};
thread_local Binding t_binding;

// The numbers of the entries of a folder that are called `prefix` and a number.
std::vector<int> numbered_entries(const std::string& folder, const char* prefix) {
  std::vector<int> numbers;
  std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(folder.c_str()), closedir);
  if (!dir) return numbers;
  const std::string format = std::string(prefix) + "%d%c";
  while (const dirent* entry = readdir(dir.get())) {
    int n;
    char more;
    if (std::sscanf(entry->d_name, format.c_str(), &n, &more) == 1 && n >= 0) numbers.push_back(n);
  }
  return numbers;
}

std::optional<int> number_in(const std::string& path) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> f(std::fopen(path.c_str(), "re"), std::fclose);
  int n;
  if (!f || std::fscanf(f.get(), "%d", &n) != 1) return std::nullopt;
  return n;
}

void add_processors(const std::string& folder, int node, std::vector<Cpu>* out) {
  for (int logical : numbered_entries(folder, "cpu")) {
    const std::string place = folder + "/cpu" + std::to_string(logical) + "/topology/";
    const std::optional<int> package = number_in(place + "physical_package_id"), core = number_in(place + "core_id");
    if (package && core) out->push_back({node, *package, -1, *core, 0, logical});
  }
}

// Where the processors of one package are on several nodes, it is the package that holds the nodes.
void nest_nodes(std::vector<Cpu>& cpus) {
  std::map<int, std::set<int>> nodes_of;
  for (const Cpu& c : cpus) nodes_of[c.processor].insert(c.node);
  for (Cpu& c : cpus) {
    if (nodes_of[c.processor].size() < 2) continue;
    c.processor_node = c.node;
    c.node = -1;
  }
}

auto place_of(const Cpu& c) { return std::tie(c.node, c.processor, c.processor_node, c.core); }

unsigned configuration(int what) {
  const long n = sysconf(what);
  return n > 0 ? static_cast<unsigned>(n) : 0;
}

template <typename T>
bool exchange(T& old, const T& now) {
  if (old == now) return false;
  old = now;
  return true;
}

}  // namespace

std::vector<Cpu> read_cpu_topology(const std::string& root, unsigned configured, unsigned online) {
  std::vector<Cpu> cpus;
  const std::string node_folder = root + "/node";
  if (access(node_folder.c_str(), R_OK | X_OK) == 0) {
    for (int node : numbered_entries(node_folder, "node")) add_processors(node_folder + "/node" + std::to_string(node), node, &cpus);
  } else {
    add_processors(root + "/cpu", -1, &cpus);
  }
  if (cpus.empty() || cpus.size() < online || cpus.size() > configured) return {};
  nest_nodes(cpus);
  std::sort(cpus.begin(), cpus.end(), [](const Cpu& a, const Cpu& b) {
    return std::tuple_cat(place_of(a), std::tie(a.logical)) < std::tuple_cat(place_of(b), std::tie(b.logical));
  });
  for (std::size_t i = 1; i < cpus.size(); i++) cpus[i].thread = place_of(cpus[i]) == place_of(cpus[i - 1]) ? cpus[i - 1].thread + 1 : 0;
  return cpus;
}

bool CpuInfo::update(bool with_topology) {
  const unsigned all = configuration(_SC_NPROCESSORS_CONF), on = std::min(all, configuration(_SC_NPROCESSORS_ONLN));
  bool changed = exchange(configured, all);
  changed = exchange(online, on) || changed;
  CpuSet now;
  unsigned may_use = 0;
  if (sched_getaffinity(getpid(), sizeof now.mask(), &now.mask()) == 0) {
    changed = exchange(usable, now) || changed;
    may_use = now.size();
  }
  changed = exchange(available, may_use == 0 ? on : std::min(may_use, on)) || changed;
  changed = exchange(quota, cpu_quota(on)) || changed;
  if (with_topology) changed = exchange(topology, read_cpu_topology(kSystemRoot, all, on)) || changed;
  return changed;
}

int bind_this_thread(int cpu, const CpuSet& usable) {
  CpuSet only;
  only.add(cpu);
  if (const int error = pthread_setaffinity_np(pthread_self(), sizeof only.mask(), &only.mask())) return error;
  t_binding = {true, usable.mask()};
  return 0;
}

int unbind_thread(pthread_t thread, const CpuSet& usable) {
  const int error = pthread_setaffinity_np(thread, sizeof usable.mask(), &usable.mask());
  if (error == 0 && pthread_equal(thread, pthread_self())) t_binding.bound = false;
  return error;
}

const cpu_set_t* unbound_mask() { return t_binding.bound ? &t_binding.outside : nullptr; }

void start_unbound(pthread_attr_t* attributes) {
  if (const cpu_set_t* mask = unbound_mask()) pthread_attr_setaffinity_np(attributes, sizeof *mask, mask);
}

void unbind_child(pthread_t thread) {
  if (const cpu_set_t* mask = unbound_mask()) pthread_setaffinity_np(thread, sizeof *mask, mask);
}

}  // namespace vm::os
