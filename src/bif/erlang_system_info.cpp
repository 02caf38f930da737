// SPDX-License-Identifier: Apache-2.0
//
// erlang:system_info/1 and system_flag/2: one small function per key. Keys that stock answers only for its own emulator's inner
// parts (allocator tables, distribution dumps) are absent and raise badarg.
#include <sys/utsname.h>

#include <cstdio>

#include "bif/bif_decls.gen.h"
#include "bif/erlang_cpu_topology.h"
#include "bif/erlang_machine_info.h"
#include "bif/erlang_memory.h"
#include "bif/erlang_schedulers.h"
#include "bif/process_options.h"
#include "bif/text_input.h"
#include "dist/nodes.h"
#include "ets/table.h"
#include "nif/natives.h"
#include "ops/maps.h"
#include "port/port.h"
#include "proc/process_table.h"
#include "proc/runtime.h"
#include "proc/time.h"
#include "proc/time_offset.h"
#include "trace/seq_trace.h"

namespace vm::bif {

namespace {

using Answer = Term (*)(BifContext& cx);

Term string_of(BifContext& cx, std::string_view text) { return list_of_bytes(cx.heap(), text); }
Term number_of(BifContext& cx, std::uint64_t n) { return term::make_unsigned(cx.heap(), n); }
Term boolean_of(bool b) { return b ? atoms::true_ : atoms::false_; }
proc::Settings& settings(BifContext& cx) { return cx.runtime().settings; }
const sched::Config& schedulers(BifContext& cx) { return cx.runtime().schedulers->config(); }
template <typename... T>
Term tuple_of(BifContext& cx, T... elements) {
  return term::Tuple::make(cx.heap(), elements...);
}

Term max_heap_size_map(BifContext& cx) {
  const heap::HeapLimits& limits = cx.runtime().limits.now();
  term::HeapWriter& h = cx.heap();
  Term pairs[] = {atoms::error_logger, boolean_of(limits.max_heap_error_logger), atoms::kill, boolean_of(limits.max_heap_kill),
                  atoms::size,         number_of(cx, limits.max_heap_words)};
  return ops::map_from_pairs(h, pairs);
}

Term garbage_collection(BifContext& cx) {
  const heap::HeapLimits& limits = cx.runtime().limits.now();
  term::ListBuilder list(cx.heap());
  list.add(tuple_of(cx, atoms::max_heap_size, number_of(cx, limits.max_heap_words)));
  list.add(tuple_of(cx, atoms::min_bin_vheap_size, number_of(cx, limits.min_vheap_words)));
  list.add(tuple_of(cx, atoms::min_heap_size, number_of(cx, limits.min_heap_words)));
  list.add(tuple_of(cx, atoms::fullsweep_after, number_of(cx, limits.fullsweep_after)));
  return list.finish();
}

Term heap_sizes(BifContext& cx) {
  term::ListBuilder list(cx.heap());
  for (std::size_t i = 0; std::size_t words = heap::heap_size_at(i); i++) list.add(number_of(cx, words));
  return list.finish();
}

Term name_of(proc::TimeOffset state) {
  switch (state) {
    case proc::TimeOffset::Final: return atoms::final_;
    case proc::TimeOffset::Volatile: return atoms::volatile_;
    default: return term::AtomTable::intern("preliminary");
  }
}

Term system_version(BifContext& cx) { return string_of(cx, system_version_text(cx.runtime())); }

Term emulator_arguments(BifContext& cx) {
  term::ListBuilder list(cx.heap());
  list.add(string_of(cx, "beam.smp"));
  for (const std::string& word : settings(cx).emulator_arguments) list.add(string_of(cx, word));
  for (const std::string& word : settings(cx).init_arguments) list.add(string_of(cx, word));
  return list.finish();
}

// Three numbers of the kernel's release, as far as it has them.
Term os_version(BifContext& cx) {
  utsname name;
  unsigned major = 0, minor = 0, patch = 0;
  if (uname(&name) == 0) std::sscanf(name.release, "%u.%u.%u", &major, &minor, &patch);
  return tuple_of(cx, number_of(cx, major), number_of(cx, minor), number_of(cx, patch));
}

struct Key {
  Term key;
  Answer answer;
};

const Key kKeys[] = {
    {atoms::atom_count, [](BifContext& cx) { return number_of(cx, term::AtomTable::count()); }},
    {atoms::atom_limit, [](BifContext& cx) { return number_of(cx, term::AtomTable::limit()); }},
    {atoms::build_type,
     [](BifContext&) {
#ifdef VM_DEBUG
       return Term(atoms::debug);
#else
       return Term(atoms::opt);
#endif
     }},
    {atoms::debug_compiled,
     [](BifContext&) {
#ifdef VM_DEBUG
       return Term(atoms::true_);
#else
       return Term(atoms::false_);
#endif
     }},
    {atoms::c_compiler_used,
     [](BifContext& cx) {
       return tuple_of(cx, atoms::gnuc, tuple_of(cx, Term::small(__GNUC__), Term::small(__GNUC_MINOR__), Term::small(__GNUC_PATCHLEVEL__)));
     }},
    {atoms::compat_rel, [](BifContext& cx) { return number_of(cx, settings(cx).otp_release); }},
    {atoms::context_reductions, [](BifContext& cx) { return number_of(cx, settings(cx).context_reductions); }},
    {atoms::creation, [](BifContext& cx) { return number_of(cx, cx.runtime().creation); }},
    {atoms::delayed_node_table_gc, [](BifContext&) { return Term::small(60); }},
    {atoms::dirty_cpu_schedulers, [](BifContext& cx) { return number_of(cx, schedulers(cx).dirty_cpu); }},
    {atoms::dirty_io_schedulers, [](BifContext& cx) { return number_of(cx, schedulers(cx).dirty_io); }},
    {atoms::dist_buf_busy_limit, [](BifContext& cx) { return number_of(cx, settings(cx).dist_buffer_limit); }},
    {atoms::dist_ctrl,
     [](BifContext& cx) {
       term::ListBuilder list(cx.heap());
       for (const dist::Peer* peer : cx.runtime().nodes->all()) {
         const Term controller = peer->controller();
         if (!controller.is_nil()) list.add(tuple_of(cx, peer->name, controller));
       }
       return list.finish();
     }},
    {atoms::driver_version, [](BifContext& cx) { return string_of(cx, "3.3"); }},
    {atoms::dynamic_trace, [](BifContext&) { return Term(atoms::none); }},
    {atoms::dynamic_trace_probes, [](BifContext&) { return Term(atoms::false_); }},
    {atoms::eager_check_io, [](BifContext&) { return Term(atoms::true_); }},
    {atoms::emu_args, emulator_arguments},
    {atoms::emu_flavor, [](BifContext&) { return Term(atoms::emu); }},
    {atoms::emu_type, [](BifContext&) { return Term(atoms::opt); }},
    {atoms::end_time, [](BifContext& cx) { return term::make_integer(cx.heap(), 8646911283000000000); }},
    {atoms::ets_always_compress, [](BifContext&) { return Term(atoms::false_); }},
    {atoms::ets_limit, [](BifContext& cx) { return number_of(cx, settings(cx).ets_limit); }},
    {atoms::fullsweep_after,
     [](BifContext& cx) { return tuple_of(cx, atoms::fullsweep_after, number_of(cx, cx.runtime().limits.now().fullsweep_after)); }},
    {atoms::garbage_collection, garbage_collection},
    {atoms::heap_sizes, heap_sizes},
    {atoms::heap_type, [](BifContext&) { return Term(atoms::private_); }},
    {atoms::kernel_poll, [](BifContext&) { return Term(atoms::true_); }},
    {atoms::lock_checking, [](BifContext&) { return Term(atoms::false_); }},
    {atoms::lock_counting, [](BifContext&) { return Term(atoms::false_); }},
    {atoms::machine, [](BifContext& cx) { return string_of(cx, "BEAM"); }},
    {atoms::max_heap_size, max_heap_size_map},
    {atoms::message_queue_data,
     [](BifContext& cx) { return settings(cx).off_heap_messages ? Term(atoms::off_heap) : Term(atoms::on_heap); }},
    {atoms::min_bin_vheap_size,
     [](BifContext& cx) { return tuple_of(cx, atoms::min_bin_vheap_size, number_of(cx, cx.runtime().limits.now().min_vheap_words)); }},
    {atoms::min_heap_size,
     [](BifContext& cx) { return tuple_of(cx, atoms::min_heap_size, number_of(cx, cx.runtime().limits.now().min_heap_words)); }},
    {atoms::modified_timing_level, [](BifContext&) { return Term(atoms::undefined); }},
    {atoms::nif_version,
     [](BifContext& cx) {
       return string_of(cx, settings(cx).otp_release >= 29 ? "2.18" : settings(cx).otp_release >= 26 ? "2.17" : "2.16");
     }},
    {atoms::os_type, [](BifContext& cx) { return tuple_of(cx, atoms::unix_, atoms::linux_); }},
    {atoms::os_version, os_version},
    {atoms::ets_count, [](BifContext& cx) { return number_of(cx, cx.runtime().ets->count()); }},
    {atoms::port_count, [](BifContext& cx) { return number_of(cx, cx.runtime().ports->count()); }},
    {atoms::otp_release, [](BifContext& cx) { return string_of(cx, std::to_string(settings(cx).otp_release)); }},
    {atoms::outstanding_system_requests_limit, [](BifContext&) { return Term::small(4); }},
    {atoms::port_limit, [](BifContext& cx) { return number_of(cx, settings(cx).port_limit); }},
    {atoms::port_parallelism, [](BifContext&) { return Term(atoms::false_); }},
    {atoms::process_count, [](BifContext& cx) { return number_of(cx, cx.runtime().processes->count()); }},
    {atoms::process_limit, [](BifContext& cx) { return number_of(cx, cx.runtime().processes->limit()); }},
    {atoms::run_queues, [](BifContext& cx) { return number_of(cx, schedulers(cx).schedulers); }},
    {atoms::schedulers, [](BifContext& cx) { return number_of(cx, schedulers(cx).schedulers); }},
    {atoms::scheduler_id, [](BifContext&) { return Term::small(sched::Scheduler::current() ? sched::Scheduler::current()->id() : 1); }},
    {atoms::smp_support, [](BifContext&) { return Term(atoms::true_); }},
    {atoms::start_time, [](BifContext& cx) { return term::make_integer(cx.heap(), proc::start_monotonic_ns()); }},
    {atoms::system_architecture, [](BifContext& cx) { return string_of(cx, "x86_64-pc-linux-gnu"); }},
    {atoms::system_logger, [](BifContext& cx) { return cx.runtime().system_logger; }},
    {atoms::system_version, system_version},
    {atoms::taints, [](BifContext& cx) { return term::list_from(cx.heap(), cx.runtime().natives->taints()); }},
    {atoms::threads, [](BifContext&) { return Term(atoms::true_); }},
    {atoms::thread_pool_size, [](BifContext& cx) { return number_of(cx, settings(cx).async_threads); }},
    {atoms::time_correction, [](BifContext& cx) { return boolean_of(settings(cx).time_correction); }},
    {atoms::time_offset, [](BifContext& cx) { return name_of(proc::time_offset_state(cx.runtime())); }},
    {atoms::time_warp_mode, [](BifContext& cx) { return term::AtomTable::intern(settings(cx).time_warp); }},
    {atoms::tolerant_timeofday, [](BifContext& cx) { return settings(cx).time_correction ? Term(atoms::enabled) : Term(atoms::disabled); }},
    {atoms::trace_control_word, [](BifContext& cx) { return number_of(cx, cx.runtime().trace_control_word); }},
    {atoms::version, [](BifContext& cx) { return string_of(cx, settings(cx).erts_version); }},
    {atoms::wordsize, [](BifContext&) { return Term::small(8); }},
    {atoms::endian, [](BifContext&) { return Term(atoms::little); }},
    {atoms::break_ignored, [](BifContext&) { return Term(atoms::false_); }},
    {atoms::constant_pool_support, [](BifContext&) { return Term(atoms::true_); }},
    {atoms::beam_jump_table, [](BifContext&) { return Term(atoms::true_); }},
    {atoms::sequential_tracer,
     [](BifContext& cx) { return tuple_of(cx, atoms::sequential_tracer, trace::sequential_tracer(cx.runtime(), cx.heap())); }},
};

BifResult tuple_key(BifContext& cx, term::Tuple key) {
  if (key.size() == 2 && key[0] == atoms::wordsize && (key[1] == atoms::internal || key[1] == atoms::external)) return Term::small(8);
  return cx.badarg();
}

// A text for people. It is big, and looks at all processes.
Term report_binary(BifContext& cx, std::string_view what) {
  const std::string text = cx.runtime().hooks.report(cx.runtime(), what);
  return binary_of(cx.heap(), text);
}

}  // namespace

BifResult erlang_system_info_1(BifContext& cx, Term key) {
  BifResult answer = term::kNil;
  if (memory_info(cx, key, &answer) || machine_info(cx, key, &answer) || schedulers_info(cx, key, &answer) || cpu_info(cx, key, &answer))
    return answer;
  if (key.is_tuple()) return tuple_key(cx, term::Tuple::from(key));
  for (const Key& k : kKeys)
    if (k.key == key) return k.answer(cx);
  if (key.is_atom() && cx.runtime().hooks.report) {
    const std::string_view what = term::AtomTable::text(key);
    if (what == "info" || what == "procs" || what == "loaded" || what == "dist") return report_binary(cx, what);
  }
  return cx.badarg();
}

// --- system_flag -----------------------------------------------------------------------------------------------------------------

namespace {

// Small non-negative number within [low, high], or -1.
SWord number_argument(Term t, SWord low, SWord high) {
  return t.is_small() && t.small_value() >= low && t.small_value() <= high ? t.small_value() : -1;
}

template <typename T>
BifResult exchange_number(BifContext& cx, T& setting, Term value, SWord low, SWord high) {
  SWord n = number_argument(value, low, high);
  if (n < 0) return cx.badarg();
  T old = setting;
  setting = static_cast<T>(n);
  return number_of(cx, static_cast<std::uint64_t>(old));
}

BifResult set_system_logger(BifContext& cx, Term value) {
  if (!value.is_local_pid() && value != atoms::logger && value != atoms::undefined) return cx.badarg();
  Term old = cx.runtime().system_logger;
  cx.runtime().system_logger = value;
  return old;
}

// What processes made from now on get.
BifResult set_default_limit(BifContext& cx, Term flag, Term value) {
  heap::DefaultLimits& limits = cx.runtime().limits;
  const heap::HeapLimits before = limits.now();
  if (flag == atoms::max_heap_size) {
    const Term old = max_heap_size_map(cx);
    heap::HeapLimits checked = before;
    if (!parse_max_heap(value, &checked)) return cx.badarg();
    limits.change([&](heap::HeapLimits& l) { parse_max_heap(value, &l); });
    return old;
  }
  const SWord n = number_argument(value, 0, flag == atoms::fullsweep_after ? 0xFFFF : SWord{1} << 40);
  if (n < 0) return cx.badarg();
  const auto words = static_cast<std::size_t>(n);
  limits.change([&](heap::HeapLimits& l) {
    if (flag == atoms::fullsweep_after) l.fullsweep_after = static_cast<std::uint32_t>(words);
    else if (flag == atoms::min_heap_size) l.min_heap_words = heap::next_heap_size(words);
    else l.min_vheap_words = heap::next_heap_size(words);
  });
  return number_of(cx, flag == atoms::fullsweep_after ? before.fullsweep_after
                       : flag == atoms::min_heap_size ? before.min_heap_words
                                                      : before.min_vheap_words);
}

}  // namespace

BifResult erlang_system_flag_2(BifContext& cx, Term flag, Term value) {
  BifResult answer = term::kNil;
  if (schedulers_flag(cx, flag, value, &answer) || cpu_flag(cx, flag, value, &answer)) return answer;
  if (flag == atoms::system_logger) return set_system_logger(cx, value);
  if (flag == atoms::fullsweep_after || flag == atoms::min_heap_size || flag == atoms::min_bin_vheap_size || flag == atoms::max_heap_size)
    return set_default_limit(cx, flag, value);
  if (flag == atoms::backtrace_depth) return exchange_number(cx, settings(cx).backtrace_depth, value, 0, 1 << 20);
  if (flag == atoms::time_offset && value == atoms::finalize) return name_of(proc::finalize_time_offset(cx.runtime()));
  if (flag == atoms::sequential_tracer) {
    const Term before = trace::sequential_tracer(cx.runtime(), cx.heap());
    return trace::set_sequential_tracer(cx.runtime(), value) ? BifResult(before) : cx.badarg();
  }
  if (flag.is_atom() && term::AtomTable::text(flag) == "reset_seq_trace") {
    if (value != atoms::true_) return cx.badarg();
    trace::reset_tokens(cx.runtime());
    return atoms::true_;
  }
  if (flag == atoms::trace_control_word) return exchange_number(cx, cx.runtime().trace_control_word, value, 0, 0xFFFFFFFF);
  if (flag == atoms::outstanding_system_requests_limit) {
    if (number_argument(value, 1, 134217727) < 0) return cx.badarg();
    return Term::small(4);
  }
  if (flag == atoms::scheduler_wall_time) return cx.badarg();  // neither true nor false
  return cx.error_with_cause(atoms::badarg, atoms::badopt);
}

std::string system_version_text(const proc::Runtime& rt) {
  const sched::Config& c = rt.schedulers->config();
  const proc::Settings& settings = rt.settings;
  char text[256];
  std::snprintf(text, sizeof text, "Erlang/OTP %u [erts-%s] [source] [64-bit] [smp:%u:%u] [ds:%u:%u:%u] [async-threads:%u]\n",
                settings.otp_release, settings.erts_version.c_str(), c.schedulers, rt.schedulers->online(), c.dirty_cpu,
                rt.schedulers->dirty_cpu_online(), c.dirty_io, settings.async_threads);
  return text;
}

}  // namespace vm::bif
