// SPDX-License-Identifier: Apache-2.0
#include "boot/services.h"

#include <unistd.h>

#include <atomic>
#include <climits>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "bif/erlang_node.h"
#include "bif/native_forms.h"
#include "bif/os_signal.h"
#include "bif/process_options.h"
#include "bif/term_format.h"
#include "boot/break_menu.h"
#include "boot/crash_dump.h"
#include "dist/nodes.h"
#include "driver/library.h"
#include "etf/encode.h"
#include "ets/table.h"
#include "heap/block_cache.h"
#include "nif/natives.h"
#include "nifs/static_modules.h"
#include "ops/maps.h"
#include "os/console.h"
#include "os/date_watch.h"
#include "os/signals.h"
#include "os/terminal.h"
#include "port/port.h"
#include "proc/process_cold.h"
#include "proc/sweeper.h"
#include "proc/time.h"
#include "proc/time_offset.h"
#include "term/atoms.h"
#include "term/fun_layout.h"
#include "term/views.h"

namespace vm::boot {

namespace {

// --- terms that only other rooms can make ----------------------------------------------------------------------------------

Term make_export_fun(void* context, term::HeapWriter& h, Term module, Term function, Word arity) {
  auto& rt = *static_cast<proc::Runtime*>(context);
  code::Export* e = rt.code->export_for(module, function, arity);
  Word* p = h.alloc(2);
  p[0] = term::HeaderWord::make(term::Kind::ExportFun, 1, static_cast<unsigned>(arity)).bits();
  p[term::ExportFunWords::kExport] = reinterpret_cast<Word>(e);
  return Term::boxed(p);
}

Term make_local_fun(void* context, term::HeapWriter& h, const etf::FunParts& parts) {
  auto& rt = *static_cast<proc::Runtime*>(context);
  code::FunEntry* entry = rt.code->fun_entry(parts.module, parts.uniq, parts.index);
  if (!entry->function.load(std::memory_order_acquire)) {
    // Nobody loaded this code here: what its external form says is all that is known of the fun.
    entry->old_index = parts.old_index;
    entry->old_uniq = parts.old_uniq;
    entry->arity = parts.arity;
    entry->num_free = static_cast<std::uint32_t>(parts.captured.size());
  }
  std::size_t words = 2 + parts.captured.size();
  Word* p = h.alloc(1 + words);
  p[0] = term::HeaderWord::make(term::Kind::Fun, words, parts.arity).bits();
  p[term::FunWords::kEntry] = reinterpret_cast<Word>(entry);
  p[term::FunWords::kCreator] = parts.creator.bits();
  for (std::size_t i = 0; i < parts.captured.size(); i++) p[term::FunWords::kFirstCaptured + i] = parts.captured[i].bits();
  return Term::boxed(p);
}

Term make_large_map(void*, term::HeapWriter& h, std::span<const Term> pairs) {
  Term map = ops::map_from_pairs(h, pairs);
  return ops::map_size(map) * 2 == pairs.size() ? map : Term::non_value();
}

}  // namespace

struct Services::Impl {
  proc::Runtime& runtime;
  const Options& options;
  etf::DecodeHooks literal_hooks;
  std::mutex lock;
  std::condition_variable halted;
  // Who halts first does so alone: others, and the same process when something wakes it, wait for the end. One that does not flush passes one that does.
  enum class Halting : std::uint8_t { No, Flushing, GoingDown };
  std::atomic<Halting> halting{Halting::No};
  bool goes_down_now() { return halting.exchange(Halting::GoingDown) != Halting::GoingDown; }
  void end(int with_status) {
    std::lock_guard<std::mutex> hold(lock);
    done = true;
    status = with_status;
    halted.notify_all();
  }
  bool done = false;
  int status = 0;
  std::unique_ptr<port::Ports> ports;
  std::unique_ptr<nif::Natives> natives;
  std::unique_ptr<ets::Tables> tables;
  std::unique_ptr<bif::TermFormatHooks> formats;
  std::unique_ptr<dist::Nodes> nodes;
};

namespace {

std::uint64_t run_timers(void* context, sched::Scheduler&) {
  auto& rt = *static_cast<proc::Runtime*>(context);
  heap::trim_thread_blocks();
  std::int64_t next = rt.timers->run(proc::raw_monotonic_ns());
  return next == INT64_MAX ? UINT64_MAX : static_cast<std::uint64_t>(next > 0 ? next : 0);
}

void poll_io(void* context, std::uint64_t nanoseconds) {
  port::Ports* ports = static_cast<proc::Runtime*>(context)->ports;
  if (nanoseconds == 0) ports->poller().dispatch();
  else ports->poller().wait(nanoseconds > INT64_MAX ? -1 : static_cast<std::int64_t>(nanoseconds));
}

void interrupt_poll(void* context) { static_cast<proc::Runtime*>(context)->ports->poller().interrupt(); }

void resting(void* context, unsigned scheduler_id, bool rests) {
  auto& rt = *static_cast<proc::Runtime*>(context);
  if (rt.profiles(proc::kProfileSchedulers)) rt.trace->scheduler_rests(rt, scheduler_id, rests);
}

bool tick(void* context) {
  proc::Sweeper* sweeper = static_cast<proc::Runtime*>(context)->sweeper.load(std::memory_order_acquire);
  return sweeper && sweeper->tick();
}

void thread_started(void* context, sched::Scheduler* scheduler) {
  auto& rt = *static_cast<proc::Runtime*>(context);
  if (scheduler) rt.engine->attach(*scheduler);
}

}  // namespace

Services::Services(proc::Runtime& runtime, const Options& options)
    : impl_(new Impl{runtime, options, {}, {}, {}, {}, false, 0, nullptr, nullptr, nullptr, nullptr, nullptr}) {
  impl_->literal_hooks.context = &runtime;
  impl_->literal_hooks.export_fun = make_export_fun;
  impl_->literal_hooks.local_fun = make_local_fun;
  impl_->literal_hooks.large_map = make_large_map;
  runtime.service_owner = impl_.get();
  runtime.system_logger = term::AtomTable::intern("logger");
  runtime.halt = [](proc::Runtime& rt, int status, bool flush, bool dump, const char* slogan) {
    auto& services = *static_cast<Impl*>(rt.service_owner);
    if (flush && rt.ports) {
      Impl::Halting none = Impl::Halting::No;
      if (!services.halting.compare_exchange_strong(none, Impl::Halting::Flushing)) return;
      rt.stopping.store(true, std::memory_order_relaxed);
      return rt.ports->close_all([&services, status] {
        if (services.goes_down_now()) services.end(status);
      });
    }
    if (!services.goes_down_now()) return;
    os::restore_terminal();
    if (slogan && *slogan) std::fprintf(os::console_error(), "%s\n", slogan);
    if (dump && slogan) write_crash_dump(rt, slogan);
    if (dump && !slogan) std::abort();
    services.end(status);
  };
}

Services::~Services() = default;

const etf::DecodeHooks* Services::literal_hooks() const { return &impl_->literal_hooks; }

void Services::attach_loader(load::Loader& loader) {
  impl_->runtime.loader = &loader;
  loader.set_unload(&nif::Natives::unload);
  loader.set_native_forms(&bif::native_form_of);
}

sched::Hooks Services::scheduler_hooks() {
  sched::Hooks hooks;
  hooks.context = &impl_->runtime;
  hooks.run_timers = run_timers;
  hooks.poll_io = poll_io;
  hooks.interrupt_poll = interrupt_poll;
  hooks.thread_started = thread_started;
  hooks.tick = tick;
  hooks.resting = resting;
  return hooks;
}

// Multi time warp: the offset follows the system's date.
static void follow_date(proc::Runtime& rt) {
  constexpr std::int64_t kLookAnywayNs = 10'000'000'000;
  const int fd = os::open_date_watch();
  if (fd < 0) return;
  os::arm_date_watch(fd, kLookAnywayNs);
  rt.ports->poller().add(fd, os::Poller::kRead, [&rt, fd](unsigned) {
    os::arm_date_watch(fd, kLookAnywayNs);
    proc::follow_system_time(rt);
  });
}

void Services::start() {
  proc::Runtime& rt = impl_->runtime;
  rt.sweeper.store(new proc::Sweeper(rt), std::memory_order_release);
  impl_->ports = std::make_unique<port::Ports>(rt);
  rt.ports = impl_->ports.get();
  if (rt.settings.time_warp == "multi_time_warp") follow_date(rt);
  rt.hooks.port_signal = [](proc::Runtime& r, Term id, proc::Signal* s) { return r.ports->signal(id, s); };
  rt.hooks.send_to_port = [](proc::Runtime& r, proc::Process* from, Term id, Term message) { r.ports->message(from, id, message); };
  rt.hooks.register_port = [](proc::Runtime& r, Term id, Term name) { return r.ports->register_name(id, name); };
  rt.hooks.unregister_port = [](proc::Runtime& r, Term id, Term name) { return r.ports->unregister_name(id, name); };
  rt.hooks.monitor_nodes = bif::monitor_nodes;
  rt.hooks.term_to_port = [](proc::Runtime& r, Term id, Term t, bool later) {
    etf::Encoder encoder(t, {});
    std::size_t budget = SIZE_MAX;
    encoder.step(&budget);
    std::string bytes(reinterpret_cast<const char*>(encoder.bytes().data()), encoder.bytes().size());
    if (later) r.ports->output_later(id, std::move(bytes));
    else r.hooks.port_output(r, id, std::move(bytes));
  };
  rt.hooks.call_native = &nif::call_native;
  rt.hooks.has_native = &nif::has_native;
  rt.hooks.port_alive = [](proc::Runtime& r, Term id) { return r.ports->find(id) != nullptr; };
  rt.hooks.port_output = [](proc::Runtime& r, Term id, std::string bytes) {
    std::shared_ptr<port::Port> port = r.ports->find(id);
    if (!port) return false;
    port::post(*port, [out = std::move(bytes)](port::Port& p) mutable {
      if (!p.closed) p.output(std::move(out));
    });
    return true;
  };
  impl_->natives = std::make_unique<nif::Natives>(rt);
  proc::list_watchers_with(
      [](proc::Process& p, term::HeapWriter& h, term::ListBuilder& list) { p.runtime->natives->list_watching(p, h, list); });
  impl_->natives->set_decode_hooks(&impl_->literal_hooks);
  for (const nif::StaticNif& s : nifs::static_modules()) impl_->natives->add_static(s);
  rt.hooks.process_ending = [](proc::Process& p) {
    p.runtime->ets->owner_ended(p);
    driver::Libraries& drivers = driver::Libraries::of(*p.runtime);
    if (drivers.is_used_by_processes()) drivers.process_ended(p);
    if (p.has_native_monitors.load(std::memory_order_seq_cst)) p.runtime->natives->process_ending(p);
  };
  impl_->tables = std::make_unique<ets::Tables>(rt);
  rt.ets = impl_->tables.get();
  impl_->formats = std::make_unique<bif::TermFormatHooks>(rt);
  dist::Services services;
  services.decode = impl_->formats->hooks();
  services.spawn_options = [](proc::Runtime& r, Term list, proc::SpawnOptions* out) {
    switch (bif::parse_spawn_options(r, list, out)) {
      case bif::ParsedOptions::Ok: return dist::Services::Parsed::Ok;
      case bif::ParsedOptions::BadOption: return dist::Services::Parsed::BadOption;
      default: return dist::Services::Parsed::NoList;
    }
  };
  impl_->nodes = dist::start(rt, services);
  start_break_menu(rt, impl_->options.break_mode);
}

void Services::note_preloaded(Term module) { impl_->runtime.preloaded.push_back(module); }

void Services::note_system_process(Term module, sched::Priority, Term pid) { impl_->runtime.system_processes.push_back({module, pid}); }

int Services::wait_for_halt() {
  std::unique_lock<std::mutex> hold(impl_->lock);
  impl_->halted.wait(hold, [this] { return impl_->done; });
  os::restore_terminal();
  return impl_->status;
}

}  // namespace vm::boot
