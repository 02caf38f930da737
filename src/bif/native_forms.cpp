// SPDX-License-Identifier: Apache-2.0
#include "bif/native_forms.h"

#include <array>
#include <atomic>
#include <cstring>
#include <string_view>
#include <utility>

#include "bif/list_forms.h"
#include "code/breakpoint.h"

namespace vm::bif {

namespace {

using Digest = std::array<Byte, 16>;

// A module whose functions have native forms.
struct Known {
  const char* module;
  Digest md5;
  const char* release;  // the OTP release that has it
};

constexpr Digest digest(std::string_view hex) {
  const auto nibble = [](char c) { return c <= '9' ? c - '0' : c - 'A' + 10; };
  Digest d{};
  for (std::size_t i = 0; i < d.size(); i++) d[i] = static_cast<Byte>(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
  return d;
}

constexpr Known kKnown[] = {
    {"lists", digest("26B381E159A421B7BD959EB2F5453421"), "25.2.3"},
};

bool is_in_use(const code::Breakpoint* b) { return b && b->data.load(std::memory_order_acquire); }

// Whether somebody traces calls of a function of the module, local ones or through its exports, which the module's own code uses for built-ins.
bool is_traced(const code::ModuleInstance& instance) {
  for (const code::Function& f : instance.functions)
    if (is_in_use(f.breakpoint.load(std::memory_order_acquire))) return true;
  for (const auto& [function, e] : instance.export_table) {
    if (is_in_use(e->breakpoint.load(std::memory_order_acquire))) return true;
    if (e->bif && is_in_use(std::atomic_ref<code::Breakpoint*>(e->bif->breakpoint).load(std::memory_order_acquire))) return true;
  }
  return false;
}

// What was found when breakpoints had last changed: (changes << 1) | somebody traces the module.
using Watched = std::atomic<std::uint64_t>;

bool is_watched(const proc::Process& p, Watched& known) {
  const std::uint64_t changes = code::breakpoint_changes.load(std::memory_order_acquire);
  if (VM_LIKELY(changes == 0)) return false;
  std::uint64_t seen = known.load(std::memory_order_relaxed);
  if (seen >> 1 != changes) {
    const code::Function* f = code::find_function(p.pc);
    seen = changes << 1 | (f && is_traced(*f->instance) ? 1 : 0);
    known.store(seen, std::memory_order_relaxed);
  }
  return (seen & 1) != 0;
}

Watched lists_watched{0};

// Whether the process wants the function itself: its form declined before, or the process notes which functions it calls.
bool wants_code(proc::Process& p) {
  if (VM_LIKELY(p.cold == nullptr)) return false;
  return std::exchange(p.cold->declines_form, false) || p.cold->saved_calls != nullptr;
}

// The form Fn of a function of lists.
template <auto Fn, std::size_t Arity>
Term lists_form(BifContext& cx, const Term* args) {
  if (VM_UNLIKELY(wants_code(cx.process()) || is_watched(cx.process(), lists_watched))) return Term::non_value();
  return proc::bif_adapter<Fn, Arity>()(cx, args);
}

struct Form {
  const char* module;
  const char* function;
  Word arity;
  code::BifCall call;
};

constexpr Form kForms[] = {
    {"lists", "sort", 1, &lists_form<&sort_form, 1>},
    {"lists", "usort", 1, &lists_form<&usort_form, 1>},
    {"lists", "keysort", 2, &lists_form<&keysort_form, 2>},
    {"lists", "ukeysort", 2, &lists_form<&ukeysort_form, 2>},
};

struct Rows {
  Term modules[std::size(kKnown)];
  code::Bif bifs[std::size(kForms)];
  Rows() {
    using term::AtomTable;
    for (std::size_t i = 0; i < std::size(kKnown); i++) modules[i] = AtomTable::intern(kKnown[i].module);
    for (std::size_t i = 0; i < std::size(kForms); i++) {
      const Form& f = kForms[i];
      bifs[i] = {{AtomTable::intern(f.module), AtomTable::intern(f.function), f.arity}, code::BifKind::Yields, 0, f.call};
    }
  }
};

}  // namespace

const code::Bif* native_form_of(const code::Function& function) {
  static const Rows rows;
  const code::ModuleInstance& instance = *function.instance;
  for (std::size_t i = 0; i < std::size(kKnown); i++) {
    if (rows.modules[i] != instance.name || std::memcmp(kKnown[i].md5.data(), instance.md5, sizeof instance.md5) != 0) continue;
    for (const code::Bif& b : rows.bifs)
      if (b.mfa.module == instance.name && b.mfa.function == function.mfa.function && b.mfa.arity == function.mfa.arity) return &b;
  }
  return nullptr;
}

}  // namespace vm::bif
