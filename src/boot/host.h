// SPDX-License-Identifier: Apache-2.0
//
// What boot/ asks of the machine it starts on.
#pragma once

namespace vm::boot::host {

// Processors this process may run on (affinity mask and cgroup quota considered); at least 1.
unsigned logical_processors();

}  // namespace vm::boot::host
