// SPDX-License-Identifier: Apache-2.0
#include "os/child.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace vm::os {

namespace {

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> v;
  for (const std::string& w : words) v.push_back(const_cast<char*>(w.c_str()));
  v.push_back(nullptr);
  return v;
}

// A handler of ours must not run in the child: it would see the parent's memory.
void forget_handlers() {
  for (int number = 1; number < NSIG; number++) {
    struct sigaction now;
    if (sigaction(number, nullptr, &now) == 0 && now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN) signal(number, SIG_DFL);
  }
}

// What natives opened without close-on-exec is not for other programs: nothing from `first` on survives exec.
void withhold_descriptors(unsigned first) {
  constexpr unsigned kCloseOnExec = 1U << 2;  // CLOSE_RANGE_CLOEXEC
  if (syscall(SYS_close_range, first, ~0U, kCloseOnExec) == 0) return;
  const long limit = sysconf(_SC_OPEN_MAX);  // an old kernel
  for (int fd = static_cast<int>(first); fd < limit; fd++) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

// dup2 onto itself would leave close-on-exec set.
bool place(int fd, int where) { return fd == where ? fcntl(fd, F_SETFD, 0) == 0 : dup2(fd, where) >= 0; }

// In the child, on the parent's memory and stack: only calls that are safe between vfork and exec. What fails is told by the exit status: errno.
[[noreturn]] void become(const ChildRequest& r, char** argv, char** env, const cpu_set_t* usable) {
  forget_handlers();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  int in = r.use_fd_3_4 ? 3 : 0, out = r.use_fd_3_4 ? 4 : 1;
  bool ok = true;
  if (usable) sched_setaffinity(0, sizeof *usable, usable);
  withhold_descriptors(3);
  if (r.stdin_fd >= 0) ok = ok && place(r.stdin_fd, in);
  if (r.stdout_fd >= 0) ok = ok && place(r.stdout_fd, out);
  if (r.stderr_to_stdout) ok = ok && dup2(out, 2) >= 0;
  if (ok && !r.directory.empty()) ok = chdir(r.directory.c_str()) == 0;
  if (ok) {
    execve(r.program.c_str(), argv, env);  // no search: a name without a folder is a file of the current one
  }
  _exit(errno);
}

}  // namespace

ChildResult start_child(const ChildRequest& request) {
  ChildResult result;
  std::vector<char*> argv = pointers(request.arguments), env = pointers(request.environment);
  // The child may run wherever this program may, whatever this thread is bound to.
  cpu_set_t usable;
  const bool restricted = sched_getaffinity(getpid(), sizeof usable, &usable) == 0;
  // Not fork: copying the page tables of a large heap takes long, and each page written afterwards costs a fault. This thread stands still until the
  // child is another program; no signal gets in between.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t pid = vfork();
  if (pid == 0) become(request, argv.data(), env.data(), restricted ? &usable : nullptr);
  int fork_error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) {
    result.error = fork_error;
    return result;
  }
  result.pid = pid;
  result.exit_fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  return result;
}

int reap_child(int pid) {
  int status = 0;
  if (waitpid(pid, &status, WNOHANG) != pid) return -1;
  if (WIFSIGNALED(status)) return 128 + WTERMSIG(status);
  return WEXITSTATUS(status);
}

}  // namespace vm::os
