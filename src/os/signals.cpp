// SPDX-License-Identifier: Apache-2.0
#include "os/signals.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "os/thread.h"

namespace vm::os {

namespace {

struct Dispatcher {
  int pipe[2] = {-1, -1};
  void (*received)(void*, int) = nullptr;
  void* context = nullptr;
  Thread thread;
};

Dispatcher& dispatcher() {
  static auto* d = new Dispatcher;
  return *d;
}

// The handler must not touch anything that is initialised on first use.
volatile int write_end = -1;

void handler(int number) {
  int saved = errno;
  unsigned char byte = static_cast<unsigned char>(number);
  if (write_end >= 0) [[maybe_unused]]
    ssize_t ignored = write(write_end, &byte, 1);
  errno = saved;
}

void read_signals(void*) {
  Dispatcher& d = dispatcher();
  for (;;) {
    unsigned char byte;
    ssize_t n = read(d.pipe[0], &byte, 1);
    if (n == 1) d.received(d.context, byte);
    else if (n == 0 || errno != EINTR) return;
  }
}

}  // namespace

void start_signals(void (*received)(void* context, int number), void* context) {
  constexpr std::size_t kStackBytes = 256 * 1024;
  Dispatcher& d = dispatcher();
  if (pipe2(d.pipe, O_CLOEXEC) != 0) return;
  fcntl(d.pipe[1], F_SETFL, O_NONBLOCK);
  d.received = received;
  d.context = context;
  write_end = d.pipe[1];
  d.thread.start("signals", kStackBytes, read_signals, nullptr);
  d.thread.detach();
}

bool set_signal_action(int number, SignalAction action) {
  struct sigaction sa = {};
  sa.sa_flags = SA_RESTART;
  switch (action) {
    case SignalAction::Default: sa.sa_handler = SIG_DFL; break;
    case SignalAction::Ignore: sa.sa_handler = SIG_IGN; break;
    case SignalAction::Handle: sa.sa_handler = handler; break;
    case SignalAction::Exit: sa.sa_handler = [](int) { _exit(0); }; break;
  }
  return sigaction(number, &sa, nullptr) == 0;
}

}  // namespace vm::os
