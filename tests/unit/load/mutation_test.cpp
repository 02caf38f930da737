// SPDX-License-Identifier: Apache-2.0
//
// Damaged files: whatever is done to the bytes, preparing and lowering end with a refusal, a function that raises badfile, or sound code.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "load_fixture.h"

namespace vm {
namespace {

namespace fs = std::filesystem;

std::vector<Byte> read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Prepares, and lowers every function of what was accepted.
std::size_t run(test::LoadFixture& vm, std::span<const Byte> file) {
  auto prepared = vm.loader.prepare(term::kNil, file);
  if (!prepared) return 0;
  std::size_t good = 0;
  load::Loader::for_each_function(*prepared.value(), [&](code::Function& f) {
    code::FunctionBody body;
    good += load::Loader::lower(f, &body);
    EXPECT_FALSE(body.instructions.empty());
  });
  return good;
}

void damage(std::vector<Byte>& file, std::mt19937& random) {
  const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  switch (below(6)) {
    case 0: file.resize(below(file.size()) + 1); break;
    case 1: {  // copy a piece over another
      const std::size_t n = std::min<std::size_t>(file.size() / 2, 1 + below(64));
      std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(below(file.size() - n)), n,
                  file.begin() + static_cast<std::ptrdiff_t>(below(file.size() - n)));
      break;
    }
    default:
      for (std::size_t i = 0, n = 1 + below(8); i < n; i++) {
        Byte& b = file[below(file.size())];
        b = below(2) ? static_cast<Byte>(b ^ 1u << below(8)) : static_cast<Byte>(below(256));
      }
  }
}

TEST(Mutation, DamagedFilesNeverCrash) {
  const fs::path root = std::getenv("GIRDER_TEST_OTP") != nullptr ? std::getenv("GIRDER_TEST_OTP") : "/usr/lib/erlang";
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(root, error), end; !error && at != end; at.increment(error)) {
    const fs::path& p = at->path();
    static const char* const kNames[] = {"lists.beam",     "base64.beam", "gen_server.beam", "unicode.beam",
                                         "prim_file.beam", "timer.beam",  "maps.beam",       "zlib.beam"};
    for (const char* name : kNames) {
      if (p.filename() == name) files.push_back(p);
    }
  }
  if (files.empty()) GTEST_SKIP() << "no OTP installed";
  std::mt19937 random(20);
  const char* rounds_text = std::getenv("GIRDER_TEST_MUTATIONS");
  const int rounds = rounds_text != nullptr ? std::atoi(rounds_text) : 150;
  test::LoadFixture vm;
  std::size_t accepted = 0, good = 0;
  for (const fs::path& path : files) {
    const std::vector<Byte> original = read_file(path);
    ASSERT_GT(run(vm, original), 0u) << path;
    for (int i = 0; i < rounds; i++) {
      std::vector<Byte> file = original;
      damage(file, random);
      const std::size_t n = run(vm, file);
      accepted += n > 0;
      good += n;
    }
  }
  std::printf("%zu of %zu damaged files were accepted, %zu functions in them verified\n", accepted,
              files.size() * static_cast<std::size_t>(rounds), good);
}

}  // namespace
}  // namespace vm
