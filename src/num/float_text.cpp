// SPDX-License-Identifier: Apache-2.0
#include "num/float_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string>

#include "base/assert.h"

namespace vm::num {

namespace {

constexpr double kTwoTo53 = 9007199254740992.0;

// From here on {decimals, N} prints exactly.
constexpr std::int64_t kExactDecimals = 19;
constexpr std::array<double, kExactDecimals> kPowersOfTen = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                                             1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t length_or_zero(const std::to_chars_result& result, FloatText out) {
  return result.ec == std::errc{} ? static_cast<std::size_t>(result.ptr - out.data()) : 0;
}

// The `compact` option. Stock also strips the zeros of a whole number that has no point (1.0e17 becomes "1"); programs may
// depend on it, so it stays.
std::size_t strip_trailing_zeros(FloatText out, std::size_t length) {
  while (length > 1 && out[length - 1] == '0') --length;
  if (out[length - 1] == '.') ++length;
  return length;
}

struct ShortDigits {
  std::array<char, 32> digits;
  int count = 0;
  int exponent = 0;  // of the first digit
};

// Values of few decimals, as most are that were ever written by hand: m / 10^k for the smallest k. Division rounds correctly, so these digits read
// back as the value, and of at most fifteen no two numbers read as the same.
bool few_decimals(double magnitude, ShortDigits* shortest) {
  constexpr double kFifteenDigits = 1e15;
  for (std::size_t k = 0; k <= 3; ++k) {
    const double scaled = magnitude * kPowersOfTen[k];
    if (scaled >= kFifteenDigits) return false;
    const auto whole = static_cast<std::int64_t>(scaled + 0.5);
    if (whole == 0 || static_cast<double>(whole) / kPowersOfTen[k] != magnitude) continue;
    char* const digits = shortest->digits.data();
    shortest->count = static_cast<int>(std::to_chars(digits, digits + shortest->digits.size(), whole).ptr - digits);
    shortest->exponent = shortest->count - 1 - static_cast<int>(k);
    while (shortest->count > 1 && digits[shortest->count - 1] == '0') --shortest->count;
    return true;
  }
  return false;
}

ShortDigits shortest_digits(double magnitude) {
  ShortDigits shortest;
  if (few_decimals(magnitude, &shortest)) return shortest;
  std::array<char, 32> text;
  const auto result = std::to_chars(text.data(), text.data() + text.size(), magnitude, std::chars_format::scientific);
  VM_CHECK(result.ec == std::errc{});
  // d[.d...]e(+|-)dd[d]
  const char* e = result.ptr - 4;
  if (*e != 'e') --e;
  shortest.digits[0] = text[0];
  shortest.count = 1;
  if (text[1] == '.') {
    shortest.count = static_cast<int>(e - text.data()) - 1;
    std::memcpy(shortest.digits.data() + 1, text.data() + 2, text.size() - 2);
  }
  for (const char* p = e + 2; p != result.ptr; ++p) shortest.exponent = shortest.exponent * 10 + (*p - '0');
  if (e[1] == '-') shortest.exponent = -shortest.exponent;
  return shortest;
}

// Appends to a float text whose size is known to suffice.
class TextWriter {
 public:
  explicit TextWriter(FloatText out) : out_(out) {}
  void put(char c) { out_[length_++] = c; }
  void put(char c, int times) {
    for (int i = 0; i < times; ++i) put(c);
  }
  void put(const char* text, int count) {
    std::memcpy(out_.data() + length_, text, static_cast<std::size_t>(count));
    length_ += static_cast<std::size_t>(count);
  }
  void put_number(int value) {
    const auto result = std::to_chars(out_.data() + length_, out_.data() + out_.size(), value);
    length_ = static_cast<std::size_t>(result.ptr - out_.data());
  }
  std::size_t length() const { return length_; }

 private:
  FloatText out_;
  std::size_t length_ = 0;
};

void put_short_scientific(TextWriter& writer, const ShortDigits& shortest) {
  writer.put(shortest.digits[0]);
  writer.put('.');
  if (shortest.count == 1) {
    writer.put('0');
  } else {
    writer.put(shortest.digits.data() + 1, shortest.count - 1);
  }
  writer.put('e');
  writer.put_number(shortest.exponent);
}

void put_short_plain(TextWriter& writer, const ShortDigits& shortest) {
  const char* digits = shortest.digits.data();
  if (shortest.exponent < 0) {
    writer.put('0');
    writer.put('.');
    writer.put('0', -shortest.exponent - 1);
    writer.put(digits, shortest.count);
    return;
  }
  const int whole = shortest.exponent + 1;
  writer.put(digits, std::min(whole, shortest.count));
  writer.put('0', std::max(0, whole - shortest.count));
  writer.put('.');
  if (shortest.count > whole) {
    writer.put(digits + whole, shortest.count - whole);
  } else {
    writer.put('0');
  }
}

int decimal_width(int value) {
  int width = value < 0 ? 2 : 1;
  for (int rest = std::abs(value); rest >= 10; rest /= 10) ++width;
  return width;
}

bool plain_is_shorter(const ShortDigits& shortest) {
  const int scientific = std::max(shortest.count, 2) + 2 + decimal_width(shortest.exponent);
  const int plain = shortest.exponent < 0 ? 1 - shortest.exponent + shortest.count : std::max(shortest.exponent + 3, shortest.count + 1);
  return plain <= scientific;
}

// Decimal exponent of the value's first digit, saturated: tells overflow from underflow.
bool is_large(std::string_view text) {
  std::int64_t whole_digits = 0;
  std::int64_t leading_zeros = 0;
  bool seen_point = false;
  bool seen_digit = false;
  std::size_t at = text[0] == '-' ? 1 : 0;
  for (; at < text.size() && text[at] != 'e' && text[at] != 'E'; ++at) {
    if (text[at] == '.') {
      seen_point = true;
    } else if (text[at] != '0' || seen_digit) {
      seen_digit = true;
      if (!seen_point) ++whole_digits;
    } else if (seen_point) {
      ++leading_zeros;
    }
  }
  std::int64_t exponent = 0;
  bool negative = false;
  if (at < text.size()) {
    ++at;
    if (text[at] == '-' || text[at] == '+') negative = text[at++] == '-';
    constexpr std::int64_t kSaturated = std::int64_t{1} << 50;
    for (; at < text.size(); ++at) exponent = std::min(kSaturated, exponent * 10 + (text[at] - '0'));
  }
  return whole_digits - leading_zeros + (negative ? -exponent : exponent) > 0;
}

}  // namespace

std::size_t format_scientific(double value, std::int64_t decimals, FloatText out) {
  constexpr int kPrintfDefault = 6;
  if (decimals > static_cast<std::int64_t>(kMaxFloatText)) return 0;
  const int precision = decimals < 0 ? kPrintfDefault : static_cast<int>(decimals);
  return length_or_zero(std::to_chars(out.data(), out.data() + out.size(), value, std::chars_format::scientific, precision), out);
}

std::size_t format_decimals(double value, std::int64_t decimals, TrailingZeros zeros, FloatText out) {
  if (decimals < 0 || decimals > static_cast<std::int64_t>(kMaxFloatText)) return 0;
  const double magnitude = std::fabs(value);
  if (magnitude > kTwoTo53 || decimals >= kExactDecimals) {
    const auto result = std::to_chars(out.data(), out.data() + out.size(), value, std::chars_format::fixed, static_cast<int>(decimals));
    const std::size_t length = length_or_zero(result, out);
    return zeros == TrailingZeros::Strip && length != 0 ? strip_trailing_zeros(out, length) : length;
  }
  char* p = out.data();
  char* const end = out.data() + out.size();
  if (std::signbit(value)) *p++ = '-';
  if (decimals == 0) {
    p = std::to_chars(p, end, static_cast<std::uint64_t>(std::lround(magnitude))).ptr;
    return static_cast<std::size_t>(p - out.data());
  }
  const double whole_float = std::floor(magnitude);
  const double scale = kPowersOfTen[static_cast<std::size_t>(decimals)];
  const double scaled = std::round((magnitude - whole_float) * scale);
  auto whole = static_cast<std::uint64_t>(whole_float);
  auto fraction = static_cast<std::uint64_t>(scaled);
  if (scaled >= scale) {
    ++whole;
    fraction = 0;
  }
  p = std::to_chars(p, end, whole).ptr;
  *p++ = '.';
  for (char* digit = p + decimals; digit != p; fraction /= 10) *--digit = static_cast<char>('0' + fraction % 10);
  const auto length = static_cast<std::size_t>(p + decimals - out.data());
  return zeros == TrailingZeros::Strip ? strip_trailing_zeros(out, length) : length;
}

std::size_t format_short(double value, FloatText out) {
  TextWriter writer(out);
  if (std::signbit(value)) writer.put('-');
  const double magnitude = std::fabs(value);
  if (magnitude == 0.0) {
    writer.put("0.0", 3);
    return writer.length();
  }
  const ShortDigits shortest = shortest_digits(magnitude);
  // Above 2^53 not every whole number is a float, so a plain spelling would promise digits that are not there.
  if (magnitude < kTwoTo53 && plain_is_shorter(shortest)) {
    put_short_plain(writer, shortest);
  } else {
    put_short_scientific(writer, shortest);
  }
  return writer.length();
}

std::size_t scan_float_prefix(std::string_view text) {
  const auto digits_from = [&](std::size_t at) {
    while (at < text.size() && is_digit(text[at])) ++at;
    return at;
  };
  const auto sign_at = [&](std::size_t at) { return at < text.size() && (text[at] == '-' || text[at] == '+'); };
  std::size_t at = sign_at(0) ? 1 : 0;
  const std::size_t point = digits_from(at);
  if (point == at || point == text.size() || (text[point] != '.' && text[point] != ',')) return 0;
  at = digits_from(point + 1);
  if (at == point + 1) return 0;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    const std::size_t exponent = at + (sign_at(at + 1) ? 2 : 1);
    const std::size_t end = digits_from(exponent);
    if (end != exponent) at = end;
  }
  return at;
}

std::optional<double> parse_float(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  if (text.empty() || scan_float_prefix(text) != text.size()) return std::nullopt;
  if (text[0] == '+') text.remove_prefix(1);
  std::string with_point;
  if (const auto comma = text.find(','); comma != text.npos) {
    with_point.assign(text);
    with_point[comma] = '.';
    // Stock reads up to the comma first and gives up when that alone is too large.
    double whole = 0.0;
    if (std::from_chars(text.data(), text.data() + comma, whole).ec != std::errc{}) return std::nullopt;
    text = with_point;
  }
  double value = 0.0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec == std::errc{} && std::isfinite(value)) return value;
  if (is_large(text)) return std::nullopt;
  return text[0] == '-' ? -0.0 : 0.0;
}

}  // namespace vm::num
