// SPDX-License-Identifier: Apache-2.0
//
// The terminal the machine was started in: its modes, its size and what it understands.
//
// At most one terminal is held in a mode of ours. It is given back by restore_terminal, which every orderly end of the program calls, and
// which may be called at any time by any thread. After a stop and a continuation (SIGCONT) our mode is set again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace vm::os {

// What to do with one property of a terminal.
enum class TerminalSwitch : std::int8_t { Off = -1, Leave = 0, On = 1 };

struct TerminalMode {
  TerminalSwitch lines = TerminalSwitch::Leave;  // the system collects and edits lines
  TerminalSwitch echo = TerminalSwitch::Leave;
  TerminalSwitch signals = TerminalSwitch::Leave;  // keys that raise signals
};

struct TerminalSize {
  std::uint32_t columns, rows;
};

// What the terminal is told to move its cursor by one place.
struct TerminalMoves {
  unsigned columns = 80;
  // After a character in the last column the cursor stays there until the next one comes.
  bool waits_at_margin = false;
  std::string up, down, left, right;
};

bool is_terminal(int fd);
// Holds the terminal behind fd in this mode. False when it is none or one is held already.
bool hold_terminal(int fd, const TerminalMode& mode);
// Gives the terminal back as it was found. Nothing when none is held.
void restore_terminal();
// Between these two the held terminal is as it was found, for a conversation with the user outside of the port. Nothing when none is held.
void pause_terminal();
void resume_terminal();
// The key for interrupts types its character from now on, until restore_terminal. Before hold_terminal.
void give_up_interrupt_key(int fd);
// None when fd is no terminal. Either number may be 0 when the terminal does not tell.
std::optional<TerminalSize> terminal_size(int fd);
// By TERM and the terminal database; none when the terminal is unknown or cannot move.
std::optional<TerminalMoves> terminal_moves();
// Takes the locale of the environment for characters; whether their encoding is UTF-8.
bool use_environment_encoding();

}  // namespace vm::os
