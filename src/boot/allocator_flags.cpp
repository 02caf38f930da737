// SPDX-License-Identifier: Apache-2.0
//
// Allocator switches: +M<allocator><switch>[<value>]. Girder allocates in its own way, so none has an effect, but scripts pass them and a
// wrong one must be refused as stock refuses it. One table names the switches of an allocator, one those that belong to none.
#include <cstring>

#include "boot/flags_internal.h"

namespace vm::boot {

namespace {

constexpr std::string_view kAllocators = "BIDEFHLRSTZu";

struct Switch {
  std::string_view name;
  bool (*accepts)(const std::string& value, char allocator);
};

bool amount(const std::string& v, char) {
  const std::size_t digits = !v.empty() && (v[0] == '-' || v[0] == '+') ? 1 : 0;
  long long n;
  return v.size() > digits && v[digits] >= '0' && v[digits] <= '9' && leading_number(v, &n) && n >= 0;
}
bool kilobytes(const std::string& v, char a) {
  long long n;
  return amount(v, a) && leading_number(v, &n) && n <= (1LL << 54);
}
bool megabytes(const std::string& v, char a) {
  long long n;
  return amount(v, a) && leading_number(v, &n) && n <= (1LL << 44);
}
bool percent_or_default(const std::string& v, char a) {
  long long n;
  return v == "de" || (amount(v, a) && leading_number(v, &n) && n <= 100);
}
bool boolean(const std::string& v, char) { return v == "true" || v == "false"; }
bool only_true(const std::string& v, char) { return v == "true"; }
bool anything(const std::string&, char) { return true; }
bool enable(const std::string& v, char a) {
  // Some allocators can't be turned off.
  return a == 'I' || a == 'T' ? v == "true" : boolean(v, a);
}
bool per_thread(const std::string& v, char a) { return a == 'I' ? v == "false" : boolean(v, a); }
bool strategy(const std::string& v, char a) {
  for (const char* name : {"bf", "aobf", "gf", "af", "aoff", "aoffcbf", "aoffcaobf", "ageffcaoff", "ageffcbf", "ageffcaobf"})
    if (v == name) return true;
  return a == 'Z' && v == "chaosff";
}
bool carrier_pool(const std::string& v, char) { return v.size() == 1 && std::strchr("BDEFHLRS@:", v[0]); }
bool lock_memory(const std::string& v, char) { return v == "all" || v == "no"; }
bool instances(const std::string& v, char a) { return v == "max" || amount(v, a); }

// The first that the word begins with is meant, so longer names stand before those they begin with.
constexpr Switch kPerAllocator[] = {
    {"acul", percent_or_default},
    {"acnl", amount},
    {"acfml", amount},
    {"acful", percent_or_default},
    {"asbcst", kilobytes},
    {"as", strategy},
    {"atags", boolean},
    {"cp", carrier_pool},
    {"e", enable},
    {"lmbcs", kilobytes},
    {"mbcgs", amount},
    {"mbsd", amount},
    {"mmbcs", kilobytes},
    {"mmmbc", amount},
    {"mmsbc", amount},
    {"rsbcmt", amount},
    {"rsbcst", amount},
    {"rmbcmt", amount},
    {"ramv", boolean},
    {"sbct", kilobytes},
    {"smbcs", kilobytes},
    {"t", per_thread},
};
constexpr Switch kOthers[] = {
    {"Iscs", megabytes},  {"Mamcbf", kilobytes}, {"Mrmcbf", amount},  {"Mmcs", amount},   {"Mscs", megabytes}, {"Mscrpm", boolean},
    {"Mscrfsd", amount},  {"Msco", boolean},     {"Ytt", kilobytes},  {"Ytp", kilobytes}, {"Ym", anything},    {"Ye", only_true},
    {"lpm", lock_memory}, {"dai", instances},    {"uycs", kilobytes}, {"ummc", amount},   {"usac", boolean},
};

// Of kilobytes that were accepted.
std::size_t bytes_of(const std::string& value) {
  long long n = 0;
  leading_number(value, &n);
  return static_cast<std::size_t>(n) * 1024;
}

std::string quoted(std::string_view what, const char* kind) { return "bad \"" + std::string(what.substr(0, 99)) + "\" " + kind; }

}  // namespace

std::string read_allocator_switch(std::string_view word, const char* next, bool* takes_next, proc::Settings* settings) {
  *takes_next = false;
  const std::string_view rest = word.substr(1);  // without the M
  const Switch* found = nullptr;
  std::size_t before = 1;  // letters of the word before the switch's name
  char allocator = 0;
  for (const Switch& s : kOthers)
    if (!found && rest.starts_with(s.name)) found = &s;
  if (!found && rest.starts_with("ea")) {
    const std::string value(rest.size() > 2 ? rest.substr(2) : next ? next : "");
    *takes_next = rest.size() == 2;
    for (const char* name : {"min", "max", "config", "r9c", "r10b", "r11b"})
      if (value == name) return {};
    return quoted("Mea", "parameter");
  }
  if (!found && !rest.empty() && kAllocators.find(rest[0]) != std::string_view::npos) {
    allocator = rest[0];
    before = 2;
    for (const Switch& s : kPerAllocator)
      if (!found && rest.substr(1).starts_with(s.name)) found = &s;
    // Moving carriers between instances is not for all of them.
    if (found && (allocator == 'I' || allocator == 'T') && (found->name.starts_with("ac") || found->name == "cp")) found = nullptr;
  } else if (!found && !rest.empty() && (rest[0] == 'M' || rest[0] == 'Y' || rest[0] == 'l' || rest[0] == 'd')) {
    before = 2;
  }
  if (!found) return quoted(word.substr(0, before), "parameter");
  const std::size_t end = before + found->name.size();
  std::string value(word.substr(end));
  if (value.empty()) {
    if (!next || std::strcmp(next, "--") == 0) return quoted(word.substr(0, end), "value: ");
    value = next;
    *takes_next = true;
  }
  if (found->accepts(value, allocator)) {
    if (found->name == "Ytt") settings->library_heap.trim_threshold = bytes_of(value);
    if (found->name == "Ytp") settings->library_heap.top_pad = bytes_of(value);
    return {};
  }
  const std::size_t named = found->name == "as" ? end - 1 : end;  // stock's own name for it
  return quoted(word.substr(0, named), "value: ") + value;
}

}  // namespace vm::boot
