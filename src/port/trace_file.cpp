// SPDX-License-Identifier: Apache-2.0
//
// trace_file_drv: what it is sent goes to a file, each piece as [0][size, four bytes][bytes]. dbg and fprof make ports of it the tracers of processes and
// read the file later.
//
// Name of the port: "trace_file_drv n FILE". Rows of files that are written in turn ("w ...") are not supported.
#include <cstdio>

#include "port/driver.h"
#include "port/port.h"

namespace vm::port {

namespace {

class TraceFile final : public Driver {
 public:
  explicit TraceFile(std::FILE* file) : file_(file) {}
  ~TraceFile() override {
    if (file_) std::fclose(file_);
  }

  void command(Port&, std::string bytes) override {
    constexpr std::size_t kHead = 5;
    const auto n = static_cast<std::uint32_t>(bytes.size());
    const unsigned char head[kHead] = {0, static_cast<unsigned char>(n >> 24), static_cast<unsigned char>(n >> 16),
                                       static_cast<unsigned char>(n >> 8), static_cast<unsigned char>(n)};
    std::fwrite(head, 1, kHead, file_);
    std::fwrite(bytes.data(), 1, bytes.size(), file_);
  }
  void received(Port&, std::string_view) override {}
  // 'f' writes out what is buffered.
  std::optional<std::string> control(Port&, unsigned operation, std::string_view) override {
    if (operation != 'f') return std::nullopt;
    std::fflush(file_);
    return std::string(1, '\0');
  }
  bool flush(Port&) override {
    std::fflush(file_);
    return true;
  }

 private:
  std::FILE* file_;
};

}  // namespace

std::unique_ptr<Driver> open_trace_file(std::string_view words) {
  constexpr std::string_view kPlain = "n ";
  while (!words.empty() && words.front() == ' ') words.remove_prefix(1);
  if (words.substr(0, kPlain.size()) != kPlain) return nullptr;
  std::FILE* file = std::fopen(std::string(words.substr(kPlain.size())).c_str(), "wb");
  return file ? std::make_unique<TraceFile>(file) : nullptr;
}

}  // namespace vm::port
