// SPDX-License-Identifier: Apache-2.0
//
// A table from the library's numbers (its manual page pcre2api lists their texts) to the older texts.
#include "bif/regex_faults.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>

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
    {119, "regular expression is too complicated"},
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
    {181, "closing ) for (?C expected"},
    {182, "closing ) for (?C expected"},
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

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// The parenthesis that closes the one at `open`; the end when there is none.
std::size_t closing(const std::string& s, std::size_t open) {
  int depth = 0;
  bool in_class = false;
  for (std::size_t i = open; i < s.size(); i++) {
    char c = s[i];
    if (c == '\\') i++;
    else if (in_class) in_class = c != ']';
    else if (c == '[') in_class = true;
    else if (c == '(') depth++;
    else if (c == ')' && --depth == 0) return i;
  }
  return s.size();
}

// Whether an offset lies in the condition of a conditional group.
bool in_condition(const std::string& s, std::size_t at) {
  std::size_t open = s.rfind("(?(", at);
  return open != std::string::npos && open + 2 <= at && s.find(')', open) >= at;
}

std::size_t after_condition(const std::string& s, std::size_t at) {
  std::size_t close = s.find(')', at);
  return close == std::string::npos ? s.size() : close + 1;
}

std::size_t missing_reference(const std::string& s, std::size_t at) {
  if (in_condition(s, at)) return after_condition(s, at);
  if (at > 0 && at < s.size() && s[at - 1] == '\\' && is_digit(s[at])) return s.size();  // seen only when all groups are known
  if (at > 2 && is_digit(s[at - 1])) {
    std::size_t digits = at - 1;
    while (digits > 0 && is_digit(s[digits - 1])) digits--;
    if (digits >= 2 && s.compare(digits - 2, 2, "g-") == 0) return at - 1;
    return digits >= 2 && s.compare(digits - 2, 2, "g{") == 0 ? s.size() : at;
  }
  while (at < s.size() && is_word(s[at])) at++;
  return at;
}

std::size_t too_big_number(const std::string& s, std::size_t at) {
  bool in_group = in_condition(s, at);
  bool is_escape = s.rfind("\\g", at) != std::string::npos && s.rfind("\\g", at) + 8 > at;
  while (at < s.size() && is_digit(s[at])) at++;
  if (in_group && at < s.size() && s[at] == ')') return at + 1;
  return is_escape ? at - 1 : at;
}

std::size_t loose_lookbehind(const std::string& s, std::size_t at) {
  std::size_t end = closing(s, at);
  std::string body = s.substr(at, end - at);
  bool calls = false;
  for (std::size_t i = body.find("(?"); i != std::string::npos; i = body.find("(?", i + 1))
    calls |= i + 2 < body.size() && (is_digit(body[i + 2]) || body[i + 2] == 'R' || body[i + 2] == '&');
  return calls && body.find_first_of("+*") == std::string::npos ? s.size() : end;
}

constexpr int kBadReference = 157;

bool ends_with(const std::string& s, std::string_view end) {
  return s.size() >= end.size() && s.compare(s.size() - end.size(), end.size(), end) == 0;
}

// The text for a source that ends too early, where PCRE 8 missed what should follow and not the parenthesis; null: nothing special.
const char* unfinished(const std::string& s, int error, std::size_t at) {
  constexpr int kMissing = 114, kNoName = 162;
  if (at != s.size()) return nullptr;
  if (error == kBadReference) return ends_with(s, "\\g") ? "a numbered reference must not be zero" : nullptr;
  if (error == kNoName) return ends_with(s, "(?<") ? "unrecognized character after (?<" : nullptr;
  if (error != kMissing) return nullptr;
  if (ends_with(s, "(?P")) return "unrecognized character after (?P";
  if (ends_with(s, "(?(")) return "assertion expected after (?( or (?(?C)";
  std::size_t open = s.rfind("(?");
  bool only_flags = open != std::string::npos && s.find_first_not_of("imsxUXJ-", open + 2) == std::string::npos;
  return only_flags ? "unrecognized character after (? or (?-" : nullptr;
}

// PCRE2 reads further or less far than PCRE 8 before it gives up.
std::size_t old_position(const std::string& s, int error, std::size_t at) {
  switch (error) {
    case 115: return missing_reference(s, at);
    case 161: return too_big_number(s, at);
    case 125: return loose_lookbehind(s, at);
    case 127: return closing(s, at);
    case 154: return at >= 3 ? closing(s, at - 3) : at;
    case 128:
    case 129: return at + 1;
    case 137:
    case 143:
    case 150:
    case 165:
    case 169:
    case 171: return at > 0 ? at - 1 : 0;
    case 147: return at > 0 && s[at - 1] == '}' ? at - 1 : at;
    case 155: return at > 1 && s[at - 1] != 'o' ? at - 1 : at;
    case 174: return 0;
    case 136: return s.find("\\C", at) == std::string::npos ? at : s.find("\\C", at) + 2;
    case 178: return at >= 3 && s[at - 2] == 'o' ? at - 2 : at;
    default: return at;
  }
}

// Whether the text of a group, without those inside it, refers back to what a group matched.
bool refers_back(const std::string& s, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i + 1 < to; i++) {
    if (s[i] == '[') {
      for (i++; i < to && s[i] != ']'; i++)
        if (s[i] == '\\') i++;
    } else if (s.compare(i, 4, "(?P=") == 0) {
      return true;
    } else if (s[i] == '\\') {
      char c = s[i + 1];
      bool one_digit = c >= '1' && c <= '9' && (i + 2 >= to || !is_digit(s[i + 2]));
      bool named = (c == 'g' || c == 'k') && i + 2 < to && (c == 'k' || (s[i + 2] != '<' && s[i + 2] != '\''));
      if (one_digit || named) return true;
      i++;
    }
  }
  return false;
}

}  // namespace

std::size_t loose_reference(const std::string& s) {
  for (std::size_t i = 0; i + 3 < s.size(); i++) {
    if (s[i] == '\\') {
      if (s[i + 1] == 'Q') i = std::min(s.find("\\E", i), s.size());
      i++;
    } else if (s[i] == '[') {
      for (i++; i < s.size() && s[i] != ']'; i++)
        if (s[i] == '\\') i++;
    } else if (s.compare(i, 4, "(?<=") == 0 || s.compare(i, 4, "(?<!") == 0) {
      std::size_t end = closing(s, i);
      if (end < s.size() && refers_back(s, i + 4, end)) return end;
    }
  }
  return std::string::npos;
}

RegexFault regex_fault(const std::string& source, int error, std::size_t at) {
  constexpr int kNoName = 162, kNoDigits = 178;
  if (at > source.size()) at = source.size();
  if (const char* text = unfinished(source, error, at)) return {text, error == kBadReference ? at - 1 : at};
  if (error == kNoName && at >= 3 && source.compare(at - 3, 3, "(?<") == 0 && at < source.size() && source[at] != '>')
    return {"unrecognized character after (?<", at};
  if (error == kNoDigits && at > 0 && at == source.size() && source[at - 1] == '{')
    return {source[at - 2] == 'o' ? "non-octal character in \\o{} (closing brace missing?)"
                                  : "non-hex character in \\x{} (closing brace missing?)",
            at};
  std::size_t position = old_position(source, error, at);
  return {text_of(error), position > source.size() ? source.size() : position};
}

}  // namespace vm::bif
