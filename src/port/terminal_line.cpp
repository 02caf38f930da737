// SPDX-License-Identifier: Apache-2.0
#include "port/terminal_line.h"

#include <algorithm>
#include <cwchar>
#include <cwctype>

#include "base/utf8.h"

namespace vm::port {

namespace {

constexpr std::size_t kTabCells = 8;
constexpr char32_t kEscape = 0x1B;
constexpr char32_t kLastOctal = 0777;

bool shown_as_is(char32_t c, bool utf8) {
  if (c >= 0x80 && utf8) return true;
  return c <= 0xFF && std::isprint(static_cast<int>(c)) != 0;
}

// A character the terminal cannot show: \ooo, or \x{H…} when it is larger.
std::string escaped_text(char32_t c) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string digits;
  const unsigned shift = c <= kLastOctal ? 3 : 4;
  for (char32_t rest = c; rest != 0; rest >>= shift) digits.insert(digits.begin(), kDigits[rest & ((1u << shift) - 1)]);
  if (c > kLastOctal) return "\\x{" + digits + "}";
  return "\\" + std::string(3 - std::min<std::size_t>(3, digits.size()), '0') + digits;
}

}  // namespace

char32_t take_character(std::string_view* text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>((*text)[i]); };
  const unsigned first = byte(0);
  const std::size_t n = first < 0x80                    ? 1
                        : first >= 0xC2 && first < 0xE0 ? 2
                        : (first & 0xF0) == 0xE0        ? 3
                        : first >= 0xF0 && first < 0xF5 ? 4
                                                        : 0;
  char32_t c = n == 1 ? first : first & (0x7Fu >> n);
  bool whole = n != 0 && n <= text->size();
  for (std::size_t i = 1; whole && i < n; i++) {
    whole = (byte(i) & 0xC0) == 0x80;
    c = c << 6 | (byte(i) & 0x3F);
  }
  if (!whole || (n == 3 && (c < 0x800 || (c >= 0xD800 && c < 0xE000))) || (n == 4 && (c < 0x10000 || c > 0x10FFFF))) {
    text->remove_prefix(1);
    return first;
  }
  text->remove_prefix(n);
  return c;
}

// --- the cells -----------------------------------------------------------------------------------------------------------------------

void TerminalLine::place(char32_t c, Kind kind) {
  if (at_ == cells_.size()) cells_.push_back({c, kind});
  else cells_[at_] = {c, kind};
  at_++;
}

void TerminalLine::enter_character(char32_t c) {
  if (shown_as_is(c, utf8_)) {
    place(c, Kind::Plain);
  } else if (c >= 0x80) {
    place(c, Kind::Escaped);
    for (std::size_t n = escaped_text(c).size() - 1; n > 0; n--) place(0, Kind::Escaped);
  } else if (c == '\t') {
    place(c, Kind::Control);
    while (at_ % kTabCells != 0) place(0, Kind::Control);
  } else if (c == kEscape) {
    place(c, Kind::Control);
  } else {
    place(c, Kind::Control);
    place(0, Kind::Control);
  }
}

// Writes text over the cells from the cursor on and shows it.
void TerminalLine::enter(std::string_view text, std::string* out) {
  std::size_t shown = at_;
  while (!text.empty()) {
    const char32_t c = take_character(&text);
    if (c != '\n' && c != '\r') {
      enter_character(c);
      continue;
    }
    end_line(shown, c == '\n', out);
    shown = 0;
  }
  if (at_ > shown) show(shown, at_, false, out);
}

// The cells up to the cursor leave the line.
void TerminalLine::end_line(std::size_t shown, bool feed, std::string* out) {
  show(shown, at_, true, out);
  out->push_back('\r');
  if (feed) out->push_back('\n');
  cells_.erase(cells_.begin(), cells_.begin() + static_cast<std::ptrdiff_t>(at_));
  at_ = 0;
}

void TerminalLine::put(std::string_view text, std::string* out) { enter(text, out); }

void TerminalLine::insert(std::string_view text, std::string* out) {
  const std::vector<Cell> tail(cells_.begin() + static_cast<std::ptrdiff_t>(at_), cells_.end());
  cells_.resize(at_);
  const std::size_t before = at_;
  std::string entered;
  enter(text, &entered);
  if (tail.empty()) {
    *out += entered;
    return;
  }
  cells_.insert(cells_.end(), tail.begin(), tail.end());
  if (at_ < before) {  // lines ended in it: they are on the screen, the rest follows
    *out += entered;
    show(at_, cells_.size(), false, out);
  } else {
    show(before, cells_.size(), false, out);
  }
  move_cursor(cells_.size(), at_, out);
}

void TerminalLine::remove(int n, std::string* out) {
  const std::size_t other = step(n);
  const std::size_t from = std::min(at_, other), to = std::max(at_, other);
  if (from == to) return;
  const std::size_t columns = column(to) - column(from);
  move_cursor(at_, from, out);
  at_ = from;
  cells_.erase(cells_.begin() + static_cast<std::ptrdiff_t>(from), cells_.begin() + static_cast<std::ptrdiff_t>(to));
  show(from, cells_.size(), false, out);
  blank(columns, out);
  // Beyond the last cell a place counts one column.
  move_cursor(cells_.size() + columns, at_, out);
}

// Spaces over what was shown after the line.
void TerminalLine::blank(std::size_t columns, std::string* out) const {
  out->append(columns, ' ');
  if (moves_.waits_at_margin && (column(cells_.size()) + columns) % moves_.columns == 0) {
    out->push_back(' ');
    repeat(moves_.left, 1, out);
  }
}

void TerminalLine::move(int n, std::string* out) {
  const std::size_t to = step(n);
  move_cursor(at_, to, out);
  at_ = to;
}

// Where n characters from the cursor are, at most at an end of the line.
std::size_t TerminalLine::step(int n) const {
  std::size_t i = at_;
  for (; n > 0 && i < cells_.size(); n--) {
    i++;
    while (i < cells_.size() && cells_[i].is_rest()) i++;
  }
  for (; n < 0 && i > 0; n++) {
    i--;
    while (i > 0 && cells_[i].is_rest()) i--;
  }
  return i;
}

// --- the screen ----------------------------------------------------------------------------------------------------------------------

// Cells of a colour sequence beginning at i (ESC [ digits and ; up to a letter); 0 when none does.
std::size_t TerminalLine::escape_length(std::size_t i) const {
  const std::size_t left = cells_.size() - i;
  if (cells_[i].c != kEscape || cells_[i].kind != Kind::Control) return 0;
  if (left == 1) return 1;
  if (cells_[i + 1].c != '[') return 2;
  std::size_t n = 2;
  while (n < left && cells_[i + n].kind == Kind::Plain && (cells_[i + n].c == ';' || (cells_[i + n].c >= '0' && cells_[i + n].c <= '9')))
    n++;
  return n + 1;
}

// Columns before a cell. Cells that stand for unprintable characters count nothing, as other machines for Erlang have it.
std::size_t TerminalLine::column(std::size_t cell) const {
  const std::size_t end = std::min(cell, cells_.size());
  std::size_t columns = cell - end;
  for (std::size_t i = 0; i < end;) {
    const std::size_t escape = escape_length(i);
    if (escape > 0) {
      i += escape;
      continue;
    }
    const int width = cells_[i].kind == Kind::Plain ? ::wcwidth(static_cast<wchar_t>(cells_[i].c)) : 0;
    if (width > 0) columns += static_cast<std::size_t>(width);
    i++;
  }
  return columns;
}

void TerminalLine::repeat(const std::string& move, std::size_t n, std::string* out) {
  for (; n > 0; n--) *out += move;
}

void TerminalLine::move_cursor(std::size_t from, std::size_t to, std::string* out) const {
  const std::size_t a = column(from), b = column(to);
  const std::size_t from_row = a / moves_.columns, to_row = b / moves_.columns;
  const std::size_t from_column = a % moves_.columns, to_column = b % moves_.columns;
  if (to_row > from_row) repeat(moves_.down, to_row - from_row, out);
  else repeat(moves_.up, from_row - to_row, out);
  if (to_column > from_column) repeat(moves_.right, to_column - from_column, out);
  else repeat(moves_.left, from_column - to_column, out);
}

// Appends how cell i is shown; answers the cell after it and its rest.
std::size_t TerminalLine::show_cell(std::size_t i, std::size_t to, std::string* out) const {
  const Cell cell = cells_[i];
  std::size_t next = i + 1;
  while (next < to && cells_[next].is_rest()) next++;
  if (cell.kind == Kind::Plain) {
    if (utf8_) base::append_utf8(*out, cell.c);
    else out->push_back(static_cast<char>(cell.c));
    return i + 1;
  }
  if (cell.kind == Kind::Escaped) {
    *out += escaped_text(cell.c);
  } else if (cell.c == '\t') {
    out->append(next - i, ' ');
  } else if (cell.c == kEscape) {
    out->push_back(static_cast<char>(kEscape));
    return i + 1;
  } else {
    out->push_back('^');
    out->push_back(static_cast<char>(cell.c | 0x40));
  }
  return next;
}

// Shows cells. When they end at the margin, the cursor is brought to the next row, unless the line ends there anyway.
void TerminalLine::show(std::size_t from, std::size_t to, bool line_ends, std::string* out) {
  std::string last;
  for (std::size_t i = from; i < to;) {
    last.clear();
    i = show_cell(i, to, &last);
    *out += last;
  }
  if (line_ends || !moves_.waits_at_margin || to == 0 || column(to) % moves_.columns != 0) return;
  // A place beyond the end is blank; within the line the terminal is made to wrap by what it shows already.
  if (to >= cells_.size()) out->push_back(' ');
  else *out += utf8_ ? last : last.substr(last.empty() ? 0 : last.size() - 1);
  repeat(moves_.left, 1, out);
}

}  // namespace vm::port
