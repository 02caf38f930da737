// SPDX-License-Identifier: Apache-2.0
//
// The line at the cursor of a terminal, as whoever edits it sees it: characters, a position among them, and the bytes that bring the screen up to date.
//
// The editor speaks of characters; what is shown may be wider (tabs, "^A", "\x{3B1}") and may wrap around the screen. So the line is kept as cells: one
// for a character, more for what is shown in several places, and moves are computed from the columns of cells. Colour sequences take no columns.
//
// Pure: bytes are appended to a string. One user at a time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "os/terminal.h"

namespace vm::port {

class TerminalLine {
 public:
  TerminalLine(os::TerminalMoves moves, bool utf8) : moves_(std::move(moves)), utf8_(utf8) {}

  // Width of the screen from now on, at least 1.
  void set_columns(unsigned columns) { moves_.columns = columns > 0 ? columns : 1; }
  void set_utf8(bool utf8) { utf8_ = utf8; }
  bool utf8() const { return utf8_; }

  // Writes UTF-8 text over what is at the cursor; a new line begins an empty line.
  void put(std::string_view text, std::string* out);
  // Writes text at the cursor, moving what is there to the right.
  void insert(std::string_view text, std::string* out);
  // Removes n characters after the cursor, or -n before it.
  void remove(int n, std::string* out);
  // Moves by characters.
  void move(int n, std::string* out);
  std::size_t position() const { return at_; }

 private:
  enum class Kind : unsigned char { Plain, Control, Escaped };
  struct Cell {
    char32_t c;
    Kind kind;
    // Belongs to the cell before it.
    bool is_rest() const { return kind != Kind::Plain && c == 0; }
  };

  void enter(std::string_view text, std::string* out);
  void enter_character(char32_t c);
  void place(char32_t c, Kind kind);
  void show(std::size_t from, std::size_t to, bool line_ends, std::string* out);
  std::size_t show_cell(std::size_t i, std::size_t to, std::string* out) const;
  void end_line(std::size_t shown, bool feed, std::string* out);
  std::size_t step(int n) const;
  std::size_t column(std::size_t cell) const;
  std::size_t escape_length(std::size_t i) const;
  void move_cursor(std::size_t from, std::size_t to, std::string* out) const;
  void blank(std::size_t columns, std::string* out) const;
  static void repeat(const std::string& move, std::size_t n, std::string* out);

  os::TerminalMoves moves_;
  bool utf8_;
  std::vector<Cell> cells_;
  std::size_t at_ = 0;  // cells before the cursor
};

// Takes one character off the front of UTF-8 text. A byte that begins none counts as itself.
char32_t take_character(std::string_view* text);

}  // namespace vm::port
