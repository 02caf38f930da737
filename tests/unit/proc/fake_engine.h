// SPDX-License-Identifier: Apache-2.0
//
// An engine whose processes are C++ functions: each slice calls the behaviour whose number is the process's first argument. What a
// process remembers between slices lies in its argument registers.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "proc/links.h"
#include "proc/process_table.h"
#include "proc/registry.h"
#include "proc/runtime.h"
#include "proc/send.h"
#include "proc/spawn.h"
#include "proc/time.h"
#include "proc/timers.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::proc::testing {

using Stop = Engine::Stop;
using Behaviour = std::function<Stop(Process&)>;

class FakeEngine final : public Engine {
 public:
  std::vector<Behaviour> behaviours;
  Stop run(Process& p, sched::Scheduler&) override { return behaviours[static_cast<std::size_t>(reg(p, 0).small_value())](p); }
  void prepare_call(Process& p, code::Export&, const Term* args, std::size_t count) override {
    p.live = static_cast<std::uint32_t>(count);
    VM_CHECK(count <= Process::kInlineRegisters);
    for (std::size_t i = 0; i < Process::kInlineRegisters; i++) p.inline_registers[i] = i < count ? args[i] : Term::small(0);
  }
  void attach(sched::Scheduler&) override {}
  Term stack_trace_of(Process&, std::size_t, term::HeapWriter&) override { return term::kNil; }
  code::Function* current_function(Process&) override { return nullptr; }

  static Term& reg(Process& p, std::size_t i) { return p.inline_registers[i]; }
  static SWord number(Process& p, std::size_t i) { return reg(p, i).small_value(); }
};

// The next message of the inbox, after fetching; its term lies on the process's heap. The non-value: none (or the process ended).
inline Term receive(Process& p, bool* ended) {
  *ended = false;
  if (!p.mailbox.peek()) {
    if (!handle_incoming(p)) {
      *ended = true;
      return Term::non_value();
    }
    if (!p.mailbox.peek()) return Term::non_value();
  }
  Message* m = p.mailbox.take();
  if (m->fragments) p.heap.adopt(m->fragments);
  m->fragments = nullptr;
  const Term t = m->term;
  Signal::destroy(m);
  return t;
}

// A running machine without code.
class World {
 public:
  explicit World(unsigned schedulers) {
    start_time();
    sched::Config config;
    config.schedulers = config.online = schedulers;
    runtime.settings.process_limit = 1 << 16;
    runtime.engine = &engine;
    runtime.code = &code;
    runtime.timers = &timers;
    runtime.processes = &processes;
    runtime.registry = &registry;
    sched::Hooks hooks;
    hooks.context = &runtime;
    hooks.run_timers = [](void* rt, sched::Scheduler&) -> std::uint64_t {
      const std::int64_t next = static_cast<Runtime*>(rt)->timers->run(raw_monotonic_ns());
      return next == INT64_MAX ? UINT64_MAX : static_cast<std::uint64_t>(next);
    };
    group = std::make_unique<sched::SchedulerGroup>(config, hooks);
    runtime.schedulers = group.get();
  }
  ~World() {
    group->stop();
    delete runtime.bif_timers;
  }

  int add(Behaviour b) {
    engine.behaviours.push_back(std::move(b));
    return static_cast<int>(engine.behaviours.size()) - 1;
  }
  static Term arguments(term::HeapWriter& h, std::initializer_list<Term> args) {
    return term::list_from(h, std::span<const Term>(args.begin(), args.size()));
  }
  Spawned start(Process* parent, std::initializer_list<Term> args, const SpawnOptions& options = {}) {
    heap::FragmentWriter scratch(64);
    const Term list = parent ? arguments(parent->heap, args) : arguments(scratch, args);
    return spawn(runtime, parent, atoms::erlang, atoms::apply, list, options);
  }

  FakeEngine engine;
  code::CodeStore code;
  sched::TimerService timers;
  ProcessTable processes{1 << 16};
  Registry registry;
  Runtime runtime;
  std::unique_ptr<sched::SchedulerGroup> group;
};

}  // namespace vm::proc::testing
