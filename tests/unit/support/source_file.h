// SPDX-License-Identifier: Apache-2.0
//
// Data files that lie beside a test's source. __FILE__ is relative to the build folder when a compiler cache rewrites paths, so that
// neither the caller's working directory nor the absolute path at compile time may be relied on: a relative path counts from the build
// folder, which the running program finds by itself (it lies in <build>/bin).
#pragma once

#include <filesystem>
#include <string>

namespace vm::test {

// The path of `name`, which lies in the folder of the source `file` (__FILE__).
inline std::string beside(const char* file, const char* name) {
  std::filesystem::path source = file;
  if (source.is_relative()) {
    source = std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / source;
  }
  return (source.parent_path() / name).lexically_normal().string();
}

}  // namespace vm::test
