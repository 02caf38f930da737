// SPDX-License-Identifier: Apache-2.0
//
// Port built-ins. Those of erts_internal answer an error as an atom; module erlang turns it into an exception.
#include <algorithm>

#include "bif/bif_decls.gen.h"
#include "bif/text_input.h"
#include "driver/library.h"
#include "etf/decode.h"
#include "etf/encode.h"
#include "nif/natives.h"
#include "port/port.h"
#include "port/port_trace.h"
#include "proc/links.h"
#include "proc/references.h"
#include "proc/send.h"
#include "sync/epoch.h"

namespace vm::bif {

namespace {

using port::Port;
using port::PortOptions;
using port::Ports;

Ports& ports(BifContext& cx) { return *cx.runtime().ports; }

std::shared_ptr<Port> find(BifContext& cx, Term t) { return t.is_atom() ? ports(cx).find_by_name(t) : ports(cx).find(t); }

std::shared_ptr<Port> find_known(BifContext& cx, Term t) { return t.is_atom() ? find(cx, t) : ports(cx).find_known(t); }

// Command or path of a port name: characters, a binary or an atom, no NUL.
bool program_text(Term t, std::string* out) {
  if (t.is_atom()) *out = term::AtomTable::text(t);
  if (t.is_atom()) return out->find('\0') == std::string::npos;
  if (t.is_binary()) return port::native_name(t, out) && out->find('\0') == std::string::npos;
  return unicode_text(t, std::size_t(-1), out) == TextFault::None && out->find('\0') == std::string::npos;
}

// Path of a file: an atom, or a flat list of bytes.
bool file_text(Term t, std::string* out) {
  if (t.is_atom()) {
    *out = term::AtomTable::text(t);
    return true;
  }
  for (; t.is_cons() && t.head().is_small() && t.head().small_value() >= 0 && t.head().small_value() <= 255; t = t.tail())
    out->push_back(static_cast<char>(t.head().small_value()));
  return t.is_nil() && !out->empty();
}

// Drivers: terminals for line editors, files in memory. Their names come before programs of the same name.
constexpr std::string_view kTerminalName = "tty_sl";
constexpr std::string_view kRamFileName = "ram_file_drv";

port::Opened open(BifContext& cx, Term name, PortOptions options) {
  std::string path;
  if (!name.is_tuple()) {
    if (options.has_arguments || options.has_arg0 || !file_text(name, &path)) return {nullptr, atoms::badarg};
    return ports(cx).open_file(cx.process().pid, path, std::move(options));
  }
  term::Tuple t = term::Tuple::from(name);
  Term self = cx.process().pid;
  if (t.size() == 3 && t[0] == atoms::fd && t[1].is_small() && t[2].is_small())
    return ports(cx).open_fd(self, static_cast<int>(t[1].small_value()), static_cast<int>(t[2].small_value()), std::move(options));
  std::string program;
  if (t.size() != 2 || !program_text(t[1], &program) || program.empty()) return {nullptr, atoms::badarg};
  bool arguments = options.has_arguments || options.has_arg0;
  if (t[0] == atoms::spawn_executable) return ports(cx).open_program(self, port::PortKind::SpawnExecutable, program, std::move(options));
  const std::string_view word = std::string_view(program).substr(0, program.find(' '));
  if ((t[0] == atoms::spawn || t[0] == atoms::spawn_driver) && word == kTerminalName)
    return ports(cx).open_terminal(self, program, std::string_view(program).substr(word.size()), std::move(options));
  if ((t[0] == atoms::spawn || t[0] == atoms::spawn_driver) && word == kRamFileName)
    return ports(cx).open_ram_file(self, program, std::move(options));
  if (t[0] == atoms::spawn || t[0] == atoms::spawn_driver) {
    driver::Libraries& libraries = driver::Libraries::of(cx.runtime());
    if (auto library = libraries.find(std::string(word))) return libraries.open(self, std::move(library), program, std::move(options));
  }
  if (t[0] == atoms::spawn_driver && (program == port::kTcpSocketName || program == port::kUdpSocketName))
    return ports(cx).open_socket(self, program, std::move(options));
  if (t[0] == atoms::spawn && !arguments) return ports(cx).open_program(self, port::PortKind::Spawn, program, std::move(options));
  if (t[0] == atoms::spawn_driver || t[0] == atoms::spawn) return {nullptr, atoms::badarg};
  return {nullptr, atoms::badarg};
}

}  // namespace

BifResult erts_internal_open_port_2(BifContext& cx, Term name, Term options) {
  PortOptions o;
  if (!port::read_options(options, &o)) return atoms::badopt;
  port::Opened opened = open(cx, name, std::move(o));
  if (!opened.port) return opened.error;
  // The owner is linked from the start: the port has its side, this is ours.
  proc::Signal* link = proc::Signal::create(proc::SignalKind::Link);
  link->from = opened.port->id;
  Term ignored;
  proc::handle_signal(cx.process(), link, &ignored);
  if (opened.port->open_key != 0) return proc::make_key_ref(cx.heap(), opened.port->open_key);
  return opened.port->id;
}

BifResult erts_internal_port_close_1(BifContext& cx, Term t) {
  std::shared_ptr<Port> p = find(cx, t);
  if (!p) return atoms::badarg;
  const Term outcome =
      port::ask(*p, cx.process(), cx.heap(), [self = cx.process().pid](Port& port, term::HeapWriter&, proc::Process* from) -> Term {
        if (port.closed) return atoms::badarg;
        const port::PortVisit visit(port, atoms::close, from);
        port::tell_asked(port, self, atoms::close);
        port.close(atoms::normal);
        return atoms::true_;
      });
  if (outcome != atoms::true_) return outcome;
  // Whoever closed it and was linked to it hears of its end before anything else.
  if (proc::handle_incoming(cx.process())) return outcome;
  cx.process().pending = proc::PendingKind::Exit;
  return Term::non_value();
}

BifResult erts_internal_port_command_3(BifContext& cx, Term t, Term data, Term flags) {
  bool force = false, nosuspend = false;
  for (; flags.is_cons(); flags = flags.tail()) {
    if (flags.head() == atoms::force) force = true;
    else if (flags.head() == atoms::nosuspend) nosuspend = true;
    else return atoms::badopt;
  }
  if (!flags.is_nil()) return atoms::badopt;
  std::shared_ptr<Port> p = find(cx, t);
  std::string bytes;
  if (!p || !port::native_name(data, &bytes)) return atoms::badarg;
  cx.bump(bytes.size() / 1024);
  proc::Process& self = cx.process();
  if (p->try_enter(self.pid)) {
    const std::lock_guard<port::PortLock> hold(p->lock, std::adopt_lock);
    if (p->closed) return atoms::badarg;
    if (force && !(p->driver && p->driver->may_be_forced())) return atoms::notsup;
    if (p->is_busy() && !force) return nosuspend ? Term(atoms::false_) : p->park(self, std::move(bytes), cx.heap());
    const port::PortVisit visit(*p, atoms::command, &self);
    p->output_for(self.pid, std::move(bytes), data);
    return atoms::true_;
  }
  if (nosuspend && !force && p->takes_no_commands()) return atoms::false_;
  std::unique_ptr<port::PortRequest> request = p->make_command(self.pid, std::move(bytes), data, force);
  request->may_not_suspend = nosuspend;
  return p->enqueue_for_answer(std::move(request), self, cx.heap());
}

BifResult erts_internal_port_connect_2(BifContext& cx, Term t, Term pid) {
  std::shared_ptr<Port> p = find(cx, t);
  if (!p || !pid.is_local_pid()) return atoms::badarg;
  const auto connect = [pid, self = cx.process().pid](Port& port, term::HeapWriter&, proc::Process* from) -> Term {
    if (port.closed) return atoms::badarg;
    const port::PortVisit visit(port, atoms::connect, from);
    const bool linked = std::find(port.links.begin(), port.links.end(), pid) != port.links.end();
    if (!linked) port.links.push_back(pid);
    if (!linked) port::tell_event(port, atoms::getting_linked, pid);
    port.connected = pid;
    port::tell_asked(port, self, atoms::connect, pid);
    port::tell_confirmed(port, self, atoms::connected);
    if (linked) return atoms::true_;
    proc::Signal* link = proc::Signal::create(proc::SignalKind::Link);
    link->from = port.id;
    if (from && pid == self) {
      Term ignored;
      proc::handle_signal(*from, link, &ignored);
    } else {
      sync::Epoch::Guard guard;
      proc::deliver_to(port.ports.runtime(), pid, link);
    }
    return atoms::true_;
  };
  return port::ask(*p, cx.process(), cx.heap(), connect);
}

BifResult erts_internal_port_control_3(BifContext& cx, Term t, Term operation, Term data) {
  std::shared_ptr<Port> p = find(cx, t);
  std::string bytes;
  if (!p || !operation.is_small() || operation.small_value() < 0 || operation.small_value() > UINT32_MAX ||
      !port::native_name(data, &bytes))
    return atoms::badarg;
  const auto number = static_cast<unsigned>(operation.small_value());
  auto control = [self = cx.process().pid, number, bytes = std::move(bytes)](Port& port, term::HeapWriter& h, proc::Process* from) -> Term {
    if (port.closed) return atoms::badarg;
    const port::PortVisit visit(port, atoms::control, from);
    port.caller = self;
    port::tell_numbered(port, self, atoms::control, number, bytes);
    const std::optional<std::string> answer = port.control(number, bytes);
    port.caller = term::kNil;
    if (!answer) return atoms::badarg;
    port::tell_answered(port, self, atoms::control, *answer);
    if (!port.control_binary || answer->data() == nullptr) return list_of_bytes(h, *answer);
    return term::make_binary(h, {reinterpret_cast<const Byte*>(answer->data()), answer->size()});
  };
  return port::ask(*p, cx.process(), cx.heap(), std::move(control));
}

BifResult erts_internal_port_call_3(BifContext& cx, Term t, Term operation, Term data) {
  std::shared_ptr<Port> p = find(cx, t);
  if (!p || !operation.is_small() || operation.small_value() < 0 || operation.small_value() > UINT32_MAX) return atoms::badarg;
  etf::Encoder encoder(data, {});
  std::size_t budget;
  do {
    budget = SIZE_MAX / 2;
  } while (!encoder.step(&budget));
  const auto encoded = encoder.bytes();
  const auto number = static_cast<unsigned>(operation.small_value());
  std::string operand(reinterpret_cast<const char*>(encoded.data()), encoded.size());
  auto call = [self = cx.process().pid, number, operand = std::move(operand)](Port& port, term::HeapWriter& h,
                                                                              proc::Process* from) -> Term {
    if (port.closed || !port.driver) return atoms::badarg;
    std::optional<std::string> answer;
    {
      const port::PortVisit visit(port, atoms::call, from);
      port.caller = self;
      port::tell_numbered(port, self, atoms::call, number, operand);
      answer = port.driver->call(port, number, operand);
      port.caller = term::kNil;
      if (answer) port::tell_answered(port, self, atoms::call, *answer);
    }
    etf::DecodeOptions how;
    how.hooks = port.ports.runtime().natives->decode_hooks();
    Term result;
    if (!answer || !etf::decode({reinterpret_cast<const Byte*>(answer->data()), answer->size()}, h, &result, how)) return atoms::badarg;
    return term::Tuple::make(h, atoms::ok, result);
  };
  return port::ask(*p, cx.process(), cx.heap(), std::move(call));
}

// --- information ---------------------------------------------------------------------------------------------------------------------

namespace {

Term pid_list(term::HeapWriter& h, const std::vector<Term>& pids) { return term::list_from(h, pids); }

// {Item, Value}; the non-value for an unknown item; [] for registered_name of a port without one.
Term info_item(term::HeapWriter& h, Port& p, Term item) {
  auto pair = [&](Term value) { return term::Tuple::make(h, item, value); };
  if (item == atoms::registered_name) return p.registered_name.is_nil() ? term::kNil : pair(p.registered_name);
  if (item == atoms::id) return pair(Term::small(static_cast<SWord>(p.id.id_data())));
  if (item == atoms::connected) return pair(p.connected);
  if (item == atoms::links) return pair(pid_list(h, p.links));
  if (item == atoms::name) return pair(list_of_bytes(h, p.name));
  if (item == atoms::input) return pair(term::make_unsigned(h, p.input_bytes));
  if (item == atoms::output) return pair(term::make_unsigned(h, p.output_bytes));
  if (item == atoms::os_pid) return pair(p.pid >= 0 ? Term::small(p.pid) : Term(atoms::undefined));
  if (item == atoms::queue_size) return pair(term::make_unsigned(h, p.queue_bytes));
  if (item == atoms::memory) return pair(term::make_unsigned(h, sizeof(Port) + p.queue_bytes + p.partial.size()));
  if (item == atoms::parallelism) return pair(p.options.parallelism ? atoms::true_ : atoms::false_);
  if (item == atoms::locking) return pair(atoms::false_);
  if (item == atoms::monitors) {
    term::ListBuilder list(h);
    if (p.driver)
      for (const Term pid : p.driver->monitored()) list.add(term::Tuple::make(h, atoms::process, pid));
    return pair(list.finish());
  }
  if (item == atoms::monitored_by) {
    std::vector<Term> watchers;
    for (auto& [key, pid] : p.watchers) watchers.push_back(pid);
    return pair(pid_list(h, watchers));
  }
  return Term::non_value();
}

// A name, a port of ours, or one that was ours in an earlier incarnation.
bool may_name_port(BifContext& cx, Term t) {
  return t.is_atom() || (t.is_port() && (!t.is_external() || term::external_node(t)->name == cx.runtime().node_name));
}

}  // namespace

BifResult erts_internal_port_info_1(BifContext& cx, Term t) {
  if (!may_name_port(cx, t)) return atoms::badarg;
  std::shared_ptr<Port> p = find_known(cx, t);
  if (!p) return atoms::undefined;
  return port::ask(*p, cx.process(), cx.heap(), [](Port& port, term::HeapWriter& h, proc::Process* from) -> Term {
    if (!port.is_known()) return atoms::undefined;
    const port::PortVisit visit(port, atoms::info, from);
    term::ListBuilder list(h);
    if (!port.registered_name.is_nil()) list.add(info_item(h, port, atoms::registered_name));
    for (Term item : {atoms::name, atoms::links, atoms::id, atoms::connected, atoms::input, atoms::output, atoms::os_pid})
      list.add(info_item(h, port, item));
    return list.finish();
  });
}

BifResult erts_internal_port_info_2(BifContext& cx, Term t, Term item) {
  if (!may_name_port(cx, t)) return atoms::badtype;
  std::shared_ptr<Port> p = find_known(cx, t);
  if (!p) return item.is_atom() ? atoms::undefined : atoms::badarg;
  if (!item.is_atom()) return atoms::badarg;
  return port::ask(*p, cx.process(), cx.heap(), [item](Port& port, term::HeapWriter& h, proc::Process* from) -> Term {
    if (!port.is_known()) return atoms::undefined;
    const port::PortVisit visit(port, atoms::info, from);
    const Term answer = info_item(h, port, item);
    return answer.is_value() ? answer : Term(atoms::badarg);
  });
}

BifResult erlang_ports_0(BifContext& cx) { return term::list_from(cx.heap(), ports(cx).ids()); }

BifResult erlang_port_set_data_2(BifContext& cx, Term t, Term data) {
  std::shared_ptr<Port> p = find(cx, t);
  if (!p) return cx.badarg();
  heap::OwnedTerm kept = heap::copy_to_keep(data);
  bool open;
  {
    const std::lock_guard<sync::SmallMutex> hold(p->data_lock);
    open = !p->closed;
    if (open) {
      std::swap(p->data, kept);
      p->has_data = true;
    }
  }
  heap::release(kept);
  return open ? BifResult(atoms::true_) : cx.badarg();
}

BifResult erlang_port_get_data_1(BifContext& cx, Term t) {
  std::shared_ptr<Port> p = find(cx, t);
  if (!p) return cx.badarg();
  const std::lock_guard<sync::SmallMutex> hold(p->data_lock);
  if (p->closed) return cx.badarg();
  if (!p->has_data) return atoms::undefined;
  return heap::copy(p->data.term, cx.heap());
}

}  // namespace vm::bif
