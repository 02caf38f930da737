// SPDX-License-Identifier: Apache-2.0
//
// A table from the library's numbers (its manual page pcre2api lists their texts) to the older texts.
#include "bif/regex_faults.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace vm::bif {

namespace {

struct Row {
  int error;
  const char* text;
};

// Only where the texts differ from PCRE2's own.
constexpr Row kTexts[] = {
    {107, "invalid escape sequence in character class"},
    {109, "nothing to repeat"},
    {114, "missing )"},
    {117, "unknown option bit(s) set"},
    {118, "missing ) after comment"},
    {121, "failed to get memory"},
    {122, "unmatched parentheses"},
    {124, "malformed number or name after (?("},
    {126, "a numbered reference must not be zero"},
    {127, "conditional group contains more than two branches"},
    {129, "digit expected after (?+"},
    {134, "character value in \\x{} or \\o{} is too large"},
    {136, "\\C not allowed in lookbehind assertion"},
    {137, "PCRE does not support \\L, \\l, \\N{name}, \\U, or \\u"},
    {138, "number after (?C is > 255"},
    {139, "closing ) for (?C expected"},
    {142, "syntax error in subpattern name (missing terminator)"},
    {143, "two named subpatterns have the same name"},
    {144, "group name must start with a non-digit"},
    {147, "unknown property name after \\P or \\p"},
    {148, "subpattern name is too long (maximum 32 characters)"},
    {154, "DEFINE group contains more than one branch"},
    {158, "(?R or (?[+-]digits must be followed by )"},
    {161, "number is too big"},
    {168, "\\c must be followed by an ASCII character"},
    {174, "setting UTF is disabled by the application"},
    {177, "character value in \\u.... sequence is too large"},
    {178, "digits missing in \\x{} or \\o{}"},
    {179, "malformed number or name after (?("},
    {198, "assertion expected after (?( or (?(?C)"},
};

std::string text_of(int error) {
  if (error < 0) return "invalid UTF-8 string";
  for (const Row& row : kTexts)
    if (row.error == error) return row.text;
  PCRE2_UCHAR buffer[256];
  int length = pcre2_get_error_message(error, buffer, sizeof buffer);
  return length < 0 ? "internal error" : std::string(reinterpret_cast<char*>(buffer), static_cast<std::size_t>(length));
}

}  // namespace

RegexFault regex_fault(const std::string& source, int error, std::size_t at) {
  if (at > source.size()) at = source.size();
  return {text_of(error), at};
}

}  // namespace vm::bif
