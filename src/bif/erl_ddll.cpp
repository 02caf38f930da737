// SPDX-License-Identifier: Apache-2.0
//
// Module erl_ddll: drivers from shared objects. What loading means is in driver/.
#include "bif/bif_decls.gen.h"
#include "bif/text_input.h"
#include "driver/library.h"
#include "driver/open_errors.h"
#include "port/port.h"
#include "proc/references.h"

namespace vm::bif {

namespace {

using driver::Libraries;
using driver::When;

Libraries& libraries(BifContext& cx) { return Libraries::of(cx.runtime()); }

bool driver_name(Term t, std::string* out) {
  if (t.is_atom()) {
    *out = term::AtomTable::text(t);
    return true;
  }
  return (t.is_list() || t.is_binary()) && port::native_name(t, out);
}

bool read_when(Term t, When* out) {
  if (t == atoms::pending) *out = When::Pending;
  else if (t == atoms::pending_driver) *out = When::PendingDriver;
  else return false;
  return true;
}

bool read_driver_options(Term list, bool* kill_ports) {
  for (; list.is_cons(); list = list.tail()) {
    if (list.head() != atoms::kill_ports) return false;
    *kill_ports = true;
  }
  return list.is_nil();
}

bool read_load_options(Term list, driver::LoadOptions* o) {
  for (; list.is_cons(); list = list.tail()) {
    if (!list.head().is_tuple_of(2)) return false;
    const term::Tuple t = term::Tuple::from(list.head());
    const bool good = t[0] == atoms::driver_options ? read_driver_options(t[1], &o->kill_ports)
                      : t[0] == atoms::monitor      ? read_when(t[1], &o->monitor)
                      : t[0] == atoms::reload       ? read_when(t[1], &o->reload)
                                                    : false;
    if (!good) return false;
  }
  return list.is_nil();
}

bool read_unload_options(Term list, driver::UnloadOptions* o) {
  for (; list.is_cons(); list = list.tail()) {
    if (list.head() == atoms::kill_ports) {
      o->kill_ports = true;
      continue;
    }
    if (!list.head().is_tuple_of(2)) return false;
    const term::Tuple t = term::Tuple::from(list.head());
    if (t[0] != atoms::monitor || !read_when(t[1], &o->monitor)) return false;
  }
  return list.is_nil();
}

// {ok, Status} or {ok, Status, Ref}.
Term done(term::HeapWriter& h, Term status, std::uint64_t monitor) {
  if (!monitor) return term::Tuple::make(h, atoms::ok, status);
  return term::Tuple::make(h, atoms::ok, status, proc::make_key_ref(h, monitor));
}

Term failed(term::HeapWriter& h, const driver::Fault& fault) { return term::Tuple::make(h, atoms::error, driver::fault_term(h, fault)); }

}  // namespace

BifResult erl_ddll_try_load_3(BifContext& cx, Term path, Term name, Term options) {
  driver::LoadOptions o;
  std::string folder, driver;
  if (!driver_name(path, &folder) || !driver_name(name, &driver) || !read_load_options(options, &o)) return cx.badarg();
  const driver::LoadAnswer answer = libraries(cx).load(cx.process(), folder, driver, o);
  switch (answer.status) {
    case driver::LoadStatus::Loaded: return done(cx.heap(), atoms::loaded, 0);
    case driver::LoadStatus::AlreadyLoaded: return done(cx.heap(), atoms::already_loaded, 0);
    case driver::LoadStatus::PendingDriver: return done(cx.heap(), atoms::pending_driver, answer.monitor);
    case driver::LoadStatus::PendingProcess: return done(cx.heap(), atoms::pending_process, answer.monitor);
    case driver::LoadStatus::Failed: break;
  }
  return failed(cx.heap(), answer.fault);
}

BifResult erl_ddll_try_unload_2(BifContext& cx, Term name, Term options) {
  driver::UnloadOptions o;
  std::string driver;
  if (!driver_name(name, &driver) || !read_unload_options(options, &o)) return cx.badarg();
  const driver::UnloadAnswer answer = libraries(cx).unload(cx.process(), driver, o);
  switch (answer.status) {
    case driver::UnloadStatus::PendingDriver: return done(cx.heap(), atoms::pending_driver, answer.monitor);
    case driver::UnloadStatus::PendingProcess: return done(cx.heap(), atoms::pending_process, answer.monitor);
    case driver::UnloadStatus::Failed: break;
  }
  return failed(cx.heap(), answer.fault);
}

BifResult erl_ddll_loaded_drivers_0(BifContext& cx) {
  term::ListBuilder list(cx.heap());
  for (const std::string& name : libraries(cx).names()) list.add(list_of_bytes(cx.heap(), name));
  return term::Tuple::make(cx.heap(), atoms::ok, list.finish());
}

BifResult erl_ddll_info_2(BifContext& cx, Term name, Term item) {
  std::string driver;
  if (!driver_name(name, &driver) || !item.is_atom()) return cx.badarg();
  const Term answer = libraries(cx).info(cx.heap(), driver, item);
  if (!answer.is_value()) return cx.badarg();
  return answer;
}

BifResult erl_ddll_format_error_int_1(BifContext& cx, Term fault) {
  const std::optional<std::string> text = driver::fault_text(fault);
  if (!text) return cx.badarg();
  return list_of_bytes(cx.heap(), *text);
}

BifResult erl_ddll_monitor_2(BifContext& cx, Term what, Term item) {
  if (what != atoms::driver || !item.is_tuple_of(2)) return cx.badarg();
  const term::Tuple t = term::Tuple::from(item);
  std::string driver;
  driver::Watch watch;
  if (t[1] == atoms::loaded) watch = driver::Watch::Loaded;
  else if (t[1] == atoms::unloaded) watch = driver::Watch::Unloaded;
  else if (t[1] == atoms::unloaded_only) watch = driver::Watch::UnloadedOnly;
  else return cx.badarg();
  if (!driver_name(t[0], &driver)) return cx.badarg();
  return proc::make_key_ref(cx.heap(), libraries(cx).monitor(cx.process(), driver, watch));
}

BifResult erl_ddll_demonitor_1(BifContext& cx, Term ref) {
  if (!ref.is_ref()) return cx.badarg();
  libraries(cx).demonitor(cx.process(), proc::ref_key(ref));
  return atoms::true_;
}

}  // namespace vm::bif
