// SPDX-License-Identifier: Apache-2.0
//
// Lowering: one function of a module from generic to internal instructions.
//
// For every generic opcode there is one small function (lower_*.cpp) that reads the decoded instruction through the checked accessors
// of Lowering and emits internal instructions. An accessor that meets an operand of the wrong kind marks the whole function as bad and
// answers something harmless, so the functions need no error paths. What is emitted is not trusted either: verify.cpp then follows the
// control flow of the internal instructions and checks registers and frames.
//
// Runs under the code lock.
#pragma once

#include <initializer_list>

#include "beamfile/code_reader.h"
#include "code/backend.h"
#include "code/generic_ops.gen.h"
#include "load/module_extra_internal.h"

namespace vm::load {

using code::Op;

// The guard built-ins that have instructions of their own.
struct Operators {
  struct Row {
    const code::Export* built_in;
    Op op;
    unsigned arity;
  };
  std::vector<Row> rows;
  const code::Export* unary_plus = nullptr;
  std::vector<const code::Export*> never_return;  // erlang:error/1 and its like
  explicit Operators(code::CodeStore& store);
  const Row* find(const code::Export* e) const;
  bool ends(const code::Export* e) const;
};

class Lowering {
 public:
  Lowering(code::Function& function, Loader& loader);

  // Reads and lowers the whole function. False: it is bad.
  bool run();
  code::FunctionBody& body() { return body_; }
  code::Function& function() { return function_; }

  // --- the current generic instruction
  using In = beamfile::Operand;
  const In& in(unsigned i) const { return current_.operands[i]; }
  std::span<const In> list() const { return current_.list; }
  void expect_list(unsigned i) { require(in(i).kind == beamfile::OperandKind::List); }
  void require(bool condition) { bad_ |= !condition; }

  // --- operands, converted and checked
  code::Operand source(const In& o);
  code::Operand source(unsigned i) { return source(in(i)); }
  code::Operand dest(const In& o);
  code::Operand dest(unsigned i) { return dest(in(i)); }
  code::Operand y_slot(unsigned i);
  code::Operand float_reg(unsigned i);
  code::Operand source_or_float(unsigned i);
  code::Operand dest_or_float(unsigned i);
  code::Operand label(const In& o);  // may be 0
  code::Operand label(unsigned i) { return label(in(i)); }
  code::Operand number(const In& o);
  code::Operand number(unsigned i) { return number(in(i)); }
  code::Operand atom(unsigned i);
  code::Operand field_flags(const In& o);  // of a bit field: a number, or the literal list of newer files
  Word number_value(unsigned i) { return number(i).word; }
  Word heap_need(unsigned i);  // words in our layout
  code::Operand local_function(unsigned i);
  code::Export* import(unsigned i);    // nullptr when bad
  code::FunEntry* lambda(unsigned i);  // nullptr when bad
  code::Operand string_bytes(Word offset, Word length);

  static code::Operand constant(Term t) { return {code::OperandKind::Constant, t.bits()}; }
  static code::Operand plain(Word n) { return {code::OperandKind::Number, n}; }
  static code::Operand x_reg(Word n) { return {code::OperandKind::XReg, n}; }
  static code::Operand no_label() { return {code::OperandKind::Label, 0}; }

  // --- output
  void begin(Op op);
  void add(code::Operand o) { body_.operands.push_back(o); }
  void end() { body_.instructions.back().count = static_cast<std::uint32_t>(body_.operands.size()) - body_.instructions.back().first; }
  void emit(Op op, std::initializer_list<code::Operand> operands = {}) {
    begin(op);
    for (const code::Operand& o : operands) add(o);
    end();
  }

  code::ModuleInstance& instance() { return *function_.instance; }
  LoadExtra& extra() { return extra_; }
  const Operators& operators() const { return *loader_.operators_; }

  // put_tuple of code before OTP 22 announces how many `put` follow; they are collected here.
  struct PendingTuple {
    bool open = false;
    std::size_t missing = 0;
    std::vector<code::Operand> parts;  // destination first
  } pending_tuple;

 private:
  Term big_integer(std::span<const Byte> two_complement);

  code::Function& function_;
  Loader& loader_;
  LoadExtra& extra_;
  code::FunctionBody body_;
  beamfile::Instruction current_;
  bool bad_ = false;
};

using LowerFunction = void (*)(Lowering&);
// nullptr for what is no opcode or one that is not supported.
LowerFunction lowering_of(std::uint8_t opcode);

// Follows the control flow of a lowered body and checks that registers are set before they are read, frames fit and catches nest; drops
// instructions that cannot be reached. False: the function must not run.
bool verify(code::FunctionBody& body, const Operators& operators);

// Gives every loop_rec of a verified body the shapes of messages it can take.
void find_receive_shapes(code::FunctionBody& body);

// The function whose entry label this is, or nullptr.
code::Function* function_of_label(code::ModuleInstance& instance, std::size_t label);

}  // namespace vm::load
