// SPDX-License-Identifier: Apache-2.0
#include "os/calendar.h"

#include <time.h>

namespace vm::os {

bool local_of_seconds(std::int64_t seconds, DateTime* out) {
  const auto t = static_cast<time_t>(seconds);
  tm local{};
  if (!localtime_r(&t, &local)) return false;
  *out = {local.tm_year + 1900, local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec};
  return true;
}

bool seconds_of_local(const DateTime& d, Daylight daylight, std::int64_t* out) {
  tm local{};
  local.tm_year = d.year - 1900;
  local.tm_mon = d.month - 1;
  local.tm_mday = d.day;
  local.tm_hour = d.hour;
  local.tm_min = d.minute;
  local.tm_sec = d.second;
  local.tm_isdst = static_cast<int>(daylight);
  local.tm_wday = -1;  // tells failure from the last second of 1969
  const time_t t = mktime(&local);
  if (t == static_cast<time_t>(-1) && local.tm_wday == -1) return false;
  *out = static_cast<std::int64_t>(t);
  return true;
}

}  // namespace vm::os
