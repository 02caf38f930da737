// SPDX-License-Identifier: Apache-2.0
//
// Detection on folders that look like /sys/devices/system; control group limits.
#include "os/cpu_topology.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "os/cpu_quota.h"

namespace vm::os {
namespace {

namespace fs = std::filesystem;

class FakeSystem {
 public:
  FakeSystem() : root_(fs::temp_directory_path() / ("girder-cpus-" + std::to_string(getpid()))) { fs::create_directories(root_); }
  ~FakeSystem() { fs::remove_all(root_); }
  FakeSystem(const FakeSystem&) = delete;
  void add(const std::string& folder, int logical, const std::string& package, const std::string& core) {
    const fs::path at = root_ / folder / ("cpu" + std::to_string(logical)) / "topology";
    fs::create_directories(at);
    std::ofstream(at / "physical_package_id") << package << "\n";
    std::ofstream(at / "core_id") << core << "\n";
  }
  void add_folder(const std::string& name) { fs::create_directories(root_ / name); }
  std::vector<Cpu> read(unsigned configured, unsigned online) const { return read_cpu_topology(root_.string(), configured, online); }

 private:
  fs::path root_;
};

TEST(ReadCpuTopology, WithoutNodes) {
  FakeSystem system;
  system.add_folder("cpu/cpufreq");
  system.add_folder("cpu/cpu9");  // nothing is known of it
  system.add("cpu", 0, "0", "1");
  system.add("cpu", 3, "0", "0");
  system.add("cpu", 1, "0", "0");
  EXPECT_EQ(system.read(4, 3), (std::vector<Cpu>{{-1, 0, -1, 0, 0, 1}, {-1, 0, -1, 0, 1, 3}, {-1, 0, -1, 1, 0, 0}}));
  EXPECT_TRUE(system.read(2, 2).empty());
  EXPECT_TRUE(system.read(8, 4).empty());
}

TEST(ReadCpuTopology, NodesThatHoldProcessors) {
  FakeSystem system;
  system.add("node/node0", 0, "0", "0");
  system.add("node/node1", 1, "1", "0");
  system.add_folder("node/power");
  EXPECT_EQ(system.read(2, 2), (std::vector<Cpu>{{0, 0, -1, 0, 0, 0}, {1, 1, -1, 0, 0, 1}}));
}

TEST(ReadCpuTopology, ProcessorsThatHoldNodes) {
  FakeSystem system;
  system.add("node/node0", 0, "0", "0");
  system.add("node/node1", 1, "0", "0");
  system.add("node/node2", 2, "1", "0");
  EXPECT_EQ(system.read(3, 3), (std::vector<Cpu>{{-1, 0, 0, 0, 0, 0}, {-1, 0, 1, 0, 0, 1}, {2, 1, -1, 0, 0, 2}}));
}

TEST(ReadCpuTopology, Nothing) {
  FakeSystem system;
  EXPECT_TRUE(system.read(1, 0).empty());
  system.add("cpu", 0, "x", "0");
  EXPECT_TRUE(system.read(1, 0).empty());
}

TEST(CpuInfo, ChangesAreSeen) {
  CpuInfo info;
  EXPECT_TRUE(info.update(false));
  EXPECT_FALSE(info.update(false));
  EXPECT_GE(info.available, 1u);
  EXPECT_LE(info.available, info.online);
  EXPECT_LE(info.online, info.configured);
  info.usable = CpuSet();
  EXPECT_TRUE(info.update(false));
}

TEST(CpuQuota, Rounding) {
  EXPECT_EQ(processors_of_quota(250000, 100000, 8), 2u);
  EXPECT_EQ(processors_of_quota(50000, 100000, 8), 1u);
  EXPECT_EQ(processors_of_quota(900000, 100000, 8), 8u);
  EXPECT_EQ(processors_of_quota(-1, 100000, 8), 8u);
  EXPECT_EQ(processors_of_quota(1, 0, 8), 8u);
}

TEST(Binding, ThreadsOfABoundOneAreNot) {
  CpuInfo info;
  info.update(false);
  std::thread([&] {
    int first = 0;
    while (!info.usable.contains(first)) first++;
    ASSERT_EQ(bind_this_thread(first, info.usable), 0);
    CpuSet now;
    pthread_getaffinity_np(pthread_self(), sizeof now.mask(), &now.mask());
    EXPECT_EQ(now.size(), 1u);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    start_unbound(&attributes);
    pthread_t child;
    CpuSet of_child;
    pthread_create(
        &child, &attributes,
        [](void* raw) -> void* {
          auto* set = static_cast<CpuSet*>(raw);
          pthread_getaffinity_np(pthread_self(), sizeof set->mask(), &set->mask());
          return nullptr;
        },
        &of_child);
    pthread_join(child, nullptr);
    pthread_attr_destroy(&attributes);
    EXPECT_TRUE(of_child == info.usable);
    EXPECT_EQ(unbind_thread(pthread_self(), info.usable), 0);
    EXPECT_EQ(unbound_mask(), nullptr);
    EXPECT_NE(bind_this_thread(1023, info.usable), 0);
  }).join();
}

}  // namespace
}  // namespace vm::os
