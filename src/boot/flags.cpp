// SPDX-License-Identifier: Apache-2.0
#include "boot/flags.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "boot/flags_internal.h"
#include "os/console.h"
#include "sched/cpu_binding.h"

namespace vm::boot {

bool leading_number(const std::string& text, long long* out) {
  errno = 0;
  *out = std::strtoll(text.c_str(), nullptr, 10);
  return errno == 0;
}

bool whole_number(const std::string& text, long long* out) {
  char* end = nullptr;
  errno = 0;
  *out = std::strtoll(text.c_str(), &end, 10);
  return errno == 0 && !text.empty() && *end == 0;
}

std::size_t rounded_table_limit(long long wanted) {
  return std::min(std::bit_ceil(static_cast<std::size_t>(std::clamp(wanted, kMinTableLimit, kMaxTableLimit))),
                  static_cast<std::size_t>(kMaxTableLimit));
}

bool number_pair(const std::string& text, long long* first, long long* second, int* count) {
  const char* begin = text.c_str();
  char* end = nullptr;
  errno = 0;
  *first = std::strtoll(begin, &end, 10);
  *count = end == begin ? 0 : 1;
  if (*end != ':') return *count == 1 && errno == 0;
  if (*count == 0 && end != begin) return false;
  const char* rest = end + 1;
  *second = std::strtoll(rest, &end, 10);
  if (end != rest) *count += *count == 0 ? 3 : 1;
  return *count != 0 && errno == 0;
}

namespace {

// Reads the words one by one; what is wrong ends it.
class Reader {
 public:
  Reader(int argc, char** argv, Options* options, Parsed* what) : argc_(argc), argv_(argv), p_{*options, {}}, what_(*what) {}

  bool read(FlagError* error) {
    sched::Config& c = p_.options.schedulers;
    look_at_processors();
    c.schedulers = c.dirty_cpu = static_cast<unsigned>(p_.processors);
    c.online = static_cast<unsigned>(p_.usable_processors);
    p_.dirty_online = c.online;
    from_environment();
    for (; at_ < argc_ && std::strcmp(argv_[at_], "--") != 0 && what_ == Parsed::Run; at_++) {
      const int first = at_;
      if (!one_flag(argv_[at_], error)) return false;
      for (int i = first; i <= at_ && i < argc_; i++) p_.options.settings.emulator_arguments.push_back(argv_[i]);
    }
    if (!settle_schedulers(p_)) {
      error->message = p_.say;
      return false;
    }
    for (; at_ < argc_; at_++) p_.options.init_arguments.push_back(argv_[at_]);
    return true;
  }

 private:
  void from_environment() {
    proc::Settings& s = p_.options.settings;
    if (const char* v = std::getenv("ERL_THREAD_POOL_SIZE")) {
      const int n = std::atoi(v);
      s.async_threads = n < 1 ? 1 : n > 1024 ? 1024 : static_cast<unsigned>(n);
    }
    if (const char* v = std::getenv("ERL_MAX_PORTS")) s.port_limit = rounded_table_limit(std::strtoll(v, nullptr, 10));
    if (const char* v = std::getenv("ERL_MAX_ETS_TABLES"))
      s.ets_limit = std::max(kMinEtsLimit, static_cast<std::size_t>(std::max(0LL, std::strtoll(v, nullptr, 10))));
    if (const char* v = std::getenv("ERL_FULLSWEEP_AFTER")) s.heap_limits.fullsweep_after = static_cast<std::uint16_t>(std::atoi(v));
  }

  // Flags count from these numbers; two of them say that the topology is not to be detected.
  void look_at_processors() {
    bool detect = true;
    for (int i = 1; i < argc_ && std::strcmp(argv_[i], "--") != 0; i++)
      if (const std::string_view word = argv_[i]; word.starts_with("-ssrct") || word.starts_with("-sct")) detect = false;
    p_.options.schedulers.cpus = std::make_shared<sched::CpuBinding>(detect ? sched::DetectTopology::Yes : sched::DetectTopology::No);
    const os::CpuInfo info = p_.options.schedulers.cpus->info();
    p_.processors = std::max(1u, info.configured);
    p_.usable_processors = std::max(1u, info.quota > 0 ? std::min(info.quota, info.available) : info.available);
  }

  const char* next() const { return at_ + 1 < argc_ ? argv_[at_ + 1] : nullptr; }

  bool fail(FlagError* error, std::string message) {
    error->message = std::move(message);
    return false;
  }

  bool one_flag(const std::string& word, FlagError* error) {
    if (word.empty() || word[0] != '-') return fail(error, "");  // stock shows the flags and says nothing
    const Flag* flag = find_flag(std::string_view(word).substr(1));
    if (!flag) {
      if (word.starts_with("-z")) return fail(error, "bad -z option " + word);
      if (word.starts_with("-s")) return fail(error, "bad scheduling option " + word);
      return fail(error, std::string(argv_[0]) + " unknown flag " + word);
    }
    if (flag->takes == Takes::Anything && !flag->set) return special(flag->name[0], word, error);
    std::string value;
    if (flag->takes == Takes::Value || flag->takes == Takes::NextWord) {
      value = word.substr(std::strlen(flag->name) + 1);
      if (value.empty()) {
        if (!next()) return fail(error, "too few arguments");
        value = argv_[++at_];
      }
    }
    p_.say.clear();
    if (!flag->set || flag->set(p_, value)) return true;
    return fail(error, complaint(*flag, value));
  }

  std::string complaint(const Flag& flag, const std::string& value) const {
    if (!p_.say.empty()) return p_.say;
    std::string text = flag.complaint;
    return text.replace(text.find('%'), 1, value);
  }

  // Flags with a grammar of their own.
  bool special(char kind, const std::string& word, FlagError* error) {
    switch (kind) {
      case 'B': return break_mode(word);
      case 'c': return time_correction(word, error);
      case 'J': std::fprintf(os::console_error(), "invalid JIT option %s\n", word.c_str()); return true;
      case 'M': {
        bool takes_next;
        std::string wrong = read_allocator_switch(std::string_view(word).substr(1), next(), &takes_next, &p_.options.settings);
        if (!wrong.empty()) return fail(error, std::move(wrong));
        if (takes_next) at_++;
        return true;
      }
      case 'S': return fail(error, "bad or missing dirty scheduler specifier: " + word);
      case 'v': std::fputs("warning: -v (only in debug compiled code)\n", os::console_error()); return true;
      case 'V': what_ = Parsed::Version; return true;
      default: return true;
    }
  }

  bool break_mode(const std::string& word) {
    char mode = word.size() > 2 ? word[2] : 0;
    const bool glued = mode == 'i' || mode == 'c' || mode == 'd';
    if (!glued && next() && std::strchr("icd", next()[0]) && next()[0]) mode = argv_[++at_][0];
    else if (!glued) mode = 'd';
    p_.options.break_mode = mode;
    return true;
  }

  // `-c`, `-c true`, `-cfalse`: the value is optional and only taken when it is a boolean.
  bool time_correction(const std::string& word, FlagError* error) {
    std::string value = word.substr(2);
    if (value.empty() && next() && (std::strcmp(next(), "true") == 0 || std::strcmp(next(), "false") == 0)) value = argv_[++at_];
    if (!value.empty() && value != "true" && value != "false")
      return fail(error, "Invalid time correnction value: " + value);  // stock's spelling
    p_.options.settings.time_correction = value == "true";
    return true;
  }

  int argc_;
  char** argv_;
  FlagParse p_;
  Parsed& what_;
  int at_ = 1;
};

}  // namespace

bool parse_flags(int argc, char** argv, Options* options, Parsed* what, FlagError* error) {
  *what = Parsed::Run;
  return Reader(argc, argv, options, what).read(error);
}

std::string usage_text() {
  std::string text = "Usage: beam.smp [flags] [ -- [init_args] ]\nThe flags are:\n\n";
  for (const Flag* f = flags_begin(); f != flags_end(); f++) {
    if (!f->value_doc) continue;
    text += "-";
    text += f->name;
    if (*f->value_doc) text += std::string(" ") + f->value_doc;
    text += "\n";
  }
  text += "\nWith erl these flags are written with + in place of -.\n";
  return text;
}

}  // namespace vm::boot
