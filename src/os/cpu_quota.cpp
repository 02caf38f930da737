// SPDX-License-Identifier: Apache-2.0
#include "os/cpu_quota.h"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace vm::os {

namespace {

constexpr const char* kController = "cpu";

bool contains_word(const std::string& words, char separator) {
  std::istringstream in(words);
  for (std::string word; std::getline(in, word, separator);)
    if (word == kController) return true;
  return false;
}

// One line of /proc/self/mountinfo: "<ids> <device> <root> <mounted at> <flags> [<tags>] - <type> <source> <options>".
struct Mount {
  std::string root, at, type, options;
  explicit Mount(const std::string& line) {
    std::istringstream in(line);
    std::string word, source;
    in >> word >> word >> word >> root >> at;
    while (in >> word && word != "-") {
    }
    in >> type >> source >> options;
  }
};

// Where the program's group is within a hierarchy of the first version; empty: in none that shares out processors.
std::string first_version_group() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    if (contains_word(line.substr(first + 1, second - first - 1), ',')) return line.substr(second + 1);
  }
  return "";
}

// What the files of a group begin with; false when one has less.
bool read_numbers(const std::string& path, std::initializer_list<long long*> numbers) {
  std::ifstream file(path);
  for (long long* n : numbers)
    if (!(file >> *n)) return false;
  return true;
}

}  // namespace

unsigned processors_of_quota(long long quota, long long period, unsigned online) {
  if (quota <= 0 || period <= 0) return online;
  const long long whole = quota < period ? 1 : quota / period;
  return whole <= static_cast<long long>(online) ? static_cast<unsigned>(whole) : online;
}

unsigned cpu_quota(unsigned online) {
  std::ifstream file("/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    const Mount mount(line);
    long long quota = 0, period = 0;
    if (mount.type == "cgroup2") {
      std::ifstream controllers(mount.at + "/cgroup.controllers");
      std::string words;
      std::getline(controllers, words);
      if (!contains_word(words, ' ')) continue;
      return read_numbers(mount.at + "/cpu.max", {&quota, &period}) ? processors_of_quota(quota, period, online) : 0;
    }
    if (mount.type == "cgroup" && contains_word(mount.options, ',')) {
      const std::string group = first_version_group();
      if (group.empty()) continue;
      const std::string at = mount.root == group ? mount.at : mount.at + group;
      const bool known = read_numbers(at + "/cpu.cfs_quota_us", {&quota}) && read_numbers(at + "/cpu.cfs_period_us", {&period});
      return known ? processors_of_quota(quota, period, online) : 0;
    }
  }
  return 0;
}

}  // namespace vm::os
