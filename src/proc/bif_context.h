// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] How built-ins are written.
//
//   BifResult lists_reverse_2(YieldContext& cx, Term list, Term tail) {
//     if (!list.is_list()) return cx.badarg();
//     ...
//     return result;
//   }
//
// A built-in gets its arguments as Terms and a context whose type says what it may do: GuardContext ⊂ BifContext ⊂ YieldContext ⊂
// GcContext. It answers a BifResult: a value, or "raised/trapped" with the details in the process. VM_TRY passes the latter on.
//
// Rules. 1. Terms may be kept in locals: nothing collects while a built-in runs (HeapWriter opens fragments). 2. Reserve big results
// (cx.reserve) so that fragments stay rare. 3. No built-in calls Erlang code: it traps. 4. Long work counts reductions (cx.bump) and yields
// by trapping to itself with new arguments. 5. A guard built-in has no effects but its result.
#pragma once

#include "code/bif_table.h"
#include "proc/process.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::proc {

class [[nodiscard]] BifResult {
 public:
  BifResult(Term t) : t_(t) {}
  bool has_value() const { return t_.is_value(); }
  Term take() const { return t_; }
  Term value() const { return t_; }
  BifResult propagate() const { return *this; }

 private:
  Term t_;
};

class GuardContext {
 public:
  explicit GuardContext(Process& p) : process_(p) {}
  Process& process() const { return process_; }
  Runtime& runtime() const { return *process_.runtime; }
  term::HeapWriter& heap() const { return process_.heap; }

  // --- raising. Each answers the "raised" result.
  BifResult error(Term reason) { return raise(ExceptionClass::Error, reason); }
  BifResult badarg() { return error(atoms::badarg); }
  BifResult badarith() { return error(atoms::badarith); }
  BifResult system_limit() { return error(atoms::system_limit); }
  // error with a cause for the extended error information (erl_erts_errors and friends read it).
  BifResult error_with_cause(Term reason, Term cause) {
    BifResult r = error(reason);
    process_.scratch->exception.cause = cause;
    return r;
  }
  BifResult raise(ExceptionClass cls, Term reason) {
    process_.pending = PendingKind::Raise;
    process_.scratch->exception = Exception{};
    process_.scratch->exception.cls = cls;
    process_.scratch->exception.reason = reason;
    return Term::non_value();
  }
  // {Tag, Value} as reason: badmap, badkey, badfun...
  BifResult error_tuple(Term tag, Term value) { return error(term::Tuple::make(heap(), tag, value)); }

 protected:
  Process& process_;
};

class BifContext : public GuardContext {
 public:
  explicit BifContext(Process& p) : GuardContext(p) {}
  BifResult throw_(Term value) { return raise(ExceptionClass::Throw, value); }
  BifResult exit(Term reason) { return raise(ExceptionClass::Exit, reason); }
  // Counts work against the slice.
  void bump(std::uint64_t reductions) { process_.reductions_left -= static_cast<SWord>(reductions); }
  bool exhausted() const { return process_.reductions_left <= 0; }
  // Makes sure the next `words` cells are contiguous without several fragments.
  void reserve(std::size_t words) { (void)words; }

  // Goes on as a call of `target` with these arguments.
  template <typename... T>
  BifResult trap(code::Export* target, T... args) {
    static_assert(sizeof...(T) <= Scratch::kMaxTrapArgs);
    process_.pending = PendingKind::Trap;
    process_.scratch->pending_export = target;
    process_.scratch->pending_arity = sizeof...(T);
    std::size_t i = 0;
    ((process_.scratch->pending_args[i++] = args), ...);
    return Term::non_value();
  }
  // As trap, after giving up the rest of the slice.
  template <typename... T>
  BifResult yield_to(code::Export* target, T... args) {
    BifResult r = trap(target, args...);
    process_.pending = PendingKind::Yield;
    return r;
  }
};

class YieldContext : public BifContext {
 public:
  using BifContext::BifContext;
};

class GcContext : public YieldContext {
 public:
  using YieldContext::YieldContext;
};

// Adapter from the argument vector to typed parameters; an arity in a .tab row that does not fit the function is a compile error.
namespace detail {
template <auto Fn>
struct Adapt;
template <typename Cx, typename... A, BifResult (*Fn)(Cx&, A...)>
struct Adapt<Fn> {
  static constexpr std::size_t kArity = sizeof...(A);
  template <std::size_t... I>
  static Term call_with(Cx& cx, const Term* args, std::index_sequence<I...>) {
    return Fn(cx, args[I]...).value();
  }
  static Term call(BifContext& cx, const Term* args) {
    // Every context adds only operations, no state, to GuardContext.
    return call_with(static_cast<Cx&>(static_cast<GcContext&>(cx)), args, std::index_sequence_for<A...>{});
  }
};
}  // namespace detail

template <auto Fn, std::size_t Arity>
constexpr code::BifCall bif_adapter() {
  static_assert(detail::Adapt<Fn>::kArity == Arity, "the .tab row's arity differs from the function's");
  return &detail::Adapt<Fn>::call;
}

}  // namespace vm::proc

namespace vm::bif {
using proc::BifContext;
using proc::BifResult;
using proc::GcContext;
using proc::GuardContext;
using proc::YieldContext;
}  // namespace vm::bif
