// SPDX-License-Identifier: Apache-2.0
//
// erlang: clocks and calendar conversions; os: the host's clocks.
#include <atomic>

#include "bif/bif_decls.gen.h"
#include "os/calendar.h"
#include "os/clock.h"
#include "proc/references.h"
#include "proc/runtime.h"
#include "proc/time.h"

namespace vm::bif {

using os::DateTime;
using term::Tuple;

namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
// First years that stock converts: between local time and UTC, and to seconds.
constexpr int kFirstLocalYear = 1902;
constexpr int kFirstYear = 1600;

// Parts per second of a unit; false: no unit.
bool unit_of(Term t, std::int64_t* out) {
  if (t.is_small()) {
    *out = t.small_value();
    return t.small_value() > 0;
  }
  if (t == atoms::second || t == atoms::seconds) *out = 1;
  else if (t == atoms::millisecond || t == atoms::milli_seconds) *out = 1000;
  else if (t == atoms::microsecond || t == atoms::micro_seconds) *out = 1'000'000;
  else if (t == atoms::nanosecond || t == atoms::nano_seconds || t == atoms::native || t == atoms::perf_counter) *out = kNsPerSecond;
  else return false;
  return true;
}

Term wide_integer(term::HeapWriter& h, __int128 v) {
  if (v >= INT64_MIN && v <= INT64_MAX) return term::make_integer(h, static_cast<SWord>(v));
  const bool negative = v < 0;
  const unsigned __int128 m = negative ? -static_cast<unsigned __int128>(v) : static_cast<unsigned __int128>(v);
  const Word limbs[2] = {static_cast<Word>(m), static_cast<Word>(m >> 64)};
  return term::make_big(h, limbs, negative);
}

BifResult in_unit(BifContext& cx, std::int64_t ns, Term unit) {
  std::int64_t parts = 0;
  if (!unit_of(unit, &parts)) return cx.badarg();
  if (parts == kNsPerSecond) return term::make_integer(cx.heap(), ns);
  const __int128 product = static_cast<__int128>(ns) * parts;
  __int128 q = product / kNsPerSecond;
  if (product < 0 && product % kNsPerSecond != 0) q--;  // towards minus infinity
  return wide_integer(cx.heap(), q);
}

Term stamp(term::HeapWriter& h, std::int64_t us) {
  const std::int64_t seconds = us / 1'000'000;
  return Tuple::make(h, Term::small(seconds / 1'000'000), Term::small(seconds % 1'000'000), Term::small(us % 1'000'000));
}

// --- proleptic Gregorian calendar: days since 1970-01-01 (H. Hinnant, chrono-compatible low-level date algorithms)
std::int64_t days_of(std::int64_t y, int m, int d) {
  y -= m <= 2;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t yoe = y - era * 400;
  const std::int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  const std::int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + doe - 719468;
}

DateTime utc_of_seconds(std::int64_t s) {
  std::int64_t days = s / 86400;
  std::int64_t rest = s % 86400;
  if (rest < 0) {
    rest += 86400;
    days--;
  }
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const std::int64_t doe = days - era * 146097;
  const std::int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const std::int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const std::int64_t mp = (5 * doy + 2) / 153;
  const auto day = static_cast<int>(doy - (153 * mp + 2) / 5 + 1);
  const auto month = static_cast<int>(mp < 10 ? mp + 3 : mp - 9);
  const auto year = static_cast<int>(yoe + era * 400 + (month <= 2));
  return {year, month, day, static_cast<int>(rest / 3600), static_cast<int>(rest / 60 % 60), static_cast<int>(rest % 60)};
}

std::int64_t seconds_of_utc(const DateTime& d) {
  return days_of(d.year, d.month, d.day) * 86400 + d.hour * 3600 + d.minute * 60 + d.second;
}

int days_in_month(int year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

bool valid(const DateTime& d, int first_year) {
  return d.year >= first_year && d.year < INT32_MAX && d.month >= 1 && d.month <= 12 && d.day >= 1 &&
         d.day <= days_in_month(d.year, d.month) && d.hour >= 0 && d.hour < 24 && d.minute >= 0 && d.minute < 60 && d.second >= 0 &&
         d.second < 60;
}

// {{Year, Month, Day}, {Hour, Minute, Second}} of small integers.
bool read_date_time(Term t, DateTime* out) {
  if (!t.is_tuple_of(2)) return false;
  const Tuple pair = Tuple::from(t);
  int* fields[2][3] = {{&out->year, &out->month, &out->day}, {&out->hour, &out->minute, &out->second}};
  for (std::size_t part = 0; part < 2; part++) {
    if (!pair[part].is_tuple_of(3)) return false;
    const Tuple three = Tuple::from(pair[part]);
    for (std::size_t i = 0; i < 3; i++) {
      if (!three[i].is_small() || three[i].small_value() < INT32_MIN || three[i].small_value() > INT32_MAX) return false;
      *fields[part][i] = static_cast<int>(three[i].small_value());
    }
  }
  return true;
}

Term three(term::HeapWriter& h, int a, int b, int c) { return Tuple::make(h, Term::small(a), Term::small(b), Term::small(c)); }
Term date_of(term::HeapWriter& h, const DateTime& d) { return three(h, d.year, d.month, d.day); }
Term time_of(term::HeapWriter& h, const DateTime& d) { return three(h, d.hour, d.minute, d.second); }
Term date_time(term::HeapWriter& h, const DateTime& d) {
  const Term date = date_of(h, d);
  return Tuple::make(h, date, time_of(h, d));
}

std::int64_t now_seconds() { return proc::system_time_ns() / kNsPerSecond; }

DateTime local_now() {
  DateTime d{};
  if (!os::local_of_seconds(now_seconds(), &d)) d = utc_of_seconds(now_seconds());
  return d;
}

}  // namespace

BifResult erlang_monotonic_time_0(BifContext& cx) { return term::make_integer(cx.heap(), proc::monotonic_ns()); }
BifResult erlang_monotonic_time_1(BifContext& cx, Term unit) { return in_unit(cx, proc::monotonic_ns(), unit); }
BifResult erlang_system_time_0(BifContext& cx) { return term::make_integer(cx.heap(), proc::system_time_ns()); }
BifResult erlang_system_time_1(BifContext& cx, Term unit) { return in_unit(cx, proc::system_time_ns(), unit); }
BifResult erlang_time_offset_0(BifContext& cx) { return term::make_integer(cx.heap(), proc::time_offset_ns()); }
BifResult erlang_time_offset_1(BifContext& cx, Term unit) { return in_unit(cx, proc::time_offset_ns(), unit); }
BifResult erlang_timestamp_0(BifContext& cx) { return stamp(cx.heap(), proc::system_time_ns() / 1000); }

BifResult erlang_now_0(BifContext& cx) { return stamp(cx.heap(), proc::next_now_us()); }

BifResult erlang_date_0(BifContext& cx) { return date_of(cx.heap(), local_now()); }
BifResult erlang_time_0(BifContext& cx) { return time_of(cx.heap(), local_now()); }
BifResult erlang_localtime_0(BifContext& cx) { return date_time(cx.heap(), local_now()); }
BifResult erlang_universaltime_0(BifContext& cx) { return date_time(cx.heap(), utc_of_seconds(now_seconds())); }

BifResult erlang_localtime_to_universaltime_2(BifContext& cx, Term local, Term daylight) {
  DateTime d{};
  os::Daylight mode = os::Daylight::Unknown;
  if (daylight == atoms::true_) mode = os::Daylight::Yes;
  else if (daylight == atoms::false_) mode = os::Daylight::No;
  else if (daylight != atoms::undefined) return cx.badarg();
  std::int64_t seconds = 0;
  if (!read_date_time(local, &d) || !valid(d, kFirstLocalYear) || !os::seconds_of_local(d, mode, &seconds)) return cx.badarg();
  return date_time(cx.heap(), utc_of_seconds(seconds));
}

BifResult erlang_universaltime_to_localtime_1(BifContext& cx, Term utc) {
  DateTime d{};
  if (!read_date_time(utc, &d) || !valid(d, kFirstLocalYear)) return cx.badarg();
  DateTime local{};
  if (!os::local_of_seconds(seconds_of_utc(d), &local)) return cx.badarg();
  return date_time(cx.heap(), local);
}

BifResult erlang_posixtime_to_universaltime_1(BifContext& cx, Term seconds) {
  SWord s = 0;
  if (!term::to_int64(seconds, &s)) return cx.badarg();
  // The year must fit what a date can say.
  if (s > SWord{67768036191676799} || s < -SWord{67768040609740800}) return cx.badarg();
  return date_time(cx.heap(), utc_of_seconds(s));
}

BifResult erlang_universaltime_to_posixtime_1(BifContext& cx, Term utc) {
  DateTime d{};
  if (!read_date_time(utc, &d) || !valid(d, kFirstYear)) return cx.badarg();
  return term::make_integer(cx.heap(), seconds_of_utc(d));
}

BifResult os_system_time_0(BifContext& cx) { return term::make_integer(cx.heap(), proc::os_system_time_ns()); }
BifResult os_system_time_1(BifContext& cx, Term unit) { return in_unit(cx, proc::os_system_time_ns(), unit); }
BifResult os_timestamp_0(BifContext& cx) { return stamp(cx.heap(), proc::os_system_time_ns() / 1000); }
BifResult os_perf_counter_0(BifContext& cx) { return term::make_integer(cx.heap(), os::monotonic_ns()); }

}  // namespace vm::bif
