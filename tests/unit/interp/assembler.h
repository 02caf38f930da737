// SPDX-License-Identifier: Apache-2.0
//
// Assembles FunctionBody by hand and runs it in a process of its own, without loader and schedulers.
#pragma once

#include <memory>
#include <vector>

#include "interp/engine.h"
#include "proc/process_table.h"
#include "proc/registry.h"
#include "term/atoms.h"
#include "term/print.h"
#include "term/views.h"

namespace vm::interp::test {

using code::Op;
using code::Operand;
using code::OperandKind;

inline Operand x(Word i) { return {OperandKind::XReg, i}; }
inline Operand y(Word i) { return {OperandKind::YReg, i}; }
inline Operand fr(Word i) { return {OperandKind::FloatReg, i}; }
inline Operand c(Term t) { return {OperandKind::Constant, t.bits()}; }
inline Operand i(SWord v) { return c(Term::small(v)); }
inline Operand n(Word v) { return {OperandKind::Number, v}; }
inline Operand label(Word v) { return {OperandKind::Label, v}; }
inline Operand fun(code::Function& f) { return {OperandKind::FunctionRef, reinterpret_cast<Word>(&f)}; }
inline Operand bif(const code::Bif& b) { return {OperandKind::BifRef, reinterpret_cast<Word>(&b)}; }
inline Operand exported(code::Export* e) { return {OperandKind::ExportRef, reinterpret_cast<Word>(e)}; }

inline Term atom(const char* text) { return term::AtomTable::intern(text); }

// One machine, one process.
class Machine {
 public:
  Machine() : processes_(16), interpreter_((runtime_.code = &code_, runtime_)) {
    runtime_.backend = &interpreter_;
    runtime_.engine = &interpreter_;
    runtime_.processes = &processes_;
    runtime_.registry = &registry_;
    code_.set_backend(&interpreter_);
    registers_ = std::make_unique<Registers>();
  }
  ~Machine() {
    for (auto& f : functions_) interpreter_.discard(*f);
  }

  // A function m:name/arity with no code yet; label 1 is its entry.
  code::Function& declare(const char* name, Word arity) {
    functions_.push_back(std::make_unique<code::Function>());
    code::Function& f = *functions_.back();
    f.mfa = {atom("m"), atom(name), arity};
    f.instance = &instance_;
    f.entry_label = 1;
    return f;
  }
  struct Line {
    Op op;
    std::vector<Operand> operands;
  };
  void define(code::Function& f, const std::vector<Line>& lines) {
    code::FunctionBody body;
    body.function = &f;
    auto add = [&](Op op, const std::vector<Operand>& operands) {
      body.instructions.push_back({op, static_cast<std::uint32_t>(body.operands.size()), static_cast<std::uint32_t>(operands.size())});
      body.operands.insert(body.operands.end(), operands.begin(), operands.end());
    };
    add(Op::func_info, {c(f.mfa.module), c(f.mfa.function), n(f.mfa.arity)});
    add(Op::label, {n(1)});
    for (const Line& l : lines) add(l.op, l.operands);
    interpreter_.install(body);
    code::Export* e = code_.export_for(f.mfa.module, f.mfa.function, f.mfa.arity);
    e->function = &f;
    e->entry = f.entry.load();
  }
  code::Bif& builtin(const char* name, Word arity, code::BifCall call) {
    bifs_.push_back(std::make_unique<code::Bif>(code::Bif{{atoms::erlang, atom(name), arity}, code::BifKind::Pure, 0, call}));
    code_.add_bif(bifs_.back().get());
    return *bifs_.back();
  }

  // Calls f in a new process through a wrapper that keeps the result where `result` finds it: the text of the value, or of {Class, Reason, Trace}.
  std::string call(code::Function& f, const std::vector<Term>& args, std::uint32_t slice = 100000);
  int slices = 0;  // the last call took

  proc::Runtime& runtime() { return runtime_; }
  code::CodeStore& code() { return code_; }

 private:
  proc::Runtime runtime_;
  code::CodeStore code_;
  proc::ProcessTable processes_;
  proc::Registry registry_;
  Interpreter interpreter_;
  code::ModuleInstance instance_;
  std::vector<std::unique_ptr<code::Function>> functions_;
  std::vector<std::unique_ptr<code::Bif>> bifs_;
  std::unique_ptr<Registers> registers_;
};

// Where the wrapper leaves the result's text.
inline std::string last_result;
inline Term keep_result(proc::BifContext&, const Term* args) {
  last_result = term::to_text(args[0]);
  return args[0];
}

inline std::string Machine::call(code::Function& f, const std::vector<Term>& args, std::uint32_t slice) {
  code::Bif& keep = builtin("keep_result", 1, keep_result);
  code::Function& wrapper = declare("wrapper", args.size());
  define(wrapper, {{Op::allocate, {n(1), n(args.size())}},
                   {Op::try_, {y(0), label(2)}},
                   {Op::call, {fun(f)}},
                   {Op::try_end, {y(0)}},
                   {Op::call_bif_last, {bif(keep), n(1)}},
                   {Op::label, {n(2)}},
                   {Op::try_case, {y(0)}},
                   {Op::move, {x(0), x(3)}},
                   {Op::move, {x(2), x(0)}},
                   {Op::move, {x(1), x(4)}},
                   {Op::build_stacktrace, {}},
                   {Op::test_heap, {n(4), n(5)}},
                   {Op::put_tuple, {x(0), n(3), x(3), x(4), x(0)}},
                   {Op::call_bif_last, {bif(keep), n(1)}}});
  Term pid = processes_.reserve();
  auto* p = new proc::Process(runtime_, pid);
  p->heap.init(233);
  processes_.publish(pid, p);
  interpreter_.prepare_call(*p, *code_.find_export(wrapper.mfa.module, wrapper.mfa.function, args.size()), args.data(), args.size());
  last_result = "nothing";
  slices = 0;
  proc::Engine::Stop stop;
  do {
    p->slice_reductions = slice;
    p->reductions_left = slice;
    stop = interpreter_.run_with(*p, *registers_);
    slices++;
  } while (stop == proc::Engine::Stop::Yielded && slices < 1000000);
  return last_result;
}

}  // namespace vm::interp::test
