// SPDX-License-Identifier: Apache-2.0
//
// Every module of the installed OTP is prepared, made current, and all its functions are decoded and verified. No output of the stock
// compiler may be refused. Skipped where no OTP is installed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "load/dump.h"
#include "load/loader.h"
#include "load_fixture.h"
#include "term/print.h"

namespace vm {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> installed_modules() {
  std::vector<fs::path> found;
  std::error_code error;
  const char* root = std::getenv("GIRDER_TEST_OTP");
  for (fs::recursive_directory_iterator at(root != nullptr ? root : "/usr/lib/erlang", error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().extension() == ".beam") found.push_back(at->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<Byte> read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Processor time: other work of the machine does not count.
double now_us() { return static_cast<double>(std::clock()) * 1e6 / CLOCKS_PER_SEC; }

TEST(Installed, EveryFunctionVerifies) {
  const auto files = installed_modules();
  if (files.empty()) GTEST_SKIP() << "no OTP installed";
  test::LoadFixture vm;
  double preparing = 0, decoding = 0;
  std::size_t functions = 0, bytes = 0;
  std::vector<std::string> bad;
  for (const fs::path& path : files) {
    const std::vector<Byte> file = read_file(path);
    const auto start = now_us();
    auto prepared = vm.loader.prepare(term::kNil, file);
    ASSERT_TRUE(prepared.has_value()) << path << ": " << prepared.error().text;
    load::PreparedModule* one[] = {prepared.value().get()};
    const auto outcome = vm.loader.finish(one);
    preparing += now_us() - start;
    if (outcome.status == atoms::not_purged) continue;  // the same name a third time
    bytes += file.size();
    const code::Module* m = vm.store.find_module(one[0]->name());
    code::ModuleInstance* instance = outcome.status == atoms::on_load ? m->on_load : m->current;
    const auto decode_start = now_us();
    for (code::Function& f : instance->functions) {
      code::FunctionBody body;
      functions++;
      if (!load::Loader::lower(f, &body) && bad.size() < 40) {
        bad.push_back(term::atom_text(f.mfa.module) + ":" + term::atom_text(f.mfa.function) + "/" + std::to_string(f.mfa.arity));
      }
    }
    decoding += now_us() - decode_start;
  }
  for (const auto& b : bad) std::printf("bad: %s\n", b.c_str());
  EXPECT_EQ(bad.size(), 0u);
  std::printf("%zu modules (%zu KB): prepare + finish %.1f us each; %zu functions: decode %.2f us each\n", files.size(), bytes / 1024,
              preparing / static_cast<double>(files.size()), functions, decoding / static_cast<double>(functions));
}

}  // namespace
}  // namespace vm
