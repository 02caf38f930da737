// SPDX-License-Identifier: Apache-2.0
//
// The emulator's entry point: takes the command line that erlexec hands over, as any emulator of an OTP installation does.
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "boot/boot_times.h"
#include "boot/machine.h"
#include "os/console.h"

namespace {

int wrong_flag(const vm::boot::FlagError& error) {
  if (!error.message.empty()) std::fprintf(vm::os::console_error(), "%s\n", error.message.c_str());
  if (error.usage) std::fputs(vm::boot::usage_text().c_str(), stderr);
  return 1;
}

std::string erts_version() {
  std::vector<std::string> none;
  auto root = vm::boot::find_otp_root(none);
  return root ? root.value().erts_version : "13.1.5";
}

}  // namespace

int main(int argc, char** argv) {
  vm::boot::BootTimes times;
  std::signal(SIGPIPE, SIG_IGN);
  vm::boot::Options options;
  vm::boot::Parsed what;
  vm::boot::FlagError error;
  if (!vm::boot::parse_flags(argc, argv, &options, &what, &error)) return wrong_flag(error);
  if (what == vm::boot::Parsed::Version) {
    std::fprintf(vm::os::console_error(), "Erlang (SMP,ASYNC_THREADS) (BEAM) emulator version %s\n", erts_version().c_str());
    return 0;
  }
  if (!std::getenv("BINDIR")) {
    std::fprintf(vm::os::console_error(), "Environment variable BINDIR is not set\n");
    return 1;
  }
  if (options.boot_times) times.enable();
  auto root = vm::boot::find_otp_root(options.init_arguments);
  if (!root) {
    std::fprintf(vm::os::console_error(), "%s\n", root.error().c_str());
    return 1;
  }
  times.end("flags, the OTP root");
  static vm::boot::Machine* machine = new vm::boot::Machine(std::move(options), std::move(root.value()));
  times.end("tables, services, built-ins");
  auto started = machine->start();
  if (!started) {
    std::fprintf(vm::os::console_error(), "%s\n", started.error().c_str());
    return 1;
  }
  times.end("preloaded modules, first processes");
  int status = machine->wait();
  times.end("Erlang code until halt");
  times.print();
  std::fflush(nullptr);
  std::_Exit(status);
}
