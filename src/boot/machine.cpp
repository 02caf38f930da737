// SPDX-License-Identifier: Apache-2.0
#include "boot/machine.h"
#include "boot/process_report.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "bif/code_uses.h"
#include "boot/bif_registry.h"
#include "boot/services.h"
#include "interp/engine.h"
#include "load/loader.h"
#include "os/memory.h"
#include "proc/literal_release.h"
#include "proc/process_table.h"
#include "proc/registry.h"
#include "proc/spawn.h"
#include "proc/time.h"
#include "sched/seeded.h"
#include "term/atoms.h"
#include "term/views.h"
#include "trace/patterns.h"

namespace vm::boot {

using term::AtomTable;

struct Machine::Parts {
  Options options;
  OtpRoot root;
  proc::Runtime runtime;
  std::unique_ptr<code::CodeStore> code;
  std::unique_ptr<interp::Interpreter> interpreter;
  std::unique_ptr<load::Loader> loader;
  std::unique_ptr<sched::TimerService> timers;
  std::unique_ptr<proc::ProcessTable> processes;
  std::unique_ptr<proc::Registry> registry;
  std::unique_ptr<proc::LiteralRelease> literals;
  std::unique_ptr<sched::SchedulerGroup> schedulers;
  std::unique_ptr<Services> services;
};

namespace {

base::Result<std::vector<Byte>, std::string> read_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return base::fail("can't read " + path);
  return std::vector<Byte>(std::istreambuf_iterator<char>(file), {});
}

Term binary_list(term::HeapWriter& h, const std::vector<std::string>& words) {
  term::ListBuilder list(h);
  for (const std::string& w : words) list.add(term::make_binary(h, {reinterpret_cast<const Byte*>(w.data()), w.size()}));
  return list.finish();
}

}  // namespace

Machine::Machine(Options options, OtpRoot root) : parts_(std::make_unique<Parts>()) {
  Parts& m = *parts_;
  m.options = std::move(options);
  m.root = std::move(root);
  AtomTable::set_limit(m.options.settings.atom_limit);
  heap::stress_modes = m.options.stress;
  if (options.schedulers.seed) sched::start_virtual_clock();
  proc::start_time();

  proc::Settings& s = m.options.settings;
  if (s.library_heap != proc::LibraryHeap{}) os::set_library_heap(s.library_heap.trim_threshold, s.library_heap.top_pad);
  s.otp_release = m.root.release;
  s.erts_version = m.root.erts_version;
  s.root_dir = m.root.dir;
  s.bin_dir = init_argument(m.options.init_arguments, "-bindir");
  s.program_name = init_argument(m.options.init_arguments, "-progname");
  s.home = init_argument(m.options.init_arguments, "-home");
  s.init_arguments = m.options.init_arguments;

  proc::Runtime& rt = m.runtime;
  rt.settings = s;
  rt.limits.change([&](heap::HeapLimits& limits) { limits = s.heap_limits; });
  m.code = std::make_unique<code::CodeStore>();
  rt.code = m.code.get();
  m.interpreter = std::make_unique<interp::Interpreter>(rt);
  rt.backend = m.interpreter.get();
  m.code->set_backend(rt.backend);
  rt.engine = m.interpreter.get();
  m.services = std::make_unique<Services>(rt, m.options);
  m.loader = std::make_unique<load::Loader>(*m.code, m.services->literal_hooks());
  m.services->attach_loader(*m.loader);
  m.literals = std::make_unique<proc::LiteralRelease>(rt);
  rt.literals = m.literals.get();
  m.loader->set_retire([](void* to, heap::LiteralArea* area) { static_cast<proc::LiteralRelease*>(to)->retire(area); }, rt.literals);
  rt.load_hooks.decode = &load::Loader::decode;
  rt.hooks.check_process_code = &bif::uses_old_code;
  rt.hooks.report = &report_text;
  m.timers = std::make_unique<sched::TimerService>(m.options.schedulers.schedulers);
  rt.timers = m.timers.get();
  m.processes = std::make_unique<proc::ProcessTable>(s.process_limit);
  rt.processes = m.processes.get();
  m.registry = std::make_unique<proc::Registry>();
  rt.registry = m.registry.get();
  m.schedulers = std::make_unique<sched::SchedulerGroup>(m.options.schedulers, m.services->scheduler_hooks());
  rt.schedulers = m.schedulers.get();
  trace::install(rt);
  rt.hooks.process_text = &process_text;
  m.loader->set_watch([](void* to, code::ModuleInstance& i) { trace::module_leaves(*static_cast<proc::Runtime*>(to), i); },
                      [](void* to, code::ModuleInstance& i) { trace::module_comes(*static_cast<proc::Runtime*>(to), i); }, &rt);
  m.services->start();
  register_bifs(*m.code, m.root.release);
}

Machine::~Machine() = default;

base::Status<std::string> Machine::start() {
  Parts& m = *parts_;
  for (const std::string& name : preload_order(m.root.release)) {
    std::string path = m.root.preloaded_dir + "/" + name + ".beam";
    std::vector<Byte> file = VM_TRY(read_whole(path));
    auto prepared = m.loader->prepare(AtomTable::intern(name), file);
    if (!prepared) return base::fail("preloaded module " + path + ": " + prepared.error().text);
    load::PreparedModule* one[] = {prepared.value().get()};
    // On_load functions of preloaded modules are called by erl_init, which knows the right moment.
    if (m.loader->finish(one).status != atoms::ok && !prepared.value()->has_on_load())
      return base::fail("preloaded module " + path + " can't be linked");
    if (m.loader->on_load_entry(AtomTable::intern(name))) m.loader->finish_after_on_load(AtomTable::intern(name), true);
    if (code::Module* loaded = m.code->find_module(AtomTable::intern(name)); loaded && loaded->current) loaded->current->hide_lines = true;
    m.services->note_preloaded(AtomTable::intern(name));
  }

  heap::FragmentWriter scratch(256);
  Term arguments = binary_list(scratch, m.options.init_arguments);
  Term module = AtomTable::intern(m.options.boot_module);
  Term first_args = scratch.cons(module, scratch.cons(arguments, term::kNil));
  proc::SpawnOptions options;
  options.limits = m.runtime.limits.now();
  options.system_process = true;
  Term start = AtomTable::intern("start");
  proc::Spawned init = proc::spawn(m.runtime, nullptr, AtomTable::intern("erl_init"), start, first_args, options);
  if (!init.pid.is_value()) return base::fail(std::string("the first process can't be made"));

  options.off_heap_messages = true;
  const struct {
    const char* name;
    sched::Priority priority;
  } system[] = {{"erts_code_purger", sched::Priority::High},
                {"erts_literal_area_collector", sched::Priority::High},
                {"erts_dirty_process_signal_handler", sched::Priority::Normal},
                {"erts_dirty_process_signal_handler", sched::Priority::High},
                {"erts_dirty_process_signal_handler", sched::Priority::Max}};
  for (const auto& s : system) {
    options.priority = s.priority;
    proc::Spawned p = proc::spawn(m.runtime, nullptr, AtomTable::intern(s.name), start, term::kNil, options);
    m.services->note_system_process(AtomTable::intern(s.name), s.priority, p.pid);
  }
  m.schedulers->start();
  return {};
}

int Machine::wait() { return parts_->services->wait_for_halt(); }

}  // namespace vm::boot
