// SPDX-License-Identifier: Apache-2.0
//
// Finds out what a message must look like for a receive to take it. From every loop_rec the control flow is followed up to the places that take
// the message or put it back; the tests a path passed that name the whole message or one of the first two elements of a tuple make one
// shape. The shapes of all taking paths become operands of loop_rec, so that an engine can pass over messages that fit none of them (proc/mailbox.h).
//
// Rule: a shape may say less than the tests do, never more. What is not understood here counts as taking the message.
#include <algorithm>
#include <array>
#include <unordered_map>

#include "load/lowering_internal.h"

namespace vm::load {
namespace {

using code::FunctionBody;
using code::Instruction;
using code::Operand;
using code::OperandKind;

constexpr std::size_t kMaxShapes = 8;
constexpr unsigned kMaxSteps = 600;   // instructions followed for one receive, over all paths
constexpr std::size_t kTracked = 24;  // x registers with known contents

struct Fact {
  enum Kind : std::uint8_t { Unknown, Message, First, Second, Value } kind = Unknown;
  Operand value{OperandKind::Number, 0};  // Value: a constant or a y register as it was at loop_rec
};

struct Path {
  std::size_t at = 0;
  std::array<Fact, kTracked> x{};
  Word arity = 0;
  bool whole = false;  // the message itself is value[0]
  bool has[2] = {false, false};
  Operand value[2] = {{OperandKind::Number, 0}, {OperandKind::Number, 0}};
  bool y_written = false;
};

bool same(const Operand& a, const Operand& b) { return a.kind == b.kind && a.word == b.word; }

class Shapes {
 public:
  explicit Shapes(const FunctionBody& body) : body_(body) {
    for (std::size_t i = 0; i < body.instructions.size(); i++)
      if (body.instructions[i].op == Op::label) labels_[body.operands_of(body.instructions[i])[0].word] = i;
  }

  // Operands behind the destination of this loop_rec; empty when nothing useful is known.
  std::vector<Operand> of(std::size_t loop_rec) {
    Path start;
    start.at = loop_rec + 1;
    Fact message;
    message.kind = Fact::Message;
    set(start, body_.operands_of(body_.instructions[loop_rec])[1], message);
    pending_.assign(1, start);
    found_.clear();
    useless_ = false;
    unsigned steps = 0;
    while (!pending_.empty() && !useless_) {
      Path p = pending_.back();
      pending_.pop_back();
      while (!useless_ && step(p))
        if (++steps > kMaxSteps) useless_ = true;
    }
    if (useless_) return {};
    std::vector<Operand> out;
    for (const Path& p : found_) {
      out.push_back(Lowering::plain(p.whole ? 0 : p.arity));
      out.push_back(Lowering::plain((p.has[0] ? 1 : 0) | (p.has[1] ? 2 : 0)));
      out.push_back(p.value[0]);
      out.push_back(p.value[1]);
    }
    return out;
  }

 private:
  Fact fact(const Path& p, const Operand& o) const {
    Fact f;
    if (o.kind == OperandKind::XReg) return o.word < kTracked ? p.x[o.word] : f;
    if (o.kind == OperandKind::Constant || (o.kind == OperandKind::YReg && !p.y_written)) {
      f.kind = Fact::Value;
      f.value = o;
    }
    return f;
  }
  static void set(Path& p, const Operand& o, const Fact& f) {
    if (o.kind == OperandKind::XReg && o.word < kTracked) p.x[o.word] = f;
    if (o.kind == OperandKind::YReg) p.y_written = true;
  }
  // Notes that the thing this fact is about equals `value`.
  static void equals(Path& p, const Fact& thing, const Operand& value) {
    const std::size_t i = thing.kind == Fact::Second ? 1 : 0;
    if (thing.kind == Fact::Message) p.whole = true;
    p.has[i] = true;
    p.value[i] = value;
  }

  void take(const Path& p) {
    if ((!p.has[0] && !p.has[1]) || (!p.whole && p.arity == 0)) {
      useless_ = true;
      return;
    }
    for (const Path& q : found_) {
      if (q.whole == p.whole && q.arity == p.arity && q.has[0] == p.has[0] && q.has[1] == p.has[1] && same(q.value[0], p.value[0]) &&
          same(q.value[1], p.value[1]))
        return;
    }
    found_.push_back(p);
    if (found_.size() > kMaxShapes) useless_ = true;
  }

  // Goes on at a label with its own copy of the path. Label 0 raises: as if the message was taken.
  void branch(Path p, const Operand& label) {
    const auto it = labels_.find(label.word);
    if (label.word == 0 || it == labels_.end()) return take(p);
    p.at = it->second;
    pending_.push_back(p);
  }

  // One instruction of a path. False: the path ends here.
  bool step(Path& p) {
    if (p.at >= body_.instructions.size()) {
      useless_ = true;
      return false;
    }
    const Instruction& in = body_.instructions[p.at++];
    const std::span<const Operand> o = body_.operands_of(in);
    switch (in.op) {
      case Op::label:
      case Op::line: return true;
      case Op::loop_rec_end: return false;
      case Op::jump: branch(p, o[0]); return false;
      case Op::move: set(p, o[1], fact(p, o[0])); return true;
      case Op::get_tuple_element: return step_element(p, o);
      case Op::is_eq_exact: return step_equal(p, o);
      case Op::test_arity:
      case Op::is_tagged_tuple: return step_tuple(p, in.op, o);
      case Op::select_val: return step_select(p, o);
      case Op::select_tuple_arity: return step_arities(p, o);
      default: return step_other(p, in, o);
    }
  }

  bool step_element(Path& p, std::span<const Operand> o) {
    Fact f;
    if (fact(p, o[0]).kind == Fact::Message && o[1].word < 2) f.kind = o[1].word == 0 ? Fact::First : Fact::Second;
    set(p, o[2], f);
    return true;
  }

  static bool about_message(const Fact& f) { return f.kind == Fact::Message || f.kind == Fact::First || f.kind == Fact::Second; }

  bool step_equal(Path& p, std::span<const Operand> o) {
    branch(p, o[0]);
    const Fact a = fact(p, o[1]), b = fact(p, o[2]);
    if (about_message(a) && b.kind == Fact::Value) equals(p, a, b.value);
    else if (about_message(b) && a.kind == Fact::Value) equals(p, b, a.value);
    return true;
  }

  bool step_tuple(Path& p, Op op, std::span<const Operand> o) {
    branch(p, o[0]);
    if (fact(p, o[1]).kind != Fact::Message) return true;
    p.arity = o[2].word;
    Fact first;
    first.kind = Fact::First;
    if (op == Op::is_tagged_tuple) equals(p, first, o[3]);
    return true;
  }

  bool step_select(Path& p, std::span<const Operand> o) {
    branch(p, o[1]);
    const Fact f = fact(p, o[0]);
    for (std::size_t i = 3; i + 1 < o.size(); i += 2) {
      Path q = p;
      if (about_message(f)) equals(q, f, o[i]);
      branch(q, o[i + 1]);
    }
    return false;
  }

  bool step_arities(Path& p, std::span<const Operand> o) {
    branch(p, o[1]);
    const bool message = fact(p, o[0]).kind == Fact::Message;
    for (std::size_t i = 3; i + 1 < o.size(); i += 2) {
      Path q = p;
      if (message) q.arity = o[i].word;
      branch(q, o[i + 1]);
    }
    return false;
  }

  // Tests and guard built-ins branch without telling anything; everything else ends the search.
  bool step_other(Path& p, const Instruction& in, std::span<const Operand> o) {
    const code::OpInfo& info = code::kOps[static_cast<unsigned>(in.op)];
    const bool leaves = (info.attrs & (code::kOpAttrEnds | code::kOpAttrCall)) != 0;
    const bool test = !o.empty() && o[0].kind == OperandKind::Label;
    if (leaves || (!test && !plain_data(in.op))) {
      take(p);
      return false;
    }
    if (test) branch(p, o[0]);
    for (std::size_t i = 0; i < o.size(); i++) {
      const char kind = i < info.operand_count ? info.operand_kinds[2 * i] : '*';
      if (kind == 'D' || kind == 'P' || kind == '*') set(p, o[i], Fact{});
    }
    return true;
  }
  static bool plain_data(Op op) { return op == Op::get_list || op == Op::get_hd || op == Op::get_tl || op == Op::test_heap; }
  const FunctionBody& body_;
  std::unordered_map<Word, std::size_t> labels_;
  std::vector<Path> pending_;
  std::vector<Path> found_;
  bool useless_ = false;
};

}  // namespace

void find_receive_shapes(FunctionBody& body) {
  const auto is_receive = [](const Instruction& i) { return i.op == Op::loop_rec; };
  if (std::none_of(body.instructions.begin(), body.instructions.end(), is_receive)) return;
  Shapes shapes(body);
  std::vector<std::pair<std::size_t, std::vector<Operand>>> found;
  for (std::size_t i = 0; i < body.instructions.size(); i++)
    if (is_receive(body.instructions[i])) found.emplace_back(i, shapes.of(i));
  for (auto& [i, operands] : found) {
    if (operands.empty()) continue;
    Instruction& in = body.instructions[i];
    const Operand fail = body.operands[in.first], dst = body.operands[in.first + 1];
    in.first = static_cast<std::uint32_t>(body.operands.size());
    in.count = static_cast<std::uint32_t>(3 + operands.size());
    body.operands.insert(body.operands.end(), {fail, dst, Lowering::plain(operands.size())});
    body.operands.insert(body.operands.end(), operands.begin(), operands.end());
  }
}

}  // namespace vm::load
