// SPDX-License-Identifier: Apache-2.0
//
// Replays stock_values.txt: answers of a stock system, one case per line (format in make_stock_values.escript).
#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "num/digits.h"
#include "num/float_conv.h"
#include "num/float_text.h"
#include "num/int_text.h"
#include "unit/num/owned_integer.h"
#include "unit/support/source_file.h"

namespace vm::num {
namespace {

using Fields = std::vector<std::string>;

double float_of(const std::string& bits) { return std::bit_cast<double>(static_cast<std::uint64_t>(std::stoull(bits, nullptr, 16))); }

std::string bits_of(double value) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llX", static_cast<unsigned long long>(std::bit_cast<std::uint64_t>(value)));
  return text.data();
}

std::string shifted(const Fields& f, bool left) {
  const OwnedInteger a(f[1]);
  const std::size_t bits = std::stoull(f[2], nullptr, 16);
  OwnedInteger out(a.digits.size() + bits / kDigitBits + 1);
  if (left) {
    out.take({shift_left(out.digits, a.view().magnitude, bits), a.sign});
  } else {
    out.take(shift_right_floor(out.digits, a.view(), bits));
  }
  return out.text(16);
}

std::string divided(const Fields& f) {
  const OwnedInteger a(f[1]);
  const OwnedInteger b(f[2]);
  OwnedInteger quotient(a.digits.size() + 1);
  OwnedInteger remainder(std::max(a.digits.size(), b.digits.size()));
  const DivisionSizes sizes = divide(quotient.digits, remainder.digits, a.view().magnitude, b.view().magnitude);
  quotient.take({sizes.quotient, a.sign == b.sign || sizes.quotient == 0 ? Sign::Positive : Sign::Negative});
  remainder.take({sizes.remainder, sizes.remainder == 0 ? Sign::Positive : a.sign});
  return f[0] == "div" ? quotient.text(16) : remainder.text(16);
}

std::string computed(const Fields& f) {
  const OwnedInteger a(f[1]);
  const OwnedInteger b(f[2]);
  OwnedInteger out(std::max(a.digits.size(), b.digits.size()) + 1);
  if (f[0] == "mul") {
    out = OwnedInteger(a.digits.size() + b.digits.size());
    const std::size_t size = multiply(out.digits, a.view().magnitude, b.view().magnitude);
    out.take({size, a.sign == b.sign || size == 0 ? Sign::Positive : Sign::Negative});
  } else if (f[0] == "add") {
    out.take(add(out.digits, a.view(), b.view()));
  } else if (f[0] == "sub") {
    out.take(subtract(out.digits, a.view(), b.view()));
  } else if (f[0] == "and") {
    out.take(bit_and(out.digits, a.view(), b.view()));
  } else if (f[0] == "or") {
    out.take(bit_or(out.digits, a.view(), b.view()));
  } else {
    out.take(bit_xor(out.digits, a.view(), b.view()));
  }
  return out.text(16);
}

std::string formatted(const Fields& f) {
  std::array<char, kMaxFloatText> text;
  const double value = float_of(f[1]);
  const std::string& name = f[2];
  std::size_t length = 0;
  if (name == "[]") {
    length = format_scientific(value, kDefaultScientificDigits, text);
  } else if (name == "short") {
    length = format_short(value, text);
  } else {
    const bool strip = name.ends_with(":compact");
    const std::size_t colon = name.find(':');
    const auto decimals = std::stoll(name.substr(colon + 1));
    length = name.starts_with("scientific") ? format_scientific(value, decimals, text)
                                            : format_decimals(value, decimals, strip ? TrailingZeros::Strip : TrailingZeros::Keep, text);
  }
  return length == 0 ? "badarg" : std::string(text.data(), length);
}

std::string compared(const Fields& f) {
  const int order = compare(OwnedInteger(f[1]).view(), float_of(f[2]));
  return order < 0 ? "lt" : (order > 0 ? "gt" : "eq");
}

std::string truncated(const Fields& f) {
  OwnedInteger out(kMaxDoubleDigits);
  out.take(integral_to_digits(out.digits, std::trunc(float_of(f[1]))));
  return out.text(16);
}

std::string answer(const Fields& f) {
  const std::string& operation = f[0];
  if (operation == "bsl" || operation == "bsr") return shifted(f, operation == "bsl");
  if (operation == "div" || operation == "rem") return divided(f);
  if (operation == "text") return OwnedInteger(f[1]).text(std::stoi(f[2]));
  if (operation == "format") return formatted(f);
  if (operation == "compare") return compared(f);
  if (operation == "trunc") return truncated(f);
  if (operation == "float") {
    const auto value = to_double(OwnedInteger(f[1]).view());
    return value.has_value() ? bits_of(*value) : "overflow";
  }
  if (operation == "parse") {
    const auto value = parse_float(f[1]);
    return value.has_value() ? bits_of(*value) : "badarg";
  }
  if (operation == "not") {
    const OwnedInteger a(f[1]);
    OwnedInteger out(a.digits.size() + 1);
    out.take(bit_not(out.digits, a.view()));
    return out.text(16);
  }
  return computed(f);
}

TEST(StockValues, AllAgree) {
  const std::string path = test::beside(__FILE__, "stock_values.txt");
  std::ifstream file(path);
  ASSERT_TRUE(file.is_open()) << path;
  std::string line;
  int cases = 0;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    Fields fields;
    for (std::string word; words >> word;) fields.push_back(word);
    ASSERT_GE(fields.size(), 3u) << line;
    EXPECT_EQ(answer(fields), fields.back()) << line;
    ++cases;
  }
  EXPECT_GT(cases, 2000);
}

}  // namespace
}  // namespace vm::num
