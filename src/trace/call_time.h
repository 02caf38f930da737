// SPDX-License-Identifier: Apache-2.0
//
// call_time: how often and how long each process was in a function, not counting functions called from it that are measured, too.
//
// A process has at most one function whose time runs (ColdPart::timed). Entering a measured function stops the time of the one before, a frame on the
// stack starts it again; being scheduled out stops it. Numbers lie in shards by process, so that schedulers rarely meet.
#pragma once

#include <unordered_map>

#include "proc/process.h"
#include "sync/spinlock.h"

namespace vm::trace {

using proc::Process;

class CallTimes {
 public:
  struct Entry {
    std::uint64_t calls = 0;
    std::int64_t ns = 0;
  };
  void add(Term pid, std::uint64_t calls, std::int64_t ns);
  void clear();
  std::vector<std::pair<Term, Entry>> entries() const;

 private:
  static constexpr std::size_t kShards = 16;
  struct Shard {
    mutable sync::Spinlock lock;
    std::unordered_map<Word, Entry> by_pid;
  };
  Shard shards_[kShards];
};

}  // namespace vm::trace

namespace vm::code {
struct Breakpoint;
}

namespace vm::trace {

// p enters the function of this breakpoint: answers what was measured before, for the frame.
Term time_entered(Process& p, code::Breakpoint& at);
// p leaves it; `previous` of the frame.
void time_left(Process& p, Term previous);
void time_scheduled(Process& p, bool in);

}  // namespace vm::trace
