// SPDX-License-Identifier: Apache-2.0
//
// The port "tty_sl": an editable line on a terminal. Commands are bytes: an operation, then text in UTF-8 or a signed 16-bit count.
#include <cstring>

#include "base/utf8.h"
#include "port/driver.h"
#include "port/port.h"
#include "port/terminal_line.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::port {

namespace {

constexpr int kTerminalFd = 0;
// Output waiting for the terminal above which an answer to a synchronous command is held back, and the longest line that is kept.
constexpr std::size_t kQueueLimit = 1024;
constexpr std::size_t kLineLimit = 1 << 16;
constexpr std::uint32_t kUsualColumns = 80, kUsualRows = 24;

enum Operation : unsigned char { kPut = 0, kMove = 1, kInsert = 2, kDelete = 3, kBeep = 4, kPutAndAnswer = 5 };

int count_of(std::string_view bytes) {
  if (bytes.size() < 2) return 0;
  return static_cast<std::int16_t>(static_cast<unsigned char>(bytes[0]) << 8 | static_cast<unsigned char>(bytes[1]));
}

// Bytes at the end of `text` that begin a character which is not complete.
std::size_t unfinished(std::string_view text) {
  for (std::size_t n = 1; n <= 3 && n <= text.size(); n++) {
    const auto c = static_cast<unsigned char>(text[text.size() - n]);
    if ((c & 0xC0) == 0x80) continue;
    const std::size_t whole = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
    return whole > n ? n : 0;
  }
  return 0;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t before = text.size();
    const char32_t c = take_character(&text);
    if (c >= 0x80 && before - text.size() == 1) return false;
  }
  return true;
}

class Terminal final : public Driver {
 public:
  Terminal(const os::TerminalMoves& moves, bool utf8) : line_(moves, utf8) {}
  ~Terminal() override { os::restore_terminal(); }

  void command(Port& port, std::string bytes) override;
  void received(Port& port, std::string_view bytes) override;
  void written(Port& port) override;
  std::optional<std::string> control(Port& port, unsigned operation, std::string_view data) override;
  void released(Port&) override { os::restore_terminal(); }

 private:
  static os::TerminalSize size();
  static void answer(Port& port);

  TerminalLine line_;
  std::string unfinished_;  // of a character that is being typed
  bool owes_answer_ = false;
};

os::TerminalSize Terminal::size() {
  os::TerminalSize size = os::terminal_size(kTerminalFd).value_or(os::TerminalSize{0, 0});
  if (size.columns == 0) size.columns = kUsualColumns;
  if (size.rows == 0) size.rows = kUsualRows;
  return size;
}

void Terminal::answer(Port& port) {
  port.send_to_owner([](term::HeapWriter& h, Port& p, const void*) -> Term { return term::Tuple::make(h, p.id, Term(atoms::ok)); },
                     nullptr);
}

void Terminal::command(Port& port, std::string bytes) {
  if (bytes.empty()) return;
  const std::string_view operand = std::string_view(bytes).substr(1);
  std::string out;
  line_.set_columns(size().columns);
  if (line_.position() > kLineLimit) line_.put("\n", &out);
  switch (bytes[0]) {
    case kPut:
    case kPutAndAnswer: line_.put(operand, &out); break;
    case kMove: line_.move(count_of(operand), &out); break;
    case kInsert: line_.insert(operand, &out); break;
    case kDelete: line_.remove(count_of(operand), &out); break;
    case kBeep: out.push_back('\a'); break;
    default: break;
  }
  port.write(std::move(out));
  if (bytes[0] != kPutAndAnswer || port.closed) return;
  if (port.queue_bytes > kQueueLimit) owes_answer_ = true;
  else answer(port);
}

void Terminal::written(Port& port) {
  if (!owes_answer_ || port.queue_bytes >= kQueueLimit) return;
  owes_answer_ = false;
  answer(port);
}

// What was typed reaches the owner as whole characters in UTF-8. A terminal that sends anything else is taken for a Latin-1 one from then on.
void Terminal::received(Port& port, std::string_view bytes) {
  std::string text = std::move(unfinished_);
  unfinished_.clear();
  text += bytes;
  if (line_.utf8()) {
    const std::size_t begun = unfinished(text);
    const std::string_view whole = std::string_view(text).substr(0, text.size() - begun);
    if (is_utf8(whole)) {
      unfinished_ = text.substr(whole.size());
      if (!whole.empty()) port.send_data(whole);
      return;
    }
    line_.set_utf8(false);
  }
  std::string converted;
  for (const char c : text) base::append_utf8(converted, static_cast<unsigned char>(c));
  port.send_data(converted);
}

std::optional<std::string> Terminal::control(Port&, unsigned operation, std::string_view data) {
  const std::string was(1, line_.utf8() ? '\1' : '\0');
  switch (operation) {
    case TerminalControl::kSize: {
      const os::TerminalSize s = size();
      return size_bytes(s.columns, s.rows);
    }
    case TerminalControl::kIsUnicode: return was;
    case TerminalControl::kSetUnicode:
      if (data.empty()) return std::string();
      line_.set_utf8(data[0] != 0);
      return was;
    default: return std::nullopt;
  }
}

// "-c -e": what each word asks for. False for one that is not understood.
bool read_mode(std::string_view words, os::TerminalMode* mode) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    const std::string_view word = words.substr(0, end);
    words.remove_prefix(std::min(end + 1, words.size()));
    if (word.empty()) continue;
    if (word.size() < 2 || (word[0] != '+' && word[0] != '-')) return false;
    const os::TerminalSwitch s = word[0] == '+' ? os::TerminalSwitch::On : os::TerminalSwitch::Off;
    if (word[1] == 'c') mode->lines = s;
    if (word[1] == 'e') mode->echo = s;
    if (word[1] == 's') mode->signals = s;
  }
  return true;
}

}  // namespace

std::string size_bytes(std::uint32_t columns, std::uint32_t rows) {
  std::string bytes(2 * sizeof columns, '\0');
  std::memcpy(bytes.data(), &columns, sizeof columns);
  std::memcpy(bytes.data() + sizeof columns, &rows, sizeof rows);
  return bytes;
}

std::unique_ptr<Driver> open_terminal(std::string_view words) {
  os::TerminalMode mode;
  if (!os::is_terminal(kTerminalFd) || !os::is_terminal(1) || !read_mode(words, &mode)) return nullptr;
  const std::optional<os::TerminalMoves> moves = os::terminal_moves();
  if (!moves || !os::hold_terminal(kTerminalFd, mode)) return nullptr;
  return std::make_unique<Terminal>(*moves, os::use_environment_encoding());
}

}  // namespace vm::port
