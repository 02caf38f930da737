// SPDX-License-Identifier: Apache-2.0
#include "driver/open_errors.h"

#include <algorithm>
#include <mutex>
#include <vector>

#include "term/atoms.h"
#include "term/views.h"

namespace vm::driver {

namespace {

constexpr SWord kFirstNumber = -10;
// Errors without a text of the system's, by number.
constexpr const char* kFixed[] = {"No error",
                                  "No driver init in dynamic library",
                                  "Driver init failed",
                                  "Bad driver name",
                                  "Driver name to long",
                                  "Driver compiled with incorrect version of erl_driver.h"};

struct Texts {
  std::mutex lock;
  std::vector<std::string> list;
};
Texts& texts() {
  static auto* t = new Texts;
  return *t;
}

SWord number_of(const std::string& text) {
  Texts& t = texts();
  std::lock_guard<std::mutex> hold(t.lock);
  auto it = std::find(t.list.begin(), t.list.end(), text);
  if (it == t.list.end()) it = t.list.insert(t.list.end(), text);
  return kFirstNumber - (it - t.list.begin());
}

Term open_error(term::HeapWriter& h, SWord number) { return term::Tuple::make(h, atoms::open_error, Term::small(number)); }

}  // namespace

Term fault_term(term::HeapWriter& h, const Fault& fault) {
  if (fault.reason == atoms::open_error) return open_error(h, number_of(fault.detail));
  return fault.reason;
}

std::optional<std::string> fault_text(Term fault) {
  if (fault.is_tuple_of(2)) {
    const term::Tuple t = term::Tuple::from(fault);
    if (t[0] != atoms::open_error || !t[1].is_small()) return std::nullopt;
    const SWord number = t[1].small_value();
    if (number <= 0 && number > -static_cast<SWord>(std::size(kFixed))) return kFixed[-number];
    if (number > kFirstNumber) return "Unspecified error";
    std::lock_guard<std::mutex> hold(texts().lock);
    const auto index = static_cast<std::size_t>(kFirstNumber - number);
    return index < texts().list.size() ? texts().list[index] : "Unknown dlload error";
  }
  if (fault == atoms::inconsistent) return "Driver name and/or driver options are inconsistent with currently loaded driver";
  if (fault == atoms::linked_in_driver) return "Driver is statically linked and cannot be loaded/unloaded";
  if (fault == atoms::permanent) return "DDLL driver is permanent an cannot be unloaded/loaded";
  if (fault == atoms::not_loaded) return "DDLL driver is not loaded";
  if (fault == atoms::not_loaded_by_this_process) return "DDLL driver was not loaded by this process";
  if (fault == atoms::pending_process) return "Driver is loaded by others when attempting option {reload, pending_driver}";
  if (fault == atoms::pending_reload) return "Driver reloading is already pending";
  if (fault == atoms::no_driver_init) return kFixed[1];
  if (fault == atoms::driver_init_failed) return kFixed[2];
  if (fault == atoms::bad_driver_name) return "Bad driver name";
  if (fault == atoms::driver_incorrect_version) return "Driver compiled with incorrect version of erl_driver.h";
  return std::nullopt;
}

}  // namespace vm::driver
