// SPDX-License-Identifier: Apache-2.0
#include "os/terminal.h"

#include <langinfo.h>
#include <sys/ioctl.h>
#include <termcap.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace vm::os {

namespace {

// Written before `held_fd` is set, so that the signal handler finds them whole.
termios found_mode, our_mode;
std::atomic<int> held_fd{-1};
// The interrupt key was taken away: what found_mode has then is not what the user had.
bool key_given_up = false;
cc_t users_interrupt_key;

void switch_flag(tcflag_t& word, tcflag_t flag, TerminalSwitch s) {
  if (s == TerminalSwitch::On) word |= flag;
  if (s == TerminalSwitch::Off) word &= ~flag;
}

termios mode_of(termios m, const TerminalMode& wanted) {
  m.c_iflag &= ~static_cast<tcflag_t>(ISTRIP);
  switch_flag(m.c_iflag, ICRNL, wanted.lines);
  switch_flag(m.c_lflag, ICANON, wanted.lines);
  switch_flag(m.c_oflag, OPOST, wanted.lines);
  if (wanted.lines == TerminalSwitch::Off) {
    m.c_cc[VMIN] = 1;
    m.c_cc[VTIME] = 0;
  }
  switch_flag(m.c_lflag, ECHO, wanted.echo);
  switch_flag(m.c_iflag, BRKINT | IGNPAR | ICRNL | IXON | IXANY, wanted.signals);
  switch_flag(m.c_lflag, ISIG | IEXTEN, wanted.signals);
  return m;
}

void continued(int) {
  const int saved = errno;
  const int fd = held_fd.load();
  if (fd >= 0) tcsetattr(fd, TCSANOW, &our_mode);
  errno = saved;
}

void on_continuation(void (*handler)(int)) {
  struct sigaction sa = {};
  sa.sa_flags = SA_RESTART;
  sa.sa_handler = handler;
  sigaction(SIGCONT, &sa, nullptr);
}

// A string of the terminal database, empty when the terminal has none.
std::string capability(const char* name) {
  const char* text = tgetstr(name, nullptr);
  return text == nullptr ? std::string() : text;
}

}  // namespace

bool is_terminal(int fd) { return isatty(fd) != 0; }

bool hold_terminal(int fd, const TerminalMode& mode) {
  if (held_fd.load() >= 0 || tcgetattr(fd, &found_mode) != 0) return false;
  our_mode = mode_of(found_mode, mode);
  if (tcsetattr(fd, TCSANOW, &our_mode) != 0) return false;
  held_fd.store(fd);
  on_continuation(continued);
  return true;
}

void restore_terminal() {
  const int fd = held_fd.exchange(-1);
  if (fd < 0) return;
  on_continuation(SIG_DFL);
  if (key_given_up) found_mode.c_cc[VINTR] = users_interrupt_key;
  tcsetattr(fd, TCSANOW, &found_mode);
}

void pause_terminal() {
  const int fd = held_fd.load();
  if (fd >= 0) tcsetattr(fd, TCSANOW, &found_mode);
}

void resume_terminal() {
  const int fd = held_fd.load();
  if (fd >= 0) tcsetattr(fd, TCSANOW, &our_mode);
}

void give_up_interrupt_key(int fd) {
  termios mode;
  if (tcgetattr(fd, &mode) != 0) return;
  users_interrupt_key = mode.c_cc[VINTR];
  key_given_up = true;
  mode.c_cc[VINTR] = _POSIX_VDISABLE;
  tcsetattr(fd, TCSANOW, &mode);
}

std::optional<TerminalSize> terminal_size(int fd) {
  winsize size = {};
  if (ioctl(fd, TIOCGWINSZ, &size) != 0) return std::nullopt;
  return TerminalSize{size.ws_col, size.ws_row};
}

std::optional<TerminalMoves> terminal_moves() {
  const char* name = std::getenv("TERM");
  if (name == nullptr || tgetent(nullptr, name) <= 0) return std::nullopt;
  TerminalMoves moves;
  const int columns = tgetnum("co");
  if (columns > 0) moves.columns = static_cast<unsigned>(columns);
  moves.waits_at_margin = tgetflag("xn") > 0;
  moves.up = capability("up");
  moves.down = capability("do");
  moves.left = tgetflag("bs") > 0 ? "\b" : capability("bc");
  moves.right = capability("nd");
  if (moves.down.empty()) moves.down = "\n";
  if (moves.left.empty()) moves.left = "\b";
  if (moves.up.empty() || moves.right.empty()) return std::nullopt;
  return moves;
}

bool use_environment_encoding() {
  if (std::setlocale(LC_CTYPE, "") == nullptr) return false;
  return std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

}  // namespace vm::os
