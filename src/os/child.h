// SPDX-License-Identifier: Apache-2.0
//
// Child processes with pipes. The child gets the given descriptors and no others; its signal dispositions are reset.
#pragma once

#include <string>
#include <vector>

namespace vm::os {

struct ChildRequest {
  std::string program;                   // a path
  std::vector<std::string> arguments;    // argv, argv[0] included
  std::vector<std::string> environment;  // NAME=value, the whole of it
  std::string directory;                 // "" = inherited
  int stdin_fd = -1, stdout_fd = -1;     // -1: inherited
  bool stderr_to_stdout = false;
  bool use_fd_3_4 = false;  // nouse_stdio: the pipes become 3 and 4
};

struct ChildResult {
  int pid = -1;
  int error = 0;     // errno when there is no new process
  int exit_fd = -1;  // readable when the child ended (pidfd)
};

// A program that cannot be run, or not in that directory, is a child that ends with errno as its exit status.
ChildResult start_child(const ChildRequest& request);

// Exit status of an ended child as a shell reports it: status, or 128 + signal. -1: still running.
int reap_child(int pid);

}  // namespace vm::os
