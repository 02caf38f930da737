// SPDX-License-Identifier: Apache-2.0
//
// Time-outs of ports. A timer belongs to whoever waits and is gone when it fired or was cancelled; it does not keep its port alive.
//
// Both functions are called with the port's lock held; a timer that fires takes that lock first and then calls Driver::timed_out. A cancelled timer
// may already be waiting for the lock: it then finds its token unknown, so tokens are never used twice by one driver.
#pragma once

#include <cstdint>

namespace vm::port {

class Port;
struct PortTimer;

PortTimer* start_timer(Port& port, std::uint32_t milliseconds, std::uint64_t token);
// Sets the pointer to null; null is fine.
void cancel_timer(Port& port, PortTimer*& timer);

}  // namespace vm::port
