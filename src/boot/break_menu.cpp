// SPDX-License-Identifier: Apache-2.0
//
// The menu talks to descriptors 0 and 1 directly, with the terminal as the user had it, and holds the lock of whatever port reads
// descriptor 0 meanwhile, so that the port does not take the answers. A second ^C ends the program while the menu is shown.
#include "boot/break_menu.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "bif/os_signal.h"
#include "boot/process_report.h"
#include "os/console.h"
#include "os/signals.h"
#include "os/terminal.h"
#include "port/port.h"
#include "proc/links_state.h"
#include "proc/process_table.h"
#include "proc/send.h"
#include "term/atoms.h"

namespace vm::boot {

namespace {

constexpr const char* kChoices =
    "BREAK: (a)bort (A)bort with dump (c)ontinue (p)roc info (i)nfo\n"
    "       (l)oaded (v)ersion (k)ill (D)b-tables (d)istribution\n";

enum class Decision { Continue, Abort, AbortWithDump };

// First character of a line from the user, 0 at the end of input.
int read_key() {
  std::fflush(os::console_out());
  char line[64];
  return ::read(STDIN_FILENO, line, sizeof line) > 0 ? static_cast<unsigned char>(line[0]) : 0;
}

void kill_process(proc::Runtime& rt, Term pid) {
  proc::Signal* s = proc::Signal::create(proc::SignalKind::Exit);
  s->from = Term::local_pid(0);  // init
  s->term = atoms::kill;
  proc::deliver_to(rt, pid, s);
}

// Goes through the processes, newest first.
Decision offer_killing(proc::Runtime& rt) {
  std::fputs("\n\nProcess Information\n\n--------------------------------------------------\n", os::console_out());
  for (std::size_t i = rt.processes->slot_count(); i-- > 0;) {
    proc::Process* p = rt.processes->slot(i);
    if (!p) continue;
    report_process(os::console_out(), *p, ReportFor::Menu);
    std::fputs("(k)ill (n)ext (r)eturn:\n", os::console_out());
    const int key = read_key();
    if (key == 0) return Decision::Abort;
    if (key == 'k') kill_process(rt, p->pid);
    else if (key != 'n') break;
  }
  return Decision::Continue;
}

void show_info(proc::Runtime& rt) {
  report_memory(os::console_out(), rt);
  std::fprintf(os::console_out(), "=index_table:atom_tab\nlimit: %zu\nentries: %zu\n", term::AtomTable::limit(), term::AtomTable::count());
  std::fprintf(os::console_out(), "=index_table:module_code\nentries: %zu\n=index_table:export_list\nentries: %zu\n",
               rt.code->modules().size(), static_cast<std::size_t>(rt.code->export_count()));
  std::fprintf(os::console_out(), "=processes\nlimit: %zu\nentries: %zu\n", rt.processes->limit(), rt.processes->count());
}

Decision converse(proc::Runtime& rt) {
  std::fprintf(os::console_out(), "\n%s", kChoices);
  for (;;) {
    const int key = read_key();
    switch (key) {
      case 0:
      case 'q':
      case 'a':
      case '*': return Decision::Abort;
      case 'A': return Decision::AbortWithDump;
      case 'c':
      case 'm': return Decision::Continue;
      case 'p':
        report_processes(os::console_out(), rt, ReportFor::Menu);
        report_ports(os::console_out(), rt);
        return Decision::Continue;
      case 'o': report_ports(os::console_out(), rt); return Decision::Continue;
      case 'i': show_info(rt); return Decision::Continue;
      case 'l': report_modules(os::console_out(), rt, ReportFor::Menu); return Decision::Continue;
      case 'v':
        std::fprintf(os::console_out(), "Erlang (BEAM) emulator version %s\n", rt.settings.erts_version.c_str());
        return Decision::Continue;
      case 'd':
        std::fprintf(os::console_out(), "=node:'%s'\n=no_distribution\n", std::string(term::AtomTable::text(rt.node_name)).c_str());
        return Decision::Continue;
      case 'D': report_tables(os::console_out(), rt); return Decision::Continue;
      case 'k': return offer_killing(rt);
      case '\n': break;
      default: std::fprintf(os::console_out(), "Invalid option '%c'. Please enter one of the following:\n%s", key, kChoices);
    }
  }
}

// The port that reads what the user types, if any.
std::shared_ptr<port::Port> input_port(proc::Runtime& rt) {
  for (const Term id : rt.ports->ids()) {
    std::shared_ptr<port::Port> p = rt.ports->find(id);
    if (p && p->in_fd == STDIN_FILENO) return p;
  }
  return nullptr;
}

void interrupted(proc::Runtime& rt) {
  Decision decision = Decision::Continue;
  os::set_signal_action(SIGINT, os::SignalAction::Exit);
  const auto talk = [&] {
    os::pause_terminal();
    decision = converse(rt);
    std::fflush(os::console_out());
    os::resume_terminal();
  };
  rt.schedulers->stop_the_world([&] {
    const std::shared_ptr<port::Port> input = input_port(rt);
    if (!input) return talk();
    std::lock_guard<port::PortLock> hold(input->lock);
    talk();
  });
  if (decision == Decision::Continue) os::set_signal_action(SIGINT, os::SignalAction::Handle);
  else if (decision == Decision::Abort) rt.halt(rt, 0, false, false, nullptr);
  else rt.halt(rt, 1, false, true, "Crash dump requested by user");
}

}  // namespace

void start_break_menu(proc::Runtime& rt, char mode) {
  bif::start_os_signals(rt, mode == 'i' || mode == 'd' ? nullptr : &interrupted);
  if (mode == 'i') os::set_signal_action(SIGINT, os::SignalAction::Ignore);
  if (mode == 'c') os::give_up_interrupt_key(STDIN_FILENO);
}

}  // namespace vm::boot
