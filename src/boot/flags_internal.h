// SPDX-License-Identifier: Apache-2.0
//
// What the flag parser, its table and the allocator switches share. Numbers are read as stock reads them: most flags take the digits a
// value begins with and do not mind what follows, so that a value without any is 0 and then usually out of range.
#pragma once

#include <string>
#include <string_view>

#include "boot/flags.h"

namespace vm::boot {

// One command line being read.
struct FlagParse {
  Options& options;
  // A setter that refuses may say why; else the row's words are used.
  std::string say;
  // Percentages are applied when all flags are read.
  long long schedulers_percent = 100, online_percent = 100;
  long long dirty_percent = 100, dirty_online_percent = 100;
  long long dirty_online = 0;
  // That there are, and that this program may keep busy.
  long long processors = 1, usable_processors = 1;
  long long poll_threads = 1, poll_sets = 1;
  bool poll_by_percent = false;
};

enum class Takes {
  Nothing,   // the flag is the whole word
  Anything,  // whatever follows in the word is of no interest
  Value,     // glued, or the next word
  NextWord,  // only the next word
};

struct Flag {
  const char* name;  // after the dash; the longest matching row wins
  Takes takes;
  const char* value_doc;                              // for the list of flags; nullptr: not in the list
  const char* complaint;                              // stock's words; % stands for the value. nullptr: "<program> unknown flag <flag>"
  bool (*set)(FlagParse&, const std::string& value);  // false when the value is wrong; nullptr: accepted, has no effect here
};

const Flag* find_flag(std::string_view word_after_dash);
const Flag* flags_begin();
const Flag* flags_end();

// The number that the text begins with, 0 when it begins with none; false when it is too large to be read.
bool leading_number(const std::string& text, long long* out);
// As that, but false when it begins with none or when more follows.
bool whole_number(const std::string& text, long long* out);

// What +P, +Q and ERL_MAX_PORTS may ask for, and the limit that comes of it: the next power of two.
inline constexpr long long kMinTableLimit = 1024, kMaxTableLimit = 134217727;
std::size_t rounded_table_limit(long long wanted);
// Fewer ETS tables are not promised, whatever is asked for. The limit is only shown: nothing keeps tables from being made.
inline constexpr std::size_t kMinEtsLimit = 8192;

// Reads "N", "N:M" and ":M". Answers how many were given in *count (1: the first, 2: both, 3: only the second), false when none.
bool number_pair(const std::string& text, long long* first, long long* second, int* count);

// Limits that follow from several flags together; false with p.say set.
bool settle_schedulers(FlagParse& p);

// Reads one allocator switch, the word after the dash. *takes_next: its value is the next word. Those that mean something here go into the settings.
// Answers the complaint, empty when all is well.
std::string read_allocator_switch(std::string_view word, const char* next, bool* takes_next, proc::Settings* settings);

}  // namespace vm::boot
