// SPDX-License-Identifier: Apache-2.0
#include "port/port_timer.h"

#include "port/port.h"
#include "port/port_trace.h"
#include "proc/runtime.h"
#include "proc/time.h"
#include "sched/scheduler.h"
#include "sched/timer_wheel.h"
#include "sync/epoch.h"

namespace vm::port {

struct PortTimer : sched::Timer {
  std::weak_ptr<Port> port;
  std::uint64_t token = 0;
};

namespace {

void fire_port_timer(sched::Timer* raw) {
  auto* timer = static_cast<PortTimer*>(raw);
  if (std::shared_ptr<Port> port = timer->port.lock()) {
    sync::Epoch::Guard guard;
    post(*port, [token = timer->token](Port& p) {
      const bool works = !p.closed || p.close_after_flush;  // a closed port that still flushes has use for time, too
      const PortVisit visit(p);
      if (works && p.driver) p.driver->timed_out(p, token);
    });
  }
  delete timer;
}

}  // namespace

PortTimer* start_timer(Port& port, std::uint32_t milliseconds, std::uint64_t token) {
  constexpr std::int64_t kNanosecondsPerMillisecond = 1'000'000;
  auto* timer = new PortTimer;
  timer->fire = fire_port_timer;
  timer->port = port.weak_from_this();
  timer->token = token;
  proc::Runtime& rt = port.ports.runtime();
  rt.timers->set(*timer, proc::raw_monotonic_ns() + milliseconds * kNanosecondsPerMillisecond);
  if (!sched::Scheduler::current()) rt.schedulers->nudge();
  return timer;
}

void cancel_timer(Port& port, PortTimer*& timer) {
  if (timer && port.ports.runtime().timers->cancel(*timer)) delete timer;
  timer = nullptr;
}

}  // namespace vm::port
