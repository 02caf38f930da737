// SPDX-License-Identifier: Apache-2.0
#include "load/dump.h"

#include "term/print.h"

namespace vm::load {

namespace {

using code::OperandKind;

constexpr std::size_t kMaxTermText = 200;

std::string mfa_text(const code::Mfa& mfa) {
  return term::atom_text(mfa.module) + ":" + term::atom_text(mfa.function) + "/" + std::to_string(mfa.arity);
}

std::string operand_text(const code::Operand& o) {
  switch (o.kind) {
    case OperandKind::Constant: return term::to_text(Term::from_bits(o.word), kMaxTermText);
    case OperandKind::XReg: return "x" + std::to_string(o.word);
    case OperandKind::YReg: return "y" + std::to_string(o.word);
    case OperandKind::FloatReg: return "fr" + std::to_string(o.word);
    case OperandKind::Label: return "f:" + std::to_string(o.word);
    case OperandKind::Number: return "#" + std::to_string(o.word);
    case OperandKind::FunctionRef: return mfa_text(reinterpret_cast<const code::Function*>(o.word)->mfa);
    case OperandKind::ExportRef: return mfa_text(reinterpret_cast<const code::Export*>(o.word)->mfa);
    case OperandKind::BifRef: return mfa_text(reinterpret_cast<const code::Bif*>(o.word)->mfa);
    case OperandKind::FunRef: return "fun " + mfa_text(reinterpret_cast<const code::FunEntry*>(o.word)->target);
    case OperandKind::Bytes: return "bytes";
  }
  return "?";
}

}  // namespace

std::string dump(const code::FunctionBody& body) {
  std::string out;
  for (const code::Instruction& in : body.instructions) {
    out += code::kOps[static_cast<unsigned>(in.op)].name;
    for (const code::Operand& o : body.operands_of(in)) out += " " + operand_text(o);
    out += "\n";
  }
  return out;
}

}  // namespace vm::load
