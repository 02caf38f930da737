// SPDX-License-Identifier: Apache-2.0
#include "num/int_text.h"

#include <gmp.h>

#include <array>
#include <bit>
#include <charconv>
#include <vector>

#include "base/assert.h"

namespace vm::num {

namespace {

constexpr std::uint8_t kNoDigit = 0xff;
constexpr std::string_view kDigitLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

constexpr std::array<std::uint8_t, 256> make_digit_values() {
  std::array<std::uint8_t, 256> values{};
  for (auto& value : values) value = kNoDigit;
  for (unsigned i = 0; i < 10; ++i) values['0' + i] = static_cast<std::uint8_t>(i);
  for (unsigned i = 0; i < 26; ++i) {
    values['A' + i] = static_cast<std::uint8_t>(10 + i);
    values['a' + i] = static_cast<std::uint8_t>(10 + i);
  }
  return values;
}
constexpr std::array<std::uint8_t, 256> kDigitValues = make_digit_values();

std::uint8_t digit_value(char c) { return kDigitValues[static_cast<unsigned char>(c)]; }

// Thousandths of a bit that one character of a base carries, rounded up and down: log2(base) * 1000.
constexpr std::array<std::uint16_t, 37> kMilliBitsFloor = {0,    0,    1000, 1584, 2000, 2321, 2584, 2807, 3000, 3169, 3321, 3459, 3584,
                                                           3700, 3807, 3906, 4000, 4087, 4169, 4247, 4321, 4392, 4459, 4523, 4584, 4643,
                                                           4700, 4754, 4807, 4857, 4906, 4954, 5000, 5044, 5087, 5129, 5169};

bool is_power_of_two(int base) { return std::has_single_bit(static_cast<unsigned>(base)); }

}  // namespace

std::size_t format_int64(std::int64_t value, int base, std::span<char> out) {
  VM_ASSERT(base >= kMinBase && base <= kMaxBase);
  const auto [end, error] = std::to_chars(out.data(), out.data() + out.size(), value, base);
  VM_CHECK(error == std::errc{});
  if (base > 10) {
    for (char* p = out.data(); p != end; ++p) {
      if (*p >= 'a') *p = static_cast<char>(*p - 'a' + 'A');
    }
  }
  return static_cast<std::size_t>(end - out.data());
}

std::size_t integer_text_bound(SignedDigits value, int base) {
  VM_ASSERT(base >= kMinBase && base <= kMaxBase);
  const std::size_t bits = bit_length(value.magnitude);
  // One character for the sign, one for rounding, one that GMP asks for.
  return bits * 1000 / kMilliBitsFloor[static_cast<std::size_t>(base)] + 3;
}

std::size_t format_integer(SignedDigits value, int base, std::span<char> out) {
  if (const auto small = to_int64(value); small.has_value() && out.size() >= kMaxInt64Text) {
    return format_int64(*small, base, out);
  }
  VM_CHECK(out.size() >= integer_text_bound(value, base));
  std::size_t start = 0;
  if (value.magnitude.empty()) {
    out[0] = '0';
    return 1;
  }
  if (value.sign == Sign::Negative) out[start++] = '-';
  // mpn_get_str destroys its operand unless the base is a power of two.
  std::vector<Digit> copy;
  const Digit* source = value.magnitude.data();
  if (!is_power_of_two(base)) {
    copy.reserve(value.magnitude.size() + 1);
    copy.assign(value.magnitude.begin(), value.magnitude.end());
    copy.push_back(0);
    source = copy.data();
  }
  auto* text = reinterpret_cast<unsigned char*>(out.data() + start);
  const std::size_t length = mpn_get_str(text, base, const_cast<Digit*>(source), static_cast<mp_size_t>(value.magnitude.size()));
  std::size_t zeros = 0;
  while (zeros + 1 < length && text[zeros] == 0) ++zeros;
  for (std::size_t i = zeros; i < length; ++i) out[start + i - zeros] = kDigitLetters[text[i]];
  return start + length - zeros;
}

std::optional<ScannedInteger> scan_integer_prefix(std::string_view text, int base) {
  VM_ASSERT(base >= kMinBase && base <= kMaxBase);
  ScannedInteger scanned;
  scanned.base = base;
  std::size_t at = 0;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    scanned.sign = text[0] == '-' ? Sign::Negative : Sign::Positive;
    at = 1;
  }
  const std::size_t first_digit = at;
  while (at < text.size() && text[at] == '0') ++at;
  const std::size_t significant = at;
  while (at < text.size() && digit_value(text[at]) < base) ++at;
  if (at == first_digit) return std::nullopt;
  scanned.digits = text.substr(significant, at - significant);
  scanned.length = at;
  if (scanned.digits.empty()) scanned.sign = Sign::Positive;
  return scanned;
}

std::optional<ScannedInteger> scan_integer(std::string_view text, int base) {
  auto scanned = scan_integer_prefix(text, base);
  if (scanned.has_value() && scanned->length != text.size()) return std::nullopt;
  return scanned;
}

std::optional<std::int64_t> to_int64(const ScannedInteger& scanned) {
  if (scanned.digits.size() > 63) return std::nullopt;
  const auto base = static_cast<Digit>(scanned.base);
  Digit magnitude = 0;
  for (const char c : scanned.digits) {
    Digit scaled = 0;
    if (__builtin_mul_overflow(magnitude, base, &scaled)) return std::nullopt;
    if (__builtin_add_overflow(scaled, Digit{digit_value(c)}, &magnitude)) return std::nullopt;
  }
  return to_int64(SignedDigits{Digits(&magnitude, magnitude == 0 ? 0 : 1), scanned.sign});
}

std::size_t digits_bound(const ScannedInteger& scanned) {
  if (scanned.digits.empty()) return 0;
  const std::size_t milli_bits = kMilliBitsFloor[static_cast<std::size_t>(scanned.base)] + (is_power_of_two(scanned.base) ? 0 : 1);
  // GMP wants one digit more than the value can need.
  return scanned.digits.size() * milli_bits / 1000 / kDigitBits + 2;
}

std::size_t parse_digits(const ScannedInteger& scanned, MutableDigits out) {
  if (scanned.digits.empty()) return 0;
  VM_CHECK(out.size() >= digits_bound(scanned));
  std::vector<unsigned char> values(scanned.digits.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = digit_value(scanned.digits[i]);
  const mp_size_t size = mpn_set_str(out.data(), values.data(), values.size(), scanned.base);
  return normalised_size(out.first(static_cast<std::size_t>(size)));
}

}  // namespace vm::num
