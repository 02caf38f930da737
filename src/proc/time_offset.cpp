// SPDX-License-Identifier: Apache-2.0
#include "proc/time_offset.h"

#include <cstdlib>
#include <map>
#include <mutex>

#include "heap/copy.h"
#include "proc/process.h"
#include "proc/references.h"
#include "proc/runtime.h"
#include "proc/send.h"
#include "proc/time.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::proc {

namespace {

struct Watcher {
  Term pid;
  heap::OwnedTerm tag;
  bool alias;
};

struct Watchers {
  std::mutex lock;
  bool finalized = false;
  std::map<std::uint64_t, Watcher> by_key;  // in the order in which they came
};

Watchers& watchers() {
  static Watchers* w = new Watchers;  // processes may outlive every orderly end
  return *w;
}

void tell(Runtime& runtime, std::uint64_t key, const Watcher& w, std::int64_t offset) {
  heap::FragmentWriter writer(24);
  const Term ref = w.alias ? make_key_pid_ref(writer, key, w.pid) : make_key_ref(writer, key);
  const Term tag = heap::copy_with_literals(w.tag.term, writer);
  heap::OwnedTerm message;
  message.term = term::Tuple::make(writer, tag, ref, atoms::time_offset, atoms::clock_service, term::make_integer(writer, offset));
  message.fragments = writer.take();
  send_owned(runtime, w.pid, std::move(message), term::kNil);
}

// Under the lock.
void renew_and_tell(Runtime& runtime, const Watchers& all) {
  const std::int64_t offset = renew_time_offset();
  for (const auto& [key, watcher] : all.by_key) tell(runtime, key, watcher, offset);
}

}  // namespace

void watch_time_offset(const Process& who, std::uint64_t key, Term tag, bool alias) {
  Watcher w{who.pid, heap::copy_to_keep(tag), alias};
  Watchers& all = watchers();
  const std::lock_guard<std::mutex> hold(all.lock);
  all.by_key.emplace(key, w);
}

void unwatch_time_offset(std::uint64_t key) {
  Watchers& all = watchers();
  const std::lock_guard<std::mutex> hold(all.lock);
  const auto found = all.by_key.find(key);
  if (found == all.by_key.end()) return;
  heap::release(found->second.tag);
  all.by_key.erase(found);
}

TimeOffset time_offset_state(const Runtime& runtime) {
  if (runtime.settings.time_warp == "multi_time_warp") return TimeOffset::Volatile;
  Watchers& all = watchers();
  const std::lock_guard<std::mutex> hold(all.lock);
  return runtime.settings.time_warp == "no_time_warp" || all.finalized ? TimeOffset::Final : TimeOffset::Preliminary;
}

TimeOffset finalize_time_offset(Runtime& runtime) {
  const TimeOffset before = time_offset_state(runtime);
  if (before != TimeOffset::Preliminary) return before;
  Watchers& all = watchers();
  const std::lock_guard<std::mutex> hold(all.lock);
  if (all.finalized) return TimeOffset::Final;
  all.finalized = true;
  renew_and_tell(runtime, all);
  return before;
}

bool follow_system_time(Runtime& runtime) {
  constexpr std::int64_t kToleratedNs = 100'000;
  if (time_offset_state(runtime) != TimeOffset::Volatile) return false;
  Watchers& all = watchers();
  const std::lock_guard<std::mutex> hold(all.lock);
  if (std::abs(present_time_offset_ns() - time_offset_ns()) <= kToleratedNs) return false;
  renew_and_tell(runtime, all);
  return true;
}

}  // namespace vm::proc
