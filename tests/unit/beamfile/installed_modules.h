// SPDX-License-Identifier: Apache-2.0
//
// The .beam files of the installed OTP, for tests: under $GIRDER_OTP_ROOT or, without it, /usr/lib/erlang.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace vm::beamfile {

inline std::filesystem::path otp_root() {
  const char* root = std::getenv("GIRDER_OTP_ROOT");
  return root != nullptr ? root : "/usr/lib/erlang";
}

// All modules of the applications whose folder name starts with one of the prefixes; of all applications when there is none.
inline std::vector<std::filesystem::path> installed_modules(const std::vector<std::string>& prefixes = {}) {
  std::vector<std::filesystem::path> modules;
  std::error_code error;
  for (const auto& application : std::filesystem::directory_iterator(otp_root() / "lib", error)) {
    const std::string name = application.path().filename();
    const bool wanted = prefixes.empty() ||
                        std::any_of(prefixes.begin(), prefixes.end(), [&](const std::string& prefix) { return name.starts_with(prefix); });
    if (!wanted) continue;
    for (const auto& entry : std::filesystem::directory_iterator(application.path() / "ebin", error)) {
      if (entry.path().extension() == ".beam") modules.push_back(entry.path());
    }
  }
  std::sort(modules.begin(), modules.end());
  return modules;
}

inline std::vector<std::uint8_t> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  return {text.begin(), text.end()};
}

}  // namespace vm::beamfile
