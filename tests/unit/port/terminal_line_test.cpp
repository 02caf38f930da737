// SPDX-License-Identifier: Apache-2.0
//
// What the line editor's operations write to a terminal. Moves are spelled U D L R, so that expectations can be read.
#include <gtest/gtest.h>

#include "port/terminal_line.h"

namespace vm::port {
namespace {

class TerminalLineTest : public ::testing::Test {
 protected:
  static os::TerminalMoves moves(unsigned columns) { return {columns, true, "U", "D", "L", "R"}; }
  std::string put(std::string_view text) {
    std::string out;
    line.put(text, &out);
    return out;
  }
  std::string insert(std::string_view text) {
    std::string out;
    line.insert(text, &out);
    return out;
  }
  std::string remove(int n) {
    std::string out;
    line.remove(n, &out);
    return out;
  }
  std::string move(int n) {
    std::string out;
    line.move(n, &out);
    return out;
  }
  void SetUp() override { os::use_environment_encoding(); }

  TerminalLine line{moves(10), true};
};

TEST_F(TerminalLineTest, PutsTextAndEndsLines) {
  EXPECT_EQ(put("abc"), "abc");
  EXPECT_EQ(line.position(), 3u);
  EXPECT_EQ(put("d\nef"), "d\r\nef");
  EXPECT_EQ(line.position(), 2u);
  EXPECT_EQ(put("\r"), "\r");
  EXPECT_EQ(line.position(), 0u);
}

TEST_F(TerminalLineTest, InsertsBeforeTheTail) {
  (void)put("ad");
  EXPECT_EQ(move(-1), "L");
  EXPECT_EQ(insert("bc"), "bcdL");
  EXPECT_EQ(line.position(), 3u);
}

TEST_F(TerminalLineTest, RemovesBothWays) {
  (void)put("abcdef");
  EXPECT_EQ(remove(-2), "LL  LL");
  EXPECT_EQ(move(-3), "LLL");
  EXPECT_EQ(remove(1), "cd LLL");
  EXPECT_EQ(line.position(), 1u);
  EXPECT_EQ(remove(0), "");
  EXPECT_EQ(remove(-5), "Lcd LLL");
}

TEST_F(TerminalLineTest, StaysWithinTheLine) {
  (void)put("ab");
  EXPECT_EQ(move(5), "");
  EXPECT_EQ(move(-9), "LL");
}

TEST_F(TerminalLineTest, WrapsAtTheMargin) {
  EXPECT_EQ(put("0123456789"), "0123456789 L");
  EXPECT_EQ(put("ab"), "ab");
  EXPECT_EQ(move(-3), "URRRRRRR");
  EXPECT_EQ(move(3), "DLLLLLLL");
  EXPECT_EQ(put("\n"), "\r\n");
  // A line that ends at the margin needs no help to wrap.
  EXPECT_EQ(put("0123456789\n"), "0123456789\r\n");
}

TEST_F(TerminalLineTest, ShowsControlCharactersInTwoPlaces) {
  EXPECT_EQ(put("a\001b"), "a^Ab");
  EXPECT_EQ(move(-2), "L");  // what cannot be printed counts no column
  EXPECT_EQ(line.position(), 1u);
}

TEST_F(TerminalLineTest, ShowsTabsAsSpaces) {
  EXPECT_EQ(put("ab\tc"), "ab      c");
  EXPECT_EQ(line.position(), 9u);
}

TEST_F(TerminalLineTest, ColourTakesNoColumns) {
  EXPECT_EQ(put("\033[1;31mred\033[0m"), "\033[1;31mred\033[0m");
  std::string out;
  line.move(-7, &out);
  EXPECT_EQ(out, "LLL");
}

TEST_F(TerminalLineTest, EscapesWhatTheTerminalCannotShow) {
  TerminalLine plain(moves(40), false);
  std::string out;
  plain.put("a\xCE\xB1\xC3\xA5", &out);
  EXPECT_EQ(out, "a\\x{3B1}\\345");
}

TEST(TakeCharacter, ReadsUtf8AndTakesStrayBytesAsThemselves) {
  std::string_view text = "a\xC3\xA5\xFF\xE6\x97\xA5\xC3";
  EXPECT_EQ(take_character(&text), U'a');
  EXPECT_EQ(take_character(&text), U'\u00E5');
  EXPECT_EQ(take_character(&text), char32_t{0xFF});
  EXPECT_EQ(take_character(&text), U'\u65E5');
  EXPECT_EQ(take_character(&text), char32_t{0xC3});
  EXPECT_TRUE(text.empty());
}

}  // namespace
}  // namespace vm::port
