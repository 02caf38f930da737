// SPDX-License-Identifier: Apache-2.0
//
// Floats as text, exactly as float_to_binary/2 and its relatives write them, and Erlang's grammar for reading them.
//
// Digits come from std::to_chars (shortest or correctly rounded) with one exception: {decimals, N} with a moderate value is
// *not* correctly rounded by Erlang systems (2.8125 with 3 decimals is 2.813), see format_decimals.
//
// No text is longer than 255 characters; a longer one is `badarg`, which the formatters report as length 0.
//
// Threading: pure functions, no locale.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace vm::num {

inline constexpr std::size_t kMaxFloatText = 255;
using FloatText = std::span<char, kMaxFloatText>;

// Precision of float_to_list/1 and of floats in the emulator's own printing.
inline constexpr std::int64_t kDefaultScientificDigits = 20;

enum class TrailingZeros : std::uint8_t { Keep, Strip };

// {scientific, N}: d.ddde+XX with N decimals. A negative N means 6. Returns the length, 0 when the text would be too long.
std::size_t format_scientific(double value, std::int64_t decimals, FloatText out);

// {decimals, N}, and with Strip the `compact` option. Returns the length, 0 when N is negative or the text would be too long.
std::size_t format_decimals(double value, std::int64_t decimals, TrailingZeros zeros, FloatText out);

// The `short` option, also what io:format's ~w and ~p print: the fewest digits that read back as the same float.
std::size_t format_short(double value, FloatText out);

// Length of the float at the front of `text`, 0 when there is none: optional sign, digits, '.' or ',', digits, optional exponent.
// An incomplete exponent ("1.0e+") is not part of the float.
std::size_t scan_float_prefix(std::string_view text);

// Reads a float that is the whole of `text` (the grammar of list_to_float and binary_to_float). nullopt when it is not one or is
// too large; too small reads as zero. Text ends at the first NUL, as it does in stock systems.
std::optional<double> parse_float(std::string_view text);

}  // namespace vm::num
