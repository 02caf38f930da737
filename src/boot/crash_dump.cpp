// SPDX-License-Identifier: Apache-2.0
#include "boot/crash_dump.h"

#include <fcntl.h>
#include <stdio_ext.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "bif/erlang_machine_info.h"
#include "boot/process_report.h"
#include "os/console.h"
#include "os/fault.h"
#include "proc/process_table.h"
#include "term/atoms.h"
#include "term/print.h"

namespace vm::boot {

namespace {

constexpr const char* kUsualName = "erl_crash.dump";
constexpr int kOwnerAndGroupMayRead = 0640;

bool is_zero(const char* variable) {
  const char* text = std::getenv(variable);
  return text != nullptr && *text != '\0' && std::atol(text) == 0;
}

void write_header(std::FILE* out, proc::Runtime& rt, const char* slogan) {
  const std::time_t now = std::time(nullptr);
  std::tm local;
  char time_text[64];
  localtime_r(&now, &local);
  std::strftime(time_text, sizeof time_text, "%a %b %e %H:%M:%S %Y", &local);
  std::fprintf(out, "=erl_crash_dump:0.5\n%s\nSlogan: %s\n", time_text, slogan);
  std::fprintf(out, "System version: %s", bif::system_version_text(rt).c_str());  // ends its line
  std::fprintf(out, "Taints: \nAtoms: %zu\n", term::AtomTable::count());
  if (const sched::Scheduler* s = sched::Scheduler::current()) std::fprintf(out, "Calling Thread: scheduler:%u\n", s->id());
  else std::fputs("Calling Thread: undefined\n", out);
}

void write_schedulers(std::FILE* out, proc::Runtime& rt) {
  for (unsigned i = 0; i < rt.schedulers->scheduler_count(); i++) {
    const sched::Runnable* current = rt.schedulers->scheduler(i).running.load(std::memory_order_relaxed);
    const proc::Process* running = nullptr;  // when it is a process: schedulers run other things, too
    rt.processes->for_each([&](const proc::Process& p) {
      if (&p == current) running = &p;
    });
    std::fprintf(out, "=scheduler:%u\nScheduler Sleep Info Flags: \nScheduler Sleep Info Aux Work: \nCurrent Port: \n", i + 1);
    std::fprintf(out, "Run Queue Max Length: 0\nRun Queue High Length: 0\nRun Queue Normal Length: %zu\nRun Queue Low Length: 0\n",
                 rt.schedulers->run_queue_length(i));
    std::fprintf(out, "Run Queue Port Length: 0\nRun Queue Flags: \nCurrent Process: %s\n",
                 running ? term::to_text(running->pid).c_str() : "");
  }
}

void write_atoms(std::FILE* out) {
  std::fputs("=atoms\n", out);
  for (std::size_t i = term::AtomTable::count(); i-- > 0;)
    std::fprintf(out, "%s\n", term::atom_text(term::AtomTable::at(static_cast<std::uint32_t>(i))).c_str());
}

// A stream into a file that takes no more than so many bytes; what comes later is dropped.
struct Limited {
  int fd;
  std::size_t left;
};

ssize_t write_limited(void* raw, const char* bytes, std::size_t size) {
  auto& to = *static_cast<Limited*>(raw);
  const ssize_t n = ::write(to.fd, bytes, std::min(size, to.left));
  if (n < 0) return 0;
  to.left -= static_cast<std::size_t>(n);
  return to.left == 0 ? static_cast<ssize_t>(size) : n;
}

std::size_t most_bytes() {
  const char* text = std::getenv("ERL_CRASH_DUMP_BYTES");
  return text != nullptr && *text >= '0' && *text <= '9' ? std::strtoull(text, nullptr, 10) : SIZE_MAX;
}

// What is written about may be what is broken: then the rest of it is missing, and what comes after is there all the same.
template <typename F>
void careful(std::FILE* out, F&& f) {
  std::fflush(out);
  if (!os::runs_without_fault(f)) std::fputs("\n", out);
}

void write_all(std::FILE* out, proc::Runtime& rt, const char* slogan) {
  __fsetlocking(out, FSETLOCKING_BYCALLER);  // a fault may leave it in the middle of something
  careful(out, [&] { write_header(out, rt, slogan); });
  careful(out, [&] { write_schedulers(out, rt); });
  careful(out, [&] { report_memory(out, rt); });
  rt.processes->for_each([&](proc::Process& p) { careful(out, [&] { report_process(out, p, ReportFor::Dump); }); });
  careful(out, [&] { report_ports(out, rt); });
  careful(out, [&] { report_tables(out, rt); });
  std::fprintf(out, "=node:'%s'\n=no_distribution\n", std::string(term::AtomTable::text(rt.node_name)).c_str());
  careful(out, [&] { report_modules(out, rt, ReportFor::Dump); });
  careful(out, [&] { write_atoms(out); });
  std::fputs("=end\n", out);
}

}  // namespace

void write_crash_dump(proc::Runtime& rt, const char* slogan) {
  if (is_zero("ERL_CRASH_DUMP_SECONDS") || is_zero("ERL_CRASH_DUMP_BYTES")) return;
  const char* name = std::getenv("ERL_CRASH_DUMP");
  if (name == nullptr || *name == '\0') name = kUsualName;
  std::fprintf(os::console_error(), "\nCrash dump is being written to: %s...", name);
  const int fd = ::open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kOwnerAndGroupMayRead);
  Limited limited{fd, most_bytes()};
  std::FILE* out = fd >= 0 ? ::fopencookie(&limited, "w", {nullptr, write_limited, nullptr, nullptr}) : nullptr;
  if (out != nullptr) {
    rt.schedulers->stop_the_world([&] { write_all(out, rt, slogan); });
    std::fclose(out);
    ::close(fd);
  }
  std::fputs("done\n", os::console_error());
}

}  // namespace vm::boot
