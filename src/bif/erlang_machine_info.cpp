// SPDX-License-Identifier: Apache-2.0
#include "bif/erlang_machine_info.h"

#include <gnu/libc-version.h>
#include <unistd.h>

#include <atomic>
#include <bit>
#include <cstdio>

#include "bif/text_input.h"
#include "code/code_store.h"
#include "port/port.h"
#include "proc/runtime.h"
#include "proc/time.h"

namespace vm::bif {

namespace {

constexpr SWord kNsPerSecond = 1'000'000'000;

Term name(const char* text) { return term::AtomTable::intern(text); }

class Properties {
 public:
  explicit Properties(BifContext& cx) : h_(cx.heap()), list_(cx.heap()) {}
  void add(const char* key, Term value) { list_.add(term::Tuple::make(h_, name(key), value)); }
  Term finish() { return list_.finish(); }

 private:
  term::HeapWriter& h_;
  term::ListBuilder list_;
};

Term monotonic_source(BifContext& cx) {
  Properties p(cx);
  p.add("function", name("clock_gettime"));
  p.add("clock_id", name("CLOCK_MONOTONIC"));
  p.add("resolution", Term::small(kNsPerSecond));
  p.add("extended", name("no"));
  p.add("parallel", name("yes"));
  p.add("time", term::make_integer(cx.heap(), proc::raw_monotonic_ns()));
  return p.finish();
}

Term system_source(BifContext& cx) {
  Properties p(cx);
  p.add("function", name("clock_gettime"));
  p.add("clock_id", name("CLOCK_REALTIME"));
  p.add("resolution", Term::small(kNsPerSecond));
  p.add("parallel", name("yes"));
  p.add("time", term::make_integer(cx.heap(), proc::os_system_time_ns()));
  return p.finish();
}

// {glibc, Version, Features, Settings}: the C library's allocator serves everything that has no place of its own.
Term allocator(BifContext& cx) {
  term::HeapWriter& h = cx.heap();
  int major = 0, minor = 0;
  std::sscanf(gnu_get_libc_version(), "%d.%d", &major, &minor);
  const Term version[] = {Term::small(major), Term::small(minor)};
  const proc::LibraryHeap& heap = cx.runtime().settings.library_heap;
  Properties p(cx);
  p.add("e", atoms::true_);
  p.add("m", name("libc"));
  p.add("tt", term::make_unsigned(h, heap.trim_threshold));
  p.add("tp", term::make_unsigned(h, heap.top_pad));
  const Term settings = term::Tuple::make(h, name("sys_alloc"), p.finish());
  return term::Tuple::make(h, name("glibc"), term::list_from(h, version), h.cons(name("sys_alloc"), term::kNil),
                           h.cons(settings, term::kNil));
}

// What erlang.erl itself defines, so that its code is no stub.
bool defined_in_erlang(const code::Mfa& m) {
  if (m.module != atoms::erlang) return false;
  const std::string_view function = term::AtomTable::text(m.function);
  return (function == "apply" && (m.arity == 2 || m.arity == 3)) || (function == "yield" && m.arity == 0);
}

// Built-ins as {Module, Function, Arity}.
Term built_ins(BifContext& cx) {
  term::HeapWriter& h = cx.heap();
  const code::CodeStore& code = *cx.runtime().code;
  Term list = term::kNil;
  for (std::uint32_t i = 0; i < code.export_count(); i++) {
    const code::Export* e = code.export_at(i);
    if (!e->bif || defined_in_erlang(e->mfa)) continue;
    const code::Mfa& m = e->mfa;
    list = h.cons(term::Tuple::make(h, m.module, m.function, Term::small(static_cast<SWord>(m.arity))), list);
  }
  return list;
}

// What waits for descriptors: one epoll set, one thread.
Term check_io(BifContext& cx) {
  const os::Poller::Figures figures = cx.runtime().ports->poller().figures();
  auto number = [](std::size_t n) { return Term::small(static_cast<SWord>(n)); };
  Properties p(cx);
  p.add("name", name("erts_poll"));
  p.add("primary", name("epoll"));
  p.add("kernel_poll", name("epoll"));
  p.add("memory_size", number(figures.bytes));
  p.add("total_poll_set_size", number(figures.watched));
  p.add("lazy_updates", atoms::false_);
  p.add("pending_updates", Term::small(0));
  p.add("batch_updates", atoms::false_);
  p.add("concurrent_updates", atoms::true_);
  p.add("fallback", atoms::false_);
  p.add("max_fds", Term::small(sysconf(_SC_OPEN_MAX)));
  p.add("active_fds", number(figures.busy));
  p.add("poll_threads", Term::small(1));
  return cx.heap().cons(p.finish(), term::kNil);
}

// Atomic operations that need no lock: {What, Source or "no", Operations}.
Term atomics_info(BifContext& cx) {
  term::HeapWriter& h = cx.heap();
  auto row = [&](const char* what, bool native) {
    return term::Tuple::make(h, list_of_bytes(h, what), list_of_bytes(h, native ? "c++" : "no"), term::kNil);
  };
  const Term rows[] = {row("32-bit native atomics", std::atomic<std::uint32_t>::is_always_lock_free),
                       row("64-bit native atomics", std::atomic<std::uint64_t>::is_always_lock_free),
                       row("Double word native atomics", false)};
  return term::list_from(h, rows);
}

// Nobody counts who was scheduled at which priority, as on stock without its switch for that.
Term scheduling_statistics(BifContext& cx) {
  term::ListBuilder list(cx.heap());
  for (const char* kind : {"process_max", "process_high", "process_normal", "process_low", "port"})
    list.add(term::Tuple::make(cx.heap(), name(kind), Term::small(0), Term::small(0)));
  return list.finish();
}

struct Row {
  std::string_view key;
  Term (*answer)(BifContext&);
};

constexpr Row kRows[] = {
    {"endian", [](BifContext&) { return name(std::endian::native == std::endian::little ? "little" : "big"); }},
    {"os_monotonic_time_source", monotonic_source},
    {"os_system_time_source", system_source},
    {"allocator", allocator},
    {"check_io", check_io},
    {"scheduling_statistics", scheduling_statistics},
    {"ethread_info", atomics_info},
    {"ethread_used_tse", [](BifContext&) { return Term::small(0); }},  // events of a thread library that is not used here
    {"snifs", built_ins},
};

}  // namespace

bool machine_info(BifContext& cx, Term key, BifResult* out) {
  if (!key.is_atom()) return false;
  std::string_view text = term::AtomTable::text(key);
  for (const Row& row : kRows) {
    if (row.key != text) continue;
    *out = row.answer(cx);
    return true;
  }
  return false;
}

}  // namespace vm::bif
