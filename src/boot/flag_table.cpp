// SPDX-License-Identifier: Apache-2.0
//
// The emulator's flags: what each takes, which values are right, what it sets, and stock's words when it is wrong.
#include <algorithm>
#include <cstring>
#include <iterator>

#include "boot/cpu_flags.h"
#include "boot/flags_internal.h"
#include "sched/cpu_binding.h"

namespace vm::boot {

namespace {

constexpr long long kMaxInt = 2147483647;

template <auto Member, long long Low, long long High>
bool set_number(FlagParse& p, const std::string& value) {
  long long v;
  if (!leading_number(value, &v) || v < Low || v > High) return false;
  p.options.settings.*Member = static_cast<std::remove_reference_t<decltype(p.options.settings.*Member)>>(v);
  return true;
}

template <long long Low, long long High>
bool check_number(FlagParse&, const std::string& value) {
  long long v;
  return leading_number(value, &v) && v >= Low && v <= High;
}

// A table's size: what was asked for, rounded up to a power of two, as stock does.
template <auto Member>
bool table_limit(FlagParse& p, const std::string& value) {
  if (value == "legacy") return true;
  long long v;
  if (!leading_number(value, &v) || v < kMinTableLimit || v > kMaxTableLimit) return false;
  p.options.settings.*Member = rounded_table_limit(v);
  return true;
}

// A number that must begin the value.
template <long long Low, long long High>
bool check_digits(FlagParse&, const std::string& value) {
  long long first, second;
  int count;
  return number_pair(value, &first, &second, &count) && count != 3 && first >= Low && first <= High;
}

bool one_of(const std::string& value, std::initializer_list<const char*> words) {
  for (const char* w : words)
    if (value == w) return true;
  return false;
}
bool set_bool(const std::string& value, bool* out) {
  *out = value == "true";
  return value == "true" || value == "false";
}
bool check_bool(FlagParse&, const std::string& value) { return one_of(value, {"true", "false"}); }
bool busy_wait(FlagParse&, const std::string& v) { return one_of(v, {"none", "very_short", "short", "medium", "long", "very_long"}); }
bool wakeup_threshold(FlagParse&, const std::string& v) { return one_of(v, {"very_low", "low", "medium", "high", "very_high"}); }

constexpr const char* kBindComplaint = "setting scheduler bind type '%' failed: invalid type";

// There must be a topology to go by already, defined or detected.
bool bind_type(FlagParse& p, const std::string& v) {
  sched::BindOrder order, before;
  if (!parse_bind_order(v, &order)) return false;
  sched::CpuBinding& cpus = *p.options.schedulers.cpus;
  if (cpus.set_order(order, &before) || order == sched::BindOrder::Unbound) return true;
  p.say = "setting scheduler bind type '" + v + "' failed: no cpu topology available";
  return false;
}
// The same, but only a wrong name matters.
bool tentative_bind_type(FlagParse& p, const std::string& v) {
  sched::BindOrder order, before;
  if (!parse_bind_order(v, &order)) return false;
  p.options.schedulers.cpus->set_order(order, &before);
  return true;
}
bool topology(FlagParse& p, const std::string& v) {
  std::vector<os::Cpu> cpus;
  if (const char* wrong = parse_topology(v, &cpus)) {
    p.say = "bad cpu topology '" + v + "': " + wrong;
    return false;
  }
  p.options.schedulers.cpus->define(std::move(cpus));
  return true;
}

bool min_heap(FlagParse& p, const std::string& v) {
  long long n;
  if (!leading_number(v, &n) || n <= 0) return false;
  p.options.settings.heap_limits.min_heap_words = heap::next_heap_size(static_cast<std::size_t>(n));
  return true;
}
bool min_binary_heap(FlagParse& p, const std::string& v) {
  long long n;
  if (!leading_number(v, &n) || n <= 0) return false;
  p.options.settings.heap_limits.min_vheap_words = heap::next_heap_size(static_cast<std::size_t>(n));
  return true;
}
bool max_heap(FlagParse& p, const std::string& v) {
  long long n;
  if (!leading_number(v, &n) || n < 0) return false;
  p.options.settings.heap_limits.max_heap_words = static_cast<std::size_t>(n);
  return true;
}

// The parts of "N:M" with what stock takes for missing ones: not above zero counts from the machine's number.
bool scheduler_pair(const FlagParse& p, const std::string& v, long long online, long long* total, long long* on, long long* given) {
  long long first, second;
  int count;
  if (!number_pair(v, &first, &second, &count)) return false;
  if (count == 3) first = p.processors;
  if (count == 1) second = first < online ? first : online;
  *given = first;
  *total = first > 0 ? first : p.processors + first;
  *on = second > 0 ? second : p.usable_processors + second;
  return true;
}
bool bad_amount(FlagParse& p, const char* what, long long total, long long on, long long given) {
  const std::string of = std::string(what) + "schedulers";
  if (total < 1 || total > 1024) {
    p.say = "bad amount of " + of + " " + std::to_string(given);
  } else if (on < 1 || on > total) {
    p.say = "bad amount of " + of + " online " + std::to_string(on) + " (total amount of " + of + " " + std::to_string(total) + ")";
  } else {
    return true;
  }
  return false;
}
bool schedulers(FlagParse& p, const std::string& v) {
  long long total, on, given;
  sched::Config& c = p.options.schedulers;
  if (!scheduler_pair(p, v, c.online, &total, &on, &given)) return false;
  if (!bad_amount(p, "", total, on, given)) return false;
  c.schedulers = static_cast<unsigned>(total);
  c.online = static_cast<unsigned>(on);
  return true;
}
bool dirty_schedulers(FlagParse& p, const std::string& v) {
  long long total, given;
  if (!scheduler_pair(p, v, p.dirty_online, &total, &p.dirty_online, &given)) return false;
  if (!bad_amount(p, "dirty CPU ", total, p.dirty_online, given)) return false;
  p.options.schedulers.dirty_cpu = static_cast<unsigned>(total);
  return true;
}
bool percent_pair(const std::string& v, long long* total, long long* on) {
  int count;
  if (!number_pair(v, total, on, &count)) return false;
  if (count == 3) *total = 100;
  if (count == 1) *on = *total < 100 ? *total : 100;
  return *total >= 0 && *on >= 0;
}

template <auto Member>
bool poll_number(FlagParse& p, const std::string& value) {
  long long second;
  int count;
  return number_pair(value, &(p.*Member), &second, &count) && count != 3 && p.*Member >= 1 && p.*Member <= 1024;
}
bool poll_percent(FlagParse& p, const std::string& value) {
  p.poll_by_percent = true;
  return check_digits<0, 100>(p, value);
}

bool file_names(FlagParse& p, const std::string& v) {
  const char kind = v.empty() ? 0 : v[0];
  if (!kind || !std::strchr("ula", kind)) return false;
  if (kind != 'a') p.options.settings.file_name_encoding = kind;
  if (kind == 'l' || v.size() == 1) return true;
  if (!std::strchr("wie", v[1])) {
    p.say = "bad type of warnings for wrongly coded filename: " + v.substr(1);
    return false;
  }
  p.options.settings.file_name_warning = v.substr(1, 1);
  return true;
}

const Flag kFlags[] = {
    {"a", Takes::Value, "16-8192 kilowords", "bad stack size for async threads %", check_number<16, 8192>},
    {"A", Takes::Value, "1-1024", "bad number of async threads %",
     [](FlagParse& p, const std::string& v) {
       if (!set_number<&proc::Settings::async_threads, 0, 1024>(p, v)) return false;
       if (p.options.settings.async_threads == 0) p.options.settings.async_threads = 1;  // stock keeps one
       return true;
     }},
    {"B", Takes::Anything, "", nullptr, nullptr},  // the parser reads it
    {"c", Takes::Anything, "[true|false]", nullptr, nullptr},  // the parser reads it
    {"C", Takes::Value, "no_time_warp|single_time_warp|multi_time_warp", "Invalid time warp mode: %",
     [](FlagParse& p, const std::string& v) {
       p.options.settings.time_warp = v;
       return one_of(v, {"no_time_warp", "single_time_warp", "multi_time_warp"});
     }},
    {"d", Takes::Anything, "", nullptr, [](FlagParse& p, const std::string&) { return p.options.crash_dump = false, true; }},
    {"dcg", Takes::Value, "groups", "bad decentralized counter groups limit: %",
     [](FlagParse& p, const std::string& v) {
       return check_digits<0, kMaxInt>(p, v) && set_number<&proc::Settings::decentralized_counter_groups, 0, kMaxInt>(p, v);
     }},
    {"e", Takes::Value, "tables", "bad maximum number of ets tables %",
     [](FlagParse& p, const std::string& v) {
       long long n;
       if (!leading_number(v, &n) || n < 0) return false;
       p.options.settings.ets_limit = std::max(kMinEtsLimit, static_cast<std::size_t>(n));
       return true;
     }},
    {"ec", Takes::Nothing, "", nullptr, nullptr},
    {"fn", Takes::Value, "u|l|a[w|i|e]", "bad filename encoding %, can be (l,u or a, optionally followed by w, i or e)", file_names},
    {"h", Takes::Value, "words", "bad heap size %", min_heap},
    {"hms", Takes::Value, "words", "bad heap size %", min_heap},
    {"hmbs", Takes::Value, "words", "bad heap size %", min_binary_heap},
    {"hpds", Takes::Value, "entries", "bad initial process dictionary size %", check_number<1, kMaxInt>},
    {"hmqd", Takes::Value, "on_heap|off_heap", "Invalid message_queue_data flag: %",
     [](FlagParse& p, const std::string& v) {
       p.options.settings.off_heap_messages = v == "off_heap";
       return one_of(v, {"on_heap", "off_heap"});
     }},
    {"hmax", Takes::Value, "words", "bad max heap size %", max_heap},
    {"hmaxk", Takes::Value, "true|false", "bad max heap kill %",
     [](FlagParse& p, const std::string& v) { return set_bool(v, &p.options.settings.heap_limits.max_heap_kill); }},
    {"hmaxel", Takes::Value, "true|false", "bad max heap error logger %",
     [](FlagParse& p, const std::string& v) { return set_bool(v, &p.options.settings.heap_limits.max_heap_error_logger); }},
    {"i", Takes::Value, "module", nullptr, [](FlagParse& p, const std::string& v) { return p.options.boot_module = v, true; }},
    {"IOt", Takes::Value, "1-1024", "bad I/O poll threads number: %", poll_number<&FlagParse::poll_threads>},
    {"IOp", Takes::NextWord, "1-1024", "bad I/O pollset number: %", poll_number<&FlagParse::poll_sets>},
    {"IOPt", Takes::NextWord, "0-100", "bad I/O poll thread percentage number: %", poll_percent},
    {"IOPp", Takes::NextWord, "0-100", "bad I/O pollset percentage number: %", poll_percent},
    {"IOs", Takes::NextWord, "true|false", "bad +IOs boolean argument: %", check_bool},
    {"J", Takes::Anything, nullptr, nullptr, nullptr},  // the parser warns
    {"JDdump", Takes::Value, "true|false", "bad +JDdump flag %", check_bool},
    {"JPperf", Takes::Value, "true|false|dump|map", "bad +JPperf support flag %",
     [](FlagParse&, const std::string& v) { return one_of(v, {"true", "false", "dump", "map"}); }},
    {"K", Takes::Value, "true|false", nullptr, nullptr},
    {"L", Takes::Anything, "", nullptr, nullptr},
    {"M", Takes::Anything, "<allocator><switch> value", nullptr, nullptr},  // allocator_flags.cpp
    {"n", Takes::Value, "s|a|d", "bad -n option %", [](FlagParse&, const std::string& v) { return one_of(v, {"s", "a", "d"}); }},
    {"pc", Takes::Value, "latin1|unicode", "bad range of printable characters: %",
     [](FlagParse& p, const std::string& v) {
       p.options.settings.printable_range = v;
       return one_of(v, {"latin1", "unicode"});
     }},
    {"P", Takes::Value, "1024-134217727", "bad number of processes %",
     table_limit<&proc::Settings::process_limit>},
    {"Q", Takes::Value, "1024-134217727", "bad number of ports %",
     table_limit<&proc::Settings::port_limit>},
    {"R", Takes::Value, "23-25", "bad compatibility release number %", check_number<23, 25>},
    {"r", Takes::Anything, "", nullptr, nullptr},
    {"rg", Takes::Value, "groups", "bad reader groups limit: %", check_digits<0, kMaxInt>},
    {"sbt", Takes::Value, "u|ns|ts|ps|s|nnts|nnps|tnnps|db", kBindComplaint, bind_type},
    {"stbt", Takes::Value, "as -sbt", kBindComplaint, tentative_bind_type},
    {"sbwt", Takes::Value, "none|very_short|short|medium|long|very_long", "bad scheduler busy wait threshold: %", busy_wait},
    {"sbwtdcpu", Takes::Value, "as -sbwt", "bad dirty CPU scheduler busy wait threshold: %", busy_wait},
    {"sbwtdio", Takes::Value, "as -sbwt", "bad dirty IO scheduler busy wait threshold: %", busy_wait},
    {"scl", Takes::Value, "true|false", "bad scheduler compact load value '%'", check_bool},
    {"sct", Takes::Value, "topology", nullptr, topology},
    {"ssrct", Takes::Anything, "", nullptr, nullptr},  // read before all others
    {"secio", Takes::Value, "true|false", nullptr, nullptr},
    {"sfwi", Takes::Value, "milliseconds", "bad scheduler forced wakeup interval %", check_number<0, 1LL << 62>},
    {"spp", Takes::Value, "true|false", "bad port parallelism scheduling hint %", check_bool},
    {"sub", Takes::Value, "true|false", "bad scheduler utilization balancing  value '%'", check_bool},
    {"sws", Takes::Value, "default|legacy", "scheduler wakeup strategy: %",
     [](FlagParse&, const std::string& v) { return one_of(v, {"default", "legacy"}); }},
    {"swct", Takes::Value, "very_lazy|lazy|medium|eager|very_eager", "scheduler wake cleanup threshold: %",
     [](FlagParse&, const std::string& v) { return one_of(v, {"very_lazy", "lazy", "medium", "eager", "very_eager"}); }},
    {"swt", Takes::Value, "very_low|low|medium|high|very_high", "scheduler wakeup threshold: %", wakeup_threshold},
    {"swtdcpu", Takes::Value, "as -swt", "dirty CPU scheduler wakeup threshold: %", wakeup_threshold},
    {"swtdio", Takes::Value, "as -swt", "dirty IO scheduler wakeup threshold: %", wakeup_threshold},
    {"sss", Takes::Value, "20-8192 kilowords", "bad stack size for scheduler threads %", check_number<20, 8192>},
    {"sssdcpu", Takes::Value, "20-8192 kilowords", "bad stack size for dirty CPU scheduler threads %", check_number<20, 8192>},
    {"sssdio", Takes::Value, "20-8192 kilowords", "bad stack size for dirty IO scheduler threads %", check_number<20, 8192>},
    {"S", Takes::Value, "N:M", "bad amount of schedulers %", schedulers},
    {"SP", Takes::Value, "P:Q percent", "bad schedulers percentage specifier %",
     [](FlagParse& p, const std::string& v) { return percent_pair(v, &p.schedulers_percent, &p.online_percent); }},
    {"SD", Takes::Anything, nullptr, nullptr, nullptr},  // the parser complains
    {"SDcpu", Takes::Value, "N:M", "bad amount of dirty CPU schedulers %", dirty_schedulers},
    {"SDPcpu", Takes::Value, "P:Q percent", "bad dirty CPU schedulers percentage specifier %",
     [](FlagParse& p, const std::string& v) { return percent_pair(v, &p.dirty_percent, &p.dirty_online_percent); }},
    {"SDio", Takes::Value, "1-1024", "bad number of dirty I/O schedulers %",
     [](FlagParse& p, const std::string& v) {
       long long n;
       if (!leading_number(v, &n) || n < 1 || n > 1024) return false;
       p.options.schedulers.dirty_io = static_cast<unsigned>(n);
       return true;
     }},
    {"t", Takes::Value, "8192-2147483647", "bad atom table size %", set_number<&proc::Settings::atom_limit, 8192, kMaxInt>},
    {"T", Takes::Value, "0-9", "bad modified timing level %", check_number<0, 9>},
    {"v", Takes::Anything, "", nullptr, nullptr},  // the parser warns
    {"V", Takes::Anything, "", nullptr, nullptr},  // the parser answers
    {"W", Takes::Value, "i|w|e", "unrecognized warning_map option %",
     [](FlagParse& p, const std::string& v) {
       if (v.empty() || !std::strchr("iwe", v[0])) return false;
       p.options.settings.warning_map = v[0] == 'i' ? "info" : v[0] == 'e' ? "error" : "warning";
       return true;
     }},
    {"zdbbl", Takes::Value, "1-2097151 kilobytes", nullptr,
     [](FlagParse& p, const std::string& v) {
       long long n = 0;
       if (leading_number(v, &n) && n >= 1 && n <= 2097151) {
         p.options.settings.dist_buffer_limit = static_cast<std::size_t>(n) * 1024;
         return true;
       }
       p.say = "Invalid dbbl limit: " + std::to_string(n);
       return false;
     }},
    {"zdntgc", Takes::Value, "infinity or seconds", "Invalid delayed node table gc: %",
     [](FlagParse&, const std::string& v) {
       long long n;
       return v == "infinity" || (whole_number(v, &n) && n >= 0 && n <= 100000000);
     }},
    {"zebwt", Takes::Value, "none ... extremely_long", "Invalid ets busy wait threshold: %",
     [](FlagParse& p, const std::string& v) { return v == "extremely_long" || busy_wait(p, v); }},
    {"zosrl", Takes::Value, "1-134217727", "Invalid outstanding requests limit %", check_number<1, 134217727>},
    // Not flags of stock: a table of the phases of starting, and stress modes of tests.
    {"girder_boot_times", Takes::Nothing, nullptr, nullptr, [](FlagParse& p, const std::string&) { return p.options.boot_times = true; }},
    {"girder_collect", Takes::Nothing, nullptr, nullptr,
     [](FlagParse& p, const std::string&) { return p.options.stress.collect_every_point = true; }},
    {"girder_fragments", Takes::Nothing, nullptr, nullptr,
     [](FlagParse& p, const std::string&) { return p.options.stress.fragments_only = true; }},
    {"girder_tiny_tables", Takes::Nothing, nullptr, nullptr,
     [](FlagParse& p, const std::string&) {
       p.options.settings.process_limit = 1024;
       return p.options.stress.tiny_tables = true;
     }},
    {"girder_verify", Takes::Nothing, nullptr, nullptr, [](FlagParse& p, const std::string&) { return p.options.stress.verify_heap = true; }},
    {"girder_reduction", Takes::Nothing, nullptr, nullptr,
     [](FlagParse& p, const std::string&) { return p.options.settings.single_reduction = true; }},
    {"girder_shuffle", Takes::Nothing, nullptr, nullptr, [](FlagParse& p, const std::string&) { return p.options.schedulers.shuffle = true; }},
    {"girder_seed", Takes::Value, nullptr, "bad seed %",
     [](FlagParse& p, const std::string& v) {
       long long n;
       if (!whole_number(v, &n) || n < 1) return false;
       p.options.schedulers.seed = static_cast<std::uint64_t>(n);
       return true;
     }},
};

}  // namespace

const Flag* flags_begin() { return std::begin(kFlags); }
const Flag* flags_end() { return std::end(kFlags); }

const Flag* find_flag(std::string_view word) {
  const Flag* best = nullptr;
  for (const Flag& f : kFlags) {
    const std::string_view name = f.name;
    if (!word.starts_with(name) || ((f.takes == Takes::Nothing || f.takes == Takes::NextWord) && word != name)) continue;
    if (!best || name.size() > std::strlen(best->name)) best = &f;
  }
  return best;
}

bool settle_schedulers(FlagParse& p) {
  sched::Config& c = p.options.schedulers;
  if (p.schedulers_percent != 100 || p.online_percent != 100) {
    long long total = static_cast<long long>(c.schedulers) * p.schedulers_percent / 100;
    long long on = static_cast<long long>(c.online) * p.online_percent / 100;
    if (total < 1) total = 1;
    if (on < 1) on = 1;
    const std::string of = "(total amount of schedulers " + std::to_string(total);
    if (total > 1024) return p.say = "bad schedulers percentage " + std::to_string(p.schedulers_percent) + " " + of + ")", false;
    if (on > total) {
      p.say = "bad schedulers online percentage " + std::to_string(p.online_percent) + " " + of + ", online " + std::to_string(on) + ")";
      return false;
    }
    c.schedulers = static_cast<unsigned>(total);
    c.online = static_cast<unsigned>(on);
  }
  const auto share = [](long long n, long long percent, unsigned most) {
    return static_cast<unsigned>(std::clamp(n * percent / 100, 1LL, static_cast<long long>(most)));
  };
  c.dirty_cpu = share(c.dirty_cpu, p.dirty_percent, c.schedulers);
  c.dirty_cpu_online = share(p.dirty_online, p.dirty_online_percent, c.online);
  if (!p.poll_by_percent && p.poll_threads < p.poll_sets) {
    p.say = "number of IO poll threads has to be greater or equal to the number of \nIO pollsets. Current values are set to: \n  -IOt " +
            std::to_string(p.poll_threads) + " -IOp " + std::to_string(p.poll_sets);
    return false;
  }
  return true;
}

}  // namespace vm::boot
