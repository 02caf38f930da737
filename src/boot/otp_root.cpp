// SPDX-License-Identifier: Apache-2.0
#include "boot/otp_root.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace vm::boot {

std::string init_argument(const std::vector<std::string>& args, const char* name) {
  for (std::size_t i = 0; i + 1 < args.size(); i++)
    if (args[i] == name) return args[i + 1];
  return "";
}

base::Result<OtpRoot, std::string> find_otp_root(const std::vector<std::string>& args) {
  OtpRoot root;
  root.dir = init_argument(args, "-root");
  if (root.dir.empty()) {
    const char* env = std::getenv("ROOTDIR");
    if (!env) return base::fail(std::string("no OTP root: start through erl, or give -- -root DIR -bindir DIR"));
    root.dir = env;
  }
  std::string data = root.dir + "/releases/start_erl.data";
  std::ifstream file(data);
  std::string release;
  if (!(file >> root.erts_version >> release) || release.empty())
    return base::fail("OTP root " + root.dir + ": can't read " + data + " (is Erlang/OTP installed there?)");
  root.release = static_cast<unsigned>(std::strtoul(release.c_str(), nullptr, 10));
  if (root.release < 25) return base::fail("OTP root " + root.dir + " is release " + release + "; release 25 or later is needed");
  root.preloaded_dir = root.dir + "/lib/erts-" + root.erts_version + "/ebin";
  if (access((root.preloaded_dir + "/erlang.beam").c_str(), R_OK) != 0)
    return base::fail("OTP root " + root.dir + ": no preloaded modules in " + root.preloaded_dir);
  return root;
}

std::vector<std::string> preload_order(unsigned) {
  return {"erts_code_purger",
          "erl_init",
          "init",
          "prim_buffer",
          "prim_eval",
          "prim_inet",
          "prim_file",
          "zlib",
          "socket_registry",
          "prim_socket",
          "prim_net",
          "prim_zip",
          "erl_prim_loader",
          "erlang",
          "erts_internal",
          "erl_tracer",
          "erts_literal_area_collector",
          "erts_dirty_process_signal_handler",
          "atomics",
          "counters",
          "persistent_term"};
}

}  // namespace vm::boot
