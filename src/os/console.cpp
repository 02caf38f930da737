// SPDX-License-Identifier: Apache-2.0
#include "os/console.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>

namespace vm::os {

namespace {

// The descriptor may be one that does not block.
void wait_for_room(int fd) {
  pollfd p{fd, POLLOUT, 0};
  (void)::poll(&p, 1, -1);
}

bool write_all(int fd, const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t n = ::write(fd, text.data() + at, text.size() - at);
    if (n < 0 && errno == EAGAIN) wait_for_room(fd);
    else if (n < 0 && errno != EINTR) return false;
    if (n > 0) at += static_cast<std::size_t>(n);
  }
  return true;
}

// The cookie is the descriptor.
ssize_t write_lines(void* cookie, const char* text, std::size_t size) {
  std::string lines;
  lines.reserve(size + size / 16);
  for (std::size_t i = 0; i < size; i++) {
    if (text[i] == '\n') lines += '\r';
    lines += text[i];
  }
  return write_all(static_cast<int>(reinterpret_cast<std::intptr_t>(cookie)), lines) ? static_cast<ssize_t>(size) : 0;
}

std::FILE* open_console(int fd, int buffering) {
  std::FILE* console = fopencookie(reinterpret_cast<void*>(std::intptr_t{fd}), "w", {nullptr, write_lines, nullptr, nullptr});
  if (!console) return fd == STDOUT_FILENO ? stdout : stderr;
  std::setvbuf(console, nullptr, buffering, 0);
  return console;
}

}  // namespace

std::FILE* console_out() {
  static std::FILE* const console = open_console(STDOUT_FILENO, _IOFBF);
  return console;
}

std::FILE* console_error() {
  static std::FILE* const console = open_console(STDERR_FILENO, _IONBF);
  return console;
}

}  // namespace vm::os
