// SPDX-License-Identifier: Apache-2.0
//
// Runs a fuzz target over files and folders named on the command line. Builds without libFuzzer (g++, or no GIRDER_FUZZ)
// link it, so that a saved corpus is replayed by every compiler.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

unsigned replay_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::vector<char> bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  unsigned count = 0;
  for (int i = 1; i < argc; ++i) {
    if (std::filesystem::is_directory(argv[i])) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i]))
        if (entry.is_regular_file()) count += replay_file(entry.path());
    } else if (argv[i][0] != '-') {
      count += replay_file(argv[i]);
    }
  }
  std::printf("replayed %u files\n", count);
  return 0;
}
