// SPDX-License-Identifier: Apache-2.0
#include "bif/os_signal.h"

#include <csignal>

#include "bif/bif_decls.gen.h"
#include "heap/copy.h"
#include "os/signals.h"
#include "proc/registry.h"
#include "proc/runtime.h"
#include "proc/send.h"

namespace vm::bif {

namespace {

struct SignalRow {
  Term name;
  int number;
};

// Not all signals: some belong to the machine (SIGINT), some cannot be handled.
constexpr SignalRow kSignals[] = {
    {atoms::sighup, SIGHUP},   {atoms::sigquit, SIGQUIT}, {atoms::sigabrt, SIGABRT}, {atoms::sigalrm, SIGALRM}, {atoms::sigterm, SIGTERM},
    {atoms::sigusr1, SIGUSR1}, {atoms::sigusr2, SIGUSR2}, {atoms::sigchld, SIGCHLD}, {atoms::sigstop, SIGSTOP}, {atoms::sigtstp, SIGTSTP},
};

void (*interrupt)(proc::Runtime&) = nullptr;

void notify(void* context, int number) {
  auto& runtime = *static_cast<proc::Runtime*>(context);
  if (number == SIGINT) return interrupt(runtime);
  Term server = runtime.registry->lookup(atoms::erl_signal_server);
  if (!server.is_value() || !server.is_local_pid()) return;
  for (const SignalRow& row : kSignals) {
    if (row.number != number) continue;
    heap::FragmentWriter w(4);
    Term message = term::Tuple::make(w, atoms::notify, row.name);
    proc::send_owned(runtime, server, {message, w.take()});
    return;
  }
}

}  // namespace

void start_os_signals(proc::Runtime& runtime, void (*interrupted)(proc::Runtime&)) {
  interrupt = interrupted;
  os::start_signals(notify, &runtime);
  if (interrupted) os::set_signal_action(SIGINT, os::SignalAction::Handle);
  for (int number : {SIGTERM, SIGUSR1, SIGQUIT}) os::set_signal_action(number, os::SignalAction::Handle);
}

BifResult os_set_signal_2(BifContext& cx, Term name, Term action) {
  os::SignalAction wanted;
  if (action == atoms::default_) wanted = os::SignalAction::Default;
  else if (action == atoms::ignore) wanted = os::SignalAction::Ignore;
  else if (action == atoms::handle) wanted = os::SignalAction::Handle;
  else return cx.error_with_cause(atoms::badarg, atoms::badopt);
  for (const SignalRow& row : kSignals) {
    if (row.name != name) continue;
    os::set_signal_action(row.number, wanted);
    return atoms::ok;
  }
  return cx.badarg();
}

}  // namespace vm::bif
