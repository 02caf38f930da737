// SPDX-License-Identifier: Apache-2.0
#include "boot/flags.h"

#include <cstdio>
#include <cstring>
#include <string_view>

#include "boot/host.h"

namespace vm::boot {

namespace {

enum class Takes { Nothing, Value };

// A flag's effect: false when the value is wrong.
using Setter = bool (*)(Options&, const std::string& value);

struct Flag {
  const char* name;       // after the dash; the longest matching row wins
  Takes takes;
  const char* value_doc;  // for the usage list
  const char* complaint;  // stock's words before the value; nullptr: "<program> unknown flag <flag>"
  Setter set;             // nullptr: accepted, has no effect here
};

bool number(const std::string& text, long long low, long long high, long long* out) {
  if (text.empty()) return false;
  char* end = nullptr;
  long long v = std::strtoll(text.c_str(), &end, 10);
  if (*end || v < low || v > high) return false;
  *out = v;
  return true;
}

template <auto Member, long long Low, long long High>
bool set_number(Options& o, const std::string& value) {
  long long v;
  if (!number(value, Low, High, &v)) return false;
  o.settings.*Member = static_cast<std::remove_reference_t<decltype(o.settings.*Member)>>(v);
  return true;
}

template <long long Low, long long High>
bool check_number(Options&, const std::string& value) {
  long long v;
  return number(value, Low, High, &v);
}

bool set_bool(const std::string& value, bool* out) {
  if (value != "true" && value != "false") return false;
  *out = value == "true";
  return true;
}
bool check_bool(Options&, const std::string& value) {
  bool ignored;
  return set_bool(value, &ignored);
}

bool one_of(const std::string& value, std::initializer_list<const char*> words) {
  for (const char* w : words)
    if (value == w) return true;
  return false;
}
bool busy_wait(Options&, const std::string& v) { return one_of(v, {"none", "very_short", "short", "medium", "long", "very_long"}); }
bool wakeup_threshold(Options&, const std::string& v) { return one_of(v, {"very_low", "low", "medium", "high", "very_high"}); }

// "N", "N:M", ":M"
bool pair(const std::string& value, unsigned high, unsigned* total, unsigned* online, unsigned default_total) {
  std::size_t colon = value.find(':');
  std::string first = value.substr(0, colon);
  long long v = default_total;
  if (!first.empty() && !number(first, 0, high, &v)) return false;
  unsigned n = v <= 0 ? default_total : static_cast<unsigned>(v);
  unsigned m = n;
  if (colon != std::string::npos) {
    long long w;
    std::string second = value.substr(colon + 1);
    if (!second.empty()) {
      if (!number(second, 0, high, &w)) return false;
      m = w <= 0 ? default_total : static_cast<unsigned>(w);
    } else if (first.empty()) {
      return false;
    }
  }
  *total = n;
  *online = m < n ? m : n;
  return true;
}

bool set_schedulers(Options& o, const std::string& v) {
  return pair(v, 1024, &o.schedulers.schedulers, &o.schedulers.online, host::logical_processors());
}
bool percent(const std::string& value, unsigned of, unsigned* out) {
  unsigned a, b;
  if (!pair(value, 100 * 1024, &a, &b, 100)) return false;
  unsigned n = (of * a + 99) / 100;
  *out = n ? n : 1;
  return true;
}

const Flag kFlags[] = {
    {"a", Takes::Value, "16-8192 kilowords", "bad stack size for async threads ", check_number<16, 8192>},
    {"A", Takes::Value, "0-1024", "bad number of async threads ",
     [](Options& o, const std::string& v) {
       if (!set_number<&proc::Settings::async_threads, 0, 1024>(o, v)) return false;
       if (o.settings.async_threads == 0) o.settings.async_threads = 1;  // stock keeps one
       return true;
     }},
    {"B", Takes::Nothing, "", nullptr, [](Options& o, const std::string&) { return o.break_mode = 'd', true; }},
    {"Bc", Takes::Nothing, "", nullptr, [](Options& o, const std::string&) { return o.break_mode = 'c', true; }},
    {"Bd", Takes::Nothing, "", nullptr, [](Options& o, const std::string&) { return o.break_mode = 'd', true; }},
    {"Bi", Takes::Nothing, "", nullptr, [](Options& o, const std::string&) { return o.break_mode = 'i', true; }},
    {"C", Takes::Value, "no_time_warp|single_time_warp|multi_time_warp", "Invalid time warp mode: ",
     [](Options& o, const std::string& v) {
       if (!one_of(v, {"no_time_warp", "single_time_warp", "multi_time_warp"})) return false;
       o.settings.time_warp = v;
       return true;
     }},
    {"d", Takes::Nothing, "", nullptr, [](Options& o, const std::string&) { return o.crash_dump = false, true; }},
    {"dcg", Takes::Value, "1-256", "bad decentralized counter groups limit: ",
     set_number<&proc::Settings::decentralized_counter_groups, 1, 256>},
    {"e", Takes::Value, "tables", "bad maximum number of ets tables ", set_number<&proc::Settings::ets_limit, 1, 1LL << 31>},
    {"ec", Takes::Nothing, "", nullptr, nullptr},
    {"fnl", Takes::Nothing, "", nullptr, [](Options& o, const std::string&) { return o.settings.file_name_encoding = 'l', true; }},
    {"fnu", Takes::Nothing, "", nullptr, [](Options& o, const std::string&) { return o.settings.file_name_encoding = 'u', true; }},
    {"fna", Takes::Nothing, "", nullptr, nullptr},
    {"fnuw", Takes::Nothing, "", nullptr, nullptr},
    {"fnui", Takes::Nothing, "", nullptr, nullptr},
    {"fnue", Takes::Nothing, "", nullptr, nullptr},
    {"fnaw", Takes::Nothing, "", nullptr, nullptr},
    {"fnai", Takes::Nothing, "", nullptr, nullptr},
    {"fnae", Takes::Nothing, "", nullptr, nullptr},
    {"hms", Takes::Value, "words", "bad heap size ",
     [](Options& o, const std::string& v) {
       long long n;
       if (!number(v, 0, 1LL << 40, &n)) return false;
       o.settings.heap_limits.min_heap_words = heap::next_heap_size(static_cast<std::size_t>(n));
       return true;
     }},
    {"h", Takes::Value, "words", "bad heap size ", check_number<0, (1LL << 40)>},
    {"hmbs", Takes::Value, "words", "bad heap size ",
     [](Options& o, const std::string& v) {
       long long n;
       if (!number(v, 0, 1LL << 40, &n)) return false;
       o.settings.heap_limits.min_vheap_words = heap::next_heap_size(static_cast<std::size_t>(n));
       return true;
     }},
    {"hpds", Takes::Value, "entries", "bad initial process dictionary size ", check_number<1, (1LL << 30)>},
    {"hmqd", Takes::Value, "on_heap|off_heap", "Invalid message_queue_data flag: ",
     [](Options& o, const std::string& v) {
       if (!one_of(v, {"on_heap", "off_heap"})) return false;
       o.settings.off_heap_messages = v == "off_heap";
       return true;
     }},
    {"hmax", Takes::Value, "words", "bad max heap size ",
     [](Options& o, const std::string& v) {
       long long n;
       if (!number(v, 0, 1LL << 50, &n)) return false;
       o.settings.heap_limits.max_heap_words = static_cast<std::size_t>(n);
       return true;
     }},
    {"hmaxk", Takes::Value, "true|false", "bad max heap kill ",
     [](Options& o, const std::string& v) { return set_bool(v, &o.settings.heap_limits.max_heap_kill); }},
    {"hmaxel", Takes::Value, "true|false", "bad max heap error logger ",
     [](Options& o, const std::string& v) { return set_bool(v, &o.settings.heap_limits.max_heap_error_logger); }},
    {"i", Takes::Value, "module", nullptr, [](Options& o, const std::string& v) { return o.boot_module = v, true; }},
    {"IOt", Takes::Value, "1-1024", "bad I/O poll threads number: ", check_number<1, 1024>},
    {"IOp", Takes::Value, "1-1024", "bad I/O pollset number: ", check_number<1, 1024>},
    {"IOPt", Takes::Value, "1-100", "bad I/O poll thread percentage: ", check_number<1, 100>},
    {"IOPp", Takes::Value, "1-100", "bad I/O pollset percentage: ", check_number<1, 100>},
    {"IOs", Takes::Value, "true|false", "bad I/O scheduler: ", check_bool},
    {"JDdump", Takes::Value, "true|false", "bad +JDdump flag ", check_bool},
    {"JPperf", Takes::Value, "true|false|dump|map", "bad +JPperf support flag ",
     [](Options&, const std::string& v) { return one_of(v, {"true", "false", "dump", "map"}); }},
    {"K", Takes::Value, "true|false", nullptr, nullptr},
    {"L", Takes::Nothing, "", nullptr, nullptr},
    {"M", Takes::Value, "allocator switch", "bad \"M\" parameter", nullptr},
    {"n", Takes::Value, "s|a|d", "bad -n option ", [](Options&, const std::string& v) { return one_of(v, {"s", "a", "d"}); }},
    {"pc", Takes::Value, "latin1|unicode", "bad range of printable characters: ",
     [](Options& o, const std::string& v) {
       if (!one_of(v, {"latin1", "unicode"})) return false;
       o.settings.printable_range = v;
       return true;
     }},
    {"P", Takes::Value, "1024-134217727", "bad number of processes ",
     [](Options& o, const std::string& v) { return v == "legacy" || set_number<&proc::Settings::process_limit, 1024, 134217727>(o, v); }},
    {"Q", Takes::Value, "1024-134217727", "bad number of ports ",
     [](Options& o, const std::string& v) { return v == "legacy" || set_number<&proc::Settings::port_limit, 1024, 134217727>(o, v); }},
    {"R", Takes::Value, "23-25", "bad compatibility release number ", check_number<23, 25>},
    {"r", Takes::Nothing, "", nullptr, nullptr},
    {"rg", Takes::Value, "groups", "bad reader groups limit: ", check_number<1, 1LL << 30>},
    {"sbt", Takes::Value, "u|ns|ts|ps|s|nnts|nnps|tnnps|db", nullptr,
     [](Options&, const std::string& v) { return one_of(v, {"u", "ns", "ts", "ps", "s", "nnts", "nnps", "tnnps", "db"}); }},
    {"stbt", Takes::Value, "bind type", nullptr,
     [](Options&, const std::string& v) { return one_of(v, {"u", "ns", "ts", "ps", "s", "nnts", "nnps", "tnnps", "db"}); }},
    {"sbwt", Takes::Value, "none|very_short|short|medium|long|very_long", "bad scheduler busy wait threshold: ", busy_wait},
    {"sbwtdcpu", Takes::Value, "as -sbwt", "bad dirty CPU scheduler busy wait threshold: ", busy_wait},
    {"sbwtdio", Takes::Value, "as -sbwt", "bad dirty IO scheduler busy wait threshold: ", busy_wait},
    {"scl", Takes::Value, "true|false", "bad scheduler compact load value ", check_bool},
    {"sct", Takes::Value, "topology", nullptr, nullptr},
    {"ssrct", Takes::Nothing, "", nullptr, nullptr},
    {"secio", Takes::Value, "true|false", nullptr, nullptr},
    {"sfwi", Takes::Value, "milliseconds", "bad scheduler forced wakeup interval ", check_number<0, 1LL << 31>},
    {"spp", Takes::Value, "true|false", "bad port parallelism scheduling hint ", check_bool},
    {"sub", Takes::Value, "true|false", "bad scheduler utilization balancing value ", check_bool},
    {"sws", Takes::Value, "default|legacy", "scheduler wakeup strategy: ",
     [](Options&, const std::string& v) { return one_of(v, {"default", "legacy"}); }},
    {"swct", Takes::Value, "very_lazy|lazy|medium|eager|very_eager", "scheduler wake cleanup threshold: ",
     [](Options&, const std::string& v) { return one_of(v, {"very_lazy", "lazy", "medium", "eager", "very_eager"}); }},
    {"swt", Takes::Value, "very_low|low|medium|high|very_high", "scheduler wakeup threshold: ", wakeup_threshold},
    {"swtdcpu", Takes::Value, "as -swt", "dirty CPU scheduler wakeup threshold: ", wakeup_threshold},
    {"swtdio", Takes::Value, "as -swt", "dirty IO scheduler wakeup threshold: ", wakeup_threshold},
    {"sss", Takes::Value, "20-8192 kilowords", "bad stack size for scheduler threads ", check_number<20, 8192>},
    {"sssdcpu", Takes::Value, "20-8192 kilowords", "bad stack size for dirty CPU scheduler threads ", check_number<20, 8192>},
    {"sssdio", Takes::Value, "20-8192 kilowords", "bad stack size for dirty IO scheduler threads ", check_number<20, 8192>},
    {"S", Takes::Value, "N:M", "bad number of schedulers ", set_schedulers},
    {"SP", Takes::Value, "P:Q percent", "bad schedulers percentage ",
     [](Options& o, const std::string& v) {
       if (!percent(v, host::logical_processors(), &o.schedulers.schedulers)) return false;
       o.schedulers.online = o.schedulers.schedulers;
       return true;
     }},
    {"SDcpu", Takes::Value, "N:M", "bad number of dirty CPU schedulers ",
     [](Options& o, const std::string& v) {
       unsigned online;
       return pair(v, 1024, &o.schedulers.dirty_cpu, &online, host::logical_processors());
     }},
    {"SDPcpu", Takes::Value, "P:Q percent", "bad dirty CPU schedulers percentage ",
     [](Options& o, const std::string& v) { return percent(v, host::logical_processors(), &o.schedulers.dirty_cpu); }},
    {"SDio", Takes::Value, "1-1024", "bad number of dirty I/O schedulers ",
     [](Options& o, const std::string& v) {
       long long n;
       if (!number(v, 1, 1024, &n)) return false;
       o.schedulers.dirty_io = static_cast<unsigned>(n);
       return true;
     }},
    {"t", Takes::Value, "8192-2147483647", "bad atom table size ", set_number<&proc::Settings::atom_limit, 8192, 2147483647>},
    {"T", Takes::Value, "0-9", "bad modified timing level ", check_number<0, 9>},
    {"v", Takes::Nothing, "", nullptr, nullptr},
    {"V", Takes::Nothing, "", nullptr, nullptr},
    {"W", Takes::Value, "i|w|e", "unrecognized warning_map option ",
     [](Options& o, const std::string& v) {
       if (v.empty() || !std::strchr("iwe", v[0])) return false;
       o.settings.warning_map = v[0] == 'i' ? "info" : v[0] == 'e' ? "error" : "warning";
       return true;
     }},
    {"zdbbl", Takes::Value, "1-2097151 kilobytes", "Invalid dbbl limit: ",
     [](Options& o, const std::string& v) {
       long long n;
       if (!number(v, 1, 2097151, &n)) return false;
       o.settings.dist_buffer_limit = static_cast<std::size_t>(n) * 1024;
       return true;
     }},
    {"zdntgc", Takes::Value, "infinity or seconds", "Invalid delayed node table gc: ",
     [](Options& o, const std::string& v) { return v == "infinity" || check_number<0, 100000000>(o, v); }},
    {"zebwt", Takes::Value, "none ... extremely_long", "bad ethread busy wait threshold: ",
     [](Options& o, const std::string& v) { return v == "extremely_long" || busy_wait(o, v); }},
    {"zosrl", Takes::Value, "1-134217727", "Invalid outstanding requests limit ", check_number<1, 134217727>},
    // Stress modes of tests: not flags of stock.
    {"girder_boot_times", Takes::Nothing, "", nullptr, [](Options& o, const std::string&) { return o.boot_times = true; }},
    {"girder_collect", Takes::Nothing, "", nullptr, [](Options& o, const std::string&) { return o.stress.collect_every_point = true; }},
    {"girder_fragments", Takes::Nothing, "", nullptr, [](Options& o, const std::string&) { return o.stress.fragments_only = true; }},
    {"girder_verify", Takes::Nothing, "", nullptr, [](Options& o, const std::string&) { return o.stress.verify_heap = true; }},
    {"girder_reduction", Takes::Nothing, "", nullptr,
     [](Options& o, const std::string&) { return o.settings.single_reduction = true; }},
    {"girder_shuffle", Takes::Nothing, "", nullptr, [](Options& o, const std::string&) { return o.schedulers.shuffle = true; }},
    {"girder_seed", Takes::Value, "number", "bad seed ",
     [](Options& o, const std::string& v) {
       long long n;
       if (!number(v, 1, 1LL << 62, &n)) return false;
       o.schedulers.seed = static_cast<std::uint64_t>(n);
       return true;
     }},
};

// Longest row whose name begins the flag. A row without a value must match in full.
const Flag* find_flag(std::string_view word) {
  const Flag* best = nullptr;
  for (const Flag& f : kFlags) {
    std::string_view name = f.name;
    if (!word.starts_with(name) || (f.takes == Takes::Nothing && word != name)) continue;
    if (!best || name.size() > std::strlen(best->name)) best = &f;
  }
  return best;
}

// `-c`, `-c true`, `-cfalse`: the value is optional and only taken when it is a boolean.
bool time_correction(int argc, char** argv, int* i, Options* o, FlagError* error) {
  std::string value = argv[*i] + 2;
  if (value.empty() && *i + 1 < argc && one_of(argv[*i + 1], {"true", "false"})) value = argv[++*i];
  if (value.empty()) value = "false";
  if (set_bool(value, &o->settings.time_correction)) return true;
  error->message = "Invalid time correction value: " + value;
  return false;
}

std::string complaint(const Flag& flag, const char* program, const std::string& word, const std::string& value) {
  std::string name = flag.name;
  if (name == "M") return flag.complaint;
  if (name == "sbt") return "setting scheduler bind type '" + value + "' failed: invalid type";
  if (flag.complaint) return flag.complaint + value;
  return std::string(program) + " unknown flag " + word;
}

}  // namespace

bool parse_flags(int argc, char** argv, Options* options, Parsed* what, FlagError* error) {
  *what = Parsed::Run;
  options->schedulers.schedulers = options->schedulers.online = host::logical_processors();
  options->schedulers.dirty_cpu = options->schedulers.schedulers;
  int i = 1;
  for (; i < argc && std::strcmp(argv[i], "--") != 0; i++) {
    std::string word = argv[i];
    options->settings.emulator_arguments.push_back(word);
    const Flag* flag = nullptr;
    if (word.size() > 1 && word[0] == '-') {
      if (word == "-V") {
        *what = Parsed::Exit;
        return true;
      }
      if (word[1] == 'c' && (word.size() == 2 || word.substr(2) == "true" || word.substr(2) == "false")) {
        if (!time_correction(argc, argv, &i, options, error)) return false;
        continue;
      }
      flag = find_flag(std::string_view(word).substr(1));
    }
    if (!flag) {
      bool z = word.starts_with("-z"), s = word.starts_with("-s");
      error->message = z   ? "bad -z option " + word
                       : s ? "bad scheduling option " + word
                           : std::string(argv[0]) + " unknown flag " + word;
      return false;
    }
    std::string value;
    if (flag->takes == Takes::Value) {
      // An allocator switch is <letter><switch>, then its value: both may be glued.
      std::size_t glued = std::strlen(flag->name) + 1;
      value = word.substr(glued);
      bool allocator = std::strcmp(flag->name, "M") == 0;
      if (allocator && (value.empty() || !std::strchr("BDEFHILMSTAYRXiusrn", value[0]))) {
        error->message = flag->complaint;
        return false;
      }
      if (allocator || value.empty()) {
        if (i + 1 >= argc || (!allocator && std::strcmp(argv[i + 1], "--") == 0)) {
          if (!allocator) {
            error->message = complaint(*flag, argv[0], word, i + 1 < argc ? argv[i + 1] : "");
            return false;
          }
        } else if (std::strcmp(argv[i + 1], "--") != 0 && (!allocator || argv[i + 1][0] != '-')) {
          value = argv[++i];
          options->settings.emulator_arguments.push_back(value);
        }
      }
    }
    if (flag->set && !flag->set(*options, value)) {
      error->message = complaint(*flag, argv[0], word, value);
      return false;
    }
  }
  for (; i < argc; i++) options->init_arguments.push_back(argv[i]);
  return true;
}

std::string usage_text() {
  std::string text = "Usage: beam.smp [flags] [ -- [init_args] ]\nThe flags are:\n\n";
  for (const Flag& f : kFlags) {
    if (std::strncmp(f.name, "girder", 6) == 0) continue;
    text += "-";
    text += f.name;
    if (*f.value_doc) text += std::string(" ") + f.value_doc;
    text += "\n";
  }
  text += "\nWith erl these flags are written with + in place of -.\n";
  return text;
}

}  // namespace vm::boot
