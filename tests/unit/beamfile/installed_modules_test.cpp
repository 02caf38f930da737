// SPDX-License-Identifier: Apache-2.0
//
// Walks every module of the installed OTP, compares some with what the stock disassembler sees, and feeds damaged copies.
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdio>
#include <random>
#include <sstream>

#include "beamfile/module_file.h"
#include "unit/beamfile/installed_modules.h"
#include "unit/support/source_file.h"

namespace vm::beamfile {
namespace {

constexpr std::uint8_t kLine = 153;

struct Walk {
  std::vector<std::uint8_t> opcodes;
  std::size_t labels = 0;
  std::size_t functions = 0;
  std::size_t lines = 0;
};

// Decodes and skips side by side.
Walk walk(const ModuleFile& file) {
  constexpr std::uint8_t kLabel = 1;
  constexpr std::uint8_t kFuncInfo = 2;
  Walk result;
  CodeReader decoding(file.code.code, file.limits());
  CodeReader skipping(file.code.code, file.limits());
  Instruction instruction;
  while (decoding.next(instruction)) {
    result.opcodes.push_back(instruction.opcode);
    result.labels += instruction.opcode == kLabel;
    result.functions += instruction.opcode == kFuncInfo;
    if (instruction.opcode == kLine) {
      ++result.lines;
      EXPECT_LT(instruction.operand(0).value, file.lines.items.size());
    }
    std::uint8_t opcode = 0;
    EXPECT_TRUE(skipping.skip(opcode));
    EXPECT_EQ(opcode, instruction.opcode);
    EXPECT_EQ(skipping.offset(), decoding.offset());
  }
  EXPECT_FALSE(decoding.failed()) << "error " << int(decoding.fault().error) << " at " << decoding.fault().offset;
  return result;
}

TEST(InstalledModules, EveryInstructionDecodes) {
  const auto modules = installed_modules();
  if (modules.empty()) GTEST_SKIP() << "no modules under " << otp_root();
  std::size_t instructions = 0;
  for (const auto& path : modules) {
    SCOPED_TRACE(path.string());
    const auto bytes = read_file(path);
    auto file = ModuleFile::read(bytes);
    ASSERT_TRUE(file.has_value()) << int(file.error().error) << " at " << file.error().offset;
    EXPECT_EQ(file->name(), path.stem().string());
    const Walk seen = walk(*file);
    ASSERT_FALSE(seen.opcodes.empty());
    EXPECT_EQ(seen.opcodes.back(), kOpcodeEnd);
    EXPECT_EQ(seen.labels + 1, file->code.label_count);
    EXPECT_EQ(seen.functions, file->code.function_count);
    if (!file->lines.items.empty() && file->lines.instruction_count != 0) {
      EXPECT_EQ(seen.lines, file->lines.instruction_count);
    }
    EXPECT_EQ(file->exports.size() + file->locals.size(), seen.functions);
    instructions += seen.opcodes.size();
  }
  std::printf("%zu modules, %zu instructions\n", modules.size(), instructions);
}

TEST(InstalledModules, StockDisassemblerAgrees) {
  if (std::system("command -v escript > /dev/null 2>&1") != 0) GTEST_SKIP() << "no escript";
  std::string command = "escript " + test::beside(__FILE__, "stock_counts.escript");
  std::vector<std::string> expected;
  std::vector<std::filesystem::path> pieces;
  for (const auto& path : installed_modules({"stdlib-", "kernel-", "compiler-"})) {
    const std::string name = path.stem();
    const bool chosen = name == "lists" || name == "gen_server" || name == "beam_asm" || name == "inet" || name == "unicode_util" ||
                        name == "math" || name == "io_lib_format" || name == "base64" || name == "erl_parse";
    if (!chosen) continue;
    const auto bytes = read_file(path);
    auto file = ModuleFile::read(bytes);
    ASSERT_TRUE(file.has_value());
    auto opcodes = walk(*file).opcodes;
    opcodes.pop_back();  // the disassembler does not show int_code_end
    std::sort(opcodes.begin(), opcodes.end());
    const auto crc = crc32(0, opcodes.data(), static_cast<uInt>(opcodes.size()));
    expected.push_back(std::to_string(opcodes.size()) + ' ' + std::to_string(crc) + " true");
    pieces.push_back(std::filesystem::path(testing::TempDir()) / (name + ".pieces"));
    std::ofstream out(pieces.back(), std::ios::binary);
    visit_checksum(
        *file, [&](Bytes piece) { out.write(reinterpret_cast<const char*>(piece.data()), static_cast<std::streamsize>(piece.size())); });
    command += " " + path.string() + " " + pieces.back().string();
  }
  FILE* const pipe = popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string output;
  std::array<char, 4096> buffer;
  for (std::size_t got = 0; (got = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) output.append(buffer.data(), got);
  EXPECT_EQ(pclose(pipe), 0);
  std::istringstream lines(output);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    std::string line;
    std::getline(lines, line);
    EXPECT_EQ(line, expected[i]) << pieces[i];
    std::filesystem::remove(pieces[i]);
  }
}

// Reads a damaged module to the end, whatever it is; returning at all is the test.
void read_damaged(Bytes bytes) {
  auto file = ModuleFile::read(bytes);
  if (!file.has_value()) return;
  CodeReader reader(file->code.code, file->limits());
  Instruction instruction;
  while (reader.next(instruction)) {
  }
}

TEST(DamagedModules, Truncated) {
  for (const auto& path : installed_modules({"compiler-"})) {
    const auto bytes = read_file(path);
    for (std::size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 97) {
      // An allocation of its own, so that a sanitizer sees any read past the end.
      const std::vector<std::uint8_t> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_FALSE(ModuleFile::read(cut).has_value());
    }
  }
}

TEST(DamagedModules, FlippedBytes) {
  std::mt19937_64 random(11);
  for (const auto& path : installed_modules({"stdlib-"})) {
    const auto bytes = read_file(path);
    for (int round = 0; round < 8; ++round) {
      auto damaged = bytes;
      for (int i = 0; i < 1 + round * 4; ++i) damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
      read_damaged(damaged);
    }
    // Damage in the code only, which the tables let pass.
    auto file = ModuleFile::read(bytes);
    ASSERT_TRUE(file.has_value());
    std::vector<std::uint8_t> code(file->code.code.begin(), file->code.code.end());
    for (int round = 0; round < 8; ++round) {
      for (int i = 0; i < 20; ++i) code[random() % code.size()] = static_cast<std::uint8_t>(random());
      CodeReader reader(code, file->limits());
      Instruction instruction;
      while (reader.next(instruction)) EXPECT_LE(instruction.list.size(), code.size());
    }
  }
}

}  // namespace
}  // namespace vm::beamfile
