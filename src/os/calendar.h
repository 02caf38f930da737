// SPDX-License-Identifier: Apache-2.0
//
// The host's time zone. Any thread.
#pragma once

#include <cstdint>

namespace vm::os {

struct DateTime {
  int year, month, day, hour, minute, second;
};

enum class Daylight : std::int8_t { Unknown = -1, No = 0, Yes = 1 };

// Seconds since 1970 (UTC) to local time; false when the host can't say.
bool local_of_seconds(std::int64_t seconds, DateTime* out);
bool seconds_of_local(const DateTime& local, Daylight daylight, std::int64_t* out);

}  // namespace vm::os
